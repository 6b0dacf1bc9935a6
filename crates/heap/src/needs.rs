//! How much memory each stage of a snapshot takes, told before it does: what the main types say of their overhead, times what the
//! heap has.

use crate::snapshot::SnapshotOptions;
use goheap_runtime::{Claim, GoHeap};

/// Bytes a span: the object table's key; the tree's facts and plans.
const OBJECTS_PER_SPAN: u64 = 32;
const TREE_PER_SPAN: u64 = 16;
/// Slots to an entry of the object table's index, of four bytes.
const SLOTS_PER_ENTRY: u64 = 64;
/// Bytes a slot for its type, and for its frame where that is remembered.
const TYPE: u64 = 4;
const FRAME: u64 = 4;
/// Bytes an object of a level of the inference: 12 as found, 16 as work.
const LEVEL: u64 = 28;
/// Bytes an object with pointers in the tree's queue, if all wait at once.
const QUEUED: u64 = 12;

/// What a heap has, as far as it decides how much memory a snapshot takes. Numbers of a broken core may be anything.
pub(crate) struct Needs {
    spans: u64,
    slots: u64,
    allocated: u64,
    scannable: u64,
    owners: bool,
}

impl Needs {
    pub(crate) fn new(heap: &GoHeap<'_>, options: SnapshotOptions) -> Self {
        let slots = heap.spans.iter().map(|span| u64::from(span.nelems)).sum();
        let (mut allocated, mut scannable) = (0, 0);
        for span in &heap.spans {
            let objects = span.allocated.count() as u64;
            allocated += objects;
            scannable += if span.is_noscan() { 0 } else { objects };
        }
        Needs { spans: heap.spans.len() as u64, slots, allocated, scannable, owners: options.owners }
    }

    /// The object table: a key a span, a bit a slot, an entry every 64 slots.
    pub(crate) fn objects(&self) -> Claim {
        let kept = self.spans * OBJECTS_PER_SPAN + self.bits() + self.slots / SLOTS_PER_ENTRY * 4;
        Claim { kept, passing: 0 }
    }

    /// The types; two sets of objects that it counts in, and a level, which may be every object.
    pub(crate) fn inference(&self) -> Claim {
        Claim { kept: self.slots * TYPE, passing: 2 * self.bits() + self.allocated * LEVEL }
    }

    /// The set of what is reached and the frames, where they are wanted; the set of what is reserved, and the queue.
    pub(crate) fn tree(&self) -> Claim {
        let frames = if self.owners { self.slots * FRAME } else { 0 };
        let passing = self.spans * TREE_PER_SPAN + self.bits() + self.scannable * QUEUED;
        Claim { kept: self.bits() + frames, passing }
    }

    /// Bytes of a set with a bit a slot.
    fn bits(&self) -> u64 {
        self.slots / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_take_four_bytes_a_slot_and_frames_as_much() {
        let mut needs = Needs { spans: 1 << 10, slots: 1 << 20, allocated: 3 << 18, scannable: 1 << 19, owners: false };
        assert_eq!(needs.objects(), Claim { kept: (32 << 10) + (128 << 10) + (64 << 10), passing: 0 });
        assert_eq!(needs.inference(), Claim { kept: 4 << 20, passing: (256 << 10) + (21 << 20) });
        let without = needs.tree();
        assert_eq!(without, Claim { kept: 128 << 10, passing: (16 << 10) + (128 << 10) + (6 << 20) });
        needs.owners = true;
        assert_eq!(needs.tree().kept, without.kept + (4 << 20));
    }
}
