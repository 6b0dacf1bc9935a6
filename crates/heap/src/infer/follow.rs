//! Following objects whose type is known to what they lead to, in batches.

use super::engine::{Inference, Outcome, Work, payload_offset};
use super::leads::LeadCode;
use super::proposal::Proposal;
use super::state::State;
use crate::objects::page_table::Slots;
use crate::objects::table::Place;
use crate::scan::kind_plans::KindPlan;
use crate::scan::pieces::{is_in_pieces, pieces};
use crate::scan::word_batch::{BATCH, Word, WordBatch};
use goheap_model::{Evidence, ObjectType, Slot};

/// An object of the batch.
#[derive(Clone, Copy)]
pub(super) struct Object {
    pub(super) slot: Slot,
    pub(super) state: State,
    pub(super) plan: KindPlan<LeadCode>,
    /// First byte of the payload.
    pub(super) payload: u64,
    pub(super) bits: u64,
    /// True if no mask tells which of its words are pointers.
    pub(super) is_guessed: bool,
    /// Words so far that its type does not explain.
    pub(super) unexplained: u32,
}

/// What is known of the slot that a word leads into.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) state: State,
    /// The pointer bits of a slot of which nothing is known and whose span has them.
    pub(super) bits: u64,
}

/// Room to work in, used again.
#[derive(Default)]
pub(super) struct Desk {
    batch: Vec<Object>,
    words: WordBatch,
    known: Vec<Known>,
}

impl Inference<'_, '_, '_> {
    /// Marks everything that the objects lead to, if they are reached, and proposes types for it.
    pub(super) fn follow_part(&self, part: &[Work], desk: &mut Desk) -> Outcome {
        let mut outcome = Outcome::default();
        for work in part.chunks(BATCH) {
            let slots = || self.objects.slots_of(work.iter().map(|(id, _)| id.0));
            self.touch(slots());
            desk.batch.clear();
            for (slot, &(_, state)) in slots().zip(work) {
                if state.object().part().is_inside() {
                    self.follow_insides(slot, state.object(), &mut outcome);
                }
                let span = &self.spans[slot.span as usize];
                if span.has_bits() {
                    let start = span.start_of(slot.id.0);
                    let (payload, bits) = (span.base + start, span.pointer_bits(start));
                    desk.batch.push(self.object(slot, state, payload, bits));
                } else {
                    self.follow_batch(desk, &mut outcome);
                    self.follow_any(slot, state, desk, &mut outcome);
                    desk.batch.clear();
                }
            }
            self.follow_batch(desk, &mut outcome);
        }
        self.meter.add(part.len() as u64);
        outcome
    }

    fn object(&self, slot: Slot, state: State, payload: u64, bits: u64) -> Object {
        let plan = self.leads.of(state.object());
        Object { slot, state, plan, payload, bits, is_guessed: false, unexplained: 0 }
    }

    fn touch(&self, slots: impl Iterator<Item = Slot>) {
        let sum = slots.fold(0, |sum, slot| {
            let span = &self.spans[slot.span as usize];
            sum ^ span.touch(span.start_of(slot.id.0))
        });
        std::hint::black_box(sum);
    }

    /// The parts of a container that one of its parts leads to.
    fn follow_insides(&self, slot: Slot, object: ObjectType, outcome: &mut Outcome) {
        let span = self.objects.span(slot);
        let payload = payload_offset(self.model, span);
        let (address, room) = (self.objects.address(slot) + payload, span.elem_size - payload);
        let layout = || self.resolver.map_layout(object.ty());
        // What a candidate leads to is no more certain than itself.
        let evidence = object.evidence().min(Evidence::Derived);
        for inside in self.resolver.containers.insides(layout, object.part(), address, room) {
            let proposal = Proposal::new(inside.address, inside.part, object.ty(), evidence);
            self.propose(proposal, outcome);
        }
    }

    /// Follows an object of any size and release.
    fn follow_any(&self, slot: Slot, state: State, desk: &mut Desk, outcome: &mut Outcome) {
        use rayon::prelude::*;
        let (masks, span) = (&self.model.masks, self.objects.span(slot));
        if span.is_noscan() {
            return;
        }
        let payload = self.objects.address(slot) + payload_offset(self.model, span);
        let mut object = self.object(slot, state, payload, 0);
        object.is_guessed = !masks.is_known(span, slot.slot);
        if !is_in_pieces(masks, span) {
            let start = payload_offset(self.model, span);
            object.unexplained = self.follow_offsets(object, desk, outcome, |visit| {
                masks.for_each_offset(span, slot.slot, |offset| visit(offset.wrapping_sub(start)));
            });
            return self.note_unexplained(&object, outcome);
        }
        let pieces: Vec<_> = pieces(span.elem_size).collect();
        let pieces = pieces.into_par_iter().map_init(Desk::default, |desk, offsets| {
            let mut outcome = Outcome::default();
            let unexplained = self.follow_offsets(object, desk, &mut outcome, |visit| {
                masks.for_each_nonzero_offset_in(span, offsets, visit);
            });
            (outcome, unexplained)
        });
        for (piece, unexplained) in pieces.collect::<Vec<(Outcome, u32)>>() {
            outcome.append(piece);
            object.unexplained = object.unexplained.saturating_add(unexplained);
        }
        self.note_unexplained(&object, outcome);
    }

    /// Follows the words of an object at the offsets of the payload that `offsets` calls its argument with; how many of them its
    /// type does not explain.
    fn follow_offsets(
        &self,
        object: Object,
        desk: &mut Desk,
        outcome: &mut Outcome,
        offsets: impl FnOnce(&mut dyn FnMut(u64)),
    ) -> u32 {
        let (masks, span) = (&self.model.masks, self.objects.span(object.slot));
        desk.batch.clear();
        desk.batch.push(object);
        desk.words.clear();
        offsets(&mut |offset| {
            // A header that is no pointer of the payload has an offset before it.
            if offset >> 63 != 0 {
                return;
            }
            let Some(value) = masks.word(span, object.payload.wrapping_add(offset)) else { return };
            desk.words.push(Word { value, word: (offset / 8) as u32, object: 0 });
            if desk.words.is_full() {
                self.follow_words(desk, outcome);
                desk.words.clear();
            }
        });
        self.follow_words(desk, outcome);
        desk.batch.first().map_or(0, |object| object.unexplained)
    }

    fn follow_batch(&self, desk: &mut Desk, outcome: &mut Outcome) {
        desk.words.clear();
        for (index, object) in desk.batch.iter().enumerate() {
            let span = &self.spans[object.slot.span as usize];
            desk.words.push_slot(span, object.payload - span.base, object.bits, index as u32);
        }
        self.follow_words(desk, outcome);
        desk.batch.iter().for_each(|object| self.note_unexplained(object, outcome));
    }

    /// Tells of words that the type of a reached object does not explain, also that there are none any more.
    #[inline]
    fn note_unexplained(&self, object: &Object, outcome: &mut Outcome) {
        let state = object.state;
        if object.is_guessed {
            return;
        }
        if object.unexplained > 0 && state.is_reached() || state.was_followed() {
            outcome.met.unexplained.push((object.slot.id, state.object(), object.unexplained));
        }
    }

    /// Finds what the words lead to, and marks it or proposes what they say of it.
    fn follow_words(&self, desk: &mut Desk, outcome: &mut Outcome) {
        let Desk { batch, words, known } = desk;
        words.locate(self.objects);
        known.clear();
        known.extend(words.places().iter().map(|place| self.known(place)));
        for (known, place) in known.iter_mut().zip(words.places()) {
            let is_unknown = !known.state.is_free() && known.state.object() == ObjectType::UNKNOWN;
            if is_unknown && place.slots == Slots::WithBits {
                let span = &self.spans[place.span as usize];
                known.bits = span.pointer_bits(span.start_of(place.id));
            }
        }
        for ((word, place), known) in words.words().iter().zip(words.places()).zip(known.iter()) {
            self.follow_word(&mut batch[word.object as usize], word, place, known, outcome);
        }
    }

    #[inline]
    fn known(&self, place: &Place) -> Known {
        let state = if place.span == Place::NO_SPAN { State::FREE } else { self.states.get(place.id) };
        Known { state, bits: 0 }
    }
}
