//! Which registers arguments and results are passed in (cmd/compile/abi-internal.md, Go 1.17 and later).

use goheap_model::{Kind, TypeId, TypeTable};
use goheap_runtime::DescriptorReader;
use goheap_runtime::code::RegisterUse;

/// A word of an argument or a result that is passed in an integer register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PassedWord {
    /// Index among the integer registers.
    pub(super) index: usize,
    /// The argument's type.
    pub(super) ty: TypeId,
    /// Bytes from the argument's start.
    pub(super) offset: u64,
}

const MAX_DEPTH: u32 = 32;
/// Of the arguments of one function.
const MOST_PARTS: u32 = 1 << 14;

/// Assigns arguments one after the other.
pub(super) struct Assignment<'a, 'm> {
    types: &'a TypeTable,
    descriptors: &'a DescriptorReader<'m>,
    registers: RegisterUse,
    integers: usize,
    floats: usize,
    passed: Vec<PassedWord>,
    /// Parts that may still be looked at: those of no size take no register.
    parts: u32,
}

/// The words in integer registers of arguments, or results, of these types.
pub(super) fn assign(
    types: &TypeTable,
    descriptors: &DescriptorReader<'_>,
    registers: RegisterUse,
    arguments: &[TypeId],
) -> Vec<PassedWord> {
    let mut assignment =
        Assignment { types, descriptors, registers, integers: 0, floats: 0, passed: Vec::new(), parts: MOST_PARTS };
    for &ty in arguments {
        let before = (assignment.integers, assignment.floats, assignment.passed.len());
        if assignment.add(ty, ty, 0, MAX_DEPTH).is_none() {
            // It goes to the stack, whole.
            (assignment.integers, assignment.floats) = (before.0, before.1);
            assignment.passed.truncate(before.2);
        }
    }
    assignment.passed
}

impl Assignment<'_, '_> {
    fn add(&mut self, top: TypeId, ty: TypeId, offset: u64, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.parts = self.parts.checked_sub(1)?;
        let known = self.types.get(ty);
        match &known.kind {
            Kind::Struct(fields) => {
                fields.iter().try_for_each(|field| self.add(top, field.ty, offset.checked_add(field.offset)?, depth))
            }
            Kind::Array(_, 0) => Some(()),
            Kind::Array(elem, 1) => self.add(top, *elem, offset, depth),
            Kind::Array(..) | Kind::Opaque => None,
            Kind::String | Kind::Interface(_) => self.words(top, offset, 2),
            Kind::Slice(_) => self.words(top, offset, 3),
            Kind::Scalar if self.descriptors.is_float(known.descriptor?)? => {
                let count = if self.descriptors.is_complex(known.descriptor?)? { 2 } else { 1 };
                self.floats += count;
                (self.floats <= self.registers.floats).then_some(())
            }
            _ => self.words(top, offset, 1),
        }
    }

    fn words(&mut self, ty: TypeId, offset: u64, count: usize) -> Option<()> {
        let first = self.integers;
        self.integers += count;
        let words =
            (first..self.integers).zip(0..).map(|(index, word)| PassedWord { index, ty, offset: offset + word * 8 });
        self.passed.extend(words);
        (self.integers <= self.registers.integers.len()).then_some(())
    }
}
