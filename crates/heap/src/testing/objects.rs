//! Spans and their objects.

use super::module::{MHEAP, slice};
use super::types::descriptor;
use super::{GoProcess, HEAP};
use goheap_runtime::{ARENA_BYTES, PAGE_BYTES};

/// Bytes of slots, by size class (sizeclasses.go); what is larger has a span of its own here.
const SIZES: [u64; 39] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
    480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048,
];
/// What larger objects begin with.
const HEADER: u64 = 8;
/// What arenas of x86-64 are counted from (`arenaBaseOffset`).
const ARENAS: u64 = 0xffff_8000_0000_0000;
const SWEEPGEN: u32 = 4;

#[derive(Clone)]
pub(super) struct SpanInMaking {
    base: u64,
    pages: u64,
    slot_bytes: u64,
    class: u8,
    allocated: Vec<bool>,
    marked: Vec<bool>,
    large_type: u64,
    /// The sweep's generation less the heap's.
    sweep: i32,
    specials: Vec<u64>,
    slots: usize,
}

impl GoProcess {
    /// An object that holds one value.
    pub(crate) fn object(&mut self, ty: &str) -> u64 {
        self.row(ty, 1)
    }

    /// An object of one value, of these words.
    pub(crate) fn filled(&mut self, ty: &str, words: &[u64]) -> u64 {
        let at = self.object(ty);
        self.set(at, words);
        at
    }

    /// An object of values in a row, as `make([]T, count)` allocates.
    pub(crate) fn row(&mut self, ty: &str, count: u64) -> u64 {
        let id = self.ty(ty);
        let ty = self.types.all[id].clone();
        let bytes = ty.size * count;
        if !ty.has_pointers() {
            return self.slot(bytes, true, 0);
        }
        if bytes <= 512 {
            let at = self.slot(bytes, false, 0);
            let words = (ty.size / 8) as usize;
            let pointers = (0..words * count as usize).filter(|word| ty.pointers[word % words]);
            self.point_at(at, &pointers.collect::<Vec<_>>());
            return at;
        }
        let is_small = bytes + HEADER <= SIZES[SIZES.len() - 1];
        let at = self.slot(if is_small { bytes + HEADER } else { bytes }, false, descriptor(id));
        if is_small {
            self.set(at, &[descriptor(id)]);
            return at + HEADER;
        }
        at
    }

    /// An object of which the mask alone is known: so many bytes, of which these words are pointers.
    pub(crate) fn raw(&mut self, bytes: u64, pointers: &[usize]) -> u64 {
        let at = self.slot(bytes, pointers.is_empty(), 0);
        self.point_at(at, pointers);
        at
    }

    /// An object without pointers.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> u64 {
        let at = self.slot((bytes.len() as u64).max(1), true, 0);
        self.put(at, bytes);
        at
    }

    /// A string's words, its bytes on the heap. Those of less than 16 bytes share a slot with others in a real process.
    pub(crate) fn string(&mut self, text: &str) -> [u64; 2] {
        [self.data(text.as_bytes()), text.len() as u64]
    }

    /// Frees the slot that begins at `at`.
    pub(crate) fn free(&mut self, at: u64) {
        let (span, slot) = self.find(at);
        span.allocated[slot] = false;
    }

    /// Takes the last collection's mark from the slot that begins at `at`, whose span is yet to be swept.
    pub(crate) fn unmark(&mut self, at: u64) {
        let (span, slot) = self.find(at);
        span.marked[slot] = false;
        span.sweep = -2;
    }

    /// Ties a special record to what lies at `at`.
    pub(super) fn special(&mut self, at: u64, kind: u8, words: &[(u64, u64)]) {
        let fields = self.layout.special.clone();
        let record = self.record(0x60);
        let (span, _) = self.find(at);
        let offset = at - span.base;
        span.specials.push(record);
        let is_wide = fields.kind - fields.offset == 8;
        if is_wide {
            self.set(record + fields.offset, &[offset]);
        } else {
            self.put(record + fields.offset, &(offset as u16).to_le_bytes());
        }
        self.put(record + fields.kind, &[kind]);
        for (offset, value) in words {
            self.set(record + offset, &[*value]);
        }
    }

    fn find(&mut self, at: u64) -> (&mut SpanInMaking, usize) {
        let holds = |span: &&mut SpanInMaking| (span.base..span.base + span.pages * PAGE_BYTES).contains(&at);
        let span = self.spans.iter_mut().find(holds).unwrap();
        let slot = ((at - span.base) / span.slot_bytes) as usize;
        (span, slot)
    }

    fn point_at(&mut self, at: u64, words: &[usize]) {
        if words.is_empty() {
            return;
        }
        let marks = self.mark_bytes(at);
        let (span, _) = self.find(at);
        assert!(span.slot_bytes <= 512, "only small objects have bits of their own");
        let bitmap = span.base + (span.pages * PAGE_BYTES - marks - span.pages * PAGE_BYTES / 64);
        let first = (at - span.base) / 8;
        for word in words {
            self.pieces.set_bit(bitmap, first + *word as u64);
        }
    }

    fn mark_bytes(&mut self, at: u64) -> u64 {
        let has_marks = self.version.release().has_inline_mark_bits;
        let (span, _) = self.find(at);
        if has_marks && (16..=512).contains(&span.slot_bytes) { 128 } else { 0 }
    }

    fn slot(&mut self, bytes: u64, is_noscan: bool, large_type: u64) -> u64 {
        let class = SIZES.iter().skip(1).position(|size| *size >= bytes).map_or(0, |class| class + 1);
        let of_class = 2 * class as u8 + u8::from(is_noscan);
        let free = |span: &&mut SpanInMaking| class > 0 && span.class == of_class && span.allocated.len() < span.slots;
        if let Some(span) = self.spans.iter_mut().find(free) {
            span.allocated.push(true);
            span.marked.push(true);
            return span.base + (span.allocated.len() as u64 - 1) * span.slot_bytes;
        }
        let slot_bytes = if class == 0 { bytes.next_multiple_of(PAGE_BYTES) } else { SIZES[class] };
        let pages = slot_bytes.div_ceil(PAGE_BYTES);
        let base = HEAP + self.next_page * PAGE_BYTES;
        self.next_page += pages;
        let is_small = class > 0 && slot_bytes <= 512;
        let bitmap = if is_small && !is_noscan { PAGE_BYTES / 64 } else { 0 };
        let has_marks = self.version.release().has_inline_mark_bits && is_small && slot_bytes >= 16;
        let slots = if class == 0 { 1 } else { (PAGE_BYTES - bitmap - 128 * u64::from(has_marks)) / slot_bytes };
        self.spans.push(SpanInMaking {
            base,
            pages,
            slot_bytes,
            class: of_class,
            allocated: vec![true],
            marked: vec![true],
            large_type: if class == 0 { large_type } else { 0 },
            sweep: 0,
            specials: Vec::new(),
            slots: slots as usize,
        });
        self.put(base + pages * PAGE_BYTES - 1, &[0]);
        base
    }

    /// Writes `mheap_` and the records of spans.
    pub(super) fn finish_spans(&mut self) {
        let fields = self.layout.mheap.clone();
        self.put(MHEAP + fields.size - 1, &[0]);
        self.put(MHEAP + fields.sweepgen, &SWEEPGEN.to_le_bytes());
        let pages: u64 = self.spans.iter().map(|span| span.pages).sum();
        self.set(MHEAP + fields.pages_in_use, &[pages]);
        let mut records = Vec::new();
        for span in self.spans.clone() {
            let at = self.record(self.layout.mspan.size);
            self.write_span(at, &span);
            records.push(at);
        }
        records.push(self.stack_span());
        let list = self.record(records.len() as u64 * 8);
        self.set(list, &records);
        self.set(MHEAP + fields.allspans, &slice(list, records.len() as u64));
        let arena = self.record(8);
        self.set(arena, &[HEAP.wrapping_sub(ARENAS) / ARENA_BYTES]);
        self.set(MHEAP + fields.heap_arenas, &slice(arena, 1));
    }

    fn stack_span(&mut self) -> u64 {
        let fields = self.layout.mspan.clone();
        let at = self.record(fields.size);
        self.put(super::STACKS + 0x3fff, &[0]);
        self.set(at + fields.start_addr, &[super::STACKS]);
        self.set(at + fields.npages, &[0x200]);
        self.put(at + fields.state, &[2]);
        self.set(at + fields.elemsize, &[0x2000]);
        at
    }

    fn write_span(&mut self, at: u64, span: &SpanInMaking) {
        let fields = self.layout.mspan.clone();
        self.set(at + fields.start_addr, &[span.base]);
        self.set(at + fields.npages, &[span.pages]);
        self.put(at + fields.state, &[1]);
        let slots = span.slots as u16;
        self.put(at + fields.nelems, &slots.to_le_bytes());
        self.put(at + fields.freeindex, &[0, 0]);
        if let Some(field) = fields.free_index_for_scan {
            self.put(at + field, &slots.to_le_bytes());
        }
        let (allocated, marked) = (Self::bits(span.allocated.iter().copied()), Self::bits(span.marked.iter().copied()));
        for (field, bits) in [(fields.alloc_bits, allocated), (fields.gcmark_bits, marked.clone())] {
            let bits_at = self.record((span.slots as u64).div_ceil(8));
            self.put(bits_at, &bits);
            self.set(at + field, &[bits_at]);
        }
        let marks = self.mark_bytes(span.base);
        if marks > 0 {
            self.put(span.base + span.pages * PAGE_BYTES - marks + 64, &marked);
        }
        self.put(at + fields.sweepgen, &(SWEEPGEN.wrapping_add_signed(span.sweep)).to_le_bytes());
        let count = span.allocated.iter().filter(|is_allocated| **is_allocated).count();
        self.put(at + fields.alloc_count, &(count as u16).to_le_bytes());
        self.put(at + fields.spanclass, &[span.class]);
        self.set(at + fields.elemsize, &[span.slot_bytes]);
        self.set(at + fields.limit, &[span.base + span.slots as u64 * span.slot_bytes]);
        if let Some(field) = fields.large_type {
            self.set(at + field, &[span.large_type]);
        }
        let chain = span.specials.iter().zip(span.specials.iter().skip(1).copied().chain([0]));
        for (record, next) in chain.map(|(record, next)| (*record, next)).collect::<Vec<_>>() {
            self.set(record + self.layout.special.next, &[next]);
        }
        self.set(at + fields.specials, &[span.specials.first().copied().unwrap_or(0)]);
    }
}
