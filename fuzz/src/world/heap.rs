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
/// Headers of maps, and their groups or buckets.
const MAPS: usize = 4;
const GROUPS: usize = 5;
const SPAN_KINDS: [(u64, u8); 6] = [(16, 5), (64, 12), (1024, 64), (PAGE, 0), (48, 10), (144, 22)];

/// The slot of [`HEADERS`] that is a channel; its buffer lies behind.
pub(super) const CHAN: u64 = 3;

/// First byte of a slot.
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
        self.places.slice(MHEAP + fields.allspans, ALLSPANS, SPAN_KINDS.len() as u64 + 1);
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
        // Green Tea's marks stand at the end.
        let marks = if self.version.release().has_inline_mark_bits && (16..=512).contains(&size) { 128 } else { 0 };
        let slots = (PAGE - in_span - marks) / size;
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
            self.places.bytes(base + PAGE - marks - in_span, &self.mask_of(index).repeat(8));
        }
    }

    /// The pointer bits of a span's first slots: of T; of a map's header, of which the third word leads on; of a group or a bucket.
    fn mask_of(&self, index: usize) -> Vec<u8> {
        let (is_swiss, are_two) = (self.version.release().has_swiss_maps, self.minor() <= 19);
        let bits: u64 = match index {
            GROUPS if is_swiss => 0x1_5554,
            GROUPS => 0x3_fe00,
            MAPS if is_swiss => 0b00_0100,
            MAPS => 0b11_1100,
            _ => u64::from_le_bytes([types::POINTERS; 8]),
        };
        if !are_two {
            return bits.to_le_bytes().to_vec();
        }
        let nibbles = (0..16).map(|word| (bits >> (4 * word) & 15) as u8);
        nibbles.map(|nibble| nibble | if nibble == 0 { 0 } else { 0xf0 }).collect()
    }

    /// Up to 1.21: bits of pointers (and up to 1.19 of scanning) for all words of the arena.
    fn arena_bitmap(&mut self) {
        if let Some(at) = self.layout.heap_arena.bitmap {
            // Up to 1.19 a byte is four words: pointers, and whether to look further.
            let of_two = if self.minor() <= 19 { [0xf7, 0x33] } else { [types::POINTERS; 2] };
            self.places.bytes(ARENA + at, &of_two.repeat(0x200));
            self.places.bytes(
                ARENA + at + GROUPS as u64 * PAGE / if self.minor() <= 19 { 32 } else { 64 },
                &self.mask_of(GROUPS),
            );
        }
    }

    /// The first byte of what is kept in a slot of [`HEADERS`]: behind the header, where the release has them.
    pub(super) fn kept(&self, slot: u64) -> u64 {
        object(HEADERS, slot) + if self.layout.heap_arena.bitmap.is_none() { 8 } else { 0 }
    }

    fn objects(&mut self) {
        // A ring of T, each with a map, a channel, an interface and a slice.
        let (map, chan, array) = (object(MAPS, 0), self.kept(CHAN), self.kept(0));
        for slot in 0..8 {
            let next = object(SCANNED, (slot + 1) % 8);
            self.places.words(object(SCANNED, slot), &[next, map, chan, types::ITAB, next, array, 3, 15]);
        }
        // A closure: its function, what it captured.
        self.places.words(object(SCANNED, 5), &[entry(LEAF), object(SCANNED, 1)]);
        self.places.word(object(HEADERS, 0), types::descriptor(10));
        self.places.words(array, &[object(SCANNED, 2), map, chan, types::ITAB, object(LARGE, 0), array, 2, 15]);
        self.places.words(object(LARGE, 0), &[object(SCANNED, 3), map, chan, u64::MAX, 5]);
        self.places.bytes(object(TINY, 0), b"text in a block\0");
        self.map(map);
        self.channel(chan);
    }

    /// The header of a map, of both designs: count, then a seed and a directory or flags and buckets, which lead to one place.
    fn map(&mut self, map: u64) {
        let inside = object(GROUPS, 0);
        self.places.words(map, &[1, 0x77, inside, 0, inside, 0]);
        // A group: control word, then keys and elements; a bucket: the tops of hashes first.
        self.places.words(inside, &[0x8080_8080_8080_8001, 1, object(SCANNED, 6), 2, object(SCANNED, 7)]);
    }

    fn channel(&mut self, chan: u64) {
        let fields = self.layout.hchan.clone();
        for (at, value) in [(fields.qcount, 1), (fields.dataqsiz, 2), (fields.buf, self.kept(CHAN + 1))] {
            self.places.word(chan + at, value);
        }
        self.places.bytes(chan + fields.elemsize, &8_u16.to_le_bytes());
        self.places.word(chan + fields.elemtype, types::descriptor(types::POINTER));
        self.places.words(self.kept(CHAN + 1), &[object(SCANNED, 6), object(SCANNED, 7)]);
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
