//! What the header of a container says of itself where no typed pointer leads to it: a channel's `elemtype` is a descriptor, and a
//! map's groups or buckets may have one.

use super::engine::{Inference, Outcome};
use super::proposal::Proposal;
use goheap_graph::IdBitSet;
use goheap_image::Address;
use goheap_model::{Evidence, Kind, ObjectType, Part, Slot, TypeId, TypeTable};

/// Types that a pointer into the runtime gives to headers.
const MAP_HEADERS: [&str; 2] = ["internal/runtime/maps.Map", "runtime.hmap"];
const CHAN_HEADER: &str = "runtime.hchan";

/// Proposes channels and maps among the objects of which nothing better is known.
pub(super) fn propose(inference: &mut Inference<'_, '_, '_>, unsettled: &[Slot], outcome: &mut Outcome) {
    let objects = inference.objects;
    for slot in unsettled.iter().copied() {
        if inference.type_of(slot.id).part() == Part::Closure {
            continue;
        }
        if let Some(elem) = channel_elem(inference, slot) {
            let chan = inference.resolver.chan_of(elem);
            inference.leads.grow(inference.resolver.types.len());
            let address = objects.address(slot);
            let proposal = Proposal::new(address, Part::ChanHeader, chan, Evidence::Exact);
            inference.propose(proposal, outcome);
        } else if let Some(map) = nameless_map(inference, slot) {
            let proposal = Proposal::new(objects.address(slot), Part::Value, map, Evidence::Candidate);
            inference.propose(proposal, outcome);
            directory(inference, slot, outcome);
        } else if let Some((map, evidence)) = map_of(inference, slot) {
            let proposal = Proposal::new(objects.address(slot), Part::MapHeader, map, evidence);
            inference.propose(proposal, outcome);
        }
    }
}

/// True if the runtime's own type of a header is all that is known.
pub(super) fn is_named(types: &TypeTable, known: ObjectType) -> bool {
    known.part() == Part::Value && is_header(types, known.ty())
}

fn is_header(types: &TypeTable, ty: TypeId) -> bool {
    let name: &str = &types.get(ty).name;
    name == CHAN_HEADER || MAP_HEADERS.contains(&name)
}

/// The types for which [`is_named`] holds, to ask it of every object.
pub(crate) fn header_types(types: &TypeTable) -> IdBitSet {
    (0..types.len() as u32).filter(|&ty| is_header(types, TypeId(ty))).collect()
}

/// The element type that a `hchan` in the slot tells. Its size is told beside it, which makes a chance unlikely.
fn channel_elem(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<TypeId> {
    let (model, fields) = (inference.model, &inference.model.layout.hchan);
    if inference.objects.span(slot).elem_size < fields.size {
        return None;
    }
    let at = Address(inference.objects.address(slot));
    let word = |offset: u64| model.memory().read_u64(at.add(offset));
    let elem = inference.resolver.types.by_descriptor(word(fields.elemtype)?)?;
    let size = u64::from(model.memory().read_u16(at.add(fields.elemsize))?);
    let (count, capacity) = (word(fields.qcount)?, word(fields.dataqsiz)?);
    (size == inference.resolver.types.get(elem).size && count <= capacity).then_some(elem)
}

/// Of its words only `dirPtr` is a pointer.
const MAP_HEADER_BITS: u64 = 0b100;
/// Control bytes of a group's slots (internal/runtime/maps/group.go): below are those in use.
const CTRL_EMPTY: u8 = 0x80;
const SLOTS: u64 = 8;

/// The runtime's own type of a Swiss map's header if one is in the slot: its numbers agree with each other and with what it leads to.
fn nameless_map(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<TypeId> {
    let (objects, memory) = (inference.objects, inference.model.memory());
    let span = objects.span(slot);
    let is_like = span.elem_size == inference.resolver.containers.map_header_room()
        && inference.resolver.containers.swiss
        && !inference.type_of(slot.id).is_known()
        && inference.place(slot, span).small_bits() == Some(MAP_HEADER_BITS);
    if !is_like {
        return None;
    }
    let at = Address(objects.address(slot));
    let word = |index: u64| memory.read_u64(at.add(index * 8));
    let byte = |offset: u64| memory.read_u8(at.add(offset));
    let (used, dir, len, depth, shift) = (word(0)?, word(2)?, word(3)?, byte(32)?, byte(33)?);
    let is_sound = if len == 0 {
        let ctrl = (dir != 0).then(|| memory.read_u64(Address(dir))).flatten();
        let full = |ctrl: u64| ctrl.to_le_bytes().iter().filter(|&&byte| byte < CTRL_EMPTY).count() as u64;
        used <= SLOTS && ctrl.map_or(used == 0 && dir == 0 && word(1)? != 0, |ctrl| full(ctrl) == used)
    } else {
        let room = objects.find_allocated(dir).map(|directory| objects.span(directory).elem_size);
        len == 1_u64.checked_shl(u32::from(depth))? && Some(shift) == 64_u8.checked_sub(depth) && room? / 8 >= len
    };
    is_sound.then(|| inference.resolver.types.by_name(MAP_HEADERS[0])).flatten()
}

/// Proposes the directory of tables that such a header leads to.
fn directory(inference: &Inference<'_, '_, '_>, slot: Slot, outcome: &mut Outcome) {
    let memory = inference.model.memory();
    let at = Address(inference.objects.address(slot));
    let (dir, len) = (memory.read_u64(at.add(16)), memory.read_u64(at.add(24)));
    let table = inference.resolver.types.by_name("*internal/runtime/maps.table");
    if let (Some(address), Some(1..), Some(ty)) = (dir, len, table) {
        inference.propose(Proposal::new(address, Part::Elements, ty, Evidence::Candidate), outcome);
    }
}

/// The map type whose header is in the slot, by the type of the groups or buckets that it leads to.
fn map_of(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<(TypeId, Evidence)> {
    let known = inference.type_of(slot.id);
    let is_header = known.part() == Part::Value
        && MAP_HEADERS.contains(&&*inference.resolver.types.get(known.ty()).name)
        && known.is_known();
    if !is_header {
        return None;
    }
    let mut part = (Part::MapHeader, inference.objects.address(slot));
    // Header, directory, table, groups.
    for _ in 0..4 {
        let inside = inference.resolver.containers.insides(|| None, part.0, part.1, 8).into_iter().next()?;
        let target = inference.objects.find_allocated(inside.address)?;
        let found = inference.type_of(target.id);
        if matches!(found.part(), Part::MapGroups | Part::MapBuckets) && found.is_known() {
            let is_map = matches!(inference.resolver.types.get(found.ty()).kind, Kind::Map(..));
            return is_map.then_some((found.ty(), found.evidence().min(Evidence::Derived)));
        }
        part = (inside.part, inside.address);
    }
    None
}
