//! Objects that no pointer explains, by their shape: the types of the program that fit their slot, and of these the one whose
//! fields make sense.
//!
//! Each object has a list of types that it could be; a type is struck off when one of its pointers leads to an object that cannot
//! be what it says. What is left alone, or is confirmed by clearly more words than the next, is the candidate.

use super::confirm::confirm;
use super::engine::{Inference, Outcome};
use super::fit::fits;
use super::shapes::{Inner, contains};
use crate::closures::is_closure_struct;
use crate::object::{ObjectId, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::plan::PointerWord;
use crate::resolve::{Need, Target};
use crate::root::UntypedRoot;
use goheap_image::Address;
use goheap_runtime::{AllocatedAs, CodeReferences, Kind, TypeId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

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
const LEAD: u32 = 2;

/// The types that objects could be, where there are any left and not too many.
#[derive(Debug, Default)]
pub(super) struct Choices {
    by_object: FxHashMap<ObjectId, Vec<TypeId>>,
}

impl Choices {
    /// Choices in all.
    pub(super) fn len(&self) -> u64 {
        self.by_object.values().map(|types| types.len() as u64).sum()
    }

    /// False if the object is known not to be a `ty`.
    pub(super) fn allow(&self, id: ObjectId, ty: TypeId) -> bool {
        self.by_object.get(&id).is_none_or(|types| types.contains(&ty))
    }
}

/// Proposes a type for every object that has none and for which one stands out.
pub(super) fn propose(inference: &mut Inference<'_, '_, '_>, untyped: &[UntypedRoot]) -> Outcome {
    if inference.code.is_none() {
        inference.code = Some(CodeReferences::read(inference.model, inference.resolver.linked()));
    }
    let mut hints = std::mem::take(&mut inference.hints);
    hints.sort_unstable();
    hints.dedup();
    hints.retain(|(id, _)| !inference.type_of(*id).is_known());
    let unsettled = inference.unsettled(&hints);
    let is_unknown = |slot: &&Slot| !inference.type_of(slot.id).is_known();
    let unknown: Vec<Slot> = unsettled.iter().filter(is_unknown).take(MAX_UNKNOWN).copied().collect();
    load_closures(inference, &unknown);
    let mut outcome = Outcome::default();
    super::headers::propose(inference, &unsettled, &mut outcome);
    captures(inference, &unsettled, &mut outcome);
    if let Some(code) = &inference.code {
        super::code::propose(inference, code, untyped, &mut outcome);
    }
    let tried = if unknown.len() > FEW_UNKNOWN { MAX_TRIED } else { MAX_TRIED * 16 };
    // Every object is judged by what was known when the round began: so many threads may judge.
    let judge = |&slot: &Slot| {
        let first = hints.partition_point(|(id, _)| *id < slot.id);
        let hints = hints[first..].iter().take_while(|(id, _)| *id == slot.id).map(|(_, inner)| *inner);
        let hints: Vec<Inner> = hints.collect();
        let mut choices = None;
        let found = closure(inference, slot).or_else(|| best(inference, slot, &hints, tried, &mut choices));
        (slot, found, choices)
    };
    let polls = super::votes::polls(inference, untyped);
    let judged: Vec<_> = unknown.par_iter().map(judge).collect();
    let mut next = Choices::default();
    for (slot, found, choices) in judged {
        if let Some((part, ty)) = found {
            let is_proved = part == Part::Value && super::tries::proves(inference, slot, ty);
            let evidence = if is_proved { Evidence::Derived } else { Evidence::Candidate };
            inference.raise(slot, ObjectType::new(part, ty, evidence), &mut outcome);
        }
        interfaces(inference, slot, &mut outcome);
        next.by_object.extend(choices.map(|choices| (slot.id, choices)));
    }
    for poll in &polls {
        super::votes::hold(inference, poll, tried, &mut outcome);
    }
    inference.hints = hints;
    inference.choices = next;
    outcome
}

/// Loads the closures that unknown objects may be.
fn load_closures(inference: &mut Inference<'_, '_, '_>, unknown: &[Slot]) {
    let memory = inference.model.memory();
    let in_text = |entry: &u64| inference.model.modules.iter().any(|module| module.text.contains(entry));
    let first_word = |slot: &Slot| memory.read_u64(Address(inference.objects.address(*slot)));
    let mut entries: Vec<u64> = unknown.iter().filter_map(first_word).filter(in_text).collect();
    entries.sort_unstable();
    entries.dedup();
    entries.retain(|&entry| inference.resolver.closures.get(entry).is_none());
    entries.into_iter().for_each(|entry| inference.resolver.load(Need::Closure(entry)));
}

/// The closure that the object is, if its first word calls a function with such a name: what merely looks like a function's address
/// is one of all functions.
fn closure(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<(Part, TypeId)> {
    const NAMES: [&str; 6] =
        [".func", ".gowrap", ".deferwrap", "-fm", "reflect.makeFuncStub", "reflect.methodValueCall"];
    let resolver = &*inference.resolver;
    let span = inference.objects.span(slot);
    let Target::Known(part, ty, _) = resolver.closure(inference.objects.address(slot)) else { return None };
    let name = &resolver.types.get(ty).name;
    if !NAMES.iter().any(|part| name.contains(part)) {
        return None;
    }
    let whole = fits(resolver, inference.place(slot, span), part, ty).then_some(ty);
    whole.or_else(|| resolver.closures.bare(ty)).map(|ty| (part, ty))
}

/// The structs of closures of which DWARF does not tell the captures: the compiler has a type for each, whose first field is `F`
/// (`.F` up to 1.20), but nothing leads from the function to it.
fn captures(inference: &Inference<'_, '_, '_>, unsettled: &[Slot], outcome: &mut Outcome) {
    let objects = inference.objects;
    let types = &inference.resolver.types;
    let is_bare = |slot: &Slot| {
        let known = inference.type_of(slot.id);
        known.part() == Part::Closure && known.is_known() && inference.resolver.is_opaque(known.ty())
    };
    for slot in unsettled.iter().copied().filter(is_bare) {
        let fitting = inference.shapes.of(inference.place(slot, objects.span(slot)));
        let structs = fitting.iter().filter(|&&ty| is_closure_struct(types, ty));
        let mut ranked: Vec<(u32, TypeId)> =
            structs.filter_map(|&ty| Some((confirm(inference, slot, Part::Value, ty)?, ty))).collect();
        ranked.sort_unstable_by(|one, other| other.cmp(one));
        let best = match ranked[..] {
            [(_, only)] => only,
            [(first, best), (second, _), ..] if first >= second + LEAD => best,
            _ => continue,
        };
        let evidence = inference.type_of(slot.id).evidence().min(Evidence::Derived);
        inference.raise(slot, ObjectType::new(Part::Closure, best, evidence), outcome);
    }
}

/// The interfaces in an object without a type: a word that is no pointer to the collector and yet leads to a type or an itab,
/// before one that is.
fn interfaces(inference: &Inference<'_, '_, '_>, slot: Slot, outcome: &mut Outcome) {
    let (model, objects) = (inference.model, inference.objects);
    let span = objects.span(slot);
    let start = objects.address(slot);
    let mut before = None;
    model.masks.for_each_offset(span, slot.slot, |offset| {
        let is_pair = offset >= 8 && before != Some(offset - 8);
        before = Some(offset);
        let at = start + offset;
        let Some(value) = model.masks.word(span, at).filter(|&value| is_pair && value != 0) else { return };
        let Some(target) = objects.find_allocated(value) else { return };
        inference.propose_pair(target, at, value, outcome);
    });
}

/// The one type that is better than every other for the slot; the types that it can be go to `choices`.
fn best(
    inference: &Inference<'_, '_, '_>,
    slot: Slot,
    hints: &[Inner],
    tried: usize,
    choices: &mut Option<Vec<TypeId>>,
) -> Option<(Part, TypeId)> {
    let types = &inference.resolver.types;
    let span = inference.objects.span(slot);
    if span.is_tiny_class() || span.is_noscan() && hints.is_empty() {
        return None;
    }
    let fitting = inference.shapes.of(inference.place(slot, span));
    if fitting.len() > tried {
        return None;
    }
    let holds = |ty: TypeId| hints.iter().all(|&inner| is_idle(inference, inner) || contains(types, ty, inner));
    // Arrays, pointers and the like stand mostly in other values: alone only where code allocates them.
    let is_alone = |ty: TypeId| matches!(types.get(ty).kind, Kind::Struct(_)) || used(inference, ty).value;
    let allowed = fitting.iter().filter(|&&ty| inference.choices.allow(slot.id, ty) && is_alone(ty) && holds(ty));
    let mut ranked: Vec<(u32, TypeId)> =
        allowed.filter_map(|&ty| Some((confirm(inference, slot, Part::Value, ty)?, ty))).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    *choices = Some(ranked.iter().map(|&(_, ty)| ty).collect());
    if ranked.is_empty() {
        return row(inference, slot);
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
    let descriptor = inference.resolver.types.get(ty).descriptor;
    descriptor.zip(inference.code.as_ref()).map(|(at, code)| code.allocated_as(at)).unwrap_or_default()
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

/// True if the type is nothing but several pointers to one type, as an array of them is too.
fn is_like_row(inference: &Inference<'_, '_, '_>, slot: Slot, ty: TypeId) -> bool {
    let span = inference.objects.span(slot);
    let payload = inference.place(slot, span).payload;
    let mut words = Vec::new();
    inference.model.masks.for_each_offset(span, slot.slot, |offset| {
        words.push((offset - payload, inference.resolver.entry(ty, offset - payload).map(|entry| entry.word)));
    });
    let first = words.first().and_then(|(_, word)| *word);
    let is_dense = words.iter().enumerate().all(|(index, &(offset, word))| offset == index as u64 * 8 && word == first);
    words.len() > MAX_LINKS && is_dense && matches!(first, Some(PointerWord::Pointer(_)))
}

/// A row of pointers to one type, or of interfaces of one type, where no type of the program is like the slot.
fn row(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<(Part, TypeId)> {
    let (model, objects, resolver) = (inference.model, inference.objects, &*inference.resolver);
    let span = objects.span(slot);
    let start = objects.address(slot);
    let (mut found, mut is_row) = (None, true);
    model.masks.for_each_offset(span, slot.slot, |offset| {
        let at = start + offset;
        let Some(value) = model.masks.word(span, at).filter(|&value| value != 0) else { return };
        let elem = element(inference, at, value);
        is_row &= elem.is_some() && (found.is_none() || found == elem);
        found = elem;
    });
    let elem = found.filter(|_| is_row)?;
    fits(resolver, inference.place(slot, span), Part::Elements, elem).then_some((Part::Elements, elem))
}

/// The type of the pointer or interface at `at`, by what it leads to.
fn element(inference: &Inference<'_, '_, '_>, at: u64, value: u64) -> Option<TypeId> {
    let (objects, resolver) = (inference.objects, &*inference.resolver);
    let before = inference.model.memory().read_u64(Address(at.wrapping_sub(8)))?;
    if let Some(interface) = resolver.itab_interface(before) {
        return Some(interface);
    }
    if resolver.types.by_descriptor(before).is_some() {
        return resolver.types.by_name("interface {}");
    }
    let target = objects.find_allocated(value)?;
    let known = inference.type_of(target.id);
    let is_start = value == objects.address(target) + inference.place(target, objects.span(target)).payload;
    let is_value = known.part() == Part::Value && known.is_known() && is_start;
    is_value.then(|| resolver.types.by_name(&format!("*{}", resolver.types.get(known.ty()).name))).flatten()
}

/// True if the hint says nothing of what it lies in.
fn is_idle(inference: &Inference<'_, '_, '_>, inner: Inner) -> bool {
    let kind = &inference.resolver.types.get(inner.ty).kind;
    inner.part == Part::StringData || matches!(kind, Kind::Scalar | Kind::Opaque)
}
