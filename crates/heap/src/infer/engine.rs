//! The levels of the inference.

use super::blocks::TinyBlocks;
use super::candidates;
use super::leads::Leads;
use super::marks::{Marked, Marks, Met};
use super::polls::Votes;
use super::rounds::{Choices, LastRound};
use super::shapes::{Inner, Shapes};
use super::state::{State, States};
use crate::meaning::resolve::{Need, Resolver};
use crate::objects::table::ObjectTable;
use crate::roots::root::RootSet;
use crate::samples::Sample;
use crate::scan::span_scan::SpanScan;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{Evidence, InferenceCounts, Meter, ObjectId, ObjectType, ObjectTypes, Part, SHOWN, Slot, TypeId};
use goheap_runtime::{AllocatedAs, CodeReferences, MALLOC_HEADER_BYTES, RuntimeModel, Span};
use rayon::prelude::*;

/// Rounds of candidates: each may lead on to objects that were unknown before.
const MAX_ROUNDS: usize = 8;

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
    pub(super) states: States,
    pub(super) tiny: TinyBlocks,
    pub(super) marks: Marks,
    /// What pointers that fit nothing say of objects without a type.
    pub(super) hints: Vec<(ObjectId, Inner)>,
    /// What code says of types.
    pub(super) code: CodeReferences,
    /// How code allocates values of the types that were known when the inference began.
    pub(super) used: Vec<AllocatedAs>,
    /// What objects without a type could be.
    pub(super) choices: Choices,
    pub(super) last_round: LastRound,
    /// What votes decided so far.
    pub(super) votes: Votes,
    /// Objects without type and pointers that may be told by what they hold; None before the first candidates are sought.
    pub(super) plain: Option<Vec<Slot>>,
    pub(super) refused: IdBitSet,
    pub(super) conflicts: IdBitSet,
    /// The shapes that the runtime recorded of objects that generic code allocated.
    pub(super) recorded_shapes: HashMap<ObjectId, TypeId>,
}

/// What the inference leaves.
pub(crate) struct Inferred {
    pub(crate) types: ObjectTypes,
    pub(crate) counts: InferenceCounts,
    pub(crate) marked: Marked,
    /// The first objects that two types fit.
    pub(crate) conflicts: Vec<Sample>,
    /// What votes decided.
    pub(crate) votes: Votes,
}

/// An object to be followed, with the state that it had when its level began.
pub(super) type Work = (ObjectId, State);

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
    pub(super) met: Met,
}

impl Outcome {
    /// Adds what something else led to; in no order that matters.
    pub(super) fn append(&mut self, mut other: Outcome) {
        self.changed.append(&mut other.changed);
        self.append_rest(other);
    }

    pub(super) fn append_rest(&mut self, mut other: Outcome) {
        self.kinds.append(&mut other.kinds);
        self.again.append(&mut other.again);
        self.needs.append(&mut other.needs);
        self.hints.append(&mut other.hints);
        self.refused.append(&mut other.refused);
        self.conflicts.append(&mut other.conflicts);
        self.met.append(other.met);
    }
}

impl<'a, 'm, 'p> Inference<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        meter: &'a Meter<'a>,
    ) -> Self {
        let shapes = Shapes::new(resolver, model.masks.has_headers(), model.red_zones);
        let code = CodeReferences::read(model, resolver.linked());
        let used = resolver.types.ids().map(|ty| candidates::used_by_code(&resolver.types, &code, ty)).collect();
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
            states: States::new(objects),
            tiny: TinyBlocks::new(&model.heap, objects),
            marks: Marks::default(),
            hints: Vec::new(),
            used,
            code,
            choices: Choices::default(),
            last_round: LastRound::default(),
            votes: Votes::default(),
            plain: None,
            refused: IdBitSet::default(),
            conflicts: IdBitSet::default(),
            recorded_shapes: HashMap::default(),
        }
    }

    /// Takes the types that the runtime recorded and those of the roots, marks what the roots reach, and follows what all that
    /// leads to.
    pub(crate) fn run(mut self, set: &RootSet) -> Inferred {
        let mut outcome = Outcome::default();
        self.take_recorded(&mut outcome);
        set.proposals.iter().for_each(|&seed| self.propose(seed, &mut outcome));
        // Each is followed when it is reached.
        self.absorb(vec![outcome]);
        self.marks.absent = set.absent.clone();
        let by_class = self.mark(set);
        self.marks.with_unreached = true;
        let level = self.pending();
        self.follow_levels(level);
        let mut left = u64::MAX;
        for _ in 0..MAX_ROUNDS {
            self.settle_tiny();
            let found = candidates::propose(&mut self, &set.untyped);
            let choices = self.choices.len();
            if found.changed.is_empty() && choices == left {
                break;
            }
            left = choices;
            self.follow_all(found);
        }
        self.settle_tiny();
        let marked = self.marked(by_class);
        let first = self.conflicts.iter_ones().take(SHOWN).map(|id| Sample::Object(ObjectId(id))).collect();
        let (refused, conflicts) = (self.refused.count(), self.conflicts.count());
        let (types, mut votes) = (self.states.into_types(), self.votes);
        votes.settle(&types);
        let candidates = types.par_iter().filter(|ty| ty.evidence() == Evidence::Candidate).count() as u64;
        Inferred { types, counts: InferenceCounts { refused, conflicts, candidates }, marked, conflicts: first, votes }
    }

    /// The type of an object so far.
    pub(super) fn type_of(&self, id: ObjectId) -> ObjectType {
        self.states.get(id.0).object()
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
                self.recorded(slot, ty, span.elem_size - payload)
            };
            self.leads.grow(self.resolver.types.len());
            self.put(slot, outcome, |_| Some(object));
        }
    }

    /// The type of an object of `room` bytes whose elements the runtime recorded as `ty`.
    fn recorded(&mut self, slot: Slot, ty: TypeId, room: u64) -> ObjectType {
        let types = &self.resolver.types;
        let elem = self.shapes.instances.element(types, ty);
        let size = types.get(elem).size;
        let part = if size > 0 && room / size >= 2 { Part::Elements } else { Part::Value };
        if !self.shapes.instances.is_shape(elem) {
            return ObjectType::new(part, elem, Evidence::Exact);
        }
        self.recorded_shapes.insert(slot.id, elem);
        match self.shapes.instances.only(elem) {
            Some(instance) => ObjectType::new(part, instance, Evidence::Derived),
            None => ObjectType::new(part, elem, Evidence::Exact),
        }
    }

    /// Gives an object what `new` makes of its type, and notes that it changed, unless that leads nowhere.
    pub(super) fn put(&self, slot: Slot, outcome: &mut Outcome, mut new: impl FnMut(ObjectType) -> Option<ObjectType>) {
        let is_noscan = self.objects.span(slot).is_noscan();
        let mut object = ObjectType::UNKNOWN;
        let before = self.states.update(slot.id, |state| {
            object = new(state.object())?;
            Some(state.with_object(object).pending(!is_noscan || object.part().is_inside()))
        });
        let Some(before) = before else { return };
        self.note_kind(object, outcome);
        if !before.is_pending() && (!is_noscan || object.part().is_inside()) {
            outcome.changed.push(slot.id);
        }
    }

    /// Notes a kind of object that is met for the first time.
    #[inline]
    pub(super) fn note_kind(&self, object: ObjectType, outcome: &mut Outcome) {
        if self.leads.meet(object) {
            outcome.kinds.push(object);
        }
    }
}

/// Bytes before the payload of the span's slots.
pub(crate) fn payload_offset(model: &RuntimeModel<'_>, span: &Span<'_>) -> u64 {
    if span.has_headers(model.masks.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
}
