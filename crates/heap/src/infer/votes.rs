//! What words of one place lead to is judged together, and is one: all get the same answer, if enough of them agree on it.

use super::candidates::stands_out;
use super::confirm::{SlotWords, confirm};
use super::engine::{Inference, Outcome};
use super::fit::fits;
use super::polls::{Poll, Votes, is_open};
use goheap_model::contents::Vote;
use goheap_model::{Evidence, ObjectType, Part, Slot, TypeId};

/// Objects of one place that are asked which types it may be.
const MAX_ASKED: usize = 64;
/// Of so many objects one may contradict.
const MOST_AGREE: u64 = 20;

/// Gives all objects of a place the type that goes with nearly every one of them, if one stands out.
pub(super) fn hold(
    inference: &Inference<'_, '_, '_>,
    poll: &Poll,
    tried: usize,
    (votes, outcome): (&mut Votes, &mut Outcome),
) {
    let Some((part, ty)) = elect(inference, poll, tried) else { return };
    let elected = ObjectType::new(part, ty, Evidence::Candidate);
    let agree = poll.open.iter().filter(|&&slot| goes_with(inference, &SlotWords::of(slot), ty).is_some()).count();
    let vote = Vote { agree: (agree + poll.sure.len()) as u64, of: (poll.open.len() + poll.sure.len()) as u64 };
    if part != Part::Value || !is_enough(vote) {
        return;
    }
    for &slot in &poll.open {
        if fits(inference.resolver, inference.place(slot, inference.objects.span(slot)), part, ty) {
            votes.add(slot.id, elected, vote);
            let known = inference.type_of(slot.id);
            // What is not known reads as a value of the first type.
            if is_open(known) && !(known.is_known() && known.is_same_kind(elected)) {
                inference.put(slot, outcome, |old| (old.evidence() <= Evidence::Candidate).then_some(elected));
            }
        }
    }
}

fn is_enough(vote: Vote) -> bool {
    (vote.of - vote.agree).saturating_mul(MOST_AGREE) <= vote.of
}

/// The one type that stands out among those that nearly all can be; where the type of some is sure, that one, unless they differ.
fn elect(inference: &Inference<'_, '_, '_>, poll: &Poll, tried: usize) -> Option<(Part, TypeId)> {
    if let Some(sure) = poll.sure.first() {
        let is_one = sure.part() == Part::Value && poll.sure.iter().all(|other| other.is_same_kind(*sure));
        return is_one.then_some((Part::Value, sure.ty()));
    }
    let &first = poll.open.first()?;
    let fitting = inference.shapes.of(inference.place(first, inference.objects.span(first)));
    if fitting.len() > tried {
        return None;
    }
    let step = poll.open.len().div_ceil(MAX_ASKED);
    let asked: Vec<SlotWords> = poll.open.iter().copied().step_by(step).map(SlotWords::of).collect();
    let judged = |ty: TypeId| {
        let (mut vote, mut sum) = (Vote { agree: 0, of: asked.len() as u64 }, 0_u32);
        for score in asked.iter().filter_map(|words| goes_with(inference, words, ty)) {
            vote.agree += 1;
            sum = sum.saturating_add(score);
        }
        // In favour of it on average, rounded up: what a few say is something.
        is_enough(vote).then(|| (sum.div_ceil(asked.len() as u32), ty))
    };
    let mut ranked: Vec<(u32, TypeId)> = fitting.iter().filter_map(|&ty| judged(ty)).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    stands_out(inference, first, ranked)
}

/// How many words of an object are in favour of its being a `ty`; None if it cannot be.
fn goes_with(inference: &Inference<'_, '_, '_>, words: &SlotWords, ty: TypeId) -> Option<u32> {
    let slot: Slot = words.slot;
    let can_be = fits(inference.resolver, inference.place(slot, inference.objects.span(slot)), Part::Value, ty);
    can_be.then(|| confirm(inference, words, Part::Value, ty)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_twenty_may_contradict() {
        let is_enough = |agree, of| is_enough(Vote { agree, of });
        assert!(is_enough(2, 2) && is_enough(6_599, 6_603) && is_enough(19, 20));
        assert!(!is_enough(1, 2) && !is_enough(18, 19) && !is_enough(0, 1));
    }
}
