//! What all functions together say.

use super::flow::{Said, read};
use super::known::{Facts, Known};
use super::value::Pointee;
use crate::object_type::Part;
use crate::plan::PointerWord;
use crate::resolve::Resolver;
use goheap_runtime::{Kind, RuntimeModel, TypeId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Times that all functions are read: each knows what the one before told.
const ROUNDS: usize = 2;

impl<'m, 'p> Facts<'m, 'p> {
    /// Reads the whole program; None where calls cannot be read.
    pub(crate) fn read(model: &'m RuntimeModel<'p>, resolver: &Resolver<'m>) -> Option<Self> {
        let mut facts = Facts::new(model, resolver)?;
        let entries: Vec<u64> = facts.code.entries().collect();
        for _ in 0..ROUNDS {
            let known = Known { facts: &facts, resolver };
            let of = |&entry: &u64| Some((entry, read(&known, &facts.code.function(entry)?, false)));
            let said: Vec<(u64, Said)> = entries.par_iter().filter_map(of).collect();
            let mut told = Told::default();
            said.into_iter().for_each(|(entry, said)| told.add(entry, said));
            facts.arguments = agreed(resolver, told.arguments);
            facts.results = agreed(resolver, told.results);
            facts.areas = areas(model, resolver, &told.areas);
            facts.words = agreed(resolver, told.words);
            facts.words.retain(|&at, _| is_pointer(model, at));
        }
        Some(facts)
    }

    /// Values in data and bss by their first byte, apart from each other.
    pub(crate) fn areas(&self) -> &BTreeMap<u64, TypeId> {
        &self.areas
    }

    /// What the word of a package variable at `at` leads to that is in none of the areas.
    pub(crate) fn word(&self, at: u64) -> Option<Pointee> {
        self.words.get(&at).copied()
    }

    /// What words of the frames of the function at `entry` lead to, by the address that a call returns to and the distance from
    /// the frame's end.
    pub(crate) fn slots_of(&self, resolver: &Resolver<'m>, entry: u64) -> FxHashMap<(u64, i32), Pointee> {
        let known = Known { facts: self, resolver };
        let Some(function) = self.code.function(entry) else { return FxHashMap::default() };
        let slots = read(&known, &function, true).slots;
        agreed(resolver, slots.into_iter().map(|(pc, slot, pointee)| ((pc, slot), pointee)).collect())
    }
}

/// What was said, by whom it is said of.
#[derive(Default)]
struct Told {
    areas: Vec<(u64, Pointee)>,
    words: Vec<(u64, Pointee)>,
    arguments: Vec<((u64, u8), Pointee)>,
    results: Vec<((u64, u8), Pointee)>,
}

impl Told {
    fn add(&mut self, entry: u64, said: Said) {
        self.areas.extend(said.areas);
        self.words.extend(said.words);
        self.arguments.extend(said.arguments.into_iter().map(|(index, pointee)| ((entry, index), pointee)));
        self.results.extend(said.results.into_iter().map(|(index, pointee)| ((entry, index), pointee)));
    }
}

/// What all agree on; a part at the start of what another says agrees with it.
fn agreed<K>(resolver: &Resolver<'_>, mut told: Vec<(K, Pointee)>) -> FxHashMap<K, Pointee>
where
    K: Copy + Ord + std::hash::Hash,
{
    told.sort_unstable();
    told.dedup();
    let of_one = |list: &[(K, Pointee)]| {
        let outer = list.iter().map(|&(_, pointee)| pointee).max_by_key(|pointee| resolver.types.get(pointee.ty).size)?;
        let agrees = |pointee: Pointee| pointee == outer || outer.part == Part::Value && begins(resolver, outer.ty, pointee);
        list.iter().all(|&(_, pointee)| agrees(pointee)).then_some((list[0].0, outer))
    };
    told.chunk_by(|one, other| one.0 == other.0).filter_map(of_one).collect()
}

/// True if a value of `ty` begins with one of what is said.
fn begins(resolver: &Resolver<'_>, mut ty: TypeId, inner: Pointee) -> bool {
    while inner.part == Part::Value {
        if ty == inner.ty {
            return true;
        }
        match &resolver.types.get(ty).kind {
            Kind::Struct(fields) if !fields.is_empty() => ty = fields[0].ty,
            Kind::Array(elem, 1..) => ty = *elem,
            _ => return false,
        }
    }
    false
}

/// The values in data and bss whose pointers are where the collector's masks have them, the largest at each address.
fn areas(model: &RuntimeModel<'_>, resolver: &Resolver<'_>, told: &[(u64, Pointee)]) -> BTreeMap<u64, TypeId> {
    let values = told.iter().filter(|(at, pointee)| pointee.part == Part::Value && is_masked(model, resolver, *at, pointee.ty));
    let values: Vec<(u64, Pointee)> = values.copied().collect();
    let mut found: Vec<(u64, TypeId)> =
        agreed(resolver, values).into_iter().map(|(at, pointee)| (at, pointee.ty)).collect();
    found.sort_unstable();
    // Of what lies in something larger, the larger tells.
    let mut end = 0;
    found.retain(|&(at, ty)| {
        let is_apart = at >= end;
        if is_apart {
            end = at.saturating_add(resolver.types.get(ty).size);
        }
        is_apart
    });
    found.into_iter().collect()
}

/// True if the word at `at` is a pointer of data or bss.
fn is_pointer(model: &RuntimeModel<'_>, at: u64) -> bool {
    mask_bit(model, at) == Some(true)
}

/// Whether the word at `at` is a pointer; None outside of data and bss.
fn mask_bit(model: &RuntimeModel<'_>, at: u64) -> Option<bool> {
    model.modules.iter().find_map(|module| {
        let sections = [(&module.data, &module.data_mask), (&module.bss, &module.bss_mask)];
        let (range, mask) = sections.into_iter().find(|(range, _)| range.contains(&at))?;
        usize::try_from((at - range.start) / 8).ok().map(|word| at.is_multiple_of(8) && mask.get(word))
    })
}

fn is_masked(model: &RuntimeModel<'_>, resolver: &Resolver<'_>, at: u64, ty: TypeId) -> bool {
    let Some(mask) = resolver.mask(ty).filter(|mask| mask.pointers.len > 0) else { return false };
    let words = mask.size / 8;
    if words == 0 || words > 1 << 16 {
        return false;
    }
    let expected = |word: u64| (word as usize) < mask.pointers.len && mask.pointers.get(word as usize);
    (0..words).all(|word| mask_bit(model, at + word * 8) == Some(expected(word)))
}

/// The word in a package variable as a field of no struct.
pub(crate) fn as_word(pointee: Pointee) -> PointerWord {
    match pointee.part {
        Part::Elements => PointerWord::Row(pointee.ty),
        Part::MapHeader => PointerWord::Map(pointee.ty),
        Part::ChanHeader => PointerWord::Chan(pointee.ty),
        Part::StringData => PointerWord::String,
        _ => PointerWord::Pointer(pointee.ty),
    }
}
