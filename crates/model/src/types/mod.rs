//! Go types as data: what each is made of, where its fields lie, and which of its words are pointers.

mod go_name;
mod mask;
mod not_in_heap;
mod shape_names;

pub use mask::{GcMask, PointerWords};

use crate::{ObjectType, Part};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Index of a type in the [`TypeTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// One field of a struct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The field's name; of an embedded field, its type's.
    pub name: Box<str>,
    /// Bytes from the start of the struct.
    pub offset: u64,
    /// The field's type.
    pub ty: TypeId,
    /// True if the struct promotes the field's own.
    pub is_embedded: bool,
}

/// What a type is made of. Named types carry their underlying kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Numbers, booleans and whatever else holds no pointer and no parts.
    Scalar,
    /// `unsafe.Pointer`, and pointers whose target is not described.
    UnsafePointer,
    /// A pointer.
    Pointer(TypeId),
    /// A func value: a pointer to a `funcval`.
    Func,
    /// Pointer and length.
    String,
    /// Pointer, length and capacity; the element.
    Slice(TypeId),
    /// An interface; true if it has methods (its first word is an itab, else a type).
    Interface(bool),
    /// A map's key and value; the value itself is a pointer to the header.
    Map(TypeId, TypeId),
    /// A channel's element; the value itself is a pointer to the `hchan`.
    Chan(TypeId),
    /// Element and length.
    Array(TypeId, u64),
    /// Fields in order of offset.
    Struct(Box<[Field]>),
    /// Known by size (and maybe by name) alone.
    Opaque,
}

/// One type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoType {
    /// As DWARF writes it, with full import paths: `map[string]*net/http.Request`.
    pub name: Box<str>,
    /// Bytes of one value.
    pub size: u64,
    /// What it is made of.
    pub kind: Kind,
    /// Address of its `abi.Type`, where it has one.
    pub descriptor: Option<u64>,
}

/// Every type met so far. Types from DWARF come first, in the order of their entries; descriptors are added as they are
/// asked for. A table may go on from another, which it shares.
///
/// # Overhead
/// About 80 bytes a type, plus 40 a field.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TypeTable {
    #[serde(skip)]
    base: Option<Arc<TypeTable>>,
    /// The number of the first type beyond those of the base.
    first: u32,
    types: Vec<GoType>,
    by_descriptor: HashMap<u64, TypeId>,
    by_name: HashMap<Box<str>, TypeId>,
    /// What is known of shapes that have a hash for a name, by the hash.
    shapes: HashMap<Box<str>, String>,
    #[serde(skip)]
    text: u64,
}

impl TypeTable {
    /// A table with the types of another, to which more may be added.
    pub fn extending(base: Arc<TypeTable>) -> Self {
        let first = u32::try_from(base.len()).unwrap_or(u32::MAX);
        TypeTable { base: Some(base), first, ..TypeTable::default() }
    }

    /// A table that was kept in a file, and goes on from `base` again; None if it went on from another, or says of a type that is none.
    pub fn based_on(self, base: Arc<TypeTable>) -> Option<Self> {
        if self.first as usize != base.len() {
            return None;
        }
        let table = TypeTable { base: Some(base), ..self };
        let is_type = |id: &TypeId| (id.0 as usize) < table.len();
        let ids = table.by_descriptor.values().chain(table.by_name.values());
        let is_whole = |ty: &GoType| match &ty.kind {
            Kind::Pointer(id) | Kind::Slice(id) | Kind::Chan(id) | Kind::Array(id, _) => is_type(id),
            Kind::Map(key, value) => is_type(key) && is_type(value),
            Kind::Struct(fields) => fields.iter().all(|field| is_type(&field.ty)),
            _ => true,
        };
        (ids.into_iter().all(is_type) && table.types.iter().all(is_whole)).then_some(table)
    }

    /// The type of `id`, which this table gave out.
    #[inline]
    pub fn get(&self, id: TypeId) -> &GoType {
        match &self.base {
            Some(base) if id.0 < self.first => base.get(id),
            _ => &self.types[(id.0 - self.first) as usize],
        }
    }

    /// Number of types.
    pub fn len(&self) -> usize {
        self.first as usize + self.types.len()
    }

    /// Bytes of names and fields that were added to this very table. A few words of a core can refer to the same ones many times.
    pub fn own_bytes(&self) -> u64 {
        self.text
    }

    /// True if there is no type.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every type's number.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.len()).map(|index| TypeId(index as u32))
    }

    /// The type whose descriptor is at `address`, if it was read before.
    pub fn by_descriptor(&self, address: u64) -> Option<TypeId> {
        let own = || self.by_descriptor.get(&address).copied();
        self.base.as_ref().and_then(|base| base.by_descriptor(address)).or_else(own)
    }

    /// The first type of that name.
    pub fn by_name(&self, name: &str) -> Option<TypeId> {
        let own = || self.by_name.get(name).copied();
        self.base.as_ref().and_then(|base| base.by_name(name)).or_else(own)
    }

    /// Adds a type; its name is found by [`TypeTable::by_name`] unless an earlier type has it.
    pub fn add(&mut self, mut ty: GoType) -> TypeId {
        if let std::borrow::Cow::Owned(name) = go_name::go_name(&ty.name) {
            ty.name = name.into();
        }
        let id = TypeId(u32::try_from(self.len()).unwrap_or(u32::MAX));
        if let Some(address) = ty.descriptor.filter(|&address| self.by_descriptor(address).is_none()) {
            self.by_descriptor.insert(address, id);
        }
        if self.by_name(&ty.name).is_none() {
            self.by_name.insert(ty.name.clone(), id);
        }
        self.text += ty.name.len() as u64 + kind_bytes(&ty.kind);
        self.types.push(ty);
        id
    }

    /// Makes a type that was added to this very table something else.
    pub fn replace(&mut self, id: TypeId, kind: Kind) {
        if let Some(ty) = id.0.checked_sub(self.first).and_then(|own| self.types.get_mut(own as usize)) {
            self.text += kind_bytes(&kind);
            ty.kind = kind;
        }
    }

    /// Bytes of `room` beyond the value, or the whole elements, that an object's type says is there.
    pub fn rounding(&self, object: ObjectType, room: u64) -> u64 {
        let size = if object.is_known() { self.get(object.ty()).size } else { 0 };
        match object.part() {
            Part::Value if size > 0 => room.saturating_sub(size),
            Part::Elements if size > 1 => room % size,
            _ => 0,
        }
    }

    /// True if every value of the type is one pointer word and an interface holds it directly
    /// (`abi.TFlagDirectIface`, `KindDirectIface`): pointers, maps, channels, funcs, and structs or arrays of just one such.
    pub fn is_direct_interface(&self, id: TypeId) -> bool {
        let mut id = id;
        // A type cannot contain itself by value: the bound is for hostile tables.
        for _ in 0..64 {
            let ty = self.get(id);
            if ty.size != 8 {
                return false;
            }
            match &ty.kind {
                Kind::UnsafePointer | Kind::Pointer(_) | Kind::Func | Kind::Map(..) | Kind::Chan(_) => return true,
                Kind::Array(elem, 1) => id = *elem,
                Kind::Struct(fields) => match &fields[..] {
                    [only] => id = only.ty,
                    _ => return false,
                },
                _ => return false,
            }
        }
        false
    }
}

fn kind_bytes(kind: &Kind) -> u64 {
    let field = |field: &Field| (size_of::<Field>() + field.name.len()) as u64;
    if let Kind::Struct(fields) = kind { fields.iter().map(field).sum() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(name: &str, descriptor: u64) -> GoType {
        GoType { name: name.into(), size: 8, kind: Kind::Scalar, descriptor: Some(descriptor) }
    }

    #[test]
    fn shapes_of_the_base_are_named_too() {
        let hash = "0123456789abcdef".repeat(4);
        let mut base = TypeTable::default();
        let shape = base.add(ty(&format!("go.shape.{hash}"), 0x10));
        base.name_shapes();
        let mut table = TypeTable::extending(Arc::new(base));
        let list = table.add(ty(&format!("main.List[go.shape.{hash}]"), 0x20));
        table.name_shapes();
        let names = [shape, list].map(|id| table.get(id).name.to_string());
        assert!(names.iter().all(|name| !name.contains(&hash)), "{names:?}");
        assert_eq!(names.each_ref().map(|name| table.by_name(name)), [Some(shape), Some(list)]);
        assert_eq!((table.len(), table.by_descriptor(0x10)), (2, Some(shape)));
    }

    #[test]
    fn a_table_goes_on_from_another() {
        let mut base = TypeTable::default();
        let first = base.add(ty("main.A", 0x10));
        let mut table = TypeTable::extending(Arc::new(base));
        let second = table.add(ty("main.A", 0x20));
        let third = table.add(ty("main.B", 0x10));
        assert_eq!((first, second, third), (TypeId(0), TypeId(1), TypeId(2)));
        assert_eq!([0x10, 0x20, 0x30].map(|at| table.by_descriptor(at)), [Some(first), Some(second), None]);
        assert_eq!(["main.A", "main.B", "main.C"].map(|name| table.by_name(name)), [Some(first), Some(third), None]);
        table.replace(second, Kind::Func);
        table.replace(first, Kind::Func);
        assert_eq!(
            table.ids().map(|id| table.get(id).kind.clone()).collect::<Vec<_>>(),
            [Kind::Scalar, Kind::Func, Kind::Scalar]
        );
    }
}
