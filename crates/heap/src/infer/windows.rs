//! Headers of slices that no type explains: a word that leads to the start of an object, and behind it a length and a capacity by
//! which so many values fill that object.

use super::engine::Inference;
use crate::roots::root::{UntypedRoot, WordOwner};
use goheap_image::Address;
use goheap_model::{ObjectId, Slot};
use rayon::prelude::*;

/// A slice of less says nothing of its elements: one value fills its object too.
const LEAST: u64 = 2;

/// How many values lie in objects without a type, by what words that lead to them say; more than one number where they differ.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// In order, each once.
    capacities: Vec<(ObjectId, u64)>,
}

impl Windows {
    /// Looks at the words of package variables and of objects without a type.
    pub(super) fn read(inference: &Inference<'_, '_, '_>, unknown: &[Slot], untyped: &[UntypedRoot]) -> Self {
        let mut capacities = Vec::new();
        for root in untyped.iter().filter(|root| matches!(root.owner, WordOwner::Variable(_))) {
            capacities.extend(capacity(inference, root.at, root.value));
        }
        let found = unknown.par_iter().fold(Vec::new, |mut found, &slot| {
            of_object(inference, slot, &mut found);
            found
        });
        capacities.par_extend(found.flatten_iter());
        capacities.sort_unstable();
        capacities.dedup();
        Windows { capacities }
    }

    /// The capacities of slices that begin where the object does.
    pub(super) fn of(&self, id: ObjectId) -> impl Iterator<Item = u64> {
        let first = self.capacities.partition_point(|&(of, _)| of < id);
        self.capacities[first..].iter().take_while(move |(of, _)| *of == id).map(|&(_, capacity)| capacity)
    }
}

/// The headers in an object without a type: none reaches into the next pointer.
fn of_object(inference: &Inference<'_, '_, '_>, slot: Slot, capacities: &mut Vec<(ObjectId, u64)>) {
    let (masks, span) = (&inference.model.masks, inference.objects.span(slot));
    let start = inference.objects.address(slot);
    let mut before = None;
    let mut note = |offset: u64, next: u64| {
        let value = (next >= offset + 24).then(|| masks.word(span, start + offset)).flatten();
        capacities.extend(value.and_then(|value| capacity(inference, start + offset, value)));
    };
    inference.place(slot, span).for_each_offset(|offset| {
        if let Some(before) = before.replace(offset) {
            note(before, offset);
        }
    });
    if let Some(last) = before {
        note(last, span.elem_size);
    }
}

/// The object that `value` begins, if it has no type, and the capacity behind the word at `at`.
fn capacity(inference: &Inference<'_, '_, '_>, at: u64, value: u64) -> Option<(ObjectId, u64)> {
    let objects = inference.objects;
    let slot = objects.find_allocated(value)?;
    let span = objects.span(slot);
    let place = inference.place(slot, span);
    if span.is_noscan() || inference.type_of(slot.id).is_known() || value != objects.address(slot) + place.payload {
        return None;
    }
    let word = |index: u64| inference.model.memory().read_u64(Address(at).add(index * 8));
    let (len, capacity) = (word(1)?, word(2)?);
    let most = place.room().checked_div(capacity)?;
    let fills = place.is_smallest_for(capacity.checked_mul(most)?);
    (capacity >= LEAST && len <= capacity && fills).then_some((slot.id, capacity))
}
