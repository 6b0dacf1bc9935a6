//! What becomes of one proposal: taken, refused, or kept as a hint.

use super::engine::{Inference, Outcome, payload_offset};
use super::fit::{Place, fits};
use super::instances::{MAX_NESTED, stands_for};
use super::proposal::{Proposal, better};
use super::shapes::Inner;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Target, Told};
use goheap_model::{Evidence, Kind, ObjectType, Part, Slot, TypeId};
use goheap_runtime::Span;

/// What a pointer said of an object that is no such thing.
pub(super) struct Refused<'a, 'p> {
    /// Where the pointer leads.
    pub(super) address: u64,
    pub(super) inner: Inner,
    pub(super) place: Place<'a, 'p>,
}

impl<'a, 'p> Inference<'a, '_, 'p> {
    /// Takes a proposed type if it fits its target and is better than what is known.
    pub(super) fn propose(&self, proposal: Proposal, outcome: &mut Outcome) {
        if let Some(slot) = self.objects.find_allocated(proposal.address) {
            self.propose_at(slot, proposal, outcome);
        }
    }

    pub(super) fn propose_at(&self, slot: Slot, mut proposal: Proposal, outcome: &mut Outcome) {
        (proposal.ty, proposal.evidence) = self.shapes.concrete(&self.resolver.types, proposal.ty, proposal.evidence);
        let is_guess = proposal.evidence == Evidence::Candidate;
        if proposal.evidence == Evidence::None || is_guess && self.objects.span(slot).is_user_arena_chunk {
            return;
        }
        if let Some(&shape) = self.recorded_shapes.get(&slot.id) {
            return self.propose_for_shape(slot, shape, proposal, outcome);
        }
        let span = self.objects.span(slot);
        if span.is_tiny_class() {
            return self.propose_tiny(slot, &proposal, outcome);
        }
        let new = proposal.object_type();
        let old = self.type_of(slot.id);
        // A pointer elsewhere into the object is refused whether or not the object is known to be that by now: what is counted
        // must not depend on the order.
        let is_aligned = self.is_aligned(&proposal, slot, span);
        if is_aligned && new.is_same_kind(old) && new.evidence() <= old.evidence() {
            return;
        }
        if old.evidence() == Evidence::Exact
            && self.is_recorded(span)
            && !new.part().is_inside()
            && new.ty() != old.ty()
        {
            return;
        }
        if is_aligned && self.fits(&proposal, slot, span) {
            self.raise(slot, new, outcome);
        } else if let Some(bare) = self.resolver.closures.bare(proposal.ty) {
            self.propose_at(slot, Proposal { ty: bare, ..proposal }, outcome);
        } else {
            outcome.refused.push(slot.id);
            self.inner(slot, span, proposal, outcome);
        }
    }

    /// Takes the type of one value of an object that generic code allocated, if the shape that it did so by can be that: a pointer
    /// to any of several in a row tells what all are.
    fn propose_for_shape(&self, slot: Slot, shape: TypeId, proposal: Proposal, outcome: &mut Outcome) {
        let (old, types) = (self.type_of(slot.id), &self.resolver.types);
        let is_idle = old.ty() == proposal.ty && proposal.evidence <= old.evidence();
        if is_idle || !matches!(proposal.part, Part::Value | Part::Elements) {
            return;
        }
        let start = self.objects.address(slot) + payload_offset(self.model, self.objects.span(slot));
        let offset = proposal.address.checked_sub(start);
        if offset.and_then(|offset| offset.checked_rem(types.get(proposal.ty).size)) != Some(0) {
            return;
        }
        // What was recorded as several values may be pointed to as the array that it is.
        let (mut elem, mut part) = (proposal.ty, old.part());
        for _ in 0..MAX_NESTED {
            if stands_for(types, shape, elem) {
                return self.raise(slot, ObjectType::new(part, proposal.ty, proposal.evidence), outcome);
            }
            let Kind::Array(inner, _) = types.get(elem).kind else { return };
            (elem, part) = (inner, proposal.part);
        }
    }

    fn is_recorded(&self, span: &Span<'p>) -> bool {
        span.is_large() || span.has_headers(self.model.masks.has_headers())
    }

    pub(super) fn raise(&self, slot: Slot, new: ObjectType, outcome: &mut Outcome) {
        if self.objects.span(slot).is_tiny_class() {
            return self.raise_tiny(slot, new, outcome);
        }
        let types = &self.resolver.types;
        let mut is_conflict = false;
        self.put(slot, outcome, |old| {
            let are_sure = old.evidence().min(new.evidence()) >= Evidence::Derived;
            is_conflict = are_sure && !old.is_same_kind(new) && old.ty() != new.ty();
            let taken = better(types, &self.shapes.instances, old, new);
            (taken != old).then_some(taken)
        });
        if is_conflict {
            outcome.conflicts.push(slot.id);
        }
    }

    /// A pointer that is not to the start of what it fits may be to a part of it.
    fn inner(&self, slot: Slot, span: &Span<'p>, proposal: Proposal, outcome: &mut Outcome) {
        if self.type_of(slot.id).evidence() > Evidence::Candidate || span.is_user_arena_chunk {
            return;
        }
        let place = self.place(slot, span);
        let start = self.objects.address(slot) + place.payload;
        let Some(offset) = proposal.address.checked_sub(start) else { return };
        let inner = Inner { offset, part: proposal.part, ty: proposal.ty };
        let is_guess = proposal.evidence == Evidence::Candidate;
        let refused = Refused { address: proposal.address, inner, place };
        let whole = super::timers::holder(self, &refused).or_else(|| super::made_types::holder(self, &refused));
        if let Some(whole) = whole {
            let evidence = proposal.evidence.min(Evidence::Derived);
            return self.raise(slot, ObjectType::new(Part::Value, whole, evidence), outcome);
        }
        match self.shapes.holder(self.resolver, place, inner) {
            // A guess of a guess.
            Some((Part::Elements, _)) if is_guess && span.is_noscan() => {}
            Some((part, ty)) => self.raise(slot, ObjectType::new(part, ty, Evidence::Candidate), outcome),
            None => outcome.hints.push((slot.id, inner)),
        }
    }

    pub(super) fn place(&self, slot: Slot, span: &'a Span<'p>) -> Place<'_, 'p> {
        Place {
            masks: &self.model.masks,
            span,
            scan: &self.spans[slot.span as usize],
            slot: slot.slot,
            payload: payload_offset(self.model, span),
            red_zones: self.model.red_zones,
        }
    }

    /// True if what is proposed may begin where the pointer leads.
    fn is_aligned(&self, proposal: &Proposal, slot: Slot, span: &Span<'p>) -> bool {
        let payload = payload_offset(self.model, span);
        let Some(offset) = proposal.address.checked_sub(self.objects.address(slot) + payload) else { return false };
        match proposal.part {
            // A slice may begin anywhere in its array, a string anywhere in its bytes.
            Part::Elements => offset.checked_rem(self.resolver.types.get(proposal.ty).size) == Some(0),
            Part::StringData => true,
            _ => offset == 0,
        }
    }

    fn fits(&self, proposal: &Proposal, slot: Slot, span: &Span<'p>) -> bool {
        let payload = payload_offset(self.model, span);
        let resolver = &*self.resolver;
        if proposal.part.is_inside() && proposal.part != Part::Closure {
            let recorded = self.model.masks.recorded_type(span, slot.slot);
            let element = recorded.and_then(|(descriptor, _)| resolver.types.by_descriptor(descriptor));
            let element = element.map(|ty| resolver.types.get(ty).size);
            let room = span.elem_size - payload;
            let layout = || resolver.map_layout(proposal.ty);
            return resolver.containers.can_hold(&resolver.types, layout, (proposal.part, proposal.ty), room, element);
        }
        fits(resolver, self.place(slot, span), proposal.part, proposal.ty)
    }

    /// Takes the word `value` at `at` for the second of an interface if the first leads to a type or an itab of the program.
    pub(super) fn propose_pair(&self, target: Slot, at: u64, value: u64, outcome: &mut Outcome) {
        let Some(has_methods) = self.resolver.interface_before(at) else { return };
        let word = PointerWord::InterfaceData(has_methods);
        match self.resolver.target(word, TypeId(0), at, value) {
            Target::Known(part, ty, told) => {
                let proposal = Proposal::new(value, part, ty, Evidence::Derived);
                self.propose_at(target, Proposal { is_box: told == Told::Box, ..proposal }, outcome);
            }
            // It is there in the next round.
            Target::Needs(need) => outcome.needs.push(need),
            Target::Unknown => {}
        }
    }
}
