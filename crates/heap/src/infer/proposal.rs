//! One pointer's word on what its target is, and which of two is better.

use crate::object_type::{Evidence, ObjectType, Part};
use goheap_runtime::{Kind, TypeId, TypeTable};
use std::cmp::Reverse;

/// A pointer that tells the type of what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) address: u64,
    pub(crate) part: Part,
    pub(crate) ty: TypeId,
    pub(crate) evidence: Evidence,
}

impl Proposal {
    pub(super) fn object_type(&self) -> ObjectType {
        ObjectType::new(self.part, self.ty, self.evidence)
    }
}

/// The better of two types of one object. Machinery is told apart by its container's rule, which knows more than a pointer's
/// type and than the header of a directory of tables: it goes before all else. A string may begin anywhere, also in bytes that
/// are something else: it goes last among its like.
pub(super) fn better(types: &TypeTable, one: ObjectType, other: ObjectType) -> ObjectType {
    let parts = [one.part(), other.part()];
    if one.is_known() && one.ty() == other.ty() && parts.contains(&Part::Value) && parts.contains(&Part::Elements) {
        // A header tells the type of the elements alone; the slice tells that it is one.
        return ObjectType::new(Part::Elements, one.ty(), one.evidence().max(other.evidence()));
    }
    if parts == [Part::Closure; 2] && one.is_known() {
        let is_opaque = |object: ObjectType| matches!(types.get(object.ty()).kind, Kind::Opaque);
        match (is_opaque(one), is_opaque(other)) {
            (true, false) => return other,
            (false, true) => return one,
            _ => {}
        }
    }
    if rank(types, other) > rank(types, one) { other } else { one }
}

type Rank = (bool, Evidence, bool, u64, Reverse<TypeId>, Reverse<Part>);

fn rank(types: &TypeTable, object: ObjectType) -> Rank {
    let size = if object.is_known() { types.get(object.ty()).size } else { 0 };
    let (part, ty) = (object.part(), object.ty());
    let is_inside = object.is_known() && part.is_inside();
    (is_inside, object.evidence(), part != Part::StringData, size, Reverse(ty), Reverse(part))
}
