//! Which words of an object the collector takes for pointers: the mask of every release, asked for one object at a time.

mod absent;
mod arena;

use crate::heap::GoHeap;
use crate::layout::RuntimeLayout;
use crate::span::Span;
use crate::types::DescriptorReader;
use arena::arena_table;
use foldhash::{HashMap, HashSet};
use goheap_image::{Address, Machine, MemoryImage, keep_first};
use goheap_model::{GcMask, TypeTable};
use std::ops::{ControlFlow, Range};

/// Bytes of the malloc header before a small object's payload, since 1.22.
pub const MALLOC_HEADER_BYTES: u64 = 8;

/// Where the masks of a release are kept.
#[derive(Debug)]
enum Scheme {
    /// 1.17 to 1.19: two bits a word in the arena; a clear scan bit ends the object.
    TwoBits(HashMap<u64, Address>, u64),
    /// 1.20 and 1.21: one bit a word in the arena.
    OneBit(HashMap<u64, Address>, u64),
    /// Since 1.22: in the span, or by the type that the header or the span names.
    Types(HashMap<u64, GcMask>),
}

/// The pointer masks of a heap.
pub struct PointerMasks<'p> {
    memory: &'p MemoryImage,
    scheme: Scheme,
    /// Types of which headers name no plausible one, so that the pointers of their objects are unknown.
    pub bad_headers: u64,
    /// The lowest slots with such a header, as many as [`keep_first`] keeps.
    pub bad_slots: Vec<Address>,
    /// Base addresses of spans some of whose pointer bits are absent.
    lost: HashSet<u64>,
}

/// What reading the masks needs.
pub(crate) struct MaskContext<'a, 'p> {
    pub(crate) memory: &'p MemoryImage,
    pub(crate) layout: &'a RuntimeLayout,
    pub(crate) machine: Machine,
    pub(crate) mheap: Address,
    pub(crate) descriptors: DescriptorReader<'a>,
}

impl<'p> PointerMasks<'p> {
    pub(crate) fn read(context: &MaskContext<'_, 'p>, heap: &GoHeap<'p>, types: &mut TypeTable) -> Self {
        let fields = &context.layout.heap_arena;
        let mut bad = BadHeaders::default();
        let scheme = match (fields.bitmap, fields.no_more_ptrs) {
            (Some(bitmap), None) => Scheme::TwoBits(arena_table(context, heap), bitmap),
            (Some(bitmap), Some(_)) => Scheme::OneBit(arena_table(context, heap), bitmap),
            (None, _) => Scheme::Types(type_masks(context, heap, types, &mut bad)),
        };
        let mut masks = PointerMasks {
            memory: context.memory,
            scheme,
            bad_headers: bad.count,
            bad_slots: bad.slots,
            lost: HashSet::default(),
        };
        masks.lost = masks.find_lost(heap);
        masks
    }

    /// True if objects of more than 512 bytes begin with their type (since 1.22).
    pub fn has_headers(&self) -> bool {
        matches!(self.scheme, Scheme::Types(_))
    }

    /// True if the runtime recorded a type for each object of the span.
    pub fn records_types(&self, span: &Span<'p>) -> bool {
        self.has_headers() && !span.is_noscan() && !span.has_in_span_bitmap
    }

    /// The type that the runtime recorded for what is in a slot, and the offset of the payload: from the malloc header or the
    /// large span. The element's type where it is an array.
    pub fn recorded_type(&self, span: &Span<'p>, slot: u32) -> Option<(u64, u64)> {
        let Scheme::Types(masks) = &self.scheme else { return None };
        if span.is_noscan() || span.has_in_span_bitmap {
            return None;
        }
        let (address, payload) = if span.is_large() {
            (span.large_type, 0)
        } else {
            (self.word(span, span.slot_address(slot))?, MALLOC_HEADER_BYTES)
        };
        masks.contains_key(&address).then_some((address, payload))
    }

    /// Calls `visit` with the offset from the slot's first byte of every pointer word of the slot. Where the mask is absent every
    /// word may be one: see [`PointerMasks::is_known`]. Of a large object what is absent is left out.
    pub fn for_each_offset(&self, span: &Span<'p>, slot: u32, mut visit: impl FnMut(u64)) {
        _ = self.try_for_each_offset(span, slot, |offset| {
            visit(offset);
            ControlFlow::Continue(())
        });
    }

    /// The same until `visit` breaks off.
    pub fn try_for_each_offset(
        &self,
        span: &Span<'p>,
        slot: u32,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if span.is_noscan() {
            return ControlFlow::Continue(());
        }
        let any = |visit| self.every_word(span, slot, self.payload_offset(span)..span.elem_size, visit);
        match &self.scheme {
            _ if self.is_lost(span) => any(&mut visit),
            Scheme::TwoBits(arenas, bitmap) => self.two_bits(arenas, *bitmap, span, slot, visit),
            Scheme::OneBit(arenas, bitmap) => self.one_bit(arenas, *bitmap, span, slot, 0..span.elem_size, visit),
            Scheme::Types(masks) => {
                if let Some(bitmap) = span.in_span_bitmap() {
                    return self.in_span(bitmap, span, slot, visit);
                }
                if span.is_large() {
                    return self.try_for_each_offset_in(span, 0..span.elem_size, visit);
                }
                let header = self.word(span, span.slot_address(slot));
                match header.and_then(|header| masks.get(&header)) {
                    Some(mask) => {
                        let payload = MALLOC_HEADER_BYTES;
                        mask.offsets_in(0..span.elem_size - payload).try_for_each(|offset| visit(payload + offset))
                    }
                    None if header.is_none_or(|header| !is_typeless(header, span, slot)) => any(&mut visit),
                    None => ControlFlow::Continue(()),
                }
            }
        }
    }

    /// True if objects can be walked in pieces: since 1.20. Before, nothing but the walk itself tells where an object's pointers
    /// end.
    pub fn can_walk_pieces(&self) -> bool {
        !matches!(self.scheme, Scheme::TwoBits(..))
    }

    /// [`PointerMasks::for_each_offset`] of a large span's object for the words that begin at `offsets`, both whole words; where
    /// objects cannot be walked in pieces, for all of it.
    pub fn for_each_offset_in(&self, span: &Span<'p>, offsets: Range<u64>, mut visit: impl FnMut(u64)) {
        _ = self.try_for_each_offset_in(span, offsets, |offset| {
            visit(offset);
            ControlFlow::Continue(())
        });
    }

    fn try_for_each_offset_in(
        &self,
        span: &Span<'p>,
        offsets: Range<u64>,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if span.is_noscan() {
            return ControlFlow::Continue(());
        }
        match &self.scheme {
            Scheme::OneBit(arenas, bitmap) => self.one_bit(arenas, *bitmap, span, 0, offsets, visit),
            Scheme::Types(masks) if span.is_large() => match masks.get(&span.large_type) {
                Some(mask) => {
                    self.present(span, offsets).try_for_each(|part| mask.offsets_in(part).try_for_each(&mut visit))
                }
                None if span.large_type != 0 => self.every_word(span, 0, offsets, visit),
                None => ControlFlow::Continue(()),
            },
            _ => self.try_for_each_offset(span, 0, visit),
        }
    }

    /// The same without the words that are known to be nil: of a large object much may be pages of zeros, or holes in the core.
    pub fn for_each_nonzero_offset_in(&self, span: &Span<'p>, offsets: Range<u64>, mut visit: impl FnMut(u64)) {
        let start = offsets.start;
        for part in self.memory.nonzero_parts(Address(span.base + start), offsets.end - start) {
            self.for_each_offset_in(span, start + part.start..start + part.end, &mut visit);
        }
    }

    /// The pointer bits of a slot of at most 64 words, the first word's lowest.
    pub fn small_bits(&self, span: &Span<'p>, slot: u32) -> u64 {
        if let (Scheme::Types(_), Some(bitmap)) = (&self.scheme, span.in_span_bitmap())
            && !span.is_noscan()
        {
            return self.in_span_bits(bitmap, span, slot);
        }
        let mut bits = 0;
        self.for_each_offset(span, slot, |offset| bits |= 1_u64.checked_shl((offset / 8) as u32).unwrap_or(0));
        bits
    }

    fn in_span_bits(&self, bitmap: Address, span: &Span<'p>, slot: u32) -> u64 {
        let (words, first) = (span.elem_size / 8, u64::from(slot) * span.elem_size / 8);
        let word = |index: u64| self.word(span, bitmap.0 + index * 8).unwrap_or(0);
        let (index, shift) = (first / 64, first % 64);
        let mut bits = word(index) >> shift;
        if shift + words > 64 {
            bits |= word(index + 1) << (64 - shift);
        }
        if words < 64 { bits & ((1 << words) - 1) } else { bits }
    }

    /// The word at `address`, which lies in `span`; None where it is absent.
    #[inline]
    pub fn word(&self, span: &Span<'p>, address: u64) -> Option<u64> {
        match span.bytes {
            Some(bytes) => crate::words::word_at(bytes, usize::try_from(address - span.base).ok()?),
            None => self.memory.read_u64(Address(address)),
        }
    }

    fn in_span(
        &self,
        bitmap: Address,
        span: &Span<'p>,
        slot: u32,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let first = u64::from(slot) * span.elem_size / 8;
        let words = span.elem_size / 8;
        let start = bitmap.0 - span.base;
        let mut word = 0;
        while word < words {
            let bit = first + word;
            let at = start + bit / 64 * 8;
            let Some(bits) = self.word(span, span.base + at) else { break };
            let run = (64 - bit % 64).min(words - word);
            let mut bits = bits >> (bit % 64);
            if run < 64 {
                bits &= (1 << run) - 1;
            }
            while bits != 0 {
                visit((word + u64::from(bits.trailing_zeros())) * 8)?;
                bits &= bits - 1;
            }
            word += run;
        }
        ControlFlow::Continue(())
    }
}

/// True if a header that names no type need not: the slot was handed out and not typed yet, which the collector takes for
/// pointer-free.
fn is_typeless(header: u64, span: &Span<'_>, slot: u32) -> bool {
    header == 0 || slot >= span.free_index_for_scan
}

/// Headers that name no type.
#[derive(Debug, Default)]
struct BadHeaders {
    count: u64,
    slots: Vec<Address>,
}

impl BadHeaders {
    fn note(&mut self, slot: u64) {
        self.count += 1;
        keep_first(&mut self.slots, Address(slot));
    }
}

/// The mask of every type that a header or a large span names.
fn type_masks(
    context: &MaskContext<'_, '_>,
    heap: &GoHeap<'_>,
    types: &mut TypeTable,
    bad: &mut BadHeaders,
) -> HashMap<u64, GcMask> {
    let reader = context.descriptors;
    let mut masks: HashMap<u64, Option<GcMask>> = HashMap::default();
    // Slots of a span mostly hold the same: the map is asked once for each run.
    let mut last = None;
    let mut note = |address: u64, slot: u64, initialised: bool| {
        if last == Some(address) {
            return;
        }
        let mask = masks.entry(address).or_insert_with(|| {
            let trusted = reader.is_linked(address) || heap.span_index(address).is_some() || heap.is_manual(address);
            if trusted { reader.gc_mask(types, address).filter(|mask| mask.size > 0) } else { None }
        });
        last = mask.as_ref().map(|_| address);
        if mask.is_none() && initialised {
            bad.note(slot);
        }
    };
    for span in heap.spans.iter().filter(|span| !span.is_noscan() && !span.has_in_span_bitmap) {
        if span.is_large() {
            // Nil: allocated and not yet typed, which the collector takes for pointer-free.
            if span.large_type != 0 {
                note(span.large_type, span.base, true);
            }
            continue;
        }
        for slot in span.allocated.ones() {
            let slot = slot as u32;
            let at = span.slot_address(slot);
            if let Some(header) = context.memory.read_u64(Address(at)) {
                note(header, at, slot < span.free_index_for_scan);
            }
        }
    }
    masks.into_iter().filter_map(|(address, mask)| Some((address, mask?))).collect()
}
