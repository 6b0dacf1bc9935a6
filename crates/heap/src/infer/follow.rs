//! Following objects whose type is known to what they lead to, in batches.

use super::engine::{FREE, Inference, Outcome, Work, payload_offset};
use super::leads::LeadCode;
use super::proposal::Proposal;
use crate::kind_plans::KindPlan;
use crate::object::{ObjectId, Place, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::page_table::Slots;
use crate::resolve::{Meaning, Target};
use crate::word_batch::{BATCH, Word, WordBatch};
use std::sync::atomic::Ordering;

/// An object of more bytes is followed in pieces of so many.
pub(super) const PIECE: u64 = 1 << 18;

/// An object of the batch.
#[derive(Clone, Copy)]
struct Object {
    slot: Slot,
    object: ObjectType,
    plan: KindPlan<LeadCode>,
    /// First byte of the payload.
    payload: u64,
    bits: u64,
}

/// What is known of the slot that a word leads into.
#[derive(Clone, Copy)]
struct Known {
    is_allocated: bool,
    object: ObjectType,
    /// The pointer bits of a slot of which nothing is known and whose span has them.
    bits: u64,
}

/// Room to work in, used again.
#[derive(Default)]
pub(super) struct Desk {
    batch: Vec<Object>,
    words: WordBatch,
    known: Vec<Known>,
}

impl Inference<'_, '_, '_> {
    /// Proposes a type for everything that the objects lead to.
    pub(super) fn follow_part(&self, part: &[Work], desk: &mut Desk) -> Outcome {
        let mut outcome = Outcome::default();
        for work in part.chunks(BATCH) {
            self.touch(work);
            desk.batch.clear();
            for &(slot, object) in work {
                if object.part().is_inside() {
                    self.follow_insides(slot, object, &mut outcome);
                }
                let span = &self.spans[slot.span as usize];
                if span.has_bits() {
                    let start = span.start_of(slot.id.0);
                    let (payload, bits) = (span.base + start, span.pointer_bits(start));
                    desk.batch.push(Object { slot, object, plan: self.leads.of(object), payload, bits });
                } else {
                    self.follow_batch(desk, &mut outcome);
                    self.follow_any(slot, object, desk, &mut outcome);
                    desk.batch.clear();
                }
            }
            self.follow_batch(desk, &mut outcome);
        }
        self.meter.add(part.len() as u64);
        outcome
    }

    fn touch(&self, work: &[Work]) {
        let sum = work.iter().fold(0, |sum, (slot, _)| {
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
            let proposal = Proposal { address: inside.address, part: inside.part, ty: object.ty(), evidence };
            self.propose(proposal, outcome);
        }
    }

    /// Follows an object of any size and release.
    fn follow_any(&self, slot: Slot, object: ObjectType, desk: &mut Desk, outcome: &mut Outcome) {
        use rayon::prelude::*;
        let (masks, span) = (&self.model.masks, self.objects.span(slot));
        if span.is_noscan() {
            return;
        }
        if span.elem_size <= PIECE || !masks.can_walk_pieces() || !span.is_large() {
            let payload = payload_offset(self.model, span);
            return self.follow_offsets(slot, object, desk, outcome, |visit| {
                masks.for_each_offset(span, slot.slot, |offset| visit(offset.wrapping_sub(payload)));
            });
        }
        let pieces = (0..span.elem_size.div_ceil(PIECE)).into_par_iter().map_init(Desk::default, |desk, piece| {
            let (start, mut outcome) = (piece * PIECE, Outcome::default());
            self.follow_offsets(slot, object, desk, &mut outcome, |visit| {
                let offsets = start..span.elem_size.min(start + PIECE);
                masks.for_each_nonzero_offset_in(span, offsets, visit);
            });
            outcome
        });
        pieces.collect::<Vec<Outcome>>().into_iter().for_each(|piece| outcome.append(piece));
    }

    /// Follows the words of an object at the offsets of the payload that `offsets` calls its argument with.
    fn follow_offsets(
        &self,
        slot: Slot,
        object: ObjectType,
        desk: &mut Desk,
        outcome: &mut Outcome,
        offsets: impl FnOnce(&mut dyn FnMut(u64)),
    ) {
        let (masks, span) = (&self.model.masks, self.objects.span(slot));
        let payload = self.objects.address(slot) + payload_offset(self.model, span);
        desk.batch.clear();
        desk.batch.push(Object { slot, object, plan: self.leads.of(object), payload, bits: 0 });
        desk.words.clear();
        offsets(&mut |offset| {
            // A header that is no pointer of the payload has an offset before it.
            let Some(value) = masks.word(span, payload.wrapping_add(offset)).filter(|_| offset >> 63 == 0) else {
                return;
            };
            desk.words.push(Word { value, word: (offset / 8) as u32, object: 0 });
            if desk.words.is_full() {
                self.follow_words(desk, outcome);
                desk.words.clear();
            }
        });
        self.follow_words(desk, outcome);
    }

    fn follow_batch(&self, desk: &mut Desk, outcome: &mut Outcome) {
        desk.words.clear();
        for (index, object) in desk.batch.iter().enumerate() {
            let span = &self.spans[object.slot.span as usize];
            desk.words.push_slot(span, object.payload - span.base, object.bits, index as u32);
        }
        self.follow_words(desk, outcome);
    }

    /// Finds what the words lead to, and proposes what they say of it.
    fn follow_words(&self, desk: &mut Desk, outcome: &mut Outcome) {
        let Desk { batch, words, known } = desk;
        words.locate(self.objects);
        known.clear();
        known.extend(words.places().iter().map(|place| self.known(place)));
        for (known, place) in known.iter_mut().zip(words.places()) {
            let is_unknown = known.is_allocated && known.object == ObjectType::UNKNOWN;
            if is_unknown && place.slots == Slots::InSpanBits {
                let span = &self.spans[place.span as usize];
                known.bits = span.pointer_bits(span.start_of(place.id));
            }
        }
        for ((word, place), known) in words.words().iter().zip(words.places()).zip(known.iter()) {
            if known.is_allocated {
                self.follow_word(&batch[word.object as usize], word, place, known, outcome);
            }
        }
    }

    #[inline]
    fn known(&self, place: &Place) -> Known {
        if place.span == Place::NO_SPAN {
            return Known { is_allocated: false, object: ObjectType::UNKNOWN, bits: 0 };
        }
        let bits = self.types[place.id as usize].load(Ordering::Relaxed);
        Known { is_allocated: bits != FREE, object: ObjectType::from_bits(bits), bits: 0 }
    }

    /// Proposes what a word says, at once where a comparison shows that it fits an object of which nothing is known.
    #[inline]
    fn follow_word(&self, from: &Object, word: &Word, place: &Place, known: &Known, outcome: &mut Outcome) {
        let code = self.leads.code(from.plan, word.word);
        if code == LeadCode::NOTHING {
            return;
        }
        if let Some(lead) = self.leads.lead(code) {
            let new = lead.kind.with_evidence(lead.kind.evidence().min(from.object.evidence()));
            if place.offset == 0 && new.is_same_kind(known.object) && new.evidence() <= known.object.evidence() {
                return;
            }
            if known.object == ObjectType::UNKNOWN && lead.surely_fits(place, known.bits) {
                let (unknown, new_bits) = (ObjectType::UNKNOWN.to_bits(), new.to_bits());
                let types = &self.types[place.id as usize];
                if types.compare_exchange(unknown, new_bits, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                    self.changed(ObjectId(place.id), new, place.slots != Slots::InSpanBits, outcome);
                    return;
                }
            }
        }
        self.ask(from, word, place, outcome);
    }

    /// Proposes what a word says, whatever that depends on.
    #[cold]
    #[inline(never)]
    fn ask(&self, from: &Object, word: &Word, place: &Place, outcome: &mut Outcome) {
        let (object, offset, value) = (from.object, u64::from(word.word) * 8, word.value);
        let at = from.payload + offset;
        let slot = self.objects.slot_in(place.id, place.span);
        let target = match self.resolver.meaning(object, offset) {
            Meaning::Entry(_, _, entry) => self.resolver.target(entry.word, entry.field, at, value),
            Meaning::Indirect(_, ty) => Target::Known(Part::Value, ty, false),
            Meaning::Machinery | Meaning::Unexplained | Meaning::Untyped => return,
        };
        match target {
            Target::Known(part, ty, recorded) => {
                let derived = object.evidence().min(Evidence::Derived);
                let evidence = if recorded { Evidence::Exact } else { derived };
                self.propose_at(slot, Proposal { address: value, part, ty, evidence }, outcome);
            }
            Target::Needs(need) => {
                outcome.needs.push(need);
                if outcome.again.last().is_none_or(|(last, _)| *last != from.slot) {
                    outcome.again.push((from.slot, object));
                }
            }
            Target::Unknown => {}
        }
    }
}
