//! Objects that no pointer explains, by their shape: the types of the program that fit their slot, and of these the one whose
//! fields make sense.

use super::engine::{Inference, Outcome};
use super::shapes::{Inner, contains};
use crate::object::{ObjectId, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::plan::PointerWord;
use crate::resolve::{Need, Target};
use goheap_image::Address;
use goheap_runtime::TypeId;
use rustc_hash::FxHashMap;

/// Types that are tried for one object.
const MAX_TRIED: usize = 256;

/// Proposes a type for every object that has none and for which one stands out.
pub(super) fn propose(inference: &mut Inference<'_, '_, '_>) -> Outcome {
    let mut hints = std::mem::take(&mut inference.hints);
    hints.sort_unstable();
    hints.dedup();
    hints.retain(|(id, _)| !inference.type_of(*id).is_known());
    let mut outcome = Outcome::default();
    let objects = inference.objects;
    let unknown: Vec<Slot> = objects.allocated().filter(|slot| !inference.type_of(slot.id).is_known()).collect();
    load(inference, &unknown);
    for slot in unknown {
        let first = hints.partition_point(|(id, _)| *id < slot.id);
        let hints = hints[first..].iter().take_while(|(id, _)| *id == slot.id).map(|(_, inner)| *inner);
        if let Some((part, ty)) = best(inference, slot, &hints.collect::<Vec<_>>()) {
            inference.raise(slot.id, ObjectType::new(part, ty, Evidence::Candidate), &mut outcome);
        }
        interfaces(inference, slot, &mut outcome);
    }
    inference.hints = hints;
    outcome
}

/// Loads the closures that unknown objects may be.
fn load(inference: &mut Inference<'_, '_, '_>, unknown: &[Slot]) {
    let memory = inference.model.memory();
    let mut entries: Vec<u64> = Vec::new();
    for &slot in unknown {
        let address = inference.objects.address(slot);
        if let Some(Target::Needs(Need::Closure(entry))) = memory.read_u64(Address(address)).map(|entry| {
            if inference.model.modules.iter().any(|module| module.text.contains(&entry)) {
                inference.resolver.closure(address)
            } else {
                Target::Unknown
            }
        }) {
            entries.push(entry);
        }
    }
    entries.sort_unstable();
    entries.dedup();
    entries.into_iter().for_each(|entry| inference.resolver.load(Need::Closure(entry)));
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

/// The one type that is better than every other for the slot.
fn best(inference: &Inference<'_, '_, '_>, slot: Slot, hints: &[Inner]) -> Option<(Part, TypeId)> {
    let resolver = &*inference.resolver;
    let span = inference.objects.span(slot);
    if span.is_tiny_class() {
        return None;
    }
    let place = inference.place(slot, span);
    if let Target::Known(part, ty, _) = resolver.closure(inference.objects.address(slot))
        && inference.is_closure_like(ty)
        && super::fit::fits(resolver, place, part, ty)
    {
        return Some((part, ty));
    }
    let fitting = inference.shapes.of(place);
    if span.is_noscan() && hints.is_empty() || fitting.len() > MAX_TRIED {
        return None;
    }
    let holds_hints = |ty: TypeId| hints.iter().all(|&inner| is_idle(resolver, inner) || contains(&resolver.types, ty, inner));
    let mut scores: FxHashMap<&str, (u32, TypeId)> = FxHashMap::default();
    for &ty in fitting.iter().filter(|&&ty| holds_hints(ty)) {
        if let Some(score) = score(inference, slot.id, inference.objects.address(slot) + place.payload, ty) {
            scores.entry(&resolver.types.get(ty).name).or_insert((score, ty));
        }
    }
    let mut ranked: Vec<(u32, TypeId)> = scores.into_values().collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    let whole = |ty| Some(inference.shapes.whole(&resolver.types, ty));
    match ranked[..] {
        [(score, only)] if score > 0 || fitting.len() == 1 => whole(only),
        [(first, best), (second, _), ..] if first >= second + 2 => whole(best),
        [] => row(inference, slot),
        _ => None,
    }
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
    super::fit::fits(resolver, inference.place(slot, span), Part::Elements, elem).then_some((Part::Elements, elem))
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
    let is_value = known.part() == Part::Value && known.evidence() >= Evidence::Derived && is_start;
    is_value.then(|| resolver.types.by_name(&format!("*{}", resolver.types.get(known.ty()).name))).flatten()
}

/// True if the hint says nothing of what it lies in.
fn is_idle(resolver: &crate::resolve::Resolver<'_>, inner: Inner) -> bool {
    inner.part == Part::StringData
        || matches!(resolver.types.get(inner.ty).kind, goheap_runtime::Kind::Scalar | goheap_runtime::Kind::Opaque)
}

/// How many words of the object say that it is a `ty`; None if one says that it is not.
fn score(inference: &Inference<'_, '_, '_>, id: ObjectId, start: u64, ty: TypeId) -> Option<u32> {
    let (resolver, objects, memory) = (&*inference.resolver, inference.objects, inference.model.memory());
    let slot = objects.slot(id);
    let span = objects.span(slot);
    let mut score = 0;
    let mut is_sound = true;
    let payload = start - objects.address(slot);
    inference.model.masks.for_each_offset(span, slot.slot, |offset| {
        let at = start - payload + offset;
        let (Some(value), Some(entry)) = (memory.read_u64(Address(at)), resolver.entry(ty, offset - payload)) else {
            is_sound = false;
            return;
        };
        match inference.confirms(entry.word, entry.field, at, value) {
            Some(confirmed) => score += u32::from(confirmed),
            None => is_sound = false,
        }
    });
    is_sound.then_some(score)
}

impl Inference<'_, '_, '_> {
    /// True if the word is what a pointer of that meaning looks like, false if it says nothing, None if it is none.
    fn confirms(&self, word: PointerWord, field: TypeId, at: u64, value: u64) -> Option<bool> {
        let memory = self.model.memory();
        let next = |index: u64| memory.read_u64(Address(at).add(index * 8));
        let target = self.objects.find(value);
        let room = target.map(|slot| {
            let start = self.objects.address(slot);
            start + self.objects.span(slot).elem_size - value
        });
        match word {
            PointerWord::String | PointerWord::Slice(_) if value == 0 => (next(1)? == 0).then_some(false),
            PointerWord::String => {
                let len = next(1)?;
                let is_noscan = target.is_none_or(|slot| self.objects.span(slot).is_noscan());
                (len > 0 && is_noscan && room.is_none_or(|room| len <= room)).then_some(target.is_some())
            }
            PointerWord::Slice(elem) => {
                let (len, cap) = (next(1)?, next(2)?);
                let bytes = cap.checked_mul(self.resolver.types.get(elem).size)?;
                let is_sound = len <= cap && room.is_none_or(|room| bytes <= room);
                (is_sound && self.agrees(target, Part::Elements, elem)).then_some(target.is_some())
            }
            PointerWord::InterfaceData(has_methods) => {
                let first = memory.read_u64(Address(at.wrapping_sub(8)))?;
                if first == 0 {
                    return (value == 0).then_some(false);
                }
                let descriptor = if has_methods { memory.read_u64(Address(first).add(8))? } else { first };
                self.resolver.types.by_descriptor(descriptor).map(|_| true)
            }
            _ if value == 0 => Some(false),
            PointerWord::Pointer(elem) => self.agrees(target, Part::Value, elem).then_some(target.is_some()),
            PointerWord::Func => match self.resolver.closure(value) {
                Target::Unknown => None,
                _ => Some(true),
            },
            _ => match self.resolver.target(word, field, at, value) {
                Target::Known(part, ty, _) => self.agrees(target, part, ty).then_some(target.is_some()),
                _ => Some(false),
            },
        }
    }

    /// True if what is known of the target does not contradict that it is that.
    fn agrees(&self, target: Option<Slot>, part: Part, ty: TypeId) -> bool {
        let Some(slot) = target else { return true };
        let known = self.type_of(slot.id);
        if !known.is_known() {
            return true;
        }
        let types = &self.resolver.types;
        let name = |ty: TypeId| &types.get(ty).name;
        let is_same = name(known.ty()) == name(ty);
        match part {
            Part::Value | Part::Elements => {
                is_same || contains(types, known.ty(), Inner { offset: 0, part, ty }) || known.evidence() < Evidence::Derived
            }
            _ => known.part() == part,
        }
    }

    /// True if the function's name is one that the compiler gives to closures: what merely looks like a function's address is
    /// one of all functions.
    fn is_closure_like(&self, ty: TypeId) -> bool {
        let name = &self.resolver.types.get(ty).name;
        [".func", ".gowrap", ".deferwrap", "-fm", "reflect.makeFuncStub", "reflect.methodValueCall"]
            .iter()
            .any(|part| name.contains(part))
    }
}
