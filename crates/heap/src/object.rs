//! Objects, which are implicit: a slot of a span has an id, and an id leads back to its slot.

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

/// The way between addresses and ids.
///
/// # Overhead
/// Four bytes a span; nothing an object.
#[derive(Debug)]
pub struct ObjectTable<'m, 'p> {
    heap: &'m GoHeap<'p>,
    first: Vec<u32>,
}

impl<'m, 'p> ObjectTable<'m, 'p> {
    /// Numbers the slots of `heap`; None above 2^32 of them.
    pub fn new(heap: &'m GoHeap<'p>) -> Option<Self> {
        let mut first = Vec::with_capacity(heap.spans.len() + 1);
        let mut next = 0_u32;
        for span in &heap.spans {
            first.push(next);
            next = next.checked_add(span.nelems)?;
        }
        first.push(next);
        Some(ObjectTable { heap, first })
    }

    /// Number of slots, free ones included.
    pub fn len(&self) -> u32 {
        self.first.last().copied().unwrap_or(0)
    }

    /// True if the heap has no slot.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot that holds `address`, free or not; None outside spans and in their tails.
    #[inline]
    pub fn find(&self, address: u64) -> Option<Slot> {
        let span = self.heap.span_index(address)?;
        let slot = self.heap.spans[span].slot_of(address)?;
        Some(Slot { id: ObjectId(self.first[span] + slot), span: span as u32, slot })
    }

    /// The slot of `id`, which this table gave out.
    pub fn slot(&self, id: ObjectId) -> Slot {
        let span = self.first.partition_point(|&first| first <= id.0) - 1;
        Slot { id, span: span as u32, slot: id.0 - self.first[span] }
    }

    /// The span of a slot.
    #[inline]
    pub fn span(&self, slot: Slot) -> &'m Span<'p> {
        &self.heap.spans[slot.span as usize]
    }

    /// First byte of a slot.
    pub fn address(&self, slot: Slot) -> u64 {
        self.span(slot).slot_address(slot.slot)
    }

    /// True if the slot is handed out.
    #[inline]
    pub fn is_allocated(&self, slot: Slot) -> bool {
        self.span(slot).allocated.get(slot.slot as usize)
    }

    /// The allocated slot that holds `address`.
    #[inline]
    pub fn find_allocated(&self, address: u64) -> Option<Slot> {
        self.find(address).filter(|&slot| self.is_allocated(slot))
    }

    /// Every allocated slot in order of id.
    pub fn allocated(&self) -> impl Iterator<Item = Slot> + '_ {
        self.heap.spans.iter().enumerate().flat_map(move |(index, span)| {
            let first = self.first[index];
            span.allocated.ones().map(move |slot| Slot {
                id: ObjectId(first + slot as u32),
                span: index as u32,
                slot: slot as u32,
            })
        })
    }
}
