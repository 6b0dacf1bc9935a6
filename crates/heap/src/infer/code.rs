//! What code says of a word that no debug information names: a function that uses a package variable, or whose frame the word is
//! in, names the descriptors of what it allocates.

use super::confirm::{SlotWords, confirm};
use super::engine::{Inference, Outcome};
use super::fit::{fits, size_class};
use super::proposal::Proposal;
use crate::roots::root::{UntypedRoot, WordOwner};
use foldhash::HashMap;
use goheap_image::Address;
use goheap_model::{Evidence, Part, Slot, TypeId};
use goheap_runtime::{CodeReferences, PAGE_BYTES};

/// So far before a word the address of its variable may lie by which code knows it.
const MAX_VARIABLE_BYTES: u64 = 256;
/// By so many words the best must be ahead of the second.
const LEAD: u32 = 2;
/// Functions that name more types than this say nothing of one word.
const MAX_TYPES: usize = 64;

/// Proposes the one type that the functions around each word allocate and that fits what the word leads to.
pub(super) fn propose(
    inference: &Inference<'_, '_, '_>,
    code: &CodeReferences,
    roots: &[UntypedRoot],
    outcome: &mut Outcome,
) {
    // A thousand goroutines in one function have the same words in its frames.
    let mut in_frames: HashMap<(u64, u64), Option<(Part, TypeId)>> = HashMap::default();
    for root in roots {
        let Some(slot) = inference.objects.find_allocated(root.value) else { continue };
        let known = inference.type_of(slot.id);
        if known.is_known() && !super::headers::is_named(&inference.resolver.types, known) {
            continue;
        }
        let found = match root.owner {
            WordOwner::Frame { entry, .. } => {
                *in_frames.entry((entry, root.value)).or_insert_with(|| best(inference, code, root, slot))
            }
            WordOwner::Variable(_) => best(inference, code, root, slot).or_else(|| bytes(inference, root, slot)),
        };
        if let Some((part, ty)) = found {
            let proposal = Proposal::new(root.value, part, ty, Evidence::Candidate);
            inference.propose(proposal, outcome);
        }
    }
}

/// The one reading of what the functions around a word allocate that fits best.
fn best(
    inference: &Inference<'_, '_, '_>,
    code: &CodeReferences,
    root: &UntypedRoot,
    slot: Slot,
) -> Option<(Part, TypeId)> {
    let types = &inference.resolver.types;
    let mut ranked: Vec<(u32, Part, TypeId)> = types_around(inference, code, root)
        .into_iter()
        .flat_map(|descriptor| readings(inference, code, descriptor))
        .filter_map(|(part, ty)| Some((score(inference, root, slot, part, ty)?, part, ty)))
        .collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    ranked.dedup_by(|one, other| one.1 == other.1 && types.get(one.2).name == types.get(other.2).name);
    match ranked[..] {
        [(_, part, ty)] => Some((part, ty)),
        [(first, part, ty), (second, ..), ..] if first >= second + LEAD => Some((part, ty)),
        _ => None,
    }
}

/// A variable's string or byte slice: a length, or a length and a capacity, that fill the slot behind a pointer to what holds none.
fn bytes(inference: &Inference<'_, '_, '_>, root: &UntypedRoot, slot: Slot) -> Option<(Part, TypeId)> {
    let span = inference.objects.span(slot);
    let (memory, at) = (inference.model.memory(), Address(root.at));
    if !span.is_noscan() || span.is_tiny_class() {
        return None;
    }
    let (len, cap) = (memory.read_u64(at.add(8))?, memory.read_u64(at.add(16)).unwrap_or(0));
    let end = inference.objects.address(slot) + span.elem_size;
    let types = &inference.resolver.types;
    if len <= cap && fills(inference, span.elem_size, cap) {
        return types.by_name("uint8").map(|byte| (Part::Elements, byte));
    }
    let is_string =
        len > 0 && root.value.checked_add(len).is_some_and(|to| to <= end) && fills(inference, span.elem_size, len);
    is_string.then(|| types.by_name("string")).flatten().map(|string| (Part::StringData, string))
}

fn types_around(inference: &Inference<'_, '_, '_>, code: &CodeReferences, root: &UntypedRoot) -> Vec<u64> {
    let functions = match root.owner {
        WordOwner::Frame { entry, .. } => vec![entry],
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

/// How well an object goes with a reading; None if not at all.
fn score(inference: &Inference<'_, '_, '_>, root: &UntypedRoot, slot: Slot, part: Part, ty: TypeId) -> Option<u32> {
    let span = inference.objects.span(slot);
    let place = inference.place(slot, span);
    let is_start = root.value == inference.objects.address(slot) + place.payload;
    let is_possible = match part {
        Part::Value => is_start && fits(inference.resolver, place, part, ty),
        Part::Elements => fits(inference.resolver, place, part, ty) && is_slice(inference, root, slot, ty),
        Part::MapHeader => {
            let is_map = is_start
                && span.elem_size == inference.resolver.containers.map_header_room()
                && map_groups_fit(inference, slot, ty);
            return is_map.then_some(1);
        }
        _ => false,
    };
    is_possible.then(|| confirm(inference, &SlotWords::of(slot), part, ty)).flatten()
}

/// Whether the words behind a variable's pointer are a length and a capacity whose elements fill the slot. In a frame they need not
/// stand beside it.
fn is_slice(inference: &Inference<'_, '_, '_>, root: &UntypedRoot, slot: Slot, elem: TypeId) -> bool {
    let size = inference.resolver.types.get(elem).size;
    let room = inference.objects.span(slot).elem_size;
    let memory = inference.model.memory();
    let at = Address(root.at);
    let (len, cap) = (memory.read_u64(at.add(8)), memory.read_u64(at.add(16)));
    match (root.owner, len, cap) {
        (WordOwner::Variable(_), Some(len), Some(cap)) => {
            len <= cap && fills(inference, room, cap.saturating_mul(size))
        }
        (WordOwner::Frame { .. }, ..) => true,
        _ => false,
    }
}

/// True if so many bytes are allocated in slots of `room`.
fn fills(inference: &Inference<'_, '_, '_>, room: u64, bytes: u64) -> bool {
    let zones = inference.model.red_zones;
    match (size_class(bytes, zones), zones.padded(bytes)) {
        (Some(class), _) => class == room,
        (None, bytes) => bytes <= room && bytes.next_multiple_of(PAGE_BYTES) == room,
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
            let part = if rows > 1 { Part::Elements } else { Part::Value };
            let has_bits = resolver.map_part_type(map).is_none_or(|ty| fits(resolver, place, part, ty));
            return is_like && is_filled && has_bits;
        }
        part = (inside.part, inside.address);
    }
    false
}
