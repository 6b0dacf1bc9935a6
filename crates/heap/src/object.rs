//! Objects, which are implicit: a slot of a span has an id, and an id leads back to its slot.

use goheap_graph::IdBitSet;
use goheap_runtime::{GoHeap, Span};

/// Number of a slot: spans in address order, slots in order within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A slot found by address or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its number.
    pub id: ObjectId,
    /// Index of its span in [`GoHeap::spans`].
    pub span: u32,
    /// Index in the span.
    pub slot: u32,
}

/// What finding a slot needs of a span, together in half a cache line.
#[derive(Clone, Copy, Debug)]
struct SpanKey {
    base: u64,
    /// 2^32 / element size, rounded up: multiplying by it divides an offset (as `mspan.divMul` does). 0 for spans of one
    /// object.
    reciprocal: u32,
    nelems: u32,
    first: u32,
    elem_size: u64,
}

/// Offsets below this are divided exactly by the reciprocal: the runtime's own bound for small spans.
const MAX_SMALL_SPAN: u64 = 1 << 20;

impl SpanKey {
    fn new(span: &Span<'_>, first: u32) -> Self {
        let is_small = span.nelems > 1 && span.byte_len() <= MAX_SMALL_SPAN;
        let reciprocal = if is_small { u32::MAX / (span.elem_size as u32) + 1 } else { 0 };
        SpanKey { base: span.base, reciprocal, nelems: span.nelems, first, elem_size: span.elem_size }
    }

    /// The slot at `offset` from the base.
    #[inline]
    fn slot(&self, offset: u64) -> Option<u32> {
        let slot = if self.reciprocal != 0 {
            offset.wrapping_mul(u64::from(self.reciprocal)) >> 32
        } else {
            offset / self.elem_size
        };
        (slot < u64::from(self.nelems)).then_some(slot as u32)
    }
}

/// The way between addresses and ids.
///
/// # Overhead
/// 32 bytes a span and 1.5 bits a slot.
#[derive(Debug)]
pub struct ObjectTable<'m, 'p> {
    heap: &'m GoHeap<'p>,
    keys: Vec<SpanKey>,
    allocated: IdBitSet,
    /// The span of every 64th slot: where the search for an id begins.
    span_of_id: Vec<u32>,
    len: u32,
}

/// Slots between two entries of [`ObjectTable::span_of_id`].
const ID_STEP: u32 = 64;

impl<'m, 'p> ObjectTable<'m, 'p> {
    /// Numbers the slots of `heap`; None above 2^32 of them.
    pub fn new(heap: &'m GoHeap<'p>) -> Option<Self> {
        let len = heap.spans.iter().try_fold(0_u32, |sum, span| sum.checked_add(span.nelems))?;
        let mut keys = Vec::with_capacity(heap.spans.len());
        let mut allocated = IdBitSet::with_room_for(len);
        let mut span_of_id = Vec::with_capacity(len.div_ceil(ID_STEP) as usize);
        let mut first = 0;
        for (index, span) in heap.spans.iter().enumerate() {
            keys.push(SpanKey::new(span, first));
            allocated.insert_bits(first, &span.allocated.bytes, span.nelems);
            first += span.nelems;
            span_of_id.resize(first.div_ceil(ID_STEP) as usize, index as u32);
        }
        Some(ObjectTable { heap, keys, allocated, span_of_id, len })
    }

    /// Number of slots, free ones included.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// True if the heap has no slot.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slot that holds `address`, free or not; None outside spans and in their tails.
    #[inline]
    pub fn find(&self, address: u64) -> Option<Slot> {
        let span = self.heap.span_index(address)?;
        let key = &self.keys[span];
        let slot = key.slot(address.checked_sub(key.base)?)?;
        Some(Slot { id: ObjectId(key.first + slot), span: span as u32, slot })
    }

    /// The second half of [`ObjectTable::find`]: number and span, by the span that [`GoHeap::span_index`] found.
    #[inline]
    pub(crate) fn find_in(&self, span: u32, address: u64) -> Option<(u32, u32)> {
        let key = self.keys.get(span as usize)?;
        let slot = key.slot(address.wrapping_sub(key.base))?;
        Some((key.first + slot, span))
    }

    /// First byte of the slot with that number, which lies in that span.
    #[inline]
    pub(crate) fn start_of(&self, id: u32, span: u32) -> u64 {
        let key = &self.keys[span as usize];
        key.base + u64::from(id - key.first) * key.elem_size
    }

    /// The slot of `id`, which this table gave out.
    pub fn slot(&self, id: ObjectId) -> Slot {
        let mut span = self.span_of_id[(id.0 / ID_STEP) as usize] as usize;
        while self.keys.get(span + 1).is_some_and(|next| next.first <= id.0) {
            span += 1;
        }
        Slot { id, span: span as u32, slot: id.0 - self.keys[span].first }
    }

    /// The span of a slot.
    #[inline]
    pub fn span(&self, slot: Slot) -> &'m Span<'p> {
        &self.heap.spans[slot.span as usize]
    }

    /// The number of a span's first slot; the others follow.
    pub(crate) fn first_of(&self, span: u32) -> u32 {
        self.keys[span as usize].first
    }

    /// The slots that are handed out.
    pub(crate) fn allocated_ids(&self) -> &IdBitSet {
        &self.allocated
    }

    /// First byte of a slot.
    pub fn address(&self, slot: Slot) -> u64 {
        self.span(slot).slot_address(slot.slot)
    }

    /// True if the slot is handed out.
    #[inline]
    pub fn is_allocated(&self, slot: Slot) -> bool {
        self.allocated.contains(slot.id.0)
    }

    /// The allocated slot that holds `address`.
    #[inline]
    pub fn find_allocated(&self, address: u64) -> Option<Slot> {
        self.find(address).filter(|&slot| self.is_allocated(slot))
    }

    /// Every allocated slot in order of id.
    pub fn allocated(&self) -> impl Iterator<Item = Slot> + '_ {
        self.allocated_in(|_| true)
    }

    /// The allocated slots of some of the spans, in order of id.
    pub fn allocated_in<'s>(&'s self, takes: impl Fn(&Span<'p>) -> bool + 's) -> impl Iterator<Item = Slot> + 's {
        let spans = self.heap.spans.iter().enumerate().filter(move |(_, span)| takes(span));
        spans.flat_map(move |(index, span)| {
            let first = self.keys[index].first;
            span.allocated.ones().map(move |slot| Slot {
                id: ObjectId(first + slot as u32),
                span: index as u32,
                slot: slot as u32,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reciprocal_divides_every_offset_of_every_class() {
        for elem in (8..=2048).step_by(8).chain([3072, 6784, 9472, 28672, 32768]) {
            let bytes = 10 * 8192;
            let nelems = (bytes / elem) as u32;
            let key = SpanKey { base: 0, reciprocal: u32::MAX / elem as u32 + 1, nelems, first: 0, elem_size: elem };
            for offset in 0..bytes {
                let expected = u32::try_from(offset / elem).ok().filter(|&slot| slot < nelems);
                assert_eq!(key.slot(offset), expected, "offset {offset} of elements of {elem}");
            }
        }
    }
}
