//! The levels of the inference.

use super::fit::{Place, fits};
use super::proposal::{Proposal, better};
use super::shapes::{Inner, Shapes};
use super::{InferenceCounts, candidates};
use crate::object::{ObjectId, ObjectTable, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::resolve::{Meaning, Need, Resolver, Target};
use crate::root::UntypedRoot;
use goheap_graph::IdBitSet;
use goheap_runtime::{CodeReferences, MALLOC_HEADER_BYTES, RuntimeModel, Span};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rounds of candidates: each may lead on to objects that were unknown before.
const MAX_ROUNDS: usize = 8;
/// Objects of a level from which on threads share it: lists of millions of nodes have as many levels of one.
const PARALLEL: usize = 4096;
/// Objects that a thread takes at once.
const PART: usize = 1024;

/// The inference at work, and its result.
pub(crate) struct Inference<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) objects: &'a ObjectTable<'m, 'p>,
    pub(super) resolver: &'a mut Resolver<'m>,
    pub(super) shapes: Shapes,
    types: Vec<AtomicU32>,
    /// What pointers that fit nothing say of objects without a type.
    pub(super) hints: Vec<(ObjectId, Inner)>,
    /// What code says of types; read when the first candidates are sought.
    pub(super) code: Option<CodeReferences>,
    /// What objects without a type could be.
    pub(super) choices: candidates::Choices,
    refused: IdBitSet,
    conflicts: IdBitSet,
}

/// An object to be followed, with the type that it had when its level began.
type Work = (Slot, ObjectType);

/// What following some objects led to.
#[derive(Default)]
pub(super) struct Outcome {
    changed: Vec<Slot>,
    again: Vec<Work>,
    needs: Vec<Need>,
    hints: Vec<(ObjectId, Inner)>,
    refused: Vec<ObjectId>,
    conflicts: Vec<ObjectId>,
}

impl Outcome {
    /// Both; in no order that matters.
    fn with(mut self, mut other: Outcome) -> Outcome {
        self.changed.append(&mut other.changed);
        self.again.append(&mut other.again);
        self.needs.append(&mut other.needs);
        self.hints.append(&mut other.hints);
        self.refused.append(&mut other.refused);
        self.conflicts.append(&mut other.conflicts);
        self
    }
}

impl<'a, 'm, 'p> Inference<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
    ) -> Self {
        let types = std::iter::repeat_with(|| AtomicU32::new(0)).take(objects.len() as usize).collect();
        let shapes = Shapes::new(resolver, model.masks.has_headers());
        let (refused, conflicts) = (IdBitSet::default(), IdBitSet::default());
        Inference {
            model,
            objects,
            resolver,
            shapes,
            types,
            hints: Vec::new(),
            code: None,
            choices: candidates::Choices::default(),
            refused,
            conflicts,
        }
    }

    /// Takes the types that the runtime recorded, then `seeds`, and follows what they lead to.
    pub(crate) fn run(mut self, seeds: &[Proposal], untyped: &[UntypedRoot]) -> (Vec<ObjectType>, InferenceCounts) {
        let mut outcome = Outcome::default();
        self.take_recorded(&mut outcome);
        seeds.iter().for_each(|&seed| self.propose(seed, &mut outcome));
        self.follow_all(outcome);
        let mut left = u64::MAX;
        for _ in 0..MAX_ROUNDS {
            let found = candidates::propose(&mut self, untyped);
            let choices = self.choices.len();
            if found.changed.is_empty() && choices == left {
                break;
            }
            left = choices;
            self.follow_all(found);
        }
        let types: Vec<ObjectType> =
            self.types.into_iter().map(|bits| ObjectType::from_bits(bits.into_inner())).collect();
        let counts = InferenceCounts {
            refused: self.refused.count(),
            conflicts: self.conflicts.count(),
            candidates: types.iter().filter(|ty| ty.evidence() == Evidence::Candidate).count() as u64,
        };
        (types, counts)
    }

    /// The type of an object so far.
    pub(super) fn type_of(&self, id: ObjectId) -> ObjectType {
        ObjectType::from_bits(self.types[id.0 as usize].load(Ordering::Relaxed))
    }

    /// Malloc headers and large spans name the type of the elements, not how many there are.
    fn take_recorded(&mut self, outcome: &mut Outcome) {
        let objects = self.objects;
        for slot in objects.allocated_in(|span| self.model.masks.records_types(span)) {
            let span = objects.span(slot);
            let Some((descriptor, payload)) = self.model.masks.recorded_type(span, slot.slot) else { continue };
            let Some(ty) = self.resolver.trusted_descriptor(descriptor) else { continue };
            let object = if let Some((part, map)) = self.shapes.map_part(descriptor) {
                ObjectType::new(part, map, Evidence::Exact)
            } else if self.resolver.is_opaque(ty) {
                // The synthetic types of unrolled GC programs (1.22 and 1.23) and of user arenas describe pointers, not a Go
                // type.
                continue;
            } else {
                let (room, size) = (span.elem_size - payload, self.resolver.types.get(ty).size);
                let part = if size > 0 && room / size >= 2 { Part::Elements } else { Part::Value };
                ObjectType::new(part, ty, Evidence::Exact)
            };
            self.types[slot.id.0 as usize].store(object.to_bits(), Ordering::Relaxed);
            outcome.changed.push(slot);
        }
    }

    /// Follows what changed, level by level, until nothing does.
    fn follow_all(&mut self, first: Outcome) {
        let mut work = self.next_level(first);
        while !work.is_empty() {
            let outcome = if work.len() < PARALLEL {
                self.follow_part(&work)
            } else {
                work.par_chunks(PART).map(|part| self.follow_part(part)).reduce(Outcome::default, Outcome::with)
            };
            work = self.next_level(outcome);
        }
    }

    fn follow_part(&self, part: &[Work]) -> Outcome {
        let mut outcome = Outcome::default();
        part.iter().for_each(|&(slot, object)| self.follow(slot, object, &mut outcome));
        outcome
    }

    /// Loads what was missing; the objects to follow next.
    fn next_level(&mut self, mut outcome: Outcome) -> Vec<Work> {
        outcome.needs.sort_unstable();
        outcome.needs.dedup();
        outcome.needs.into_iter().for_each(|need| self.resolver.load(need));
        outcome.changed.sort_unstable_by_key(|slot| slot.id);
        outcome.changed.dedup();
        self.hints.append(&mut outcome.hints);
        for id in outcome.refused {
            self.refused.insert(id.0);
        }
        for id in outcome.conflicts {
            self.conflicts.insert(id.0);
        }
        let mut work = outcome.again;
        work.extend(outcome.changed.into_iter().map(|slot| (slot, self.type_of(slot.id))));
        work
    }

    /// Proposes a type for everything that the object leads to.
    fn follow(&self, slot: Slot, object: ObjectType, outcome: &mut Outcome) {
        let (objects, masks) = (self.objects, &self.model.masks);
        let span = objects.span(slot);
        let (start, payload) = (objects.address(slot), payload_offset(self.model, span));
        let (address, room) = (start + payload, span.elem_size - payload);
        let layout = || self.resolver.map_layout(object.ty());
        // What a candidate leads to is no more certain than itself.
        let evidence = object.evidence().min(Evidence::Derived);
        for inside in self.resolver.containers.insides(layout, object.part(), address, room) {
            let proposal = Proposal { address: inside.address, part: inside.part, ty: object.ty(), evidence };
            self.propose(proposal, outcome);
        }
        let needs = outcome.needs.len();
        masks.for_each_offset(span, slot.slot, |offset| {
            let Some(value) = masks.word(span, start + offset).filter(|&value| value != 0) else { return };
            let Some(inner) = offset.checked_sub(payload) else { return };
            if let Some(target) = objects.find_allocated(value) {
                self.follow_word(object, inner, (start + offset, value), target, outcome);
            }
        });
        if outcome.needs.len() > needs {
            outcome.again.push((slot, object));
        }
    }

    /// Proposes what the word `value`, which lies at `at` and at `inner` of an object's payload, tells of its target.
    fn follow_word(&self, object: ObjectType, inner: u64, (at, value): (u64, u64), slot: Slot, outcome: &mut Outcome) {
        let target = match self.resolver.meaning(object, inner) {
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
            Target::Needs(need) => outcome.needs.push(need),
            Target::Unknown => {}
        }
    }

    /// Takes a proposed type if it fits its target and is better than what is known.
    pub(super) fn propose(&self, proposal: Proposal, outcome: &mut Outcome) {
        if let Some(slot) = self.objects.find_allocated(proposal.address) {
            self.propose_at(slot, proposal, outcome);
        }
    }

    fn propose_at(&self, slot: Slot, mut proposal: Proposal, outcome: &mut Outcome) {
        (proposal.ty, proposal.evidence) = self.shapes.concrete(&self.resolver.types, proposal.ty, proposal.evidence);
        if proposal.evidence == Evidence::None {
            return;
        }
        let new = proposal.object_type();
        let old = self.type_of(slot.id);
        if new.is_same_kind(old) && new.evidence() <= old.evidence() {
            return;
        }
        let span = self.objects.span(slot);
        if old.evidence() == Evidence::Exact
            && self.is_recorded(span)
            && !new.part().is_inside()
            && new.ty() != old.ty()
        {
            return;
        }
        if self.fits(&proposal, slot, span) {
            self.raise(slot, new, outcome);
        } else if let Some(bare) = self.resolver.closures.bare(proposal.ty) {
            self.propose_at(slot, Proposal { ty: bare, ..proposal }, outcome);
        } else {
            outcome.refused.push(slot.id);
            self.inner(slot, span, proposal, outcome);
        }
    }

    fn is_recorded(&self, span: &Span<'p>) -> bool {
        span.is_large() || span.has_headers(self.model.masks.has_headers())
    }

    pub(super) fn raise(&self, slot: Slot, new: ObjectType, outcome: &mut Outcome) {
        let types = &self.resolver.types;
        let mut is_conflict = false;
        let raised = self.types[slot.id.0 as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
            let old = ObjectType::from_bits(bits);
            let are_sure = old.evidence().min(new.evidence()) >= Evidence::Derived;
            is_conflict = are_sure && !old.is_same_kind(new) && old.ty() != new.ty();
            let best = better(types, old, new);
            (best != old).then(|| best.to_bits())
        });
        if is_conflict {
            outcome.conflicts.push(slot.id);
        }
        if raised.is_ok() {
            outcome.changed.push(slot);
        }
    }

    /// A pointer that is not to the start of what it fits may be to a part of it.
    fn inner(&self, slot: Slot, span: &Span<'p>, proposal: Proposal, outcome: &mut Outcome) {
        if self.type_of(slot.id).evidence() > Evidence::Candidate || span.is_tiny_class() {
            return;
        }
        let place = self.place(slot, span);
        let start = self.objects.address(slot) + place.payload;
        let Some(offset) = proposal.address.checked_sub(start) else { return };
        let inner = Inner { offset, part: proposal.part, ty: proposal.ty };
        let is_guess = proposal.evidence == Evidence::Candidate;
        match self.shapes.holder(self.resolver, place, inner) {
            // A guess of a guess.
            Some((Part::Elements, _)) if is_guess && span.is_noscan() => {}
            Some((part, ty)) => self.raise(slot, ObjectType::new(part, ty, Evidence::Candidate), outcome),
            None => outcome.hints.push((slot.id, inner)),
        }
    }

    pub(super) fn place(&self, slot: Slot, span: &'a Span<'p>) -> Place<'_, 'p> {
        Place { masks: &self.model.masks, span, slot: slot.slot, payload: payload_offset(self.model, span) }
    }

    fn fits(&self, proposal: &Proposal, slot: Slot, span: &Span<'p>) -> bool {
        let payload = payload_offset(self.model, span);
        let Some(offset) = proposal.address.checked_sub(self.objects.address(slot) + payload) else { return false };
        let size = self.resolver.types.get(proposal.ty).size;
        // A tiny block holds several objects without pointers; it goes by the first.
        if span.is_tiny_class() {
            let has_no_pointers = || self.resolver.small_mask(proposal.ty) == Some(0);
            return offset == 0
                && match proposal.part {
                    Part::Value | Part::Elements => has_no_pointers(),
                    Part::StringData => true,
                    // 16 bytes without pointers are not put together with others.
                    Part::Closure => self.resolver.is_opaque(proposal.ty) || has_no_pointers(),
                    _ => false,
                };
        }
        let aligned = match proposal.part {
            // A slice may begin anywhere in its array, a string anywhere in its bytes.
            Part::Elements => size > 0 && offset.is_multiple_of(size),
            Part::StringData => true,
            _ => offset == 0,
        };
        if !aligned {
            return false;
        }
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
}

/// Bytes before the payload of the span's slots.
pub(crate) fn payload_offset(model: &RuntimeModel<'_>, span: &Span<'_>) -> u64 {
    if span.has_headers(model.masks.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
}

impl Inference<'_, '_, '_> {
    /// Takes the word `value` at `at` for the second of an interface if the first leads to a type or an itab of the program.
    pub(super) fn propose_pair(&self, target: Slot, at: u64, value: u64, outcome: &mut Outcome) {
        let Some(has_methods) = self.resolver.interface_before(at) else { return };
        let word = crate::plan::PointerWord::InterfaceData(has_methods);
        match self.resolver.target(word, goheap_runtime::TypeId(0), at, value) {
            Target::Known(part, ty, _) => {
                let proposal = Proposal { address: value, part, ty, evidence: Evidence::Derived };
                self.propose_at(target, proposal, outcome);
            }
            // It is there in the next round.
            Target::Needs(need) => outcome.needs.push(need),
            Target::Unknown => {}
        }
    }
}
