//! `mheap_`, spans, objects, specials and the queues of finalizers and cleanups.

use super::module::{ANCHORS, LEAF, entry};
use super::{HEAP, MHEAP, RUNTIME, STACKS, World, types};
use goheap_synth::Machine;

/// Structures of the runtime outside the heap.
const SPANS: u64 = RUNTIME;
const SPAN_ROOM: u64 = 0x100;
const ALLSPANS: u64 = RUNTIME + 0x1000;
const BITS: u64 = RUNTIME + 0x1100;
const SPECIALS: u64 = RUNTIME + 0x1400;
const FINALIZERS: u64 = RUNTIME + 0x1800;
const CLEANUPS: u64 = RUNTIME + 0x2000;
/// A `heapArena` of which the first words of its bitmap are there, and the words that lead to it.
const ARENA: u64 = RUNTIME + 0x3000;
const ARENA_WORDS: u64 = RUNTIME + 0x4000;
pub(super) const THREADS: u64 = RUNTIME + 0x5000;

const PAGE: u64 = 0x2000;
/// Slots of each span that hold an object, where it has as many.
const ALLOCATED: u64 = 8;

/// Spans by their place: size of a slot, span class.
pub(super) const TINY: usize = 0;
pub(super) const SCANNED: usize = 1;
pub(super) const HEADERS: usize = 2;
pub(super) const LARGE: usize = 3;
const SPAN_KINDS: [(u64, u8); 4] = [(16, 5), (64, 10), (1024, 64), (PAGE, 0)];

/// First byte of an object, behind its header where it has one.
pub(super) const fn object(span: usize, slot: u64) -> u64 {
    HEAP + span as u64 * PAGE + slot * SPAN_KINDS[span].0
}

impl World {
    pub(super) fn heap(&mut self) {
        self.places.piece(RUNTIME, 0x8000, true);
        self.places.piece(HEAP, SPAN_KINDS.len() as u64 * PAGE, true);
        let fields = self.layout.mheap.clone();
        self.places.half(MHEAP + fields.sweepgen, 4);
        self.places.word(MHEAP + fields.pages_in_use, 5);
        self.places.slice(MHEAP + fields.allspans, ALLSPANS, 5);
        // The level of arenas begins so that the heap's arena is its word in ARENA_WORDS.
        let base = if self.machine == Machine::X86_64 { 0xffff_8000_0000_0000_u64 } else { 0 };
        let index = HEAP.wrapping_sub(base) / goheap_runtime::ARENA_BYTES;
        self.places.word(MHEAP + fields.arenas, ARENA_WORDS.wrapping_sub(index * 8));
        self.places.word(ARENA_WORDS, ARENA);
        self.places.slice(MHEAP + fields.heap_arenas, ARENA_WORDS + 8, 1);
        for span in 0..=SPAN_KINDS.len() {
            self.places.word(ALLSPANS + span as u64 * 8, SPANS + span as u64 * SPAN_ROOM);
            self.span(span);
        }
        self.arena_bitmap();
        self.objects();
        self.specials();
        self.queues();
    }

    fn span(&mut self, index: usize) {
        let (at, fields) = (SPANS + index as u64 * SPAN_ROOM, self.layout.mspan.clone());
        let is_stack = index == SPAN_KINDS.len();
        let (size, class) = SPAN_KINDS.get(index).copied().unwrap_or((0, 0));
        let base = if is_stack { STACKS } else { HEAP + index as u64 * PAGE };
        self.places.word(at + fields.start_addr, base);
        self.places.word(at + fields.npages, if is_stack { 8 } else { 1 });
        self.places.bytes(at + fields.state, &[1 + u8::from(is_stack)]);
        if is_stack {
            return;
        }
        let in_span =
            if self.layout.heap_arena.bitmap.is_none() && class & 1 == 0 && size <= 512 { PAGE / 64 } else { 0 };
        let slots = (PAGE - in_span) / size;
        let wide = fields.nelems - fields.freeindex != 2;
        for (field, value) in [(fields.nelems, slots), (fields.freeindex, slots.min(ALLOCATED))] {
            if wide {
                self.places.word(at + field, value);
            } else {
                self.places.bytes(at + field, &(value as u16).to_le_bytes());
            }
        }
        self.places.word(at + fields.alloc_bits, BITS);
        self.places.word(at + fields.gcmark_bits, BITS);
        self.places.half(at + fields.sweepgen, 4);
        self.places.bytes(at + fields.alloc_count, &(slots.min(ALLOCATED) as u16).to_le_bytes());
        self.places.bytes(at + fields.spanclass, &[class]);
        self.places.word(at + fields.elemsize, size);
        self.places.word(at + fields.limit, base + slots * size);
        self.places.word(at + fields.specials, if index == SCANNED { SPECIALS } else { 0 });
        if let Some(field) = fields.large_type.filter(|_| index == LARGE) {
            self.places.word(at + field, types::descriptor(10));
        }
        self.places.bytes(BITS, &[0xff, 0, 0, 0, 0, 0, 0, 0]);
        if in_span > 0 {
            self.places.bytes(base + PAGE - in_span, &[0b1010_1011; (PAGE / 64) as usize]);
        }
    }

    /// Up to 1.21: bits of pointers (and up to 1.19 of scanning) for all words of the arena.
    fn arena_bitmap(&mut self) {
        if let Some(at) = self.layout.heap_arena.bitmap {
            self.places.bytes(ARENA + at, &[0xf5; 0x400]);
        }
    }

    fn objects(&mut self) {
        let body = |span: usize, slot: u64| object(span, slot);
        // A ring of T; what the interfaces, the map and the channel lead to.
        for slot in 0..8 {
            self.places.words(
                body(SCANNED, slot),
                &[body(SCANNED, (slot + 1) % 8), body(HEADERS, 0) + 8, 7, body(TINY, slot)],
            );
        }
        self.map_and_channel();
        let header = types::descriptor(10);
        self.places.words(body(HEADERS, 0), &[header, body(SCANNED, 2), body(LARGE, 0) + 16]);
        self.places.words(body(LARGE, 0), &[body(SCANNED, 3), body(HEADERS, 0), u64::MAX, 5]);
        self.places.bytes(body(TINY, 0), b"text in a block\0");
        // A closure: its function, what it captured.
        self.places.words(body(SCANNED, 5), &[entry(LEAF), body(SCANNED, 1)]);
    }

    fn map_and_channel(&mut self) {
        let (map, chan) = (object(SCANNED, 3), object(SCANNED, 4));
        self.places.words(map, &[1, 0x77, object(HEADERS, 1), 0, object(HEADERS, 1), 0, 0, 0]);
        let fields = self.layout.hchan.clone();
        self.places.word(chan + fields.qcount, 1);
        self.places.word(chan + fields.dataqsiz, 2);
        self.places.word(chan + fields.buf, object(TINY, 2));
    }

    fn specials(&mut self) {
        let fields = self.layout.special.clone();
        let wide = fields.kind - fields.offset == 8;
        // finalizer, weak handle or profile, cleanup: the numbers move between releases, so there is one of each.
        for kind in 0..8_u64 {
            let at = SPECIALS + kind * 0x60;
            self.places.word(at + fields.next, if kind < 7 { at + 0x60 } else { 0 });
            if wide {
                self.places.word(at + fields.offset, kind * 64);
            } else {
                self.places.bytes(at + fields.offset, &((kind * 64) as u16).to_le_bytes());
            }
            self.places.bytes(at + fields.kind, &[kind as u8]);
            for offset in (fields.size.next_multiple_of(8)..0x58).step_by(8) {
                self.places.word(at + offset, object(SCANNED, 5));
            }
        }
    }

    fn queues(&mut self) {
        let closure = object(SCANNED, 5);
        self.places.word(ANCHORS + 0x48, FINALIZERS);
        self.places.words(FINALIZERS, &[0, 0, 1, closure, object(SCANNED, 6), 0, 0, types::descriptor(types::POINTER)]);
        let lines = if self.machine == Machine::X86_64 { 128 } else { 256 };
        self.places.word(ANCHORS + 0x100 + lines, CLEANUPS);
        self.places.words(CLEANUPS, &[0, 0, 0, 1, closure, closure, object(SCANNED, 7)]);
        // sync.allPools: a slice of one pool.
        self.places.slice(ANCHORS + 0x58, object(LARGE, 0), 1);
        self.places.words(ANCHORS + 0x300, &[0x1000, 0x2000, 100, 0x8000]);
        self.places.words(ANCHORS + 0x400, &[1, 2, 3]);
        self.places.words(ANCHORS + 0x600, &[0x6f20_7265_7665_6e61, 0x0a0a_0a0a]);
        self.places.word(ANCHORS + 0x900, 9);
    }
}
