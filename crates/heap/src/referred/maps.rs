//! Entries of maps, and the slots that they have room for.

use crate::meaning::containers::map_slots;
use crate::snapshot::HeapSnapshot;
use goheap_model::{MapRoom, ObjectId, Part, Slot};
use rayon::prelude::*;

/// Slots that a thread looks at at a time.
const CHUNK: u32 = 1 << 16;

impl HeapSnapshot<'_, '_> {
    fn is_map_header(&self, id: ObjectId) -> bool {
        let object = self.object_types.of(id);
        object.is_known() && object.part() == Part::MapHeader
    }

    /// The headers of maps that roots reach, in order.
    pub(crate) fn map_headers(&self) -> Vec<ObjectId> {
        let slots = self.objects.len();
        let of_chunk = |first: u32| {
            let reached = self.reached.ones_in(first..slots.min(first.saturating_add(CHUNK)));
            reached.map(ObjectId).filter(|&id| self.is_map_header(id))
        };
        let firsts = (0..slots.div_ceil(CHUNK)).into_par_iter().map(|chunk| chunk * CHUNK);
        firsts.flat_map_iter(of_chunk).collect()
    }

    /// What each map that roots reach holds and has room for, by its header, in order; but for those of which the core lacks that.
    pub fn rooms_of_maps(&self) -> Vec<(ObjectId, MapRoom)> {
        let room = |id: ObjectId| Some((id, self.map_room(self.objects.slot(id))?));
        self.map_headers().into_par_iter().filter_map(room).collect()
    }

    /// What a map holds and has room for, of the object that is its header; None of others, and where the core lacks it.
    pub fn map_room(&self, slot: Slot) -> Option<MapRoom> {
        self.is_map_header(slot.id).then(|| self.map_room_at(self.objects.payload(slot).0, |_| true)).flatten()
    }

    /// The same of all maps among objects together; None where there are none.
    pub fn map_rooms(&self, objects: impl Iterator<Item = ObjectId>) -> Option<MapRoom> {
        // Most of what is asked for is none: its slot is not looked for.
        let headers = objects.filter(|&id| self.is_map_header(id));
        headers.filter_map(|id| self.map_room(self.objects.slot(id))).reduce(|mut sum, one| {
            sum.add(one);
            sum
        })
    }

    /// The same of the map whose header is at an address. A directory has to lie in an object, and `is_new` is asked for it.
    pub(crate) fn map_room_at(&self, header: u64, is_new: impl FnOnce(u64) -> bool) -> Option<MapRoom> {
        let swiss = self.model.version.release().has_swiss_maps;
        let may_read = |directory: u64, words: u64| {
            let slot = self.objects.find_allocated(directory);
            let room = slot.map_or(0, |slot| self.objects.payload(slot).1);
            words <= room / 8 && is_new(directory)
        };
        let (entries, slots) = map_slots(self.model.memory(), swiss, header, may_read)?;
        Some(MapRoom { entries, slots })
    }
}
