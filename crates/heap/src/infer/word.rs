//! What one word says of its target.

use super::engine::{Inference, Outcome};
use super::follow::{Known, Object};
use super::leads::LeadCode;
use super::proposal::Proposal;
use super::state::State;
use crate::meaning::resolve::{Meaning, Target, Told};
use crate::objects::page_table::Slots;
use crate::objects::pointer_counts::count_stray;
use crate::objects::table::Place;
use crate::scan::word_batch::Word;
use goheap_model::{Evidence, ObjectId, ObjectType, Part};

impl Inference<'_, '_, '_> {
    /// Marks the target of a word, and proposes what the word says of it: both at once where a comparison shows that it fits an
    /// object of which nothing is known.
    #[inline]
    pub(super) fn follow_word(
        &self,
        from: &mut Object,
        word: &Word,
        place: &Place,
        known: &Known,
        outcome: &mut Outcome,
    ) {
        let code = self.leads.code(from.plan, word.word);
        let is_unmarked = from.state.is_unmarked();
        if from.is_guessed && known.state.is_free() {
            outcome.met.counts.conservative_misses += u64::from(is_unmarked && place.span != Place::NO_SPAN);
            return;
        }
        outcome.met.counts.words += u64::from(is_unmarked);
        from.unexplained += u32::from(code == LeadCode::UNEXPLAINED);
        if known.state.is_free() {
            return self.miss(from, word, place, code, outcome);
        }
        outcome.met.counts.to_objects += u64::from(is_unmarked);
        let marks = is_unmarked && !known.state.is_reached();
        if place.slots == Slots::Tiny {
            return self.follow_to_tiny(from, word, (place, code), marks, outcome);
        }
        if let Some(lead) = self.leads.lead(code) {
            let old = known.state.object();
            let new = lead.kind.with_evidence(lead.kind.evidence().min(from.state.object().evidence()));
            if old == ObjectType::UNKNOWN && lead.surely_fits(place, known.bits) {
                if self.take_unknown(place, known.state, new, marks, outcome) {
                    return;
                }
            } else if place.offset == 0 && new.is_same_kind(old) && new.evidence() <= old.evidence() {
                if marks {
                    self.reach(place, outcome);
                }
                return;
            }
        }
        if marks {
            self.reach(place, outcome);
        }
        if code != LeadCode::NOTHING && code != LeadCode::UNEXPLAINED && !self.ask(from, word, place, outcome) {
            from.unexplained += 1;
        }
    }

    /// Takes what a word says of the value in a block that it leads to, and marks the block where that is wanted.
    fn follow_to_tiny(
        &self,
        from: &mut Object,
        word: &Word,
        (place, code): (&Place, LeadCode),
        marks: bool,
        outcome: &mut Outcome,
    ) {
        if marks {
            self.reach(place, outcome);
        }
        if let Some(lead) = self.leads.lead(code) {
            let kind = lead.kind.with_evidence(lead.kind.evidence().min(from.state.object().evidence()));
            let value = self.tiny_value(place.offset, kind);
            if self.tiny.knows(place.id, place.span, value) {
                return;
            }
            if lead.surely_fits(place, 0) {
                self.take_tiny(place.id, place.span, value, outcome);
                return;
            }
        }
        if !from.is_guessed {
            self.claim_tiny(place, outcome);
        }
        if code != LeadCode::NOTHING && code != LeadCode::UNEXPLAINED && !self.ask(from, word, place, outcome) {
            from.unexplained += 1;
        }
    }

    /// Gives an object of which nothing is known its type and, where that is wanted, its mark; false if it is another by now.
    #[inline]
    fn take_unknown(&self, place: &Place, old: State, new: ObjectType, marks: bool, outcome: &mut Outcome) -> bool {
        if marks && old.is_reserved() {
            return false;
        }
        let changes = place.slots == Slots::WithBits || new.part().is_inside();
        let taken = old.with_object(new).pending(changes);
        if !self.states.replace(place.id, old, if marks { taken.reached() } else { taken }) {
            return false;
        }
        self.note_kind(new, outcome);
        if marks {
            self.count_reached(place, outcome);
        }
        // What is pending and not reached is in no list.
        if changes && (marks || !old.is_pending()) {
            outcome.changed.push(ObjectId(place.id));
        }
        true
    }

    /// A word that leads to no object.
    #[cold]
    fn miss(&self, from: &mut Object, word: &Word, place: &Place, code: LeadCode, outcome: &mut Outcome) {
        let offset = u64::from(word.word) * 8;
        if code == LeadCode::ASK {
            let meaning = self.resolver.meaning(from.state.object(), offset);
            from.unexplained += u32::from(matches!(meaning, Meaning::Unexplained));
        }
        let counts = &mut outcome.met.counts;
        match (from.state.is_unmarked(), place.span) {
            (false, _) => {}
            (true, Place::NO_SPAN) => count_stray(counts, &self.model.heap, from.payload + offset, word.value),
            (true, _) => counts.count_free(from.payload + offset),
        }
    }

    /// Proposes what a word says, whatever that depends on; false if its object's type has no pointer there.
    #[cold]
    #[inline(never)]
    fn ask(&self, from: &Object, word: &Word, place: &Place, outcome: &mut Outcome) -> bool {
        let (object, offset, value) = (from.state.object(), u64::from(word.word) * 8, word.value);
        let at = from.payload + offset;
        let slot = self.objects.slot_in(place.id, place.span);
        let target = match self.resolver.meaning(object, offset) {
            Meaning::Entry(_, _, entry) => self.resolver.target(entry.word, entry.field, at, value),
            Meaning::Indirect(_, ty) => Target::Known(Part::Value, ty, Told::ByType),
            Meaning::Machinery | Meaning::Untyped => return true,
            Meaning::Unexplained => return false,
        };
        match target {
            Target::Known(part, ty, told) => {
                let derived = object.evidence().min(Evidence::Derived);
                let evidence = if told == Told::ByType { derived } else { Evidence::Exact };
                let proposal = Proposal::new(value, part, ty, evidence);
                self.propose_at(slot, Proposal { is_box: told == Told::Box, ..proposal }, outcome);
            }
            Target::Needs(need) => {
                outcome.needs.push(need);
                if outcome.again.last().is_none_or(|(last, _)| *last != from.slot.id) {
                    outcome.again.push((from.slot.id, from.state.followed()));
                }
            }
            Target::Unknown => {}
        }
        true
    }
}
