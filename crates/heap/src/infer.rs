//! Which type every object has: evidence flows from what is certain along typed pointers until nothing changes.
//!
//! A better type replaces a worse by one order (evidence, then size, then the lower id), so the order in which objects are
//! visited does not matter to the end; and the collector's own bits judge: a type whose pointers are not exactly the
//! slot's is refused.

use crate::fit::{Candidate, Fit};
use crate::object::{ObjectTable, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::resolve::{Meaning, Resolver};
use goheap_runtime::{MALLOC_HEADER_BYTES, RuntimeModel, Span, TypeId};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// What was met on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InferenceCounts {
    /// Pointers whose type their target's bits or size refused.
    pub refused: u64,
    /// Objects for which two types fitted equally well by evidence.
    pub conflicts: u64,
}

/// The inference at work, and its result.
pub(crate) struct Inference<'a, 'm, 'p> {
    model: &'m RuntimeModel<'p>,
    objects: &'a ObjectTable<'m, 'p>,
    resolver: &'a mut Resolver<'m>,
    fit: Fit,
    types: Vec<ObjectType>,
    queue: VecDeque<Slot>,
    counts: InferenceCounts,
}

/// A pointer that tells the type of what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) address: u64,
    pub(crate) part: Part,
    pub(crate) ty: TypeId,
    pub(crate) evidence: Evidence,
}

impl<'a, 'm, 'p> Inference<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
    ) -> Self {
        let types = vec![ObjectType::UNKNOWN; objects.len() as usize];
        let (queue, counts) = (VecDeque::new(), InferenceCounts::default());
        Inference { model, objects, resolver, fit: Fit::default(), types, queue, counts }
    }

    /// Takes the types that the runtime recorded, then `seeds`, and follows what they lead to.
    pub(crate) fn run(mut self, seeds: impl IntoIterator<Item = Proposal>) -> (Vec<ObjectType>, InferenceCounts) {
        self.take_recorded();
        seeds.into_iter().for_each(|seed| self.propose(seed));
        while let Some(slot) = self.queue.pop_front() {
            self.follow(slot);
        }
        (self.types, self.counts)
    }

    /// Malloc headers and large spans name the type of the elements, not how many there are.
    fn take_recorded(&mut self) {
        let objects = self.objects;
        for slot in objects.allocated() {
            let span = objects.span(slot);
            let Some((descriptor, payload)) = self.model.masks.recorded_type(span, slot.slot) else { continue };
            let Some(ty) = self.resolver.trusted_descriptor(descriptor) else { continue };
            let (room, size) = (span.elem_size - payload, self.resolver.types.get(ty).size);
            let part = if size > 0 && room / size >= 2 { Part::Elements } else { Part::Value };
            if self.is_named(ty) {
                self.set(slot, ObjectType::new(part, ty, Evidence::Exact));
            }
        }
    }

    /// The synthetic types of unrolled GC programs (1.22 and 1.23) and of user arenas describe pointers, not a Go type.
    fn is_named(&self, ty: TypeId) -> bool {
        !matches!(self.resolver.types.get(ty).kind, goheap_runtime::Kind::Opaque)
    }

    fn set(&mut self, slot: Slot, ty: ObjectType) {
        if ty.is_known() {
            self.types[slot.id.0 as usize] = ty;
            self.queue.push_back(slot);
        }
    }

    /// Proposes a type for everything that the object leads to.
    fn follow(&mut self, slot: Slot) {
        let (objects, masks) = (self.objects, &self.model.masks);
        let span = objects.span(slot);
        let (object, start, payload) =
            (self.types[slot.id.0 as usize], objects.address(slot), payload_offset(self.model, span));
        let (address, room) = (start + payload, span.elem_size - payload);
        let resolver = &mut *self.resolver;
        let insides = resolver.containers.insides(&resolver.types, object.part(), object.ty(), address, room);
        for inside in insides {
            self.propose(Proposal {
                address: inside.address,
                part: inside.part,
                ty: object.ty(),
                evidence: Evidence::Derived,
            });
        }
        masks.for_each_offset(span, slot.slot, |offset| {
            let Some(value) = masks.word(span, start + offset).filter(|&value| value != 0) else { return };
            let Some(inner) = offset.checked_sub(payload) else { return };
            if let Some(proposal) = pointed(self.resolver, object, inner, start + offset, value) {
                self.propose(proposal);
            }
        });
    }

    /// Takes a proposed type if it fits its target and is better than what is known.
    pub(crate) fn propose(&mut self, proposal: Proposal) {
        let Some(slot) = self.objects.find_allocated(proposal.address) else { return };
        let span = self.objects.span(slot);
        // A tiny block holds several objects, none of them with pointers: no one type is right.
        if span.is_tiny_class() {
            return;
        }
        let new = ObjectType::new(proposal.part, proposal.ty, proposal.evidence);
        let old = self.types[slot.id.0 as usize];
        if new.is_same_kind(old) && new.evidence() <= old.evidence() {
            return;
        }
        if !self.fits(&proposal, slot, span) {
            self.counts.refused += 1;
            return;
        }
        if old.is_known() && new.ty() == old.ty() && new.part() == Part::Elements && old.part() == Part::Value {
            // A header tells the type of the elements alone; the slice tells that it is one.
            return self.set(slot, new.with_evidence(old.evidence().max(new.evidence())));
        }
        if self.rank(new) > self.rank(old) {
            self.counts.conflicts +=
                u64::from(old.is_known() && !new.is_same_kind(old) && new.evidence() == old.evidence());
            self.set(slot, new);
        }
    }

    /// Machinery is told apart by its container's rule, which knows more than a pointer's type and than the header of a
    /// directory of tables: it goes before all else.
    fn rank(&self, object: ObjectType) -> (bool, Evidence, u64, Reverse<TypeId>, Reverse<Part>) {
        let size = if object.is_known() { self.resolver.types.get(object.ty()).size } else { 0 };
        (object.part().is_inside(), object.evidence(), size, Reverse(object.ty()), Reverse(object.part()))
    }

    fn fits(&mut self, proposal: &Proposal, slot: Slot, span: &Span<'p>) -> bool {
        let payload = payload_offset(self.model, span);
        let Some(offset) = proposal.address.checked_sub(self.objects.address(slot) + payload) else { return false };
        let size = self.resolver.types.get(proposal.ty).size;
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
        if proposal.part.is_inside() {
            let recorded = self.model.masks.recorded_type(span, slot.slot);
            let element = recorded.and_then(|(descriptor, _)| resolver.types.by_descriptor(descriptor));
            let element = element.map(|ty| resolver.types.get(ty).size);
            let room = span.elem_size - payload;
            return resolver.containers.can_hold(&resolver.types, proposal.part, proposal.ty, room, element);
        }
        let at = Candidate { masks: &self.model.masks, span, slot: slot.slot, payload };
        self.fit.fits(&resolver.types, at, proposal.part, proposal.ty)
    }
}

/// What the word `value` at `inner` of an object's payload tells of its target.
fn pointed(resolver: &mut Resolver<'_>, object: ObjectType, inner: u64, at: u64, value: u64) -> Option<Proposal> {
    let (part, ty, recorded) = match resolver.meaning(object, inner) {
        Meaning::Entry(_, _, entry) => {
            let (word, field) = (entry.word, entry.field);
            resolver.target(word, field, at)?
        }
        Meaning::Indirect(_, ty) => (Part::Value, ty, false),
        Meaning::Machinery | Meaning::Unexplained | Meaning::Untyped => return None,
    };
    let evidence = if recorded { Evidence::Exact } else { Evidence::Derived };
    Some(Proposal { address: value, part, ty, evidence })
}

/// Bytes before the payload of the span's slots.
pub(crate) fn payload_offset(model: &RuntimeModel<'_>, span: &Span<'_>) -> u64 {
    if span.has_headers(model.masks.has_headers()) { MALLOC_HEADER_BYTES } else { 0 }
}
