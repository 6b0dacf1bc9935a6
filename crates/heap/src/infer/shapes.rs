//! The program's types by what the collector sees of them: size class and pointer bits.

use super::fit::{Place, fits, size_class};
use super::instances::Instances;
use crate::meaning::compiled::SMALL_WORDS;
use crate::meaning::resolve::Resolver;
use foldhash::HashMap;
use goheap_model::{Evidence, Kind, Part, RedZones, TypeId, TypeTable};
use std::sync::RwLock;

const MAX_DEPTH: u32 = 64;

/// A pointer that is not to the start of what it fits: what it says is at `offset` of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Inner {
    pub(super) offset: u64,
    pub(super) part: Part,
    pub(super) ty: TypeId,
}

/// What a slot looks like: its size and, where they fit one word, its pointer bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Look {
    elem_size: u64,
    bits: Option<u64>,
}

type HolderKey = (Look, Inner);
type Holder = Option<(Part, TypeId)>;

/// Types by size class and pointer bits.
///
/// # Overhead
/// About 40 bytes a type that has a descriptor.
pub(super) struct Shapes {
    by_look: HashMap<Look, Vec<TypeId>>,
    pub(super) instances: Instances,
    /// The map types by the descriptors of their buckets or groups.
    maps: HashMap<u64, (Part, TypeId)>,
    holders: RwLock<HashMap<HolderKey, Holder>>,
    red_zones: RedZones,
}

impl Shapes {
    /// The types that can have been allocated on their own: those with a descriptor, since `mallocgc` is given one.
    pub(super) fn new(resolver: &mut Resolver<'_>, has_headers: bool, red_zones: RedZones) -> Self {
        let instances = Instances::new(resolver);
        let resolver = &*resolver;
        let types = &resolver.types;
        let mut maps = HashMap::default();
        for (descriptor, part, map) in resolver.map_parts() {
            if instances.is_shape(map) {
                maps.entry(descriptor).or_insert((part, map));
            } else {
                maps.insert(descriptor, (part, map));
            }
        }
        let mut by_look: HashMap<Look, Vec<TypeId>> = HashMap::default();
        for id in (0..types.len()).map(|index| TypeId(index as u32)) {
            let ty = types.get(id);
            let is_allocated = ty.descriptor.is_some() && ty.size > 0 && !matches!(ty.kind, Kind::Opaque);
            let is_small = ty.size <= SMALL_WORDS * 8;
            // Larger objects say their type themselves, but for those of releases without headers.
            if !is_allocated || !is_small && has_headers || ty.name.starts_with("go.shape.") {
                continue;
            }
            // Its instance stands for it, which may have no descriptor where all code that allocates it is generic.
            let id = match instances.only(id) {
                Some(instance) if types.get(instance).descriptor.is_none() => instance,
                Some(_) => continue,
                None => id,
            };
            let bits = resolver.small_mask(id).map(|bits| red_zones.bits(bits, ty.size, ty.size));
            let Some(elem_size) = size_class(ty.size, red_zones) else { continue };
            by_look.entry(Look { elem_size, bits }).or_default().push(id);
        }
        Shapes { by_look, instances, maps, holders: RwLock::default(), red_zones }
    }

    /// What is added to objects.
    pub(super) fn red_zones(&self) -> RedZones {
        self.red_zones
    }

    /// The types that a slot of that look can be.
    pub(super) fn of(&self, place: Place<'_, '_>) -> &[TypeId] {
        self.by_look.get(&look(place)).map_or(&[], |types| types)
    }

    /// The types that lie in slots as values of that size do, with these pointer bits.
    pub(super) fn with_bits(&self, size: u64, bits: u64) -> &[TypeId] {
        let look = size_class(size, self.red_zones).map(|elem_size| Look { elem_size, bits: Some(bits) });
        look.and_then(|look| self.by_look.get(&look)).map_or(&[], |types| types)
    }

    /// The map type whose buckets or groups the descriptor describes.
    pub(super) fn map_part(&self, descriptor: u64) -> Option<(Part, TypeId)> {
        self.maps.get(&descriptor).copied()
    }

    /// A value of the type as what it is: a map's group or bucket where it is one.
    pub(super) fn whole(&self, types: &TypeTable, ty: TypeId) -> (Part, TypeId) {
        types.get(ty).descriptor.and_then(|descriptor| self.map_part(descriptor)).unwrap_or((Part::Value, ty))
    }

    /// The instance of a generic type that a shape can be; what is not told apart is no more than a candidate.
    pub(super) fn concrete(&self, types: &TypeTable, ty: TypeId, evidence: Evidence) -> (TypeId, Evidence) {
        if !self.instances.is_shape(ty) {
            return (ty, evidence);
        }
        match self.instances.only(ty) {
            Some(instance) => (instance, evidence.min(Evidence::Derived)),
            // Of a shape alone, such as `go.shape.*uint8`, nothing but the size is known.
            None if types.get(ty).name.starts_with("go.shape.") && !matches!(types.get(ty).kind, Kind::Struct(_)) => {
                (ty, Evidence::None)
            }
            None => (ty, evidence.min(Evidence::Candidate)),
        }
    }

    /// The one type that fits the slot and has `inner` in it.
    pub(super) fn holder(&self, resolver: &Resolver<'_>, place: Place<'_, '_>, inner: Inner) -> Holder {
        if matches!(inner.part, Part::StringData) || matches!(resolver.types.get(inner.ty).kind, Kind::Scalar) {
            return None;
        }
        let key = (look(place), inner);
        if let Some(&known) = self.holders.read().ok()?.get(&key) {
            return known;
        }
        let found = self.find_holder(resolver, place, inner);
        self.holders.write().ok()?.insert(key, found);
        found
    }

    fn find_holder(&self, resolver: &Resolver<'_>, place: Place<'_, '_>, inner: Inner) -> Holder {
        let prefixed = inner.offset == 0 && inner.part == Part::Value;
        if let Some(whole) = prefixed.then(|| whole_of(&resolver.types, inner.ty)).flatten() {
            return fits(resolver, place, Part::Value, whole).then_some((Part::Value, whole));
        }
        let mut holding = self
            .of(place)
            .iter()
            .filter(|&&ty| contains(&resolver.types, ty, inner))
            .map(|&ty| self.whole(&resolver.types, ty));
        match (holding.next(), holding.next()) {
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => None,
            // None holds it: it may be one of several in a row.
            (None, _) => {
                let size = resolver.types.get(inner.ty).size;
                let in_row = inner.part == Part::Value && size > 0 && inner.offset.is_multiple_of(size);
                (in_row && fits(resolver, place, Part::Elements, inner.ty)).then_some((Part::Elements, inner.ty))
            }
        }
    }
}

fn look(place: Place<'_, '_>) -> Look {
    let bits = if place.span.is_noscan() { Some(0) } else { place.small_bits() };
    // Of noscan slots too large for one word of bits, types have no small mask either.
    let bits = bits.filter(|_| place.span.elem_size <= SMALL_WORDS * 8);
    Look { elem_size: place.span.elem_size, bits }
}

fn whole_of(types: &TypeTable, ty: TypeId) -> Option<TypeId> {
    let name: &str = &types.get(ty).name;
    let (_, whole) = crate::meaning::rules::PREFIXES.iter().find(|(prefix, _)| *prefix == name)?;
    types.by_name(whole)
}

/// True if a value of `ty` has `inner` as a part, not as a whole.
pub(super) fn contains(types: &TypeTable, ty: TypeId, inner: Inner) -> bool {
    let is_same = |part: TypeId| part == inner.ty || types.get(part).name == types.get(inner.ty).name;
    let (mut ty, mut rest) = (ty, inner.offset);
    for _ in 0..MAX_DEPTH {
        match &types.get(ty).kind {
            Kind::Struct(fields) => {
                let holds = |field: &&goheap_model::Field| {
                    rest.checked_sub(field.offset).is_some_and(|at| at < types.get(field.ty).size)
                };
                let Some(field) = fields.iter().find(holds) else { return false };
                (ty, rest) = (field.ty, rest - field.offset);
            }
            Kind::Array(elem, _) => {
                let Some(inside) = rest.checked_rem(types.get(*elem).size) else { return false };
                (ty, rest) = (*elem, inside);
                if inner.part == Part::Elements && rest == 0 && is_same(ty) {
                    return true;
                }
            }
            _ => return false,
        }
        if inner.part == Part::Value && rest == 0 && is_same(ty) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{Field, GoType};

    #[test]
    fn a_value_contains_its_fields_and_elements_at_their_places_alone() {
        let mut types = TypeTable::default();
        let mut add = |name: &str, size, kind| types.add(GoType { name: name.into(), size, kind, descriptor: None });
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let word = add("main.Word", 8, Kind::Opaque);
        let pair = add("main.Pair", 16, Kind::Struct([field("a", 0, word), field("b", 8, word)].into()));
        let row = add("[3]main.Pair", 48, Kind::Array(pair, 3));
        let whole = add("main.Whole", 56, Kind::Struct([field("first", 0, word), field("rows", 8, row)].into()));
        let has = |ty, offset, part, inner| contains(&types, ty, Inner { offset, part, ty: inner });
        assert!(
            has(whole, 0, Part::Value, word) && has(whole, 8, Part::Value, row) && has(whole, 24, Part::Value, pair)
        );
        assert!(has(whole, 32, Part::Value, word), "the second word of the second pair");
        assert!(!has(whole, 16, Part::Value, pair), "no pair begins in the middle of one");
        assert!(has(whole, 24, Part::Elements, pair), "a slice of an array may begin at any element");
        assert!(!has(whole, 8, Part::Elements, word), "pairs are no row of words");
        assert!(!has(whole, 0, Part::Value, whole), "as a part, not as a whole");
        assert!(!has(whole, 56, Part::Value, word) && !has(word, 0, Part::Value, pair), "outside, and of no parts");
    }
}
