//! Marking, as the collector does: what the roots of each class reach, found by the same walk that tells the types.

use super::engine::{Inference, Outcome};
use crate::absent::Absent;
use crate::objects::page_table::Slots;
use crate::objects::table::Place;
use crate::roots::root::{Root, RootSet};
use crate::roots::runtime_records::runtime_records;
use crate::samples::Sample;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{ObjectId, ObjectType, PointerCounts, RootClass, SHOWN, Share, Slot};
use goheap_runtime::Span;
use rayon::prelude::*;

/// What the roots reach.
#[derive(Debug)]
pub(crate) struct Marked {
    /// What the roots of each class reached first.
    pub(crate) by_class: Vec<(RootClass, Share)>,
    pub(crate) counts: PointerCounts,
    pub(crate) reached: IdBitSet,
    /// Of these, what nothing holds but lists that collections empty.
    pub(crate) emptied: IdBitSet,
    /// Which of [`RootSet::finalized`] are on objects that something else holds.
    pub(crate) held_anyhow: Vec<usize>,
    /// What the roots and what they reach lack.
    pub(crate) absent: Absent,
    /// The first roots that lead to a free slot although they are known to be pointers.
    pub(crate) bad_roots: Vec<Root>,
    /// The first objects with words that their type does not explain.
    pub(crate) unexplained: Vec<Sample>,
}

/// What was marked so far.
#[derive(Default)]
pub(super) struct Marks {
    /// True while records of the runtime are left to the classes to come.
    pub(super) holds_back: bool,
    /// True once all is marked: then what no root reaches is followed for its types.
    pub(super) with_unreached: bool,
    pub(super) absent: Absent,
    share: Share,
    postponed: Vec<u32>,
    /// What is reached otherwise than from lists that collections empty; None where there are no such lists.
    steady: Option<IdBitSet>,
    held_anyhow: Vec<usize>,
    bad_roots: Vec<Root>,
    counts: PointerCounts,
    /// Pointer words that their object's type does not explain, of objects that have such.
    unexplained: HashMap<ObjectId, u32>,
}

/// What following some objects marked.
#[derive(Default)]
pub(super) struct Met {
    pub(super) counts: PointerCounts,
    /// Of objects that are followed as this type, words that it does not explain.
    pub(super) unexplained: Vec<(ObjectId, ObjectType, u32)>,
    share: Share,
    postponed: Vec<u32>,
}

impl Met {
    /// Adds what something else marked; in no order that matters.
    pub(super) fn append(&mut self, mut other: Met) {
        self.counts.add(&other.counts);
        self.unexplained.append(&mut other.unexplained);
        self.share.add(other.share);
        self.postponed.append(&mut other.postponed);
    }
}

impl Inference<'_, '_, '_> {
    /// Marks from the roots, class by class, and follows what is reached as far as types are known.
    pub(super) fn mark(&mut self, set: &RootSet) -> Vec<(RootClass, Share)> {
        for (_, address) in runtime_records(self.model) {
            if let Some(slot) = self.objects.find_allocated(address) {
                self.states.reserve(slot.id);
            }
        }
        RootClass::ALL.into_iter().map(|class| (class, self.mark_class(class, set))).collect()
    }

    fn mark_class(&mut self, class: RootClass, set: &RootSet) -> Share {
        self.marks.holds_back = class < RootClass::Runtime;
        let mut outcome = Outcome::default();
        if class == RootClass::Other {
            let is_held = |at: &usize| self.states.get(set.finalized[*at].object.0).is_reached();
            self.marks.held_anyhow = (0..set.finalized.len()).filter(is_held).collect();
        }
        let mut of_class = set.roots.iter().filter(|root| root.class == class).peekable();
        if class == RootClass::Emptied && of_class.peek().is_some() {
            self.marks.steady = Some(self.states.reached());
        }
        for root in of_class {
            if !self.mark_root(root, &mut outcome) && self.marks.bad_roots.len() < SHOWN {
                self.marks.bad_roots.push(*root);
            }
        }
        self.follow_all(outcome);
        if class == RootClass::Other {
            // What was held back and that no variable of the runtime holds after all.
            let mut outcome = Outcome::default();
            for id in std::mem::take(&mut self.marks.postponed) {
                let slot = self.objects.slot(ObjectId(id));
                self.reach(&self.objects.place(self.objects.address(slot)), &mut outcome);
            }
            self.follow_all(outcome);
        }
        self.note_absent(class);
        std::mem::take(&mut self.marks.share)
    }

    /// Notes the objects that were reached and part of which is absent.
    fn note_absent(&mut self, class: RootClass) {
        let masks = &self.model.masks;
        let spans = self.model.heap.spans.par_iter().enumerate();
        let lacking = spans.filter(|(_, span)| span.bytes.is_none() && !span.is_noscan());
        let of_span = |(index, span): (usize, &Span<'_>)| {
            let slots = self.objects.allocated_of(index as u32).filter(|slot| self.states.get(slot.id.0).is_reached());
            let words = slots.map(|slot| (slot.id, masks.absent_words(span, slot.slot)));
            words.filter(|(_, words)| *words > 0).collect::<Vec<_>>()
        };
        let found: Vec<Vec<(ObjectId, u64)>> = lacking.map(of_span).collect();
        for (id, words) in found.into_iter().flatten() {
            self.marks.absent.add_object(id, class, words);
        }
    }

    /// Marks what a root leads to; false if it is known to be a pointer and leads to a free slot.
    fn mark_root(&self, root: &Root, outcome: &mut Outcome) -> bool {
        let place = self.objects.place(root.value);
        if place.span == Place::NO_SPAN {
            return true;
        }
        if !self.states.get(place.id).is_free() {
            self.reach(&place, outcome);
            // The allocator's own pointer to the block that it fills leads to no value.
            if place.slots == Slots::Tiny && !root.is_conservative && root.class != RootClass::Other {
                self.claim_tiny(&place, outcome);
            }
        } else if root.is_conservative {
            outcome.met.counts.conservative_misses += 1;
        } else {
            outcome.met.counts.roots_to_free_slots += 1;
            return false;
        }
        true
    }

    /// Marks an allocated slot, unless it was or is held back.
    pub(super) fn reach(&self, place: &Place, outcome: &mut Outcome) {
        let state = self.states.get(place.id);
        if state.is_reached() {
            return;
        }
        if self.marks.holds_back && state.is_reserved() {
            outcome.met.postponed.push(place.id);
            return;
        }
        let has_pointers = match place.slots {
            Slots::WithBits => true,
            Slots::NoPointers | Slots::Tiny => false,
            Slots::Other => !self.model.heap.spans[place.span as usize].is_noscan(),
        };
        let before = self.states.reach(place.id, has_pointers);
        if before.is_reached() {
            return;
        }
        self.count_reached(place, outcome);
        if has_pointers || before.is_pending() {
            outcome.changed.push(ObjectId(place.id));
        }
    }

    /// Counts an object that has just been marked.
    #[inline]
    pub(super) fn count_reached(&self, place: &Place, outcome: &mut Outcome) {
        let bytes = match place.elem_size {
            0 => self.model.heap.spans[place.span as usize].elem_size,
            bytes => u64::from(bytes),
        };
        outcome.met.share.add(Share { bytes, objects: 1 });
    }

    /// Adds what a level marked.
    pub(super) fn add_marks(&mut self, mut met: Met) {
        self.marks.share.add(met.share);
        self.marks.counts.add(&met.counts);
        self.marks.postponed.append(&mut met.postponed);
        for (id, object, words) in met.unexplained {
            // Of an object whose type has changed since, what it is followed as next is told then.
            if self.type_of(id) != object {
                continue;
            }
            match words {
                0 => _ = self.marks.unexplained.remove(&id),
                words => _ = self.marks.unexplained.insert(id, words),
            }
        }
    }

    /// What was marked, now that all types are known.
    pub(super) fn marked(&mut self, by_class: Vec<(RootClass, Share)>) -> Marked {
        let mut counts = std::mem::take(&mut self.marks.counts);
        counts.typed_words = counts.words.saturating_sub(self.untyped_words());
        counts.unexplained = self.marks.unexplained.values().map(|&words| u64::from(words)).sum();
        let reached = self.states.reached();
        let emptied = self.marks.steady.take().map(|steady| reached.minus(&steady)).unwrap_or_default();
        let absent = std::mem::take(&mut self.marks.absent);
        counts.absent = absent.by_class.iter().map(|sum| sum.object_words).sum();
        let mut unexplained: Vec<ObjectId> = self.marks.unexplained.keys().copied().collect();
        unexplained.sort_unstable();
        let unexplained = unexplained.into_iter().take(SHOWN).map(Sample::Object).collect();
        let bad_roots = std::mem::take(&mut self.marks.bad_roots);
        let held_anyhow = std::mem::take(&mut self.marks.held_anyhow);
        Marked { by_class, counts, reached, emptied, held_anyhow, absent, bad_roots, unexplained }
    }

    /// Pointers in reached objects whose type is not known.
    fn untyped_words(&self) -> u64 {
        let spans = self.model.heap.spans.par_iter().enumerate().filter(|(_, span)| !span.is_noscan());
        let words_of = |(index, _): (usize, &Span<'_>)| {
            let index = index as u32;
            let unknown = self.states.allocated_in(self.ids_of(index)).filter(|(_, object)| !object.is_known());
            let reached = unknown.map(|(id, _)| id).filter(|&id| self.states.get(id).is_reached());
            reached.map(|id| self.words_in(self.objects.slot_in(id, index))).sum::<u64>()
        };
        spans.map(words_of).sum()
    }

    fn words_in(&self, slot: Slot) -> u64 {
        let (masks, span) = (&self.model.masks, self.objects.span(slot));
        let (start, mut words) = (self.objects.address(slot), 0);
        // Where any word may be a pointer, those that lead to objects were counted.
        let is_known = masks.is_known(span, slot.slot);
        let is_pointer = |value: u64| value != 0 && (is_known || self.objects.find_allocated(value).is_some());
        self.place(slot, span).for_each_offset(|offset| {
            words += u64::from(masks.word(span, start + offset).is_some_and(is_pointer));
        });
        words
    }
}
