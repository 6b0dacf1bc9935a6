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

    /// A small and a large struct, a shape that stands for the small one, bytes, and a func type that says nothing.
    fn types() -> (TypeTable, Instances, [TypeId; 5]) {
        let mut types = TypeTable::default();
        let mut add = |name: &str, size, kind| types.add(GoType { name: name.into(), size, kind, descriptor: None });
        let small = add("main.Small", 16, Kind::Struct([].into()));
        let large = add("main.Large", 64, Kind::Struct([].into()));
        let shape = add("go.shape.struct { a int }", 16, Kind::Struct([].into()));
        let bytes = add("uint8", 1, Kind::Scalar);
        let opaque = add("func()", 8, Kind::Opaque);
        (types, Instances::standing_for(&[(shape, small)]), [small, large, shape, bytes, opaque])
    }

    #[test]
    fn what_a_container_says_goes_before_all_evidence() {
        let (types, instances, [small, large, ..]) = types();
        let table = ObjectType::new(Part::MapTable, small, Evidence::Derived);
        let value = ObjectType::new(Part::Value, large, Evidence::Exact);
        assert_eq!(better(&types, &instances, table, value), table);
        assert_eq!(better(&types, &instances, value, table), table);
    }

    #[test]
    fn a_type_goes_before_a_shape_and_evidence_before_size() {
        let (types, instances, [small, large, shape, ..]) = types();
        let of = |ty, evidence| ObjectType::new(Part::Value, ty, evidence);
        let best = |one, other| better(&types, &instances, one, other);
        let guess = of(small, Evidence::Candidate);
        assert_eq!(best(of(shape, Evidence::Exact), guess), guess, "what it could not be was refused");
        let sure = of(small, Evidence::Exact);
        assert_eq!(best(of(large, Evidence::Derived), sure), sure);
        let larger = of(large, Evidence::Exact);
        assert_eq!(best(sure, larger), larger, "of equal evidence the larger, which holds the other");
        assert_eq!(best(ObjectType::UNKNOWN, guess), guess);
    }

    #[test]
    fn one_value_and_several_of_a_type_are_several_known_by_the_better_evidence() {
        let (types, instances, [small, ..]) = types();
        let header = ObjectType::new(Part::Value, small, Evidence::Exact);
        let slice = ObjectType::new(Part::Elements, small, Evidence::Derived);
        let both = ObjectType::new(Part::Elements, small, Evidence::Exact);
        assert_eq!(better(&types, &instances, header, slice), both);
        assert_eq!(better(&types, &instances, slice, header), both);
    }

    #[test]
    fn a_string_goes_last_and_a_closure_by_what_it_captured() {
        let (types, instances, [small, _, _, bytes, opaque]) = types();
        let string = ObjectType::new(Part::StringData, small, Evidence::Derived);
        let row = ObjectType::new(Part::Elements, bytes, Evidence::Derived);
        assert_eq!(better(&types, &instances, string, row), row, "although its type is larger");
        let bare = ObjectType::new(Part::Closure, opaque, Evidence::Exact);
        let captured = ObjectType::new(Part::Closure, small, Evidence::Derived);
        assert_eq!(better(&types, &instances, bare, captured), captured);
        assert_eq!(better(&types, &instances, captured, bare), captured);
    }

    /// Threads propose in any order: the best of several must not depend on it.
    #[test]
    fn the_best_is_the_same_in_any_order() {
        let (types, instances, all) = types();
        let parts = [Part::Value, Part::StringData, Part::MapTable, Part::MapHeader, Part::Machinery];
        let kinds: Vec<ObjectType> = all
            .iter()
            .flat_map(|&ty| parts.iter().map(move |&part| (part, ty)))
            .flat_map(|(part, ty)| Evidence::ALL.into_iter().map(move |evidence| ObjectType::new(part, ty, evidence)))
            .collect();
        let best = |one, other| better(&types, &instances, one, other);
        for &one in &kinds {
            for &other in &kinds {
                let (there, back) = (best(one, other), best(other, one));
                assert_eq!(there.is_known(), back.is_known());
                assert!(there == back || !there.is_known(), "{one:?} {other:?}");
                for &third in kinds.iter().step_by(7) {
                    let (left, right) = (best(best(one, other), third), best(one, best(other, third)));
                    assert!(left == right || !left.is_known(), "{one:?} {other:?} {third:?}");
                }
            }
        }
    }
}
