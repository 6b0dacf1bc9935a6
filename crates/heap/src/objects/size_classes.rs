//! How the heap's pages are cut up: by size class, how much is in use, free, left over, and lost to rounding; of all spans, or of those
//! that some objects keep.

use crate::histogram::Selection;
use crate::infer::payload_offset;
use crate::names::describe::{TextKey, is_wanted_text};
use crate::objects::object_type::ObjectType;
use crate::objects::pointer_counts::Share;
use crate::snapshot::{HeapSnapshot, rounding};
use goheap_graph::IdBitSet;
use goheap_runtime::{PAGE_BYTES, Span};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The spans of one size class, with pointers or without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl HeapSnapshot<'_, '_> {
    /// All size classes that have spans, by size, those without pointers first; large objects last. Of spans that hold any object of
    /// `selected`, where that is given.
    pub fn size_classes(&self, selected: Option<&IdBitSet>) -> Vec<SizeClass> {
        let spans = self.model.heap.spans.par_iter().enumerate();
        let of_span = |(index, span): (usize, &Span<'_>)| self.size_class(index as u32, span, selected);
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

    /// The objects of `selection` of whose type `is_wanted` says so, as in [`HeapSnapshot::histogram`].
    pub fn selected_objects(&self, selection: Selection, mut is_wanted: impl FnMut(&str) -> bool) -> IdBitSet {
        let mut wanted = FxHashMap::default();
        let mut selected = IdBitSet::with_room_for(self.objects.len());
        for slot in self.objects.allocated().filter(|&slot| self.is_selected(slot, selection)) {
            let key = self.text_key(slot).map(TextKey::family);
            let is_wanted = *wanted.entry(key.map(TextKey::identity)).or_insert_with(|| {
                let text = key.map_or_else(String::new, |key| self.text_of(key));
                is_wanted_text(&text, &mut is_wanted)
            });
            if is_wanted {
                selected.insert(slot.id.0);
            }
        }
        selected
    }

    /// What the runtime says of all of them together: `HeapInuse`.
    pub fn heap_in_use(&self) -> u64 {
        self.model.heap.pages_in_use.saturating_mul(PAGE_BYTES)
    }

    fn size_class(&self, index: u32, span: &Span<'_>, selected: Option<&IdBitSet>) -> Option<SizeClass> {
        let slots = u64::from(span.nelems);
        let allocated = span.allocated.count() as u64;
        let (first, room) = (self.objects.first_of(index) as usize, span.elem_size - payload_offset(self.model, span));
        // What is lost is the same in every slot of the span that holds the same.
        let (mut last, mut rounding_bytes, mut count) = ((ObjectType::UNKNOWN, 0), 0, 0);
        let is_selected = |slot: &usize| selected.is_none_or(|selected| selected.contains((first + slot) as u32));
        for slot in span.allocated.ones().filter(is_selected) {
            count += 1;
            let object = self.object_types[first + slot];
            if object != last.0 {
                last = (object, rounding(&self.types, object, room));
            }
            rounding_bytes += last.1;
        }
        if selected.is_some() && count == 0 {
            return None;
        }
        Some(SizeClass {
            slot_bytes: if span.is_large() { 0 } else { span.elem_size },
            has_pointers: !span.is_noscan(),
            spans: 1,
            span_bytes: span.byte_len(),
            slots,
            allocated: Share { bytes: allocated * span.elem_size, objects: allocated },
            free_bytes: (slots - allocated) * span.elem_size,
            tail_bytes: span.byte_len() - slots * span.elem_size,
            selected: Share { bytes: count * span.elem_size, objects: count },
            rounding_bytes,
        })
    }
}
