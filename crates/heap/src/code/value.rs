//! What is known of a word in a register or in a frame.

use crate::object_type::Part;
use goheap_runtime::TypeId;

/// What a pointer leads to: a part of a type's storage, at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pointee {
    pub(crate) part: Part,
    pub(crate) ty: TypeId,
}

/// A value that is not known, by where it came about. Go's compiler gives each value one type: what one use tells holds for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Symbol {
    /// Bytes from the function's entry, of an instruction or of a block where different values meet.
    pub(super) at: u32,
    /// A register's number, or a slot's distance from the frame's end in words beyond all registers.
    pub(super) location: i32,
    /// True if values meet there.
    pub(super) meets: bool,
}

/// The word's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Not known.
    Symbol(Symbol),
    /// A number, or an address in the program.
    Constant(u64),
    /// What lies at this address, in a package variable.
    Word(u64),
    /// So many bytes behind the start of that.
    Pointer(Pointee, u32),
    /// So far from the frame's end.
    Frame(i64),
}

impl Value {
    /// What both ways lead to; None where they differ. Nil is a value of every type.
    pub(super) fn meet(self, other: Value) -> Option<Value> {
        match (self, other) {
            _ if self == other => Some(self),
            (Value::Constant(0), Value::Pointer(_, 0) | Value::Word(_) | Value::Symbol(_)) => Some(other),
            (Value::Pointer(_, 0) | Value::Word(_) | Value::Symbol(_), Value::Constant(0)) => Some(self),
            _ => None,
        }
    }
}
