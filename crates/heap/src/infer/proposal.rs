//! One pointer's word on what its target is, and which of two is better.

use super::instances::Instances;
use goheap_model::{Evidence, Kind, ObjectType, Part, TypeId, TypeTable};
use std::cmp::Reverse;

/// A pointer that tells the type of what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) address: u64,
    pub(crate) part: Part,
    pub(crate) ty: TypeId,
    pub(crate) evidence: Evidence,
    /// True if the runtime allocated a value just there: the box of an interface.
    pub(crate) is_box: bool,
}

impl Proposal {
    /// What a pointer says that may lead anywhere into its target.
    pub(crate) fn new(address: u64, part: Part, ty: TypeId, evidence: Evidence) -> Self {
        Proposal { address, part, ty, evidence, is_box: false }
    }

    pub(super) fn object_type(&self) -> ObjectType {
        ObjectType::new(self.part, self.ty, self.evidence)
    }
}

/// The better of two types of one object. Machinery is told apart by its container's rule, which knows more than a pointer's
/// type and than the header of a directory of tables: it goes before all else. A type goes before a shape that generic code is compiled
/// for: what it could not be was refused. A string may begin anywhere, also in bytes that
/// are something else: it goes last among its like.
pub(super) fn better(types: &TypeTable, instances: &Instances, one: ObjectType, other: ObjectType) -> ObjectType {
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
    let rank = |object| rank(types, instances, object);
    if rank(other) > rank(one) { other } else { one }
}

type Rank = (bool, bool, Evidence, bool, u64, u32, Reverse<TypeId>, Reverse<Part>);

fn rank(types: &TypeTable, instances: &Instances, object: ObjectType) -> Rank {
    let size = if object.is_known() { types.get(object.ty()).size } else { 0 };
    let (part, ty) = (object.part(), object.ty());
    let is_inside = object.is_known() && part.is_inside();
    let is_type = object.is_known() && !instances.is_shape(ty);
    (
        is_inside,
        is_type,
        object.evidence(),
        part != Part::StringData,
        size,
        depth(types, object),
        Reverse(ty),
        Reverse(part),
    )
}

/// Structs do not nest deeper.
const MAX_DEPTH: u32 = 64;
/// Before the field that is all of a struct only fields without a size stand, which programs have one or two of.
const MAX_EMPTY: usize = 16;

/// How many structs stand around the one field that is all of them: what has a pointer to the outermost (`*net.TCPConn`) is no lone
/// `net.conn`.
fn depth(types: &TypeTable, object: ObjectType) -> u32 {
    let (mut ty, mut depth) = (object.ty(), 0);
    while object.is_known() && depth < MAX_DEPTH {
        let size = types.get(ty).size;
        let Kind::Struct(fields) = &types.get(ty).kind else { break };
        let Some(field) = fields.iter().take(MAX_EMPTY).find(|field| types.get(field.ty).size == size && size > 0)
        else {
            break;
        };
        (ty, depth) = (field.ty, depth + 1);
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{Field, GoType};

    #[test]
    fn the_outer_of_two_structs_is_better() {
        let mut types = TypeTable::default();
        let mut add = |name: &str, kind| types.add(GoType { name: name.into(), size: 8, kind, descriptor: None });
        let of = |ty| {
            let field = Field { name: "conn".into(), offset: 0, ty, is_embedded: true };
            Kind::Struct([field].into())
        };
        let pointer = add("unsafe.Pointer", Kind::UnsafePointer);
        let inner = add("net.conn", of(pointer));
        let outer = add("net.TCPConn", of(inner));
        let of_type = |ty| ObjectType::new(Part::Value, ty, Evidence::Derived);
        let instances = Instances::default();
        let best = |one, other| better(&types, &instances, of_type(one), of_type(other));
        assert_eq!([best(inner, outer), best(outer, inner)], [of_type(outer); 2]);
    }
}
