//! The windows of all objects together, as threads find them.

use super::cover::Cover;
use super::reach::{Reach, ReachPlan, ReachPlans, Window, element_size, is_guessed};
use crate::infer::payload_offset;
use crate::objects::page_table::Slots;
use crate::objects::table::{ObjectTable, Place};
use crate::scan::word_batch::Word;
use goheap_model::{Claim, Extent, ObjectId, ObjectTypes, Slot, TypeTable};
use goheap_runtime::{GoHeap, MALLOC_HEADER_BYTES, RuntimeModel, Span};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that one bit stands for: a word.
const UNIT: u64 = 8;
/// Smaller slots are whole: what their windows leave out is a few words, and looking at them all is what most heaps would pay for.
const SMALL: u64 = 64;
/// Of larger slots the first and the last byte of what is referred to are known exactly.
const EXACT: u64 = 1024;

/// Where the slots of a span are in the row of all bytes of all spans, and among the exact ends.
#[derive(Clone, Copy)]
struct SpanPlace {
    /// To be added to an address.
    shift: u64,
    /// To be added to an id, where the span has exact ends.
    ends: Option<u32>,
}

/// The first byte, the last of lengths and the last of capacities.
struct Ends([AtomicU64; 3]);

impl Ends {
    fn new() -> Self {
        Ends([AtomicU64::new(u64::MAX), AtomicU64::new(0), AtomicU64::new(0)])
    }

    fn note(&self, start: u64, len: u64, cap: u64) {
        let [first, last, last_of_capacity] = &self.0;
        if start < first.load(Ordering::Relaxed) {
            first.fetch_min(start, Ordering::Relaxed);
        }
        for (end, last) in [(start.saturating_add(len), last), (start.saturating_add(cap), last_of_capacity)] {
            if end > last.load(Ordering::Relaxed) {
                last.fetch_max(end, Ordering::Relaxed);
            }
        }
    }

    fn get(&self) -> [u64; 3] {
        [0, 1, 2].map(|at: usize| self.0[at].load(Ordering::Relaxed))
    }
}

/// The windows of every object. What is no window makes an object whole.
///
/// # Overhead
/// Two bits for each word of the heap's spans (one is written only where slices have room beyond their length), 24 bytes a
/// slot of [`EXACT`] bytes or more, 16 a span, a bit a slot.
pub(crate) struct Windows {
    spans: Vec<SpanPlace>,
    lengths: Cover,
    capacities: Cover,
    ends: Vec<Ends>,
    whole: Vec<AtomicU64>,
}

impl Windows {
    /// What they take.
    pub(crate) fn claim(heap: &GoHeap<'_>) -> Claim {
        let bytes: u64 = heap.spans.iter().map(Span::byte_len).sum();
        let slots: u64 = heap.spans.iter().map(|span| u64::from(span.nelems)).sum();
        let large: u64 = heap.spans.iter().filter(|span| has_ends(span)).map(|span| u64::from(span.nelems)).sum();
        let bits = bytes / UNIT / 8;
        Claim { kept: 2 * (bits + bits / 32) + large * 24 + heap.spans.len() as u64 * 16 + slots / 8, passing: 0 }
    }

    pub(crate) fn new(heap: &GoHeap<'_>, objects: &ObjectTable<'_, '_>) -> Self {
        let (mut bytes, mut ends) = (0_u64, 0_u32);
        let mut spans = Vec::with_capacity(heap.spans.len());
        for (span, index) in heap.spans.iter().zip(0..) {
            let of_ids = has_ends(span).then(|| ends.wrapping_sub(objects.first_of(index)));
            spans.push(SpanPlace { shift: bytes.wrapping_sub(span.base), ends: of_ids });
            bytes += span.byte_len();
            ends += if has_ends(span) { span.nelems } else { 0 };
        }
        let words = vec![0_u64; objects.len().div_ceil(64) as usize];
        Windows {
            spans,
            lengths: Cover::new(bytes / UNIT),
            capacities: Cover::new(bytes / UNIT),
            ends: (0..ends).map(|_| Ends::new()).collect(),
            whole: words.into_iter().map(AtomicU64::new).collect(),
        }
    }

    /// True if all slots of a span are whole.
    pub(super) fn is_small(span: &Span<'_>) -> bool {
        span.elem_size < SMALL
    }

    /// True if something refers to all of the object with that id, which is not small.
    #[inline]
    pub(super) fn is_whole(&self, id: u32) -> bool {
        self.whole.get(id as usize / 64).is_some_and(|word| word.load(Ordering::Relaxed) >> (id % 64) & 1 != 0)
    }

    #[inline]
    fn make_whole(&self, id: u32) {
        let bit = 1 << (id % 64);
        if let Some(word) = self.whole.get(id as usize / 64)
            && word.load(Ordering::Relaxed) & bit == 0
        {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Notes a window that begins at `address`, in the payload of the object at `place` of which `room` bytes are left there.
    fn note(&self, address: u64, place: &Place, room: u64, window: Window, element: Option<u64>) {
        let Some((before, len, cap)) = window.bytes(place.offset, room, element) else {
            return self.make_whole(place.id);
        };
        let Some(span) = self.spans.get(place.span as usize) else { return };
        let start = address.wrapping_add(span.shift).wrapping_sub(before);
        let units = |from: u64, to: u64| from / UNIT..to.div_ceil(UNIT);
        self.lengths.cover(if len == 0 { 0..0 } else { units(start, start + len) });
        if cap > len {
            self.capacities.cover(units(start + len, start + cap));
        }
        if let Some(ends) = span.ends.and_then(|ends| self.ends.get(place.id.wrapping_add(ends) as usize)) {
            ends.note(start, len, cap);
        }
    }

    /// To be called when all windows are noted.
    pub(super) fn settle(&mut self) {
        self.lengths.settle();
        self.capacities.settle();
    }

    /// Whether the word at an address of a span is in a window.
    pub(super) fn covers(&self, span: u32, address: u64) -> bool {
        let Some(span) = self.spans.get(span as usize) else { return false };
        self.lengths.contains(address.wrapping_add(span.shift) / UNIT)
    }

    /// What is referred to of an object that is not whole, of `size` bytes at `address`.
    pub(super) fn extent(&self, slot: Slot, address: u64, size: u64) -> Extent {
        let Some(span) = self.spans.get(slot.span as usize) else { return Extent::all(size) };
        let start = address.wrapping_add(span.shift);
        let units = start / UNIT..start.saturating_add(size) / UNIT;
        let mut extent = Extent {
            referred: self.lengths.count_with(None, units.clone()) * UNIT,
            capacity: self.lengths.count_with(Some(&self.capacities), units) * UNIT,
        };
        if let Some(ends) = span.ends.and_then(|ends| self.ends.get(slot.id.0.wrapping_add(ends) as usize)) {
            let [first, last, last_of_capacity] = ends.get();
            if first == u64::MAX {
                // Nothing is known to lead here.
                return Extent::all(size);
            }
            extent.referred = extent.referred.min(last.saturating_sub(first));
            extent.capacity = extent.capacity.min(last.max(last_of_capacity).saturating_sub(first));
        }
        extent
    }
}

fn has_ends(span: &Span<'_>) -> bool {
    span.elem_size >= EXACT
}

/// Finds windows: what words lead to.
pub(crate) struct WindowFinder<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) types: &'a TypeTable,
    pub(super) object_types: &'a ObjectTypes,
    pub(super) plans: ReachPlans,
    pub(super) windows: Windows,
}

/// The object before and its plan: words of one object follow each other.
pub(crate) struct From {
    object: u32,
    plan: ReachPlan,
    is_guessed: bool,
}

impl<'p> WindowFinder<'_, '_, 'p> {
    /// Notes what a word of an object of `span` refers to, whose slots begin with `first`: `word.object` is the object's id and
    /// `word.word` the word's number in the slot.
    #[inline]
    pub(crate) fn see(&self, from: &mut Option<From>, span: &Span<'p>, first: u32, word: &Word, place: &Place) {
        if (1..SMALL).contains(&u64::from(place.elem_size)) {
            return;
        }
        let from = match from {
            Some(from) if from.object == word.object => from,
            _ => {
                let object = self.object_types.of(ObjectId(word.object));
                from.insert(From { object: word.object, plan: self.plans.of(object), is_guessed: is_guessed(object) })
            }
        };
        if self.windows.is_whole(place.id) {
            return;
        }
        let header = (payload_offset(self.model, span) / 8) as u32;
        let reach = match word.word.checked_sub(header) {
            Some(number) => self.plans.reach(from.plan, number),
            None => Reach::Whole,
        };
        if reach == Reach::Whole {
            return self.windows.make_whole(place.id);
        }
        let at = span.slot_address(word.object.wrapping_sub(first)) + u64::from(word.word) * 8;
        let window = reach.window(from.is_guessed, |next| self.model.masks.word(span, at + next * 8));
        self.note(word.value, place, window);
    }

    /// Notes a window of the object at `place`.
    pub(super) fn note(&self, address: u64, place: &Place, window: Window) {
        let element = match window {
            Window::Value(_) => element_size(self.types, self.object_types.of(ObjectId(place.id))),
            _ => None,
        };
        self.windows.note(address, place, self.room(place), window, element);
    }

    /// Bytes from where a pointer leads to the end of the payload.
    fn room(&self, place: &Place) -> u64 {
        let size = match place.slots {
            Slots::WithBits | Slots::NoPointers | Slots::Tiny => u64::from(place.elem_size),
            Slots::Other => {
                let span = &self.model.heap.spans[place.span as usize];
                span.elem_size - payload_offset(self.model, span)
            }
        };
        size.saturating_sub(place.offset)
    }
}

const _: () = assert!(MALLOC_HEADER_BYTES == UNIT);
