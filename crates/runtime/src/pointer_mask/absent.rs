//! What is absent from the core: masks, where every word may be a pointer, and pointer words.

use super::{MALLOC_HEADER_BYTES, PointerMasks, Scheme, is_typeless};
use crate::heap::{ARENA_BYTES, GoHeap};
use crate::span::Span;
use foldhash::HashSet;
use goheap_image::Address;
use std::ops::{ControlFlow, Range};

impl<'p> PointerMasks<'p> {
    /// False if the mask of what is in an allocated slot is absent, or no type is where its header points: every word of it may be
    /// a pointer then, and is looked at.
    pub fn is_known(&self, span: &Span<'p>, slot: u32) -> bool {
        if span.is_noscan() {
            return true;
        }
        let Scheme::Types(masks) = &self.scheme else { return !self.is_lost(span) };
        if span.has_in_span_bitmap {
            return !self.is_lost(span);
        }
        if span.is_large() {
            // Nil: allocated and not yet typed, which the collector takes for pointer-free.
            return span.large_type == 0 || masks.contains_key(&span.large_type);
        }
        match self.word(span, span.slot_address(slot)) {
            None => false,
            Some(header) => masks.contains_key(&header) || is_typeless(header, span, slot),
        }
    }

    /// How many words of an allocated slot that are pointers, or may be for all that is known, are absent.
    pub fn absent_words(&self, span: &Span<'p>, slot: u32) -> u64 {
        if span.is_noscan() || span.bytes.is_some() {
            return 0;
        }
        let start = span.slot_address(slot);
        // A word that is there in part is absent.
        let words_of = |part: Range<u64>| part.start / 8 * 8..part.end;
        let mut absent = self.memory.absent_parts(Address(start), span.elem_size).map(words_of).peekable();
        if absent.peek().is_none() {
            return 0;
        }
        if !self.is_known(span, slot) {
            return absent.map(|part| (part.end - part.start).div_ceil(8)).sum();
        }
        if let Scheme::Types(masks) = &self.scheme
            && !span.has_in_span_bitmap
        {
            let Some((ty, payload)) = self.recorded_type(span, slot) else { return 0 };
            let Some(mask) = masks.get(&ty) else { return 0 };
            let of_payload = |part: Range<u64>| part.start.saturating_sub(payload)..part.end.saturating_sub(payload);
            return absent.map(|part| mask.count_in(of_payload(part))).sum();
        }
        let mut words = 0;
        if let Scheme::OneBit(arenas, bitmap) = &self.scheme {
            absent.for_each(|part| {
                _ = self.one_bit(arenas, *bitmap, span, slot, part, |_| {
                    words += 1;
                    ControlFlow::Continue(())
                });
            });
        } else {
            self.for_each_offset(span, slot, |offset| words += u64::from(self.word(span, start + offset).is_none()));
        }
        words
    }

    /// Bytes before the payload of the span's slots.
    pub(super) fn payload_offset(&self, span: &Span<'p>) -> u64 {
        if span.has_headers(self.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
    }

    /// Every word of a slot at these offsets that is there.
    pub(super) fn every_word(
        &self,
        span: &Span<'p>,
        slot: u32,
        offsets: Range<u64>,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = span.slot_address(slot) - span.base;
        for part in self.present(span, start + offsets.start..start + offsets.end) {
            let first = part.start.next_multiple_of(8);
            (first..part.end).step_by(8).filter(|at| at + 8 <= part.end).try_for_each(|at| visit(at - start))?;
        }
        ControlFlow::Continue(())
    }

    /// The parts of `offsets` of a span that are there: all of it but in a core that lacks some.
    pub(super) fn present(&self, span: &Span<'p>, offsets: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let whole = span.bytes.is_some().then(|| offsets.clone());
        let len = if whole.is_some() { 0 } else { offsets.end.saturating_sub(offsets.start) };
        let parts = self.memory.present_parts(Address(span.base.saturating_add(offsets.start)), len);
        let shift = offsets.start;
        whole.into_iter().chain(parts.map(move |part| part.start + shift..part.end + shift))
    }

    /// True if some of its pointer bits are absent.
    pub(super) fn is_lost(&self, span: &Span<'p>) -> bool {
        !self.lost.is_empty() && self.lost.contains(&span.base)
    }

    /// The spans with pointers some of whose pointer bits are absent.
    pub(super) fn find_lost(&self, heap: &GoHeap<'p>) -> HashSet<u64> {
        let scanned = heap.spans.iter().filter(|span| !span.is_noscan());
        scanned.filter(|span| !self.has_bits(span)).map(|span| span.base).collect()
    }

    fn has_bits(&self, span: &Span<'p>) -> bool {
        let is_there = |at: Address, len: u64| self.memory.readable_len(at, len) == len;
        let (arenas, bitmap, words_a_byte) = match &self.scheme {
            Scheme::Types(_) => {
                let bits = span.in_span_bitmap();
                return span.bytes.is_some() || bits.is_none_or(|at| is_there(at, span.byte_len() / 64));
            }
            Scheme::TwoBits(arenas, bitmap) => (arenas, *bitmap, 4),
            Scheme::OneBit(arenas, bitmap) => (arenas, *bitmap, 8),
        };
        let end = span.base + u64::from(span.nelems) * span.elem_size;
        (span.base / ARENA_BYTES..=(end - 1) / ARENA_BYTES).all(|arena| {
            let Some(at) = arenas.get(&arena) else { return false };
            let first = span.base.max(arena * ARENA_BYTES) % ARENA_BYTES / 8;
            let last = (end - 1).min(arena * ARENA_BYTES + (ARENA_BYTES - 1)) % ARENA_BYTES / 8;
            let (first, last) = (first / words_a_byte, last / words_a_byte);
            is_there(at.add(bitmap + first), last - first + 1)
        })
    }
}
