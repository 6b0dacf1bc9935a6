//! Slots of maps that hold no entry.

use crate::meaning::resolve::Resolver;
use crate::snapshot::HeapSnapshot;
use foldhash::HashSet;
use goheap_image::Address;
use goheap_model::{MapRoom, ObjectId, Part, TypeId};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A slot of a Swiss map that held an entry, and is kept for those that lie behind it (internal/runtime/maps/group.go `ctrlDeleted`).
const DELETED: u8 = 0b1111_1110;
/// A cell of a bucket that held one, and behind which there are others (runtime/map.go `emptyOne`).
const EMPTY_ONE: u8 = 1;
/// Slots of a group or bucket, each with a byte at its beginning.
const SLOTS: u64 = 8;

/// The maps of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MapWaste {
    /// The type.
    pub ty: String,
    /// Maps.
    pub maps: u64,
    /// Maps without an entry.
    pub empty: u64,
    /// Bytes of slots of these.
    pub empty_bytes: u64,
    /// Entries.
    pub entries: u64,
    /// Slots, of entries and free ones.
    pub slots: u64,
    /// Slots that held an entry and are marked as such: other entries can be put there only after a growth, or there alone.
    pub deleted: u64,
    /// Bytes of a slot: a key, a value, and their part of what is kept beside.
    pub slot_bytes: u64,
    /// Bytes of the slots without an entry, those of `empty_bytes` and `deleted` among them.
    pub free_bytes: u64,
    /// Maps of which the core lacks a part.
    pub absent: u64,
}

impl MapWaste {
    fn add(&mut self, room: Option<MapRoom>, slot_bytes: u64) {
        self.maps += 1;
        let Some(MapRoom { entries, slots }) = room else {
            self.absent += 1;
            return;
        };
        // Of a broken core the numbers may be anything.
        let free = slots.saturating_sub(entries).saturating_mul(slot_bytes);
        self.entries = self.entries.saturating_add(entries);
        self.slots = self.slots.saturating_add(slots);
        self.free_bytes = self.free_bytes.saturating_add(free);
        if entries == 0 {
            self.empty += 1;
            self.empty_bytes = self.empty_bytes.saturating_add(free);
        }
    }
}

/// By type, those with most free bytes first.
pub(super) fn maps(snapshot: &HeapSnapshot<'_, '_>, resolver: &Resolver<'_>) -> Vec<MapWaste> {
    let mut by_type: BTreeMap<TypeId, MapWaste> = BTreeMap::new();
    // Maps of a damaged core may all have one directory, which is read once.
    let mut directories = HashSet::default();
    for slot in snapshot.objects.slots_of(snapshot.map_headers().into_iter().map(|id| id.0)) {
        let ty = snapshot.object_types.of(slot.id).ty();
        let waste = by_type.entry(ty).or_insert_with(|| MapWaste {
            ty: snapshot.types.get(ty).name.to_string(),
            slot_bytes: resolver.map_layout(ty).map_or(0, |layout| layout.stride / SLOTS),
            ..MapWaste::default()
        });
        let header = snapshot.objects.payload(slot).0;
        waste.add(snapshot.map_room_at(header, |directory| directories.insert(directory)), waste.slot_bytes);
    }
    for (ty, deleted) in deleted(snapshot, resolver) {
        if let Some(waste) = by_type.get_mut(&ty) {
            waste.deleted = deleted;
        }
    }
    let mut maps: Vec<MapWaste> = by_type.into_values().collect();
    maps.sort_by_key(|map| Reverse((map.free_bytes, map.maps)));
    maps
}

/// Slots that held an entry, by type of map, from the bytes with which groups and buckets begin.
fn deleted(snapshot: &HeapSnapshot<'_, '_>, resolver: &Resolver<'_>) -> BTreeMap<TypeId, u64> {
    let mark = if snapshot.model.version.release().has_swiss_maps { DELETED } else { EMPTY_ONE };
    let objects = &snapshot.objects;
    let of_span = |index: u32| {
        let (first, mut found) = (objects.first_of(index), BTreeMap::<TypeId, u64>::new());
        for id in snapshot.reached.ones_in(first..first + snapshot.model.heap.spans[index as usize].nelems) {
            let object = snapshot.object_types.of(ObjectId(id));
            if !object.is_known() || !matches!(object.part(), Part::MapGroups | Part::MapBuckets) {
                continue;
            }
            let Some(layout) = resolver.map_layout(object.ty()) else { continue };
            let (payload, bytes) = objects.payload(objects.slot_in(id, index));
            let marks = (0..bytes / layout.stride).map_while(|group| {
                let control = snapshot.model.memory().read_u64(Address(payload.checked_add(group * layout.stride)?))?;
                Some(control.to_le_bytes().into_iter().filter(|&byte| byte == mark).count() as u64)
            });
            *found.entry(object.ty()).or_default() += marks.sum::<u64>();
        }
        found
    };
    let spans = (0..snapshot.model.heap.spans.len() as u32).into_par_iter();
    spans.map(of_span).reduce(BTreeMap::new, |mut all, more| {
        more.into_iter().for_each(|(ty, count)| *all.entry(ty).or_default() += count);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_slots_are_counted_and_absent_maps_are_not_empty() {
        let mut waste = MapWaste::default();
        for (entries, slots) in [(5, 8), (0, 16), (9, 8)] {
            waste.add(Some(MapRoom { entries, slots }), 24);
        }
        waste.add(None, 24);
        assert_eq!((waste.maps, waste.empty, waste.absent), (4, 1, 1));
        assert_eq!((waste.entries, waste.slots), (14, 32));
        assert_eq!((waste.free_bytes, waste.empty_bytes), (3 * 24 + 16 * 24, 16 * 24));
    }
}
