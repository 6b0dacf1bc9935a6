//! How the heap's pages are cut up: by size class, how much is in use, free, left over, and lost to rounding; of all spans, or of those
//! that some objects keep.

use crate::histogram::Selection;
use crate::recent::Recent;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{Heap, ObjectId, ObjectType, Share, SlotSpan, TextKey, is_wanted_text};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// The spans of one size class, with pointers or without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SizeClass {
    /// Bytes of a slot; 0 of large objects, each of which has a span of its own.
    pub slot_bytes: u64,
    /// True if the collector looks into the slots.
    pub has_pointers: bool,
    /// Spans.
    pub spans: u64,
    /// Their bytes: what the runtime calls in use.
    pub span_bytes: u64,
    /// Slots.
    pub slots: u64,
    /// Those that are handed out.
    pub allocated: Share,
    /// Bytes of the others.
    pub free_bytes: u64,
    /// Bytes of no slot: what is left over at a span's end, pointer bits and marks.
    pub tail_bytes: u64,
    /// Of these, the objects that were selected.
    pub selected: Share,
    /// Bytes of selected objects that rounding up to the class costs, where types tell what was asked for.
    pub rounding_bytes: u64,
}

impl SizeClass {
    /// Adds another's numbers.
    pub fn add(&mut self, other: &SizeClass) {
        self.spans += other.spans;
        self.span_bytes += other.span_bytes;
        self.slots += other.slots;
        self.allocated.add(other.allocated);
        self.selected.add(other.selected);
        self.free_bytes += other.free_bytes;
        self.tail_bytes += other.tail_bytes;
        self.rounding_bytes += other.rounding_bytes;
    }
}

/// All size classes that have spans, by size, those without pointers first; large objects last. Of spans that hold any object of
/// `selected`, where that is given.
pub fn size_classes(heap: &Heap, selected: Option<&IdBitSet>) -> Vec<SizeClass> {
    let spans = heap.objects.spans().par_iter().enumerate();
    let of_span = |(index, span): (usize, &SlotSpan)| size_class(heap, index as u32, span, selected);
    let of_spans: Vec<SizeClass> = spans.filter_map(of_span).collect();
    let mut classes: BTreeMap<(bool, u64, bool), SizeClass> = BTreeMap::new();
    for span in of_spans {
        let key = (span.slot_bytes == 0, span.slot_bytes, span.has_pointers);
        let SizeClass { slot_bytes, has_pointers, .. } = span;
        let empty = SizeClass { slot_bytes, has_pointers, ..SizeClass::default() };
        classes.entry(key).or_insert(empty).add(&span);
    }
    classes.into_values().collect()
}

/// The objects of `selection` of whose type `is_wanted` says so, as in [`histogram`](crate::histogram()).
pub fn selected_objects(heap: &Heap, selection: Selection, mut is_wanted: impl FnMut(&str) -> bool) -> IdBitSet {
    let (mut wanted, mut recent) = (HashMap::default(), Recent::default());
    let mut selected = IdBitSet::with_room_for(heap.objects.len());
    for slot in heap.objects.allocated().filter(|&slot| selection.contains(heap, slot)) {
        let is_wanted = recent.of(heap, slot.id, || {
            let key = heap.text_key(slot).map(TextKey::family);
            *wanted.entry(key.map(TextKey::identity)).or_insert_with(|| {
                let text = key.map_or_else(String::new, |key| heap.text_of(key));
                is_wanted_text(&text, &mut is_wanted)
            })
        });
        if is_wanted {
            selected.insert(slot.id.0);
        }
    }
    selected
}

fn size_class(heap: &Heap, index: u32, span: &SlotSpan, selected: Option<&IdBitSet>) -> Option<SizeClass> {
    let (first, room) = (heap.objects.first_of(index), span.payload_bytes());
    // What is lost is the same in every slot of the span that holds the same.
    let (mut last, mut rounding_bytes, mut allocated, mut count) = ((ObjectType::UNKNOWN, 0), 0, 0, 0);
    for id in heap.objects.allocated_ids().ones_in(first..first + span.slots) {
        allocated += 1;
        if selected.is_some_and(|selected| !selected.contains(id)) {
            continue;
        }
        count += 1;
        let object = heap.object_types.of(ObjectId(id));
        if object != last.0 {
            last = (object, heap.types.rounding(object, room));
        }
        rounding_bytes += last.1;
    }
    if selected.is_some() && count == 0 {
        return None;
    }
    let slots = u64::from(span.slots);
    Some(SizeClass {
        slot_bytes: if span.is_large { 0 } else { span.slot_bytes },
        has_pointers: span.has_pointers,
        spans: 1,
        span_bytes: span.bytes,
        slots,
        allocated: Share { bytes: allocated * span.slot_bytes, objects: allocated },
        free_bytes: (slots - allocated) * span.slot_bytes,
        tail_bytes: span.bytes - slots * span.slot_bytes,
        selected: Share { bytes: count * span.slot_bytes, objects: count },
        rounding_bytes,
    })
}

#[cfg(test)]
mod tests;
