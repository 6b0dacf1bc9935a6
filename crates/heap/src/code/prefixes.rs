//! Types that a method call on an unknown value does not tell: the value may be of a type that begins with one.

use crate::infer::size_class;
use crate::meaning::resolve::Resolver;
use foldhash::HashSet;
use goheap_model::{Kind, RedZones, TypeId, TypeTable};

/// Structs do not nest deeper.
const MAX_DEPTH: u32 = 64;

/// The types of the program that begin another which looks the same to the collector, so that neither a slot's size nor its pointer bits
/// tell which of the two is there: `call` of a method that is promoted from the first field passes the pointer as it is.
pub(super) fn prefixes(resolver: &Resolver<'_>, zones: RedZones) -> HashSet<TypeId> {
    let look = |ty: TypeId| Some((size_class(resolver.types.get(ty).size, zones)?, resolver.small_mask(ty)?));
    let outer = resolver.linked().iter().filter_map(|&address| resolver.types.by_descriptor(address));
    outer
        .flat_map(|outer| first_fields(&resolver.types, outer).filter(move |&inner| look(inner) == look(outer)))
        .collect()
}

/// The structs that a value of that type begins with, the largest first.
fn first_fields(types: &TypeTable, outer: TypeId) -> impl Iterator<Item = TypeId> {
    let first = |ty: &TypeId| match &types.get(*ty).kind {
        Kind::Struct(fields) => fields.first().map(|field| field.ty),
        _ => None,
    };
    let is_struct = |ty: &TypeId| matches!(types.get(*ty).kind, Kind::Struct(_));
    std::iter::successors(Some(outer), first).skip(1).take(MAX_DEPTH as usize).filter(is_struct)
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{Field, GoType};

    #[test]
    fn what_begins_a_struct_is_found() {
        let mut types = TypeTable::default();
        let mut add = |name: &str, size, kind| types.add(GoType { name: name.into(), size, kind, descriptor: None });
        let of = |ty| Kind::Struct([Field { name: "f".into(), offset: 0, ty, is_embedded: true }].into());
        let word = add("uint", 8, Kind::Scalar);
        let inner = add("main.inner", 8, of(word));
        let middle = add("main.middle", 24, of(inner));
        let outer = add("main.outer", 32, of(middle));
        assert_eq!(first_fields(&types, outer).collect::<Vec<_>>(), [middle, inner]);
        assert_eq!(first_fields(&types, inner).count(), 0);
    }
}
