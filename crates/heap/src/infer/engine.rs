//! The levels of the inference.

use super::follow::Desk;
use super::leads::Leads;
use super::proposal::Proposal;
use super::shapes::{Inner, Shapes};
use super::{InferenceCounts, candidates};
use crate::object::{ObjectId, ObjectTable, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::resolve::{Need, Resolver};
use crate::root::UntypedRoot;
use crate::span_scan::SpanScan;
use goheap_graph::IdBitSet;
use goheap_runtime::{CodeReferences, MALLOC_HEADER_BYTES, Meter, RuntimeModel, Span};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rounds of candidates: each may lead on to objects that were unknown before.
const MAX_ROUNDS: usize = 8;
/// Objects of a level from which on threads share it: lists of millions of nodes have as many levels of one.
const PARALLEL: usize = 4096;
/// Objects that a thread takes at once.
const PART: usize = 1024;
/// So many changed objects are put in order by a set of all objects.
const MANY: usize = 1 << 16;
/// Slots whose changed objects one thread puts in order.
const RANGE: u32 = 1 << 18;

/// The inference at work, and its result.
pub(crate) struct Inference<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    /// Counts objects that are followed.
    pub(super) meter: &'a Meter<'a>,
    pub(super) objects: &'a ObjectTable<'m, 'p>,
    pub(super) resolver: &'a mut Resolver<'m>,
    pub(super) shapes: Shapes,
    pub(super) leads: Leads,
    pub(super) spans: Vec<SpanScan<'p>>,
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

/// Stands in the table of types for slots that are free, so that one look at it tells all that following asks of a target; no type has such bits.
pub(super) const FREE: u32 = 1;

/// An object to be followed, with the type that it had when its level began.
pub(super) type Work = (Slot, ObjectType);

/// What following some objects led to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) changed: Vec<ObjectId>,
    /// Kinds of object that were met for the first time.
    pub(super) kinds: Vec<ObjectType>,
    pub(super) again: Vec<Work>,
    pub(super) needs: Vec<Need>,
    pub(super) hints: Vec<(ObjectId, Inner)>,
    pub(super) refused: Vec<ObjectId>,
    pub(super) conflicts: Vec<ObjectId>,
}

impl Outcome {
    /// Adds what something else led to; in no order that matters.
    pub(super) fn append(&mut self, mut other: Outcome) {
        self.changed.append(&mut other.changed);
        self.append_rest(other);
    }

    fn append_rest(&mut self, mut other: Outcome) {
        self.kinds.append(&mut other.kinds);
        self.again.append(&mut other.again);
        self.needs.append(&mut other.needs);
        self.hints.append(&mut other.hints);
        self.refused.append(&mut other.refused);
        self.conflicts.append(&mut other.conflicts);
    }
}

impl<'a, 'm, 'p> Inference<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        meter: &'a Meter<'a>,
    ) -> Self {
        let types: Vec<AtomicU32> =
            std::iter::repeat_with(|| AtomicU32::new(FREE)).take(objects.len() as usize).collect();
        for id in objects.allocated_ids().iter_ones() {
            types[id as usize].store(ObjectType::UNKNOWN.to_bits(), Ordering::Relaxed);
        }
        let shapes = Shapes::new(resolver, model.masks.has_headers());
        let mut leads = Leads::new();
        leads.grow(resolver.types.len());
        Inference {
            model,
            meter,
            objects,
            resolver,
            shapes,
            leads,
            spans: SpanScan::all(model, objects),
            types,
            hints: Vec::new(),
            code: None,
            choices: candidates::Choices::default(),
            refused: IdBitSet::default(),
            conflicts: IdBitSet::default(),
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
        let types: Vec<ObjectType> = self.types.into_iter().map(|bits| type_of(bits.into_inner())).collect();
        let counts = InferenceCounts {
            refused: self.refused.count(),
            conflicts: self.conflicts.count(),
            candidates: types.iter().filter(|ty| ty.evidence() == Evidence::Candidate).count() as u64,
        };
        (types, counts)
    }

    /// The type of an object so far.
    pub(super) fn type_of(&self, id: ObjectId) -> ObjectType {
        type_of(self.types[id.0 as usize].load(Ordering::Relaxed))
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
            self.leads.grow(self.resolver.types.len());
            self.types[slot.id.0 as usize].store(object.to_bits(), Ordering::Relaxed);
            self.changed(slot.id, object, span.is_noscan(), outcome);
        }
    }

    /// Notes that an object has a new type, unless that leads nowhere.
    pub(super) fn changed(&self, id: ObjectId, object: ObjectType, is_noscan: bool, outcome: &mut Outcome) {
        if self.leads.meet(object) {
            outcome.kinds.push(object);
        }
        if !is_noscan || object.part().is_inside() {
            outcome.changed.push(id);
        }
    }

    /// Follows what changed, level by level, until nothing does.
    fn follow_all(&mut self, first: Outcome) {
        let mut level = self.next_level(vec![first]);
        let mut desk = Desk::default();
        while !level.is_empty() {
            let outcomes = match &level[..] {
                [list] if list.len() < PARALLEL => vec![self.follow_part(list, &mut desk)],
                _ => {
                    let parts = level.par_iter().flat_map(|list| list.par_chunks(PART));
                    parts.map_init(Desk::default, |desk, part| self.follow_part(part, desk)).collect()
                }
            };
            drop(level);
            level = self.next_level(outcomes);
        }
    }

    /// Loads what was missing; the objects to follow next, in lists none of which is empty.
    fn next_level(&mut self, outcomes: Vec<Outcome>) -> Vec<Vec<Work>> {
        let (mut changed, mut rest) = (Vec::with_capacity(outcomes.len()), Outcome::default());
        for mut outcome in outcomes {
            changed.push(std::mem::take(&mut outcome.changed));
            rest.append_rest(outcome);
        }
        rest.needs.sort_unstable();
        rest.needs.dedup();
        rest.needs.into_iter().for_each(|need| self.resolver.load(need));
        self.leads.grow(self.resolver.types.len());
        rest.kinds.into_iter().for_each(|kind| self.leads.compile(self.resolver, &self.shapes, kind));
        self.hints.append(&mut rest.hints);
        rest.refused.into_iter().for_each(|id| _ = self.refused.insert(id.0));
        rest.conflicts.into_iter().for_each(|id| _ = self.conflicts.insert(id.0));
        let mut again = rest.again;
        again.sort_unstable_by_key(|(slot, object)| (slot.id, object.to_bits()));
        again.dedup();
        let mut level = self.in_order(changed);
        level.push(again);
        level.retain(|list| !list.is_empty());
        level
    }

    /// The objects that changed, each once, by number and with the type that they have now.
    fn in_order(&self, changed: Vec<Vec<ObjectId>>) -> Vec<Vec<Work>> {
        let work = |slot: Slot| (slot, self.type_of(slot.id));
        if changed.iter().map(Vec::len).sum::<usize>() < MANY {
            let mut changed = changed.concat();
            changed.sort_unstable();
            changed.dedup();
            return vec![changed.into_iter().map(|id| work(self.objects.slot(id))).collect()];
        }
        let mut ids = IdBitSet::with_room_for(self.objects.len());
        changed.into_iter().flatten().for_each(|id| _ = ids.insert(id.0));
        let starts: Vec<u32> = (0..self.objects.len()).step_by(RANGE as usize).collect();
        let list = |start: u32| {
            let range = start..start.saturating_add(RANGE).min(self.objects.len());
            self.objects.slots_of(ids.ones_in(range)).map(work).collect()
        };
        starts.into_par_iter().map(list).collect()
    }
}

/// The type of what a word of the table stands for.
#[inline]
fn type_of(bits: u32) -> ObjectType {
    if bits == FREE { ObjectType::UNKNOWN } else { ObjectType::from_bits(bits) }
}

/// Bytes before the payload of the span's slots.
pub(crate) fn payload_offset(model: &RuntimeModel<'_>, span: &Span<'_>) -> u64 {
    if span.has_headers(model.masks.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
}
