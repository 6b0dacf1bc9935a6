//! Scan plans of whole objects: what each word of a kind of object means, as one code a word, so that scans ask for no types.

use crate::meaning::plan;
use crate::meaning::resolve::Resolver;
use crate::objects::table::ObjectTable;
use foldhash::HashSet;
use goheap_model::{Evidence, ObjectType, ObjectTypes, Part, TypeId};
use goheap_runtime::{GoHeap, Span};
use rayon::prelude::*;

/// The codes of the words of one kind of object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindPlan<C> {
    first: u32,
    words: u32,
    /// True if the words follow each other again and again.
    repeats: bool,
    beyond: C,
}

/// What stands for words that have no code of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults<C> {
    /// Objects without a type, or of a kind that was not compiled.
    pub(crate) untyped: C,
    /// Of values too large for a plan.
    pub(crate) unplanned: C,
    /// Beyond the value.
    pub(crate) beyond: C,
    /// Beyond what a closure is known to capture.
    pub(crate) captured: C,
}

/// A value of more words has no plan; a row of values has one whatever its length.
const MAX_WORDS: u64 = 1 << 14;
/// Codes in all.
const MAX_CODES: usize = 1 << 22;
/// Parts that a type may have.
const PARTS: usize = 16;

/// Plans by kind of object, which is a part of a type.
///
/// # Overhead
/// 64 bytes a type of the table, four a word of each kind that was compiled.
#[derive(Debug)]
pub(crate) struct KindPlans<C> {
    /// By part and type; 0 for those that were not compiled.
    plan_of_kind: Vec<u32>,
    plans: Vec<KindPlan<C>>,
    codes: Vec<C>,
    defaults: Defaults<C>,
}

/// After how many bytes the words of a kind of object begin to mean the same anew.
pub(crate) fn period(resolver: &Resolver<'_>, part: Part, ty: TypeId) -> Option<u64> {
    let period = resolver.containers.period(&resolver.types, || resolver.map_layout(ty), part, ty)?;
    let is_row = matches!(part, Part::Value | Part::Elements | Part::BoxedValue);
    Some(if is_row { plan::period(&resolver.types, ty) } else { period })
}

/// Place of a kind in tables of all kinds.
#[inline]
pub(crate) fn kind_index(object: ObjectType) -> usize {
    object.ty().0 as usize * PARTS + object.part() as usize
}

/// Kinds that `types` types can make.
pub(crate) fn kind_count(types: usize) -> usize {
    types * PARTS
}

impl<C: Copy> KindPlan<C> {
    /// Of objects whose words are all alike.
    pub(crate) fn blank(code: C) -> Self {
        KindPlan { first: 0, words: 0, repeats: false, beyond: code }
    }
}

impl<C: Copy> KindPlans<C> {
    pub(crate) fn new(defaults: Defaults<C>) -> Self {
        KindPlans {
            plan_of_kind: Vec::new(),
            plans: vec![KindPlan::blank(defaults.untyped)],
            codes: Vec::new(),
            defaults,
        }
    }

    /// Compiles the plan of a kind, asking for the code of each word of its value by the word's offset.
    pub(crate) fn compile(&mut self, resolver: &Resolver<'_>, object: ObjectType, mut code: impl FnMut(u64) -> C) {
        let (part, ty) = (object.part(), object.ty());
        let period = period(resolver, part, ty);
        let is_closure = part == Part::Closure;
        let bytes = period.unwrap_or(if is_closure { resolver.types.get(ty).size } else { 0 });
        let is_planned = bytes.is_multiple_of(8) && bytes / 8 <= MAX_WORDS && self.codes.len() <= MAX_CODES;
        let (first, Defaults { unplanned, beyond, captured, .. }) = (self.codes.len() as u32, self.defaults);
        let plan = if is_planned {
            self.codes.extend((0..bytes).step_by(8).map(&mut code));
            let beyond = if is_closure { captured } else { beyond };
            KindPlan { first, words: (bytes / 8) as u32, repeats: period.is_some(), beyond }
        } else {
            KindPlan { first, words: 0, repeats: false, beyond: unplanned }
        };
        let place = kind_index(object);
        if place >= self.plan_of_kind.len() {
            self.plan_of_kind.resize(kind_count(resolver.types.len()).max(place + 1), 0);
        }
        self.plan_of_kind[place] = self.plans.len() as u32;
        self.plans.push(plan);
    }

    /// The plan of objects of that type.
    #[inline]
    pub(crate) fn of(&self, object: ObjectType) -> KindPlan<C> {
        let index = if object.is_known() { self.plan_of_kind.get(kind_index(object)) } else { None };
        self.plans[index.map_or(0, |&index| index as usize)]
    }

    /// What the word with that number of the payload means.
    #[inline]
    pub(crate) fn code(&self, plan: KindPlan<C>, word: u32) -> C {
        let word = if word < plan.words {
            word
        } else if plan.repeats {
            word % plan.words
        } else {
            return plan.beyond;
        };
        self.codes[(plan.first + word) as usize]
    }
}

/// Every kind of object that the collector looks into, each once, in order.
pub(crate) fn kinds(heap: &GoHeap<'_>, objects: &ObjectTable<'_, '_>, types: &ObjectTypes) -> Vec<ObjectType> {
    let of_span = |mut kinds: HashSet<ObjectType>, (index, span): (usize, &Span<'_>)| {
        if !span.is_noscan() {
            let first = objects.first_of(index as u32);
            let mut last = ObjectType::UNKNOWN;
            for object in types.in_range(first..first + span.nelems).filter(|object| object.is_known()) {
                let kind = object.with_evidence(Evidence::Exact);
                if kind != last {
                    last = kind;
                    kinds.insert(kind);
                }
            }
        }
        kinds
    };
    let sets = heap.spans.par_iter().enumerate().fold(HashSet::default, of_span);
    let kinds = sets.reduce(HashSet::default, |one, other| one.into_iter().chain(other).collect());
    let mut kinds: Vec<ObjectType> = kinds.into_iter().collect();
    kinds.sort_unstable();
    kinds
}
