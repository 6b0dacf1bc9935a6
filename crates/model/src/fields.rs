//! By which fields objects lead to each other.

use crate::{ObjectId, Slot, TypeId, TypeTable};

/// Where a word of an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPlace {
    /// `.next`, `[3].Name`, `[value]`; `+16` where no type tells; empty where the object is the pointer itself.
    pub path: String,
    /// The type of the field, where it is known.
    pub field: Option<FieldType>,
    /// True if it leads from one part of a container that is made of structs to another.
    pub is_inside: bool,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One of the table; true if what it holds tells more: an interface, a func value, an untyped pointer.
    Of(TypeId, bool),
    /// A pointer to one of the table.
    PointerTo(TypeId),
}

impl FieldType {
    /// As Go writes it.
    pub fn text(self, types: &TypeTable) -> String {
        match self {
            FieldType::Of(ty, _) => types.get(ty).name.to_string(),
            FieldType::PointerTo(ty) => format!("*{}", types.get(ty).name),
        }
    }
}

/// Who knows by which fields objects lead to each other, on any thread. Offsets are bytes from a slot's start.
pub trait Fields: Sync {
    /// Where the word at an offset is. Elements have their number if `is_numbered`, else `[i]`.
    fn place(&self, from: Slot, offset: u64, is_numbered: bool) -> FieldPlace;

    /// What tells two places of objects of a kind apart: the offset in the value, element, bucket or group that they are in.
    fn offset_in_period(&self, from: Slot, offset: u64) -> u64;

    /// Where the first word of `from` is that leads into `to`; None where there is none.
    fn offset_between(&self, from: Slot, to: Slot) -> Option<u64>;

    /// Shows `visit` every word of the object that leads to an allocated object, in order.
    fn for_each_reference(&self, from: Slot, visit: &mut dyn FnMut(u64, ObjectId));

    /// The type that the interface holds whose data word is at an offset, and which has methods or not; None where it is not known.
    fn dynamic_type(&self, from: Slot, offset: u64, has_methods: bool) -> Option<TypeId>;

    /// True of a type whose objects lead to nothing but parts of a container.
    fn is_machinery(&self, ty: TypeId) -> bool;
}
