//! Channels with nothing in them: a buffer is there from the beginning, whether anything is ever sent or not.

use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_model::{ObjectId, Part, Slot};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The channels of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EmptyChannels {
    /// The type.
    pub ty: String,
    /// Channels.
    pub channels: u64,
    /// Channels with a buffer and nothing in it.
    pub empty: u64,
    /// Values in buffers.
    pub queued: u64,
    /// Values that there is room for.
    pub capacity: u64,
    /// Bytes of room that nothing is in.
    pub free_bytes: u64,
}

/// By type, those with most room first; types without a buffer are left out.
pub(super) fn channels(snapshot: &HeapSnapshot<'_, '_>) -> Vec<EmptyChannels> {
    let mut by_type: BTreeMap<String, EmptyChannels> = BTreeMap::new();
    let is_channel = |id: &u32| {
        let object = snapshot.object_types.of(ObjectId(*id));
        object.is_known() && object.part() == Part::ChanHeader
    };
    for slot in snapshot.objects.slots_of(snapshot.reached.iter_ones().filter(is_channel)) {
        let Some((queued, capacity, bytes)) = buffer(snapshot, slot) else { continue };
        let channels = by_type.entry(snapshot.type_text(slot)).or_default();
        channels.channels += 1;
        channels.empty += u64::from(queued == 0);
        channels.queued += queued;
        channels.capacity += capacity;
        channels.free_bytes += (capacity - queued) * bytes;
    }
    let mut all: Vec<EmptyChannels> =
        by_type.into_iter().map(|(ty, channels)| EmptyChannels { ty, ..channels }).collect();
    all.sort_by_key(|channels| Reverse((channels.free_bytes, channels.channels)));
    all
}

/// Values in a channel's buffer, how many fit, and the bytes of one; None without a buffer, or where the numbers cannot be.
fn buffer(snapshot: &HeapSnapshot<'_, '_>, slot: Slot) -> Option<(u64, u64, u64)> {
    let (layout, memory) = (&snapshot.model.layout.hchan, snapshot.model.memory());
    let at = |offset: u64| Address(snapshot.objects.payload(slot).0).add(offset);
    let (queued, capacity) = (memory.read_u64(at(layout.qcount))?, memory.read_u64(at(layout.dataqsiz))?);
    let (buffer, bytes) = (memory.read_u64(at(layout.buf))?, u64::from(memory.read_u16(at(layout.elemsize))?));
    let of = snapshot.objects.find_allocated(buffer)?;
    let (payload, room) = snapshot.objects.payload(of);
    let left = room.saturating_sub(buffer.saturating_sub(payload));
    let is_sound = capacity > 0 && queued <= capacity && capacity.checked_mul(bytes)? <= left;
    is_sound.then_some((queued, capacity, bytes))
}
