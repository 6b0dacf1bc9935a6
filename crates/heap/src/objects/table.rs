//! Objects, which are implicit: a slot of a span has an id, and an id leads back to its slot.

use crate::objects::page_table::{PageTable, Slots};
use goheap_graph::IdBitSet;
use goheap_runtime::{GoHeap, MALLOC_HEADER_BYTES, Span};

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

/// The slot that a pointer leads into, free or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Beyond every id where there is none.
    pub(crate) id: u32,
    /// [`Place::NO_SPAN`] where there is none.
    pub(crate) span: u32,
    /// From the first byte of the payload, which may lie behind.
    pub(crate) offset: u64,
    /// Bytes of the slot, where the span has many.
    pub(crate) elem_size: u32,
    pub(crate) slots: Slots,
}

impl Place {
    pub(crate) const NO_SPAN: u32 = u32::MAX;
    const NONE: Place = Place { id: u32::MAX, span: Place::NO_SPAN, offset: 0, elem_size: 0, slots: Slots::Other };
}

/// The way between addresses and ids.
///
/// # Overhead
/// 32 bytes a page of small objects, 4 a span and 1.5 bits a slot.
#[derive(Debug)]
pub struct ObjectTable<'m, 'p> {
    heap: &'m GoHeap<'p>,
    /// The number of each span's first slot.
    firsts: Vec<u32>,
    pages: PageTable,
    /// Bytes before the payload of slots of more than 512 bytes.
    has_headers: bool,
    allocated: IdBitSet,
    /// The span of every 64th slot: where the search for an id begins.
    span_of_id: Vec<u32>,
    len: u32,
}

/// Slots between two entries of [`ObjectTable::span_of_id`].
const ID_STEP: u32 = 64;

impl<'m, 'p> ObjectTable<'m, 'p> {
    /// Numbers the slots of `heap`, of a release with malloc headers or without; None above 2^32 of them.
    pub fn new(heap: &'m GoHeap<'p>, has_headers: bool) -> Option<Self> {
        let len = heap.spans.iter().try_fold(0_u32, |sum, span| sum.checked_add(span.nelems))?;
        let mut firsts = Vec::with_capacity(heap.spans.len());
        let mut allocated = IdBitSet::with_room_for(len);
        let mut span_of_id = Vec::with_capacity(len.div_ceil(ID_STEP) as usize);
        let mut first = 0;
        for (index, span) in heap.spans.iter().enumerate() {
            firsts.push(first);
            allocated.insert_bits(first, &span.allocated.bytes, span.nelems);
            first += span.nelems;
            span_of_id.resize(first.div_ceil(ID_STEP) as usize, index as u32);
        }
        let pages = PageTable::new(heap, &firsts, has_headers);
        Some(ObjectTable { heap, firsts, pages, has_headers, allocated, span_of_id, len })
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
        if let Some(key) = self.pages.get(address) {
            let slot = key.slot(address.wrapping_sub(key.base))?;
            return Some(Slot { id: ObjectId(key.first + slot), span: key.span, slot });
        }
        let span = self.heap.span_index(address)?;
        let slot = self.heap.spans[span].slot_of(address)?;
        Some(Slot { id: ObjectId(self.firsts[span] + slot), span: span as u32, slot })
    }

    /// The same with what a scan needs to know of the slot.
    #[inline]
    pub(crate) fn place(&self, address: u64) -> Place {
        let Some(key) = self.pages.get(address) else { return self.place_of_large(address) };
        let offset = address.wrapping_sub(key.base);
        let Some(slot) = key.slot(offset) else { return Place::NONE };
        let start = u64::from(slot) * u64::from(key.elem_size) + u64::from(key.header);
        Place {
            id: key.first.wrapping_add(slot),
            span: key.span,
            offset: offset.wrapping_sub(start),
            elem_size: key.elem_size,
            slots: key.slots,
        }
    }

    #[cold]
    fn place_of_large(&self, address: u64) -> Place {
        let Some(slot) = self.find(address) else { return Place::NONE };
        let span = self.span(slot);
        let header = if span.has_headers(self.has_headers) { MALLOC_HEADER_BYTES } else { 0 };
        let offset = address.wrapping_sub(span.slot_address(slot.slot) + header);
        Place { id: slot.id.0, span: slot.span, offset, ..Place::NONE }
    }

    /// The slot of `id`, which this table gave out.
    pub fn slot(&self, id: ObjectId) -> Slot {
        let mut span = self.span_of_id[(id.0 / ID_STEP) as usize] as usize;
        while self.firsts.get(span + 1).is_some_and(|&next| next <= id.0) {
            span += 1;
        }
        Slot { id, span: span as u32, slot: id.0 - self.firsts[span] }
    }

    /// The slot of `id`, whose span is known too.
    pub(crate) fn slot_in(&self, id: u32, span: u32) -> Slot {
        Slot { id: ObjectId(id), span, slot: id - self.firsts[span as usize] }
    }

    /// The slots of ascending ids, which this table gave out.
    pub(crate) fn slots_of(&self, ids: impl Iterator<Item = u32>) -> impl Iterator<Item = Slot> {
        let mut span = None;
        ids.map(move |id| {
            let mut at = span.unwrap_or_else(|| self.slot(ObjectId(id)).span as usize);
            while self.firsts.get(at + 1).is_some_and(|&next| next <= id) {
                at += 1;
            }
            span = Some(at);
            Slot { id: ObjectId(id), span: at as u32, slot: id - self.firsts[at] }
        })
    }

    /// The span of a slot.
    #[inline]
    pub fn span(&self, slot: Slot) -> &'m Span<'p> {
        &self.heap.spans[slot.span as usize]
    }

    /// The number of a span's first slot; the others follow.
    pub(crate) fn first_of(&self, span: u32) -> u32 {
        self.firsts[span as usize]
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

    /// The allocated slots of the span with that number, in order of id.
    pub(crate) fn allocated_of(&self, span: u32) -> impl Iterator<Item = Slot> + '_ {
        let first = self.firsts[span as usize];
        let slots = self.heap.spans[span as usize].allocated.ones().map(|slot| slot as u32);
        slots.map(move |slot| Slot { id: ObjectId(first + slot), span, slot })
    }

    /// Every allocated slot in order of id.
    pub fn allocated(&self) -> impl Iterator<Item = Slot> + '_ {
        self.allocated_in(|_| true)
    }

    /// The allocated slots of some of the spans, in order of id.
    pub fn allocated_in<'s>(&'s self, takes: impl Fn(&Span<'p>) -> bool + 's) -> impl Iterator<Item = Slot> + 's {
        let spans = self.heap.spans.iter().zip(0..).filter(move |(span, _)| takes(span));
        spans.flat_map(|(_, index)| self.allocated_of(index))
    }
}
