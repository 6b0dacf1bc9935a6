//! Objects that no pointer explains, by their shape: the types of the program that fit their slot, and of these the one whose
//! fields make sense.
//!
//! Each object has a list of types that it could be; a type is struck off when one of its pointers leads to an object that cannot
//! be what it says. What is left alone, or is confirmed by clearly more words than the next, is the candidate.

use super::captures;
use super::confirm::{SlotWords, confirm};
use super::engine::{Inference, Outcome};
use super::rounds::{Choices, Review};
use super::rows;
use super::shapes::{Inner, contains};
use super::windows::Windows;
use crate::meaning::plan::PointerWord;
use crate::roots::root::UntypedRoot;
use goheap_model::{Evidence, Kind, ObjectId, ObjectType, Part, Slot, TypeId, TypeTable};
use goheap_runtime::{AllocatedAs, CodeReferences};
use rayon::prelude::*;
use std::sync::Arc;

/// Types that are tried for one object.
const MAX_TRIED: usize = 512;
/// Of so few objects more types are tried.
const FEW_UNKNOWN: usize = 4096;
/// Objects that are looked at in one round. What they are found to be leads to most of the others; a heap of which nothing is known
/// must not take for ever.
const MAX_UNKNOWN: usize = 1 << 17;
/// So many pointers make a struct unlike others.
const MANY_POINTERS: u32 = 3;
/// Nodes of lists and trees are of so many pointers to their like.
const MAX_LINKS: usize = 4;
/// By so many words the best must be ahead of the second.
pub(super) const LEAD: u32 = 2;

/// Proposes a type for every object that has none and for which one stands out.
pub(super) fn propose(inference: &mut Inference<'_, '_, '_>, untyped: &[UntypedRoot]) -> Outcome {
    let last = std::mem::take(&mut inference.last_round);
    let mut hints = std::mem::take(&mut inference.hints);
    let newly_hinted = last.newly_hinted(&hints);
    hints.sort_unstable();
    hints.dedup();
    hints.retain(|(id, _)| !inference.type_of(*id).is_known());
    let unsettled = inference.unsettled(&hints);
    let is_unknown = |slot: &&Slot| !inference.type_of(slot.id).is_known();
    let unknown: Vec<Slot> = unsettled.iter().filter(is_unknown).take(MAX_UNKNOWN).copied().collect();
    captures::load(inference, &unknown);
    let windows = Windows::read(inference, &unknown, untyped);
    let mut outcome = Outcome::default();
    super::headers::propose(inference, &unsettled, &mut outcome);
    captures::propose(inference, &unsettled, &mut outcome);
    super::code::propose(inference, &inference.code, untyped, &mut outcome);
    let tried = if unknown.len() > FEW_UNKNOWN { MAX_TRIED } else { MAX_TRIED * 16 };
    let polls = super::polls::polls(inference, untyped);
    let review = Review::new(inference, last, (windows, newly_hinted, tried));
    // Every object is judged by what was known when the round began: so many threads may judge.
    let judged = unknown.par_iter().map(|&slot| judge(inference, slot, &review, &hints)).collect();
    let (next, idle) = take(inference, judged, &mut outcome);
    let mut votes = std::mem::take(&mut inference.votes);
    for poll in &polls {
        super::votes::hold(inference, poll, tried, (&mut votes, &mut outcome));
    }
    inference.votes = votes;
    inference.choices.changed(&next).for_each(|id| inference.states.note_changed(id));
    inference.last_round = review.into_last(hints.len(), idle);
    inference.hints = hints;
    inference.choices = next;
    outcome
}

/// What was found of an object, and the types that it can be.
struct Judged {
    slot: Slot,
    found: Option<(Part, TypeId)>,
    choices: Option<Arc<[TypeId]>>,
}

fn judge(inference: &Inference<'_, '_, '_>, slot: Slot, review: &Review, hints: &[(ObjectId, Inner)]) -> Judged {
    if review.spares(inference, slot) {
        return Judged { slot, found: None, choices: inference.choices.of(slot.id).cloned() };
    }
    let first = hints.partition_point(|(id, _)| *id < slot.id);
    let hints = hints[first..].iter().take_while(|(id, _)| *id == slot.id).map(|(_, inner)| *inner);
    let said = Said { hints: hints.collect(), capacities: review.windows.of(slot.id).collect() };
    let (mut choices, tried) = (None, review.bases.tried);
    let found = captures::closure(inference, slot).or_else(|| best(inference, slot, &said, tried, &mut choices));
    Judged { slot, found, choices }
}

/// Takes what was found; what objects can be now, and of which nothing was found.
fn take(inference: &Inference<'_, '_, '_>, judged: Vec<Judged>, outcome: &mut Outcome) -> (Choices, Vec<ObjectId>) {
    let (mut next, mut idle) = (Choices::default(), Vec::with_capacity(judged.len()));
    for Judged { slot, found, choices } in judged {
        if let Some((part, ty)) = found {
            let is_proved = part == Part::Value && super::tries::proves(inference, slot, ty);
            let evidence = if is_proved { Evidence::Derived } else { Evidence::Candidate };
            inference.raise(slot, ObjectType::new(part, ty, evidence), outcome);
        }
        idle.extend(found.is_none().then_some(slot.id));
        interfaces(inference, slot, outcome);
        next.set(slot.id, choices);
    }
    (next, idle)
}

/// The interfaces in an object without a type: a word that is no pointer to the collector and yet leads to a type or an itab,
/// before one that is.
fn interfaces(inference: &Inference<'_, '_, '_>, slot: Slot, outcome: &mut Outcome) {
    let (model, objects) = (inference.model, inference.objects);
    let span = objects.span(slot);
    let start = objects.address(slot);
    let mut before = None;
    inference.place(slot, span).for_each_offset(|offset| {
        let is_pair = offset >= 8 && before != Some(offset - 8);
        before = Some(offset);
        let at = start + offset;
        let Some(value) = model.masks.word(span, at).filter(|&value| is_pair && value != 0) else { return };
        let Some(target) = objects.find_allocated(value) else { return };
        inference.propose_pair(target, at, value, outcome);
    });
}

/// What pointers to an object say of it.
pub(super) struct Said {
    /// What lies in it.
    pub(super) hints: Vec<Inner>,
    /// The capacities of what may be slices of all of it.
    pub(super) capacities: Vec<u64>,
}

/// The one type that is better than every other for the slot; the types that it can be go to `choices`.
fn best(
    inference: &Inference<'_, '_, '_>,
    slot: Slot,
    said: &Said,
    tried: usize,
    choices: &mut Option<Arc<[TypeId]>>,
) -> Option<(Part, TypeId)> {
    let types = &inference.resolver.types;
    let span = inference.objects.span(slot);
    // A chunk of a user arena holds values of any types.
    if span.is_user_arena_chunk || span.is_tiny_class() || span.is_noscan() && said.hints.is_empty() {
        return None;
    }
    let fitting = inference.shapes.of(inference.place(slot, span));
    if fitting.len() > tried {
        return None;
    }
    let holds = |ty: TypeId| said.hints.iter().all(|&inner| is_idle(inference, inner) || contains(types, ty, inner));
    let words = SlotWords::of(slot);
    // Arrays, pointers and the like stand mostly in other values: alone only where code allocates them.
    let is_alone = |ty: TypeId| matches!(types.get(ty).kind, Kind::Struct(_)) || used(inference, ty).value;
    let left = inference.choices.of(slot.id).map_or(fitting, |left| left);
    let allowed = left.iter().filter(|&&ty| is_alone(ty) && holds(ty));
    let mut ranked: Vec<(u32, TypeId)> =
        allowed.filter_map(|&ty| Some((confirm(inference, &words, Part::Value, ty)?, ty))).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    let mut left: Vec<TypeId> = ranked.iter().map(|&(_, ty)| ty).collect();
    left.sort_unstable();
    *choices = Some(left.into());
    let most = ranked.first().map(|&(score, _)| score);
    if let Some(row) = rows::likely(inference, &words, said, most, tried) {
        return rows::best(inference, slot, &row);
    }
    stands_out(inference, slot, ranked)
}

/// What an object like that in `slot` is if these types are left of those that it could be, with what is in favour of each.
pub(super) fn stands_out(
    inference: &Inference<'_, '_, '_>,
    slot: Slot,
    mut ranked: Vec<(u32, TypeId)>,
) -> Option<(Part, TypeId)> {
    let types = &inference.resolver.types;
    let fitting = inference.shapes.of(inference.place(slot, inference.objects.span(slot)));
    ranked.dedup_by(|one, other| types.get(one.1).name == types.get(other.1).name);
    let whole = |ty| (!is_like_row(inference, slot, ty)).then(|| inference.shapes.whole(types, ty));
    match ranked[..] {
        [(score, only)] if score > 0 || fitting.len() == 1 && is_unlike_others(inference, only) => whole(only),
        [(first, best), (second, _), ..] if first >= second + LEAD => whole(best),
        [(1.., _), ..] => only_allocated(inference, &ranked).or_else(|| innermost(inference, &ranked)).and_then(whole),
        _ => None,
    }
}

/// How code allocates values of the type.
pub(super) fn used(inference: &Inference<'_, '_, '_>, ty: TypeId) -> AllocatedAs {
    let known = inference.used.get(ty.0 as usize).copied();
    known.unwrap_or_else(|| used_by_code(&inference.resolver.types, &inference.code, ty))
}

/// The same by a search.
pub(super) fn used_by_code(types: &TypeTable, code: &CodeReferences, ty: TypeId) -> AllocatedAs {
    types.get(ty).descriptor.map(|at| code.allocated_as(at)).unwrap_or_default()
}

/// The only type of the best of these that the program's code allocates values of.
fn only_allocated(inference: &Inference<'_, '_, '_>, ranked: &[(u32, TypeId)]) -> Option<TypeId> {
    let top = ranked.first()?.0;
    let mut allocated =
        ranked.iter().take_while(|(score, _)| *score == top).map(|&(_, ty)| ty).filter(|&ty| used(inference, ty).value);
    allocated.next().filter(|_| allocated.next().is_none())
}

/// True if the pointer bits of a type are so many that another allocation hardly has them by chance.
fn is_unlike_others(inference: &Inference<'_, '_, '_>, ty: TypeId) -> bool {
    let is_struct = matches!(inference.resolver.types.get(ty).kind, Kind::Struct(_));
    is_struct && inference.resolver.small_mask(ty).is_some_and(|mask| mask.count_ones() >= MANY_POINTERS)
}

/// The smallest of these types if it begins all others: what they have beyond it is zero in the object.
fn innermost(inference: &Inference<'_, '_, '_>, ranked: &[(u32, TypeId)]) -> Option<TypeId> {
    let types = &inference.resolver.types;
    let smallest = ranked.iter().map(|&(_, ty)| ty).min_by_key(|&ty| (types.get(ty).size, ty))?;
    let inner = Inner { offset: 0, part: Part::Value, ty: smallest };
    ranked.iter().all(|&(_, ty)| ty == smallest || contains(types, ty, inner)).then_some(smallest)
}

/// True if the type is nothing but several strings, or many pointers to one type, as an array of them is too; not of strings if code
/// allocates values of the type elsewhere than in interfaces, which would say so.
fn is_like_row(inference: &Inference<'_, '_, '_>, slot: Slot, ty: TypeId) -> bool {
    let span = inference.objects.span(slot);
    let place = inference.place(slot, span);
    let payload = place.payload;
    let mut words = Vec::new();
    place.for_each_offset(|offset| {
        words.push((offset - payload, inference.resolver.entry(ty, offset - payload).map(|entry| entry.word)));
    });
    let first = words.first().and_then(|(_, word)| *word);
    let is_dense = words.iter().enumerate().all(|(index, &(offset, word))| offset == index as u64 * 8 && word == first);
    match first {
        Some(PointerWord::Pointer(_)) => words.len() > MAX_LINKS && is_dense,
        Some(PointerWord::String) => {
            let uses = used(inference, ty);
            let is_row = words.iter().zip(0..).all(|(&(offset, word), index)| offset == index * 16 && word == first);
            words.len() > 1 && is_row && (!uses.value || uses.boxed)
        }
        _ => false,
    }
}

/// What the runtime calls a bucket of any map (runtime/map.go, up to 1.23).
const ANY_BUCKET: &str = "runtime.bmap";

/// True if the hint says nothing of what it lies in.
pub(super) fn is_idle(inference: &Inference<'_, '_, '_>, inner: Inner) -> bool {
    let ty = inference.resolver.types.get(inner.ty);
    inner.part == Part::StringData || matches!(ty.kind, Kind::Scalar | Kind::Opaque) || *ty.name == *ANY_BUCKET
}
