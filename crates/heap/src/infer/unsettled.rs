//! The objects that a round of candidates looks at.

use super::engine::Inference;
use super::headers;
use super::shapes::Inner;
use goheap_graph::IdBitSet;
use goheap_image::Address;
use goheap_model::{Evidence, ObjectId, ObjectType, Part, Slot};
use goheap_runtime::Span;
use rayon::prelude::*;
use std::ops::Range;

impl Inference<'_, '_, '_> {
    /// The objects of which nothing is known for sure, or nothing but what the runtime calls a container's header or a function's
    /// name; in order. Of those without a type and without pointers, which mostly are the bytes of garbage, only what may yet be
    /// told by its shape.
    pub(super) fn unsettled(&mut self, hints: &[(ObjectId, Inner)]) -> Vec<Slot> {
        let is_first = self.plain.is_none();
        let plain = self.plain.take().unwrap_or_default();
        let headers = headers::header_types(&self.resolver.types);
        let spans = (0..self.model.heap.spans.len() as u32).into_par_iter();
        let lists: Vec<(Vec<Slot>, Vec<Slot>)> =
            spans.map(|span| self.unsettled_of(span, is_first, &headers)).collect();
        let (mut unsettled, mut told) = (Vec::new(), plain);
        for (of_span, plain_of_span) in lists {
            unsettled.extend(of_span);
            told.extend(plain_of_span);
        }
        told.retain(|slot| !self.type_of(slot.id).is_known());
        let hinted = hints.iter().map(|(id, _)| self.objects.slot(*id));
        unsettled.extend(hinted.filter(|&slot| self.objects.span(slot).is_noscan()));
        unsettled.extend(&told);
        // Three lists in order, which a stable sort finds.
        unsettled.sort_by_key(|slot| slot.id);
        unsettled.dedup();
        self.plain = Some(told);
        unsettled
    }

    /// The unsettled objects of a span; apart from them, if that is asked for, those without type and pointers that may be told by
    /// their shape. What these hold does not change from round to round.
    fn unsettled_of(&self, span: u32, with_plain: bool, headers: &IdBitSet) -> (Vec<Slot>, Vec<Slot>) {
        let (mut unsettled, mut plain) = (Vec::new(), Vec::new());
        let is_noscan = self.model.heap.spans[span as usize].is_noscan();
        self.states.unlike_in(self.ids_of(span), |id, object| {
            if !object.is_known() && is_noscan {
                let slot = self.objects.slot_in(id, span);
                if with_plain && self.may_be_told(slot) {
                    plain.push(slot);
                }
            } else if is_unsettled(object, headers) {
                unsettled.push(self.objects.slot_in(id, span));
            } else {
                return Some(object);
            }
            None
        });
        (unsettled, plain)
    }

    /// The numbers of the slots of a span.
    pub(super) fn ids_of(&self, span: u32) -> Range<u32> {
        let first = self.objects.first_of(span);
        first..first + self.model.heap.spans[span as usize].nelems
    }

    /// True if an object without pointers may be a closure or a channel by what it holds.
    fn may_be_told(&self, slot: Slot) -> bool {
        let (memory, span) = (self.model.memory(), self.objects.span(slot));
        let first = memory.read_u64(Address(self.objects.address(slot)));
        first.is_some_and(|word| self.is_code(word)) || self.is_like_channel(slot, span)
    }

    fn is_code(&self, word: u64) -> bool {
        self.model.modules.iter().any(|module| module.text.contains(&word))
    }

    fn is_like_channel(&self, slot: Slot, span: &Span<'_>) -> bool {
        let fields = &self.model.layout.hchan;
        let at = Address(self.objects.address(slot));
        let word = |offset: u64| self.model.memory().read_u64(at.add(offset)).unwrap_or(0);
        span.elem_size >= fields.size
            && word(fields.elemtype) != 0
            && word(fields.elemtype).is_multiple_of(8)
            && word(fields.qcount) <= word(fields.dataqsiz)
    }
}

fn is_unsettled(known: ObjectType, headers: &IdBitSet) -> bool {
    known.evidence() <= Evidence::Candidate
        || known.part() == Part::Closure
        || known.part() == Part::Value && headers.contains(known.ty().0)
}
