//! One word of a frame at one instruction has one type: what the words there of many goroutines lead to is judged together, and is one.

use super::candidates::stands_out;
use super::confirm::{SlotWords, confirm};
use super::engine::{Inference, Outcome};
use super::fit::fits;
use crate::object::Slot;
use crate::object_type::{Evidence, ObjectType, Part};
use crate::root::{UntypedRoot, WordOwner};
use goheap_runtime::TypeId;

/// Objects of one place that are asked.
const MAX_ASKED: usize = 64;

/// Objects without a type, or with a guessed one, that words of one place lead to; only where there are several.
pub(super) fn polls(inference: &Inference<'_, '_, '_>, untyped: &[UntypedRoot]) -> Vec<Vec<Slot>> {
    let mut votes = Vec::new();
    for root in untyped {
        let WordOwner::Frame { pc, distance, .. } = root.owner else { continue };
        let Some(slot) = inference.objects.find_allocated(root.value) else { continue };
        let start = inference.objects.address(slot) + inference.place(slot, inference.objects.span(slot)).payload;
        if root.value == start && is_open(inference, slot) {
            votes.push((pc, distance, slot.id, slot));
        }
    }
    votes.sort_unstable_by_key(|&(pc, distance, id, _)| (pc, distance, id));
    votes.dedup_by_key(|&mut (pc, distance, id, _)| (pc, distance, id));
    let places = votes.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1));
    places.filter(|place| place.len() > 1).map(|place| place.iter().map(|vote| vote.3).collect()).collect()
}

fn is_open(inference: &Inference<'_, '_, '_>, slot: Slot) -> bool {
    let known = inference.type_of(slot.id);
    let is_guess = known.evidence() == Evidence::Candidate && known.part() == Part::Value;
    (!known.is_known() || is_guess) && !inference.objects.span(slot).is_tiny_class()
}

/// Gives all objects of a place the type that goes with every one of them, if one stands out.
pub(super) fn hold(inference: &Inference<'_, '_, '_>, poll: &[Slot], tried: usize, outcome: &mut Outcome) {
    let Some(&first) = poll.first() else { return };
    let place = |slot: Slot| inference.place(slot, inference.objects.span(slot));
    let fitting = inference.shapes.of(place(first));
    if fitting.len() > tried {
        return;
    }
    let step = poll.len().div_ceil(MAX_ASKED);
    let asked: Vec<SlotWords> = poll.iter().copied().step_by(step).map(SlotWords::of).collect();
    let agreed = |ty: TypeId| {
        let of_one = |words: &SlotWords| {
            let can_be = fits(inference.resolver, place(words.slot), Part::Value, ty);
            can_be.then(|| confirm(inference, words, Part::Value, ty)).flatten()
        };
        let sum = asked.iter().map(of_one).try_fold(0_u32, |sum, more| Some(sum.saturating_add(more?)))?;
        // In favour of it on average, rounded up: what a few say is something.
        Some((sum.div_ceil(asked.len() as u32), ty))
    };
    let mut ranked: Vec<(u32, TypeId)> = fitting.iter().filter_map(|&ty| agreed(ty)).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    let Some((part, ty)) = stands_out(inference, first, ranked) else { return };
    let elected = ObjectType::new(part, ty, Evidence::Candidate);
    for &slot in poll {
        let is_new = !inference.type_of(slot.id).is_same_kind(elected);
        if is_new && part == Part::Value && is_open(inference, slot) && fits(inference.resolver, place(slot), part, ty)
        {
            inference.put(slot, outcome, |old| (old.evidence() <= Evidence::Candidate).then_some(elected));
        }
    }
}
