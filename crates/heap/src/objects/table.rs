//! From addresses to slots, fast: the object that a word of the core leads to.

use crate::objects::page_table::{Page, PageTable, Slots};
use goheap_model::{ObjectId, Objects, Slot, SlotSpan};
use goheap_runtime::{GoHeap, MALLOC_HEADER_BYTES, Span};
use std::ops::Deref;
use std::sync::Arc;

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

/// Objects, and the spans of the core that they lie in.
///
/// # Overhead
/// 12 bytes a page of small objects beside that of [`Objects`].
#[derive(Debug)]
pub struct ObjectTable<'m, 'p> {
    heap: &'m GoHeap<'p>,
    objects: Arc<Objects>,
    pages: PageTable,
}

impl Deref for ObjectTable<'_, '_> {
    type Target = Objects;

    fn deref(&self) -> &Objects {
        &self.objects
    }
}

impl<'m, 'p> ObjectTable<'m, 'p> {
    /// Numbers the slots of `heap`, of a release with malloc headers or without; None above 2^32 of them.
    pub fn new(heap: &'m GoHeap<'p>, has_headers: bool) -> Option<Self> {
        let spans = heap.spans.iter().map(|span| (slot_span(span, has_headers), &*span.allocated.bytes));
        let objects = Objects::new(spans)?;
        let pages = PageTable::new(heap, objects.firsts(), has_headers);
        Some(ObjectTable { heap, objects: Arc::new(objects), pages })
    }

    /// Objects without the core.
    pub(crate) fn columns(&self) -> Arc<Objects> {
        Arc::clone(&self.objects)
    }

    /// The slot that holds `address`, free or not; None outside spans and in their tails.
    #[inline]
    pub fn find(&self, address: u64) -> Option<Slot> {
        if let Some(page) = self.pages.get(address) {
            let slot = page.kind.slot(page.offset)?;
            return Some(Slot { id: ObjectId(page.first.wrapping_add(slot)), span: page.span, slot });
        }
        let span = self.heap.span_index(address)?;
        let slot = self.heap.spans[span].slot_of(address)?;
        Some(Slot { id: ObjectId(self.first_of(span as u32) + slot), span: span as u32, slot })
    }

    /// The same with what a scan needs to know of the slot.
    #[inline]
    pub(crate) fn place(&self, address: u64) -> Place {
        let Some(Page { kind, offset, first, span }) = self.pages.get(address) else {
            return self.place_of_large(address);
        };
        let Some(slot) = kind.slot(offset) else { return Place::NONE };
        let start = u64::from(slot) * u64::from(kind.elem_size) + u64::from(kind.header);
        Place {
            id: first.wrapping_add(slot),
            span,
            offset: offset.wrapping_sub(start),
            elem_size: kind.elem_size,
            slots: kind.slots,
        }
    }

    #[cold]
    fn place_of_large(&self, address: u64) -> Place {
        let Some(slot) = self.find(address) else { return Place::NONE };
        let offset = address.wrapping_sub(self.payload(slot).0);
        Place { id: slot.id.0, span: slot.span, offset, ..Place::NONE }
    }

    /// The allocated slot that holds `address`.
    #[inline]
    pub fn find_allocated(&self, address: u64) -> Option<Slot> {
        self.find(address).filter(|&slot| self.is_allocated(slot))
    }

    /// The span of a slot.
    #[inline]
    pub fn span(&self, slot: Slot) -> &'m Span<'p> {
        &self.heap.spans[slot.span as usize]
    }

    /// The allocated slots of some of the spans, in order of id.
    pub fn allocated_in<'s>(&'s self, takes: impl Fn(&Span<'p>) -> bool + 's) -> impl Iterator<Item = Slot> + 's {
        let spans = self.heap.spans.iter().zip(0..).filter(move |(span, _)| takes(span));
        spans.flat_map(|(_, index)| self.allocated_of(index))
    }
}

fn slot_span(span: &Span<'_>, has_headers: bool) -> SlotSpan {
    SlotSpan {
        start: span.base,
        bytes: span.byte_len(),
        slot_bytes: span.elem_size,
        slots: span.nelems,
        header_bytes: if span.has_headers(has_headers) { MALLOC_HEADER_BYTES as u32 } else { 0 },
        has_pointers: !span.is_noscan(),
        is_large: span.is_large(),
    }
}
