//! How much memory each stage of a snapshot takes, told before it does: what the main types say of their overhead, times what the
//! heap has.

use crate::snapshot::SnapshotOptions;
use goheap_model::Claim;
use goheap_runtime::{ARENA_BYTES, GoHeap};

/// Bytes of the page table for an arena that holds a span of many slots.
const PAGES_OF_ARENA: u64 = 96 << 10;
/// Bytes a span: in the object table, in the list by which spans are scanned, and of what the tree keeps beside that.
const FIRST: u64 = 4;
const SCAN: u64 = 48;
/// Bytes of a span for one of the copy of its pointer bits.
const BYTES_PER_BIT_BYTE: u64 = 64;
const TREE: u64 = 16;
/// Slots to an entry of the object table's index, of four bytes.
const SLOTS_PER_ENTRY: u64 = 64;
/// Bytes a slot for its type, and for its frame where that is remembered.
const TYPE: u64 = 4;
const FRAME: u64 = 4;
/// Bytes a slot that several small values share: what is known of these while types are sought.
const BLOCK: u64 = 4;
/// Bytes an object with pointers in a level of the inference: 4 as found, 8 as work.
const LEVEL: u64 = 12;
/// Bytes an object with pointers in the tree's queue, if all wait at once.
const QUEUED: u64 = 12;

/// What a heap has, as far as it decides how much memory a snapshot takes. Numbers of a broken core may be anything.
pub(crate) struct Needs {
    /// Arenas that hold a span of many slots.
    arenas: u64,
    spans: u64,
    slots: u64,
    /// Slots that several small values share.
    blocks: u64,
    /// Allocated objects with pointers.
    pub(crate) scannable: u64,
    /// Bytes of the pointer bits of small objects.
    bit_bytes: u64,
    owners: bool,
}

impl Needs {
    pub(crate) fn new(heap: &GoHeap<'_>, options: SnapshotOptions) -> Self {
        let spans = heap.spans.len() as u64;
        let owners = options.owners;
        let mut needs = Needs { arenas: 0, spans, slots: 0, blocks: 0, scannable: 0, bit_bytes: 0, owners };
        let mut next_arena = 0;
        for span in &heap.spans {
            needs.slots += u64::from(span.nelems);
            needs.blocks += if span.is_tiny_class() { u64::from(span.nelems) } else { 0 };
            needs.scannable += if span.is_noscan() { 0 } else { span.allocated.count() as u64 };
            needs.bit_bytes +=
                if !span.is_noscan() && span.has_small_slots() { span.byte_len() / BYTES_PER_BIT_BYTE } else { 0 };
            if span.nelems > 1 {
                let first = (span.base / ARENA_BYTES).max(next_arena);
                next_arena = span.end().div_ceil(ARENA_BYTES);
                needs.arenas += next_arena.saturating_sub(first);
            }
        }
        needs
    }

    /// The object table: its page table, the first slot of a span, a bit a slot, an entry every 64 slots.
    pub(crate) fn objects(&self) -> Claim {
        let index = self.slots / SLOTS_PER_ENTRY * 4;
        Claim { kept: self.arenas * PAGES_OF_ARENA + self.spans * FIRST + self.bits() + index, passing: 0 }
    }

    /// The types and the set of what is reached; five sets of objects, the list of spans, the blocks of several values and a level,
    /// which may be every object.
    pub(crate) fn inference(&self) -> Claim {
        let blocks = self.blocks * BLOCK + self.spans * FIRST;
        let passing = 5 * self.bits() + self.scans() + blocks + self.scannable * LEVEL;
        Claim { kept: self.slots * TYPE + self.bits(), passing }
    }

    /// The frames, where they are wanted; the sets of what is reached and reserved, and the queue.
    pub(crate) fn tree(&self) -> Claim {
        let frames = if self.owners { self.slots * FRAME } else { 0 };
        let passing = self.scans() + self.spans * TREE + 2 * self.bits() + self.scannable * QUEUED;
        Claim { kept: frames, passing }
    }

    /// The list of spans as scans read them.
    fn scans(&self) -> u64 {
        self.spans * SCAN + self.bit_bytes
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
        let (slots, blocks, scannable) = (1 << 20, 1 << 16, 1 << 19);
        let mut needs =
            Needs { arenas: 2, spans: 1 << 10, slots, blocks, scannable, bit_bytes: 1 << 17, owners: false };
        assert_eq!(needs.objects(), Claim { kept: (192 << 10) + (4 << 10) + (128 << 10) + (64 << 10), passing: 0 });
        let level = (640 << 10) + (48 << 10) + (128 << 10) + (256 << 10) + (4 << 10) + (6 << 20);
        assert_eq!(needs.inference(), Claim { kept: (4 << 20) + (128 << 10), passing: level });
        let without = needs.tree();
        assert_eq!(without, Claim { kept: 0, passing: (64 << 10) + (128 << 10) + (256 << 10) + (6 << 20) });
        needs.owners = true;
        assert_eq!(needs.tree().kept, 4 << 20);
    }
}
