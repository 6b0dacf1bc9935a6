//! What is known of a word in a register or in a frame.

use goheap_model::{Part, TypeId};

/// No executable lies lower.
const LEAST_ADDRESS: u64 = 1 << 16;

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

impl Symbol {
    /// The argument in that register of the function.
    pub(super) fn of_argument(register: u8) -> Self {
        Symbol { at: 0, location: i32::from(register), meets: true }
    }

    /// The register of the argument that it is.
    pub(super) fn argument(self) -> Option<u8> {
        u8::try_from(self.location).ok().filter(|_| self.at == 0 && self.meets)
    }
}

/// A value of which uses may tell what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unknown {
    /// That came about somewhere.
    Symbol(Symbol),
    /// The word so many bytes behind where an argument leads, by its index: every time that it is read it is of the same type.
    Inside(u8, u32),
}

impl Unknown {
    pub(super) fn value(self) -> Value {
        match self {
            Unknown::Symbol(symbol) => Value::Symbol(symbol),
            Unknown::Inside(index, offset) => Value::Inside(index, offset),
        }
    }
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
    /// So many bytes behind where an argument leads of which nothing is known, by its index.
    Argument(u8, u32),
    /// The word that lies there.
    Inside(u8, u32),
    /// So far from the frame's end.
    Frame(i64),
}

impl Value {
    /// What both ways lead to; None where they differ. Nil is a value of every type, and what a slice or a string is in one of them is
    /// such in the other: an empty one, or one that the linker laid out.
    #[inline]
    pub(super) fn meet(self, other: Value) -> Option<Value> {
        let is_pointer = |value: Value| {
            matches!(value, Value::Pointer(_, 0) | Value::Word(_) | Value::Symbol(_) | Value::Inside(..))
        };
        let is_row =
            |value: Value| matches!(value, Value::Pointer(Pointee { part: Part::Elements | Part::StringData, .. }, 0));
        match (self, other) {
            _ if self == other => Some(self),
            (Value::Constant(0), _) if is_pointer(other) => Some(other),
            (_, Value::Constant(0)) if is_pointer(self) => Some(self),
            (Value::Constant(LEAST_ADDRESS..), _) if is_row(other) => Some(other),
            (_, Value::Constant(LEAST_ADDRESS..)) if is_row(self) => Some(self),
            _ => None,
        }
    }

    /// The value if it is one of which uses may tell.
    pub(super) fn unknown(self) -> Option<Unknown> {
        match self {
            Value::Symbol(symbol) => Some(Unknown::Symbol(symbol)),
            Value::Inside(index, offset) => Some(Unknown::Inside(index, offset)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_slice_is_of_the_type_of_the_other() {
        let row = Value::Pointer(Pointee { part: Part::Elements, ty: TypeId(3) }, 0);
        let zerobase = Value::Constant(0x51_2000);
        assert_eq!([row.meet(zerobase), zerobase.meet(row)], [Some(row); 2]);
        // What an interface holds may be anything.
        let value = Value::Pointer(Pointee { part: Part::Value, ty: TypeId(3) }, 0);
        assert_eq!([value.meet(zerobase), row.meet(Value::Constant(5))], [None; 2]);
    }
}
