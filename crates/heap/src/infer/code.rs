//! What code says of a word that no debug information names: a function that uses a package variable, or whose frame the word is
//! in, names the descriptors of what it allocates.

use super::confirm::confirm;
use super::engine::{Inference, Outcome};
use super::fit::{fits, size_class};
use super::proposal::Proposal;
use crate::object::Slot;
use crate::object_type::{Evidence, Part};
use crate::root::{UntypedRoot, WordOwner};
use goheap_image::Address;
use goheap_runtime::{CodeReferences, TypeId};

/// So far before a word the address of its variable may lie by which code knows it.
const MAX_VARIABLE_BYTES: u64 = 256;
/// Functions that name more types than this say nothing of one word.
const MAX_TYPES: usize = 64;

/// Proposes the one type that the functions around each word allocate and that fits what the word leads to.
pub(super) fn propose(
    inference: &Inference<'_, '_, '_>,
    code: &CodeReferences,
    roots: &[UntypedRoot],
    outcome: &mut Outcome,
) {
    for root in roots {
        let Some(slot) = inference.objects.find_allocated(root.value) else { continue };
        if inference.type_of(slot.id).is_known() {
            continue;
        }
        let mut found: Vec<(Part, TypeId)> = types_around(inference, code, root)
            .into_iter()
            .flat_map(|descriptor| readings(inference, code, descriptor))
            .filter(|&(part, ty)| is_possible(inference, root, slot, part, ty))
            .collect();
        found.sort_unstable();
        found.dedup();
        if let [(part, ty)] = found[..] {
            let proposal = Proposal { address: root.value, part, ty, evidence: Evidence::Candidate };
            inference.propose(proposal, outcome);
        }
    }
}

fn types_around(inference: &Inference<'_, '_, '_>, code: &CodeReferences, root: &UntypedRoot) -> Vec<u64> {
    let functions = match root.owner {
        WordOwner::Frame(entry) => vec![entry],
        WordOwner::Variable(at) => {
            let exact = code.functions_using(at, at + 8);
            if exact.is_empty() { code.functions_using(at.saturating_sub(MAX_VARIABLE_BYTES), at) } else { exact }
        }
    };
    let mut types: Vec<u64> = functions.iter().flat_map(|&entry| code.types_of(entry)).copied().collect();
    types.sort_unstable();
    types.dedup();
    types.retain(|&descriptor| inference.resolver.types.by_descriptor(descriptor).is_some());
    if types.len() > MAX_TYPES { Vec::new() } else { types }
}

/// What an object can be of which code passes the descriptor to an allocator.
fn readings(inference: &Inference<'_, '_, '_>, code: &CodeReferences, descriptor: u64) -> Vec<(Part, TypeId)> {
    let Some(ty) = inference.resolver.types.by_descriptor(descriptor) else { return Vec::new() };
    let used = code.allocated_as(descriptor);
    let parts = [
        (used.value, Part::Value),
        (used.elements, Part::Elements),
        (used.map, Part::MapHeader),
        (used.chan, Part::ChanHeader),
    ];
    parts.into_iter().filter(|(is_used, _)| *is_used).map(|(_, part)| (part, ty)).collect()
}

fn is_possible(inference: &Inference<'_, '_, '_>, root: &UntypedRoot, slot: Slot, part: Part, ty: TypeId) -> bool {
    let span = inference.objects.span(slot);
    let place = inference.place(slot, span);
    let offset = root.value.wrapping_sub(inference.objects.address(slot) + place.payload);
    let fits_there = || fits(inference.resolver, place, part, ty);
    match part {
        Part::Value => offset == 0 && fits_there() && confirm(inference, slot, ty).is_some(),
        Part::Elements => fits_there() && is_slice(inference, root, slot, ty),
        Part::MapHeader => offset == 0 && span.elem_size == 48 && map_groups_fit(inference, slot, ty),
        _ => false,
    }
}

/// Whether the words behind a variable's pointer are a length and a capacity whose elements fill the slot. In a frame they need not
/// stand beside it.
fn is_slice(inference: &Inference<'_, '_, '_>, root: &UntypedRoot, slot: Slot, elem: TypeId) -> bool {
    let size = inference.resolver.types.get(elem).size;
    let room = inference.objects.span(slot).elem_size;
    let memory = inference.model.memory();
    let at = Address(root.at);
    let (len, cap) = (memory.read_u64(at.add(8)), memory.read_u64(at.add(16)));
    let fills = |cap: u64| {
        let bytes = cap.saturating_mul(size);
        size_class(bytes).is_some_and(|class| class == room) || (bytes <= room && bytes > room.saturating_sub(8192))
    };
    match (root.owner, len, cap) {
        (WordOwner::Variable(_), Some(len), Some(cap)) => len <= cap && fills(cap),
        (WordOwner::Frame(_), ..) => true,
        _ => false,
    }
}

/// Whether the first groups or buckets of a map in the slot are as large as the type says.
fn map_groups_fit(inference: &Inference<'_, '_, '_>, slot: Slot, map: TypeId) -> bool {
    let resolver = &*inference.resolver;
    let Some(layout) = resolver.map_layout(map) else { return false };
    let mut part = (Part::MapHeader, inference.objects.address(slot));
    for _ in 0..4 {
        let mut insides = resolver.containers.insides(|| None, part.0, part.1, 8).into_iter();
        let Some(inside) = insides.next() else { return true };
        let Some(target) = inference.objects.find_allocated(inside.address) else { return false };
        if matches!(inside.part, Part::MapGroups | Part::MapBuckets) {
            let span = inference.objects.span(target);
            let place = inference.place(target, span);
            let known = inference.type_of(target.id);
            let is_like = !known.is_known() || known.ty() == map;
            let rows = place.room() / layout.stride;
            let is_filled = rows > 0 && (span.is_large() || place.is_smallest_for(layout.stride * rows));
            let is_scan = resolver.group_has_pointers(map) != Some(span.is_noscan());
            return is_like && is_filled && is_scan;
        }
        part = (inside.part, inside.address);
    }
    false
}
