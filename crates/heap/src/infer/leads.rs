//! What the words of each kind of object say of their targets, compiled as kinds turn up.

use super::fit::{Row, size_class};
use super::shapes::Shapes;
use crate::meaning::resolve::{Meaning, Resolver, Target, Told};
use crate::objects::page_table::Slots;
use crate::objects::table::Place;
use crate::scan::kind_plans::{Defaults, KindPlan, KindPlans, kind_count, kind_index};
use goheap_model::{Evidence, ObjectType, Part, RedZones, TypeId};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a word says: one of the constants, or a [`Lead`] by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeadCode(u32);

impl LeadCode {
    /// Nothing.
    pub(super) const NOTHING: LeadCode = LeadCode(0);
    /// What the word holds has to be looked at.
    pub(super) const ASK: LeadCode = LeadCode(1);
    /// Nothing: the object's type has no pointer there.
    pub(super) const UNEXPLAINED: LeadCode = LeadCode(2);
    const FIRST: u32 = 3;
}

/// What every word with one code says of its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead {
    /// What the target is, with the best evidence that there can be for it.
    pub(super) kind: ObjectType,
    fit: Fit,
}

/// When the target can be that, as far as that is told by a comparison.
#[derive(Clone, Copy, Debug)]
enum Fit {
    /// Bytes of a string.
    Text,
    /// One value, in slots of `class` bytes with that pointer mask.
    Value { class: u32, mask: u64 },
    /// Values in a row.
    Row { size: u64, mask: u64 },
    /// To be asked for.
    Other,
}

impl Lead {
    /// True if the target certainly can be what the lead says; `bits` are the slot's where its span has them. False says
    /// nothing.
    #[inline]
    pub(super) fn surely_fits(&self, place: &Place, bits: u64) -> bool {
        let &Place { elem_size, offset, .. } = place;
        match (self.fit, place.slots) {
            (Fit::Text, Slots::NoPointers) => true,
            (Fit::Value { class, mask }, Slots::WithBits) => {
                offset == 0 && class == elem_size && mask != 0 && bits == mask
            }
            (Fit::Value { class, mask }, Slots::NoPointers) => offset == 0 && class == elem_size && mask == 0,
            (Fit::Row { size, mask }, Slots::WithBits) => {
                let room = u64::from(elem_size);
                offset == 0
                    && size <= room
                    && mask != 0
                    && Row { bits: mask, size, room }.is_seen(bits, RedZones::default())
            }
            (Fit::Row { size, mask }, Slots::NoPointers) => offset == 0 && size <= u64::from(elem_size) && mask == 0,
            (Fit::Text, Slots::Tiny) => true,
            (Fit::Value { class, mask }, Slots::Tiny) => offset == 0 && class <= elem_size && mask == 0,
            (Fit::Row { size, mask }, Slots::Tiny) => {
                offset == 0 && size > 0 && size <= u64::from(elem_size) && mask == 0
            }
            _ => false,
        }
    }
}

/// The leads of every kind of object that was met so far.
///
/// # Overhead
/// 80 bytes a type of the table, four a word of each kind that was met.
pub(super) struct Leads {
    kinds: KindPlans<LeadCode>,
    leads: Vec<Lead>,
    /// True of kinds that were met.
    met: Vec<AtomicBool>,
}

impl Leads {
    pub(super) fn new() -> Self {
        let kinds = KindPlans::new(Defaults {
            // A kind that is not compiled yet is asked for word by word.
            untyped: LeadCode::ASK,
            unplanned: LeadCode::ASK,
            beyond: LeadCode::NOTHING,
            captured: LeadCode::NOTHING,
        });
        Leads { kinds, leads: Vec::new(), met: Vec::new() }
    }

    /// Makes room for the kinds of so many types.
    pub(super) fn grow(&mut self, types: usize) {
        if kind_count(types) > self.met.len() {
            self.met.resize_with(kind_count(types), AtomicBool::default);
        }
    }

    /// True if the kind is met for the first time; it is to be compiled before the next level.
    #[inline]
    pub(super) fn meet(&self, object: ObjectType) -> bool {
        let Some(met) = self.met.get(kind_index(object)) else { return false };
        !met.load(Ordering::Relaxed) && !met.swap(true, Ordering::Relaxed)
    }

    pub(super) fn compile(&mut self, resolver: &Resolver<'_>, shapes: &Shapes, object: ObjectType) {
        let Leads { kinds, leads, .. } = self;
        kinds.compile(resolver, object, |offset| code_of(resolver, shapes, object, offset, leads));
    }

    #[inline]
    pub(super) fn of(&self, object: ObjectType) -> KindPlan<LeadCode> {
        if object.is_known() { self.kinds.of(object) } else { KindPlan::blank(LeadCode::NOTHING) }
    }

    #[inline]
    pub(super) fn code(&self, plan: KindPlan<LeadCode>, word: u32) -> LeadCode {
        self.kinds.code(plan, word)
    }

    /// The lead that a code stands for, if it is one.
    #[inline]
    pub(super) fn lead(&self, code: LeadCode) -> Option<&Lead> {
        self.leads.get(code.0.checked_sub(LeadCode::FIRST)? as usize)
    }
}

fn code_of(
    resolver: &Resolver<'_>,
    shapes: &Shapes,
    object: ObjectType,
    offset: u64,
    leads: &mut Vec<Lead>,
) -> LeadCode {
    let target = match resolver.meaning(object, offset) {
        Meaning::Entry(_, _, entry) => match entry.word {
            word if word.is_told_by_contents() => return LeadCode::ASK,
            // The others have the same target wherever the word is and whatever it holds.
            word => resolver.target(word, entry.field, 0, 0),
        },
        Meaning::Indirect(_, ty) => Target::Known(Part::Value, ty, Told::ByType),
        Meaning::Machinery | Meaning::Untyped => return LeadCode::NOTHING,
        Meaning::Unexplained => return LeadCode::UNEXPLAINED,
    };
    let (part, ty) = match target {
        Target::Known(part, ty, _) => (part, ty),
        Target::Needs(_) => return LeadCode::ASK,
        Target::Unknown => return LeadCode::NOTHING,
    };
    let (ty, evidence) = shapes.concrete(&resolver.types, ty, Evidence::Derived);
    if evidence == Evidence::None {
        return LeadCode::NOTHING;
    }
    leads.push(Lead { kind: ObjectType::new(part, ty, evidence), fit: fit_of(resolver, shapes.red_zones(), part, ty) });
    LeadCode(LeadCode::FIRST + leads.len() as u32 - 1)
}

fn fit_of(resolver: &Resolver<'_>, red_zones: RedZones, part: Part, ty: TypeId) -> Fit {
    let size = resolver.types.get(ty).size;
    let mask = resolver.small_mask(ty).filter(|_| size > 0);
    match (part, mask) {
        (Part::StringData, _) => Fit::Text,
        _ if red_zones.is_on() => Fit::Other,
        (Part::Value, Some(mask)) => {
            size_class(size, red_zones).map_or(Fit::Other, |class| Fit::Value { class: class as u32, mask })
        }
        (Part::Elements, Some(mask)) => Fit::Row { size, mask },
        _ => Fit::Other,
    }
}
