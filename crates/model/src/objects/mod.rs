//! Objects, which are implicit: a slot of a span has a number, and a number leads back to its slot.

mod object_type;
mod object_types;

pub use object_type::{Evidence, ObjectType, Part};
pub use object_types::ObjectTypes;

use goheap_graph::IdBitSet;
use serde::{Deserialize, Serialize};

/// Number of a slot: spans in address order, slots in order within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u32);

/// A slot found by address or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its number.
    pub id: ObjectId,
    /// Index of its span in [`Objects::spans`].
    pub span: u32,
    /// Index in the span.
    pub slot: u32,
}

/// Slots of one size in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotSpan {
    /// First byte.
    pub start: u64,
    /// Bytes of the span, its tail among them.
    pub bytes: u64,
    /// Bytes of a slot.
    pub slot_bytes: u64,
    /// Slots.
    pub slots: u32,
    /// Of a slot's bytes, those before the object: the runtime's malloc header.
    pub header_bytes: u32,
    /// True if the collector looks into the slots.
    pub has_pointers: bool,
    /// True of the span of one large object.
    pub is_large: bool,
}

impl SlotSpan {
    /// Bytes of a slot without the runtime's malloc header.
    pub fn payload_bytes(&self) -> u64 {
        self.slot_bytes.saturating_sub(u64::from(self.header_bytes))
    }
}

/// The way between addresses and numbers.
///
/// # Overhead
/// 44 bytes a span and 1.5 bits a slot.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    spans: Vec<SlotSpan>,
    /// The number of each span's first slot.
    firsts: Vec<u32>,
    allocated: IdBitSet,
    /// The span of every 64th slot: where the search for an id begins.
    span_of_id: Vec<u32>,
    len: u32,
}

/// Slots between two entries of [`Objects::span_of_id`].
const ID_STEP: u32 = 64;

impl Objects {
    /// Numbers the slots of spans in order of address, each with a bit a slot, least significant first, for those that are handed out.
    /// None above 2^32 slots.
    pub fn new<'b>(spans: impl ExactSizeIterator<Item = (SlotSpan, &'b [u8])> + Clone) -> Option<Self> {
        let len = spans.clone().try_fold(0_u32, |sum, (span, _)| sum.checked_add(span.slots))?;
        let mut objects = Objects {
            spans: Vec::with_capacity(spans.len()),
            firsts: Vec::with_capacity(spans.len()),
            allocated: IdBitSet::with_room_for(len),
            span_of_id: Vec::with_capacity(len.div_ceil(ID_STEP) as usize),
            len,
        };
        let mut first = 0;
        for (index, (span, allocated)) in spans.enumerate() {
            objects.firsts.push(first);
            objects.spans.push(span);
            objects.allocated.insert_bits(first, allocated, span.slots);
            first += span.slots;
            objects.span_of_id.resize(first.div_ceil(ID_STEP) as usize, index as u32);
        }
        Some(objects)
    }

    /// Number of slots, free ones included.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// True if the heap has no slot.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The spans, in order of address.
    pub fn spans(&self) -> &[SlotSpan] {
        &self.spans
    }

    /// The number of each span's first slot.
    pub fn firsts(&self) -> &[u32] {
        &self.firsts
    }

    /// The number of a span's first slot; the others follow.
    #[inline]
    pub fn first_of(&self, span: u32) -> u32 {
        self.firsts[span as usize]
    }

    /// The slot of `id`, which this table gave out.
    #[inline]
    pub fn slot(&self, id: ObjectId) -> Slot {
        let mut span = self.span_of_id[(id.0 / ID_STEP) as usize] as usize;
        while self.firsts.get(span + 1).is_some_and(|&next| next <= id.0) {
            span += 1;
        }
        Slot { id, span: span as u32, slot: id.0 - self.firsts[span] }
    }

    /// The slot of `id`, whose span is known too.
    #[inline]
    pub fn slot_in(&self, id: u32, span: u32) -> Slot {
        Slot { id: ObjectId(id), span, slot: id - self.firsts[span as usize] }
    }

    /// The slots of ascending ids, which this table gave out.
    #[inline]
    pub fn slots_of(&self, ids: impl Iterator<Item = u32>) -> impl Iterator<Item = Slot> {
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

    /// The slot that holds `address`, free or not; None outside spans and in their tails.
    pub fn find(&self, address: u64) -> Option<Slot> {
        let span = self.spans.partition_point(|span| span.start <= address).checked_sub(1)?;
        let (found, first) = (&self.spans[span], self.firsts[span]);
        let slot = (address - found.start) / found.slot_bytes.max(1);
        let slot = u32::try_from(slot).ok().filter(|&slot| slot < found.slots)?;
        Some(Slot { id: ObjectId(first + slot), span: span as u32, slot })
    }

    /// The allocated slot that holds `address`.
    pub fn find_allocated(&self, address: u64) -> Option<Slot> {
        self.find(address).filter(|&slot| self.is_allocated(slot))
    }

    /// The span of a slot.
    #[inline]
    pub fn span_of(&self, slot: Slot) -> &SlotSpan {
        &self.spans[slot.span as usize]
    }

    /// First byte of a slot.
    #[inline]
    pub fn address(&self, slot: Slot) -> u64 {
        let span = self.span_of(slot);
        span.start.wrapping_add(u64::from(slot.slot).wrapping_mul(span.slot_bytes))
    }

    /// Bytes of a slot.
    pub fn size(&self, slot: Slot) -> u64 {
        self.span_of(slot).slot_bytes
    }

    /// First byte and length of a slot without the runtime's malloc header.
    pub fn payload(&self, slot: Slot) -> (u64, u64) {
        let span = self.span_of(slot);
        (self.address(slot).wrapping_add(u64::from(span.header_bytes)), span.payload_bytes())
    }

    /// The slots that are handed out.
    pub fn allocated_ids(&self) -> &IdBitSet {
        &self.allocated
    }

    /// True if the slot is handed out.
    #[inline]
    pub fn is_allocated(&self, slot: Slot) -> bool {
        self.allocated.contains(slot.id.0)
    }

    /// The allocated slots of the span with that number, in order of id.
    pub fn allocated_of(&self, span: u32) -> impl Iterator<Item = Slot> + '_ {
        let first = self.firsts[span as usize];
        let ids = self.allocated.ones_in(first..first + self.spans[span as usize].slots);
        ids.map(move |id| Slot { id: ObjectId(id), span, slot: id - first })
    }

    /// Every allocated slot in order of id.
    pub fn allocated(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots_of(self.allocated.iter_ones())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn slots_have_numbers_and_addresses() {
        let small =
            SlotSpan { start: 0x1000, bytes: 100, slot_bytes: 16, slots: 6, has_pointers: true, ..SlotSpan::default() };
        let large =
            SlotSpan { start: 0x4000, bytes: 4096, slot_bytes: 4096, slots: 1, header_bytes: 8, ..SlotSpan::default() };
        let spans = [(small, &[0b10_1001][..]), (large, &[1])];
        let objects = Objects::new(spans.into_iter()).unwrap();
        assert_eq!(objects.len(), 7);
        let addresses: Vec<u64> = objects.allocated().map(|slot| objects.address(slot)).collect();
        assert_eq!(addresses, [0x1000, 0x1030, 0x1050, 0x4000]);
        for id in 0..7 {
            let slot = objects.slot(ObjectId(id));
            assert_eq!(objects.find(objects.address(slot) + 7), Some(slot));
        }
        assert_eq!([0xfff, 0x1060, 0x3fff, 0x5000].map(|address| objects.find(address)), [None; 4]);
        assert_eq!(objects.find_allocated(0x1010), None);
        assert_eq!(objects.payload(objects.slot(ObjectId(6))), (0x4008, 4088));
    }
}
