//! Closures among the objects of which nothing is known, and what they captured.

use super::candidates::LEAD;
use super::confirm::{SlotWords, confirm};
use super::engine::{Inference, Outcome};
use super::fit::fits;
use crate::meaning::closures::is_closure_struct;
use crate::meaning::resolve::{Need, Target};
use goheap_image::Address;
use goheap_model::{Evidence, ObjectType, Part, Slot, TypeId};

/// Structs that closures are held against in one go, all together: a program has a few that fit one closure.
const MAX_TRIED: usize = 1 << 24;

/// Loads the closures that unknown objects may be.
pub(super) fn load(inference: &mut Inference<'_, '_, '_>, unknown: &[Slot]) {
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
pub(super) fn closure(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<(Part, TypeId)> {
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
pub(super) fn propose(inference: &Inference<'_, '_, '_>, unsettled: &[Slot], outcome: &mut Outcome) {
    let objects = inference.objects;
    let types = &inference.resolver.types;
    let is_bare = |slot: &Slot| {
        let known = inference.type_of(slot.id);
        known.part() == Part::Closure && known.is_known() && inference.resolver.is_opaque(known.ty())
    };
    let mut left = MAX_TRIED;
    for slot in unsettled.iter().copied().filter(is_bare) {
        let fitting = inference.shapes.of(inference.place(slot, objects.span(slot)));
        let structs = fitting.iter().filter(|&&ty| is_closure_struct(types, ty)).take(left).inspect(|_| left -= 1);
        let words = SlotWords::of(slot);
        let mut ranked: Vec<(u32, TypeId)> =
            structs.filter_map(|&ty| Some((confirm(inference, &words, Part::Value, ty)?, ty))).collect();
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
