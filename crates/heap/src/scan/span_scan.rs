//! The slots of one span and their pointer bits, as scans of many objects read them.

use crate::objects::table::ObjectTable;
use goheap_runtime::{PointerMasks, RuntimeModel, Span};
use rayon::prelude::*;

/// What reading the slots of a span needs to know, if these are small and have pointers.
///
/// # Overhead
/// 48 bytes a span, and a copy of its pointer bits: 128 bytes for 8 KiB of small objects with pointers.
pub(crate) struct SpanScan<'p> {
    pub(crate) base: u64,
    first: u32,
    elem_size: u32,
    /// The pointer bits of the span's small objects, side by side with those of others: where they lie in the core each is on a page of
    /// its own, which is one more miss for every pointer into the span, and a read where the core is larger than memory. Empty for spans
    /// that have none or do not lie in one piece.
    bits: Box<[u64]>,
    bytes: &'p [u8],
}

impl<'p> SpanScan<'p> {
    /// One for each span of the heap.
    pub(crate) fn all(model: &RuntimeModel<'p>, objects: &ObjectTable<'_, 'p>) -> Vec<Self> {
        let spans = model.heap.spans.par_iter().enumerate();
        spans.map(|(index, span)| SpanScan::new(&model.masks, span, objects.first_of(index as u32))).collect()
    }

    fn new(masks: &PointerMasks<'p>, span: &Span<'p>, first: u32) -> Self {
        let mut scan =
            SpanScan { base: span.base, first, elem_size: 0, bits: Box::default(), bytes: Default::default() };
        if let (Some(bytes), Some(bits)) = (span.bytes, masks.bits_of_small(span)) {
            (scan.elem_size, scan.bits, scan.bytes) = (span.elem_size as u32, bits, bytes);
        }
        scan
    }

    /// True if the span's slots can be read by this.
    #[inline]
    pub(crate) fn has_bits(&self) -> bool {
        !self.bits.is_empty()
    }

    /// Offset of a slot in the span.
    #[inline]
    pub(crate) fn start_of(&self, id: u32) -> u64 {
        u64::from(id.wrapping_sub(self.first)) * u64::from(self.elem_size)
    }

    #[inline]
    fn byte(&self, offset: u64) -> u32 {
        self.bytes.get(offset as usize).copied().unwrap_or(0).into()
    }

    /// The word at an offset of a span with bits.
    #[inline]
    pub(crate) fn word(&self, offset: u64) -> u64 {
        let offset = offset as usize;
        match self.bytes.get(offset..offset + 8).and_then(|word| word.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => 0,
        }
    }

    /// The pointer bits of the slot at `start`, of at most 64 words.
    #[inline]
    pub(crate) fn pointer_bits(&self, start: u64) -> u64 {
        let (words, first) = (self.elem_size / 8, start / 8);
        let (at, shift) = ((first / 64) as usize, (first % 64) as u32);
        let word = |at: usize| self.bits.get(at).copied().unwrap_or(0);
        let mut bits = word(at) >> shift;
        if shift + words > 64 {
            bits |= word(at + 1) << (64 - shift);
        }
        if words < 64 { bits & ((1 << words) - 1) } else { bits }
    }

    /// Loads some of what reading the slot at `start` will need. Such loads do not wait for each other, and nothing waits for
    /// them; the sum is of no use but to make them happen.
    #[inline]
    pub(crate) fn touch(&self, start: u64) -> u32 {
        const CACHE_LINE: u32 = 64;
        let last = start + u64::from(self.elem_size.saturating_sub(1).min(CACHE_LINE));
        self.byte(start) ^ self.byte(last)
    }
}
