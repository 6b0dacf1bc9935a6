//! The levels of the inference.

use super::proposal::Proposal;
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
    pub(super) types: Vec<AtomicU32>,
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
    pub(super) changed: Vec<Slot>,
    pub(super) again: Vec<Work>,
    pub(super) needs: Vec<Need>,
    pub(super) hints: Vec<(ObjectId, Inner)>,
    pub(super) refused: Vec<ObjectId>,
    pub(super) conflicts: Vec<ObjectId>,
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
}

/// Bytes before the payload of the span's slots.
pub(crate) fn payload_offset(model: &RuntimeModel<'_>, span: &Span<'_>) -> u64 {
    if span.has_headers(model.masks.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
}
