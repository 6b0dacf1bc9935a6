//! Blocks of the tiny allocator (runtime/malloc.go `mallocgcTiny`): one slot for several values of less than 16 bytes without
//! pointers. A block goes by the first of them that is in use, since the others' types say nothing of it: what lies before may be dead.
//!
//! Nothing is followed from a block, so what is found of it is kept beside the states until those are asked. Values of 16 bytes have
//! slots of the same class to themselves.

use super::blocks::{BLOCK, TinyValue};
use super::engine::{Inference, Outcome};
use super::proposal::{Proposal, better};
use super::shapes::{Inner, contains};
use crate::objects::table::Place;
use goheap_model::{Evidence, ObjectId, ObjectType, Part, Slot, TypeId, TypeTable};
use goheap_runtime::Span;
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// Of these classes are values that lie in blocks, or in such slots alone.
const SIZES: [u64; 2] = [8, BLOCK];
/// Types that are looked through for values within others, all together. Hostile tables have many small ones, and as many parts.
const MAX_SEARCHED: usize = 1 << 26;

impl Inference<'_, '_, '_> {
    /// Notes that a live pointer leads to a value in a block.
    pub(super) fn claim_tiny(&self, place: &Place, outcome: &mut Outcome) {
        let value = self.tiny_value(place.offset, ObjectType::UNKNOWN);
        if !self.marks.with_unreached && !self.tiny.knows(place.id, place.span, value) {
            self.take_tiny(place.id, place.span, value, outcome);
        }
    }

    /// What a pointer says that is followed now: all that roots reach was followed before any garbage is.
    #[inline]
    pub(super) fn tiny_value(&self, offset: u64, object: ObjectType) -> TinyValue {
        TinyValue::new(!self.marks.with_unreached, offset, object)
    }

    /// Takes what is proposed for a value in a block if it can lie there; if not, there is one that is not known.
    pub(super) fn propose_tiny(&self, slot: Slot, proposal: &Proposal, outcome: &mut Outcome) {
        let Some(offset) = proposal.address.checked_sub(self.objects.address(slot)) else { return };
        let object = proposal.object_type();
        if self.tiny.knows(slot.id.0, slot.span, self.tiny_value(offset, object)) {
            return;
        }
        if let Some(evidence) = self.tiny_evidence(offset, proposal) {
            let value = self.tiny_value(offset, object.with_evidence(evidence));
            self.take_tiny(slot.id.0, slot.span, value, outcome);
            return;
        }
        if let Some(bare) = self.resolver.closures.bare(proposal.ty).filter(|_| offset == 0) {
            return self.propose_tiny(slot, &Proposal { ty: bare, ..*proposal }, outcome);
        }
        if offset == 0 {
            outcome.refused.push(slot.id);
        }
        self.claim_tiny(&self.objects.place(proposal.address), outcome);
    }

    /// Takes a value that can lie in the block; true if that changes what the block goes by.
    pub(super) fn take_tiny(&self, id: u32, span: u32, value: TinyValue, outcome: &mut Outcome) -> bool {
        let (types, instances) = (&self.resolver.types, &self.shapes.instances);
        let raised = self.tiny.raise(id, span, value, |one, other| better(types, instances, one, other));
        if raised.is_conflict {
            outcome.conflicts.push(ObjectId(id));
        }
        raised.is_other
    }

    /// Takes a type that the contents of a block tell of what it begins with.
    pub(super) fn raise_tiny(&self, slot: Slot, object: ObjectType, outcome: &mut Outcome) {
        let value = self.tiny_value(0, object);
        if self.take_tiny(slot.id.0, slot.span, value, outcome) {
            outcome.changed.push(slot.id);
        }
    }

    /// How sure it is that a value lies at `offset` as is proposed; None if it cannot, or if that cannot be told.
    fn tiny_evidence(&self, offset: u64, proposal: &Proposal) -> Option<Evidence> {
        let (ty, evidence) = (proposal.ty, proposal.evidence);
        let size = self.resolver.types.get(ty).size;
        let has_no_pointers = || self.resolver.small_mask(ty) == Some(0);
        match proposal.part {
            Part::StringData => Some(evidence),
            // Whose code is called is read from the beginning of the slot.
            Part::Closure if offset == 0 && (self.resolver.is_opaque(ty) || has_no_pointers()) => Some(evidence),
            Part::Value | Part::Elements if !is_placed(offset, size) || !has_no_pointers() => None,
            Part::Value if offset > 0 && !proposal.is_box => {
                let cap = self.alone(Inner { offset, part: Part::Value, ty });
                (cap > Evidence::None).then(|| evidence.min(cap))
            }
            Part::Value | Part::Elements => Some(evidence),
            _ => None,
        }
    }

    /// How surely a pointer into the midst of a block leads to a value of its own, not to a part of another: surely if the program has
    /// no type with such a part, probably if its code allocates such values and nothing that has them in it.
    fn alone(&self, inner: Inner) -> Evidence {
        let known = self.tiny.alone.read().ok().and_then(|known| known.get(&inner).copied());
        known.unwrap_or_else(|| {
            let found = self.find_alone(inner);
            if let Ok(mut known) = self.tiny.alone.write() {
                known.insert(inner, found);
            }
            found
        })
    }

    fn find_alone(&self, inner: Inner) -> Evidence {
        let (types, used) = (&self.resolver.types, |ty: TypeId| super::candidates::used(self, ty));
        let small = SIZES.into_iter().flat_map(|size| self.shapes.with_bits(size, 0));
        let count: usize = SIZES.into_iter().map(|size| self.shapes.with_bits(size, 0).len()).sum();
        if self.tiny.searched.fetch_add(count, Ordering::Relaxed) > MAX_SEARCHED {
            return Evidence::None;
        }
        let mut wholes = small.filter(|&&ty| may_lie_around(types, ty, inner)).peekable();
        let is_row = used(inner.ty).elements && inner.offset.checked_rem(types.get(inner.ty).size) == Some(0);
        if wholes.peek().is_none() && !is_row {
            return Evidence::Exact;
        }
        let is_allocated = |&ty: &TypeId| {
            let uses = used(ty);
            uses.value || uses.elements || uses.boxed
        };
        let is_likely = used(inner.ty).value && !is_row && !wholes.any(is_allocated);
        if is_likely { Evidence::Candidate } else { Evidence::None }
    }

    /// Gives the blocks the types of the values that they go by.
    pub(super) fn settle_tiny(&self) {
        let spans = self.model.heap.spans.par_iter().enumerate().filter(|(_, span)| span.is_tiny_class());
        spans.for_each(|(span, _): (usize, &Span<'_>)| {
            let span = span as u32;
            for id in self.ids_of(span) {
                let object = self.tiny.get(id, span).object();
                if object.is_known() {
                    self.states.settle(ObjectId(id), object);
                }
            }
        });
    }
}

/// True if a value of `ty` that has what is proposed as a part can lie somewhere in the block.
fn may_lie_around(types: &TypeTable, ty: TypeId, inner: Inner) -> bool {
    let mut starts = (0..=inner.offset).filter(|&start| is_placed(start, types.get(ty).size));
    starts.any(|start| contains(types, ty, Inner { offset: inner.offset - start, ..inner }))
}

/// True if a value of `size` bytes can be allocated at `offset` of a block (`mallocgcTiny`), or such values in a row begin there.
fn is_placed(offset: u64, size: u64) -> bool {
    let align = match size {
        _ if size.is_multiple_of(8) => 8,
        _ if size.is_multiple_of(4) => 4,
        _ if size.is_multiple_of(2) => 2,
        _ => 1,
    };
    size > 0 && offset.is_multiple_of(align) && offset.saturating_add(size) <= BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_where_the_allocator_puts_those_of_their_size() {
        assert!(is_placed(0, 16) && is_placed(8, 8) && is_placed(4, 12) && is_placed(5, 3) && is_placed(15, 1));
        assert!(!is_placed(4, 8) && !is_placed(2, 4) && !is_placed(1, 2), "not aligned");
        assert!(
            !is_placed(8, 16) && !is_placed(14, 3) && !is_placed(0, 17) && !is_placed(3, 0),
            "no room, or none needed"
        );
    }
}
