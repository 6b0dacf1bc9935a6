//! How much memory each stage of a snapshot takes, told before it does: what the main types say of their overhead, times what the
//! heap has.

use crate::snapshot::SnapshotOptions;
use goheap_runtime::{Claim, GoHeap};

/// Bytes a span: the number of its first slot; what reading its slots needs; the tree's facts.
const OBJECTS_PER_SPAN: u64 = 4;
const SCAN_PER_SPAN: u64 = 48;
const TREE_PER_SPAN: u64 = SCAN_PER_SPAN + 8;
/// Bytes a page of a span of many slots.
const PER_PAGE: u64 = 32;
/// Slots to an entry of the object table's index, of four bytes.
const SLOTS_PER_ENTRY: u64 = 64;
/// Bytes a slot for its type, and for its frame where that is remembered.
const TYPE: u64 = 4;
const FRAME: u64 = 4;
/// Bytes an object with pointers of a level of the inference: 4 as found, 16 as work.
const LEVEL: u64 = 20;
/// Bytes an object with pointers in the tree's queue, if all wait at once.
const QUEUED: u64 = 12;

/// What a heap has, as far as it decides how much memory a snapshot takes. Numbers of a broken core may be anything.
pub(crate) struct Needs {
    spans: u64,
    /// Of spans of many slots.
    pages: u64,
    slots: u64,
    /// Objects with pointers.
    pub(crate) scannable: u64,
    owners: bool,
}

impl Needs {
    pub(crate) fn new(heap: &GoHeap<'_>, options: SnapshotOptions) -> Self {
        let slots = heap.spans.iter().map(|span| u64::from(span.nelems)).sum();
        let (mut pages, mut scannable) = (0, 0);
        for span in &heap.spans {
            pages += if span.nelems > 1 { span.npages } else { 0 };
            scannable += if span.is_noscan() { 0 } else { span.allocated.count() as u64 };
        }
        Needs { spans: heap.spans.len() as u64, pages, slots, scannable, owners: options.owners }
    }

    /// The object table: a key a page, a number a span, a bit a slot, an entry every 64 slots.
    pub(crate) fn objects(&self) -> Claim {
        let pages = self.pages.saturating_mul(PER_PAGE);
        let kept = pages + self.spans * OBJECTS_PER_SPAN + self.bits() + self.slots / SLOTS_PER_ENTRY * 4;
        Claim { kept, passing: 0 }
    }

    /// The types; two sets of objects that it counts in and one that it puts in order by, and a level, which may be every object
    /// with pointers.
    pub(crate) fn inference(&self) -> Claim {
        Claim {
            kept: self.slots * TYPE,
            passing: self.spans * SCAN_PER_SPAN + 3 * self.bits() + self.scannable * LEVEL,
        }
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
        let mut needs = Needs { spans: 1 << 10, pages: 1 << 11, slots: 1 << 20, scannable: 1 << 19, owners: false };
        assert_eq!(needs.objects(), Claim { kept: (64 << 10) + (4 << 10) + (128 << 10) + (64 << 10), passing: 0 });
        assert_eq!(needs.inference(), Claim { kept: 4 << 20, passing: (48 << 10) + (384 << 10) + (10 << 20) });
        let without = needs.tree();
        assert_eq!(without, Claim { kept: 128 << 10, passing: (56 << 10) + (128 << 10) + (6 << 20) });
        needs.owners = true;
        assert_eq!(needs.tree().kept, without.kept + (4 << 20));
    }
}
