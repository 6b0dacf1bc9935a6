//! What all functions together say.

use super::dictionaries::Given;
use super::flow::{Noted, Said, read};
use super::known::{Facts, Known};
use super::value::Pointee;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::Resolver;
use foldhash::{HashMap, HashSet};
use goheap_model::{Kind, Part, TypeId};
use goheap_runtime::RuntimeModel;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Times that functions are read, all of them first, then those that may say more for what the time before told.
const MAX_ROUNDS: usize = 10;
/// Structs do not nest deeper.
const MAX_DEPTH: u32 = 64;
/// Package variables that are larger tell nothing new of their words.
const MAX_AREA_BYTES: u64 = 1 << 20;

impl<'m, 'p> Facts<'m, 'p> {
    /// Reads the whole program; None where calls cannot be read.
    pub(crate) fn read(model: &'m RuntimeModel<'p>, resolver: &Resolver<'m>) -> Option<Self> {
        let mut facts = Facts::new(model, resolver)?;
        let entries: Vec<u64> = facts.code.entries().collect();
        let mut said: Vec<Said> = Vec::new();
        said.resize_with(entries.len(), Said::default);
        let mut changed: Option<HashSet<u64>> = None;
        for _ in 0..MAX_ROUNDS {
            let known = Known { facts: &facts, resolver };
            let is_due = |said: &Said| {
                changed.as_ref().is_none_or(|changed| said.needs.iter().any(|need| changed.contains(need)))
            };
            entries.par_iter().zip(&mut said).filter(|(_, said)| is_due(said)).for_each(|(&entry, said)| {
                *said = facts
                    .code
                    .function(entry)
                    .map(|function| read(&known, &function, Noted::Nowhere))
                    .unwrap_or_default();
            });
            let mut told = Told::default();
            entries.iter().zip(&said).for_each(|(&entry, said)| told.add(entry, said));
            let news = facts.learn(model, resolver, told);
            if news.is_empty() {
                break;
            }
            changed = Some(news);
        }
        Some(facts)
    }

    /// The structs that closures are made of, by the function that they call, told by each function alone.
    pub(crate) fn closures_alone(model: &'m RuntimeModel<'p>, resolver: &Resolver<'m>) -> HashMap<u64, TypeId> {
        let Some(facts) = Facts::new(model, resolver) else { return HashMap::default() };
        let known = Known { facts: &facts, resolver };
        let entries: Vec<u64> = facts.code.entries().collect();
        let closures_of =
            |&entry: &u64| facts.code.function(entry).map(|function| read(&known, &function, Noted::Nowhere).closures);
        let made = entries.par_iter().filter_map(closures_of).flatten();
        let made = made.map(|(entry, ty)| (entry, Pointee { part: Part::Value, ty })).collect();
        agreed(resolver, made).into_iter().map(|(entry, made)| (entry, made.ty)).collect()
    }

    /// Takes what was told; what is known otherwise than before: functions by their entries, words by their addresses.
    fn learn(&mut self, model: &RuntimeModel<'_>, resolver: &Resolver<'_>, mut told: Told) -> HashSet<u64> {
        // Who knew is not asked again.
        told.arguments.extend(self.arguments.iter().map(|(&key, &value)| (key, value)));
        told.results.extend(self.results.iter().map(|(&key, &value)| (key, value)));
        told.words.extend(self.words.iter().map(|(&key, &value)| (key, value)));
        let mut news = HashSet::default();
        let mut renew = |old: &mut HashMap<(u64, u8), Pointee>, new: HashMap<(u64, u8), Pointee>| {
            let differs = |(key, value): &(&(u64, u8), &Pointee)| old.get(key) != Some(value);
            news.extend(new.iter().filter(differs).map(|(key, _)| key.0));
            news.extend(old.keys().filter(|key| !new.contains_key(key)).map(|key| key.0));
            *old = new;
        };
        renew(&mut self.arguments, agreed(resolver, told.arguments));
        renew(&mut self.results, agreed(resolver, told.results));
        news.extend(self.learn_fields(resolver, std::mem::take(&mut told.fields)));
        news.extend(self.learn_given(std::mem::take(&mut told.given)).into_iter().map(context_of));
        let mut words = agreed(resolver, told.words);
        words.retain(|&at, _| is_pointer(model, at));
        news.extend(words.iter().filter(|(at, value)| self.words.get(at) != Some(value)).map(|(&at, _)| at));
        self.words = words;
        let areas = areas(model, resolver, &told.areas);
        for (&at, &ty) in areas.iter().filter(|(at, ty)| self.areas.get(at) != Some(ty)) {
            let bytes = resolver.types.get(ty).size.min(MAX_AREA_BYTES);
            news.extend((0..bytes).step_by(8).map(|offset| at + offset));
        }
        self.areas = areas;
        let closures = agreed(resolver, told.closures);
        let closures: HashMap<u64, TypeId> = closures.into_iter().map(|(entry, made)| (entry, made.ty)).collect();
        let differs = |(entry, ty): &(&u64, &TypeId)| self.closures.get(entry) != Some(ty);
        news.extend(closures.iter().filter(differs).map(|(&entry, _)| context_of(entry)));
        self.closures = closures;
        news
    }

    /// Takes what was told of words that arguments lead to; the functions of which it is not what it was.
    fn learn_fields(&mut self, resolver: &Resolver<'_>, mut told: Vec<((u64, u8, u32), Pointee)>) -> Vec<u64> {
        let of_entry = |(&entry, fields): (&u64, &Vec<(u8, u32, Pointee)>)| {
            let keyed = |&(index, offset, pointee): &(u8, u32, Pointee)| ((entry, index, offset), pointee);
            fields.iter().map(keyed).collect::<Vec<_>>()
        };
        told.extend(self.fields.iter().flat_map(of_entry));
        let mut fields: HashMap<u64, Vec<(u8, u32, Pointee)>> = HashMap::default();
        for ((entry, index, offset), pointee) in agreed(resolver, told) {
            fields.entry(entry).or_default().push((index, offset, pointee));
        }
        fields.values_mut().for_each(|fields| fields.sort_unstable());
        let mut news: Vec<u64> =
            fields.iter().filter(|(entry, new)| self.fields.get(entry) != Some(new)).map(|(&entry, _)| entry).collect();
        news.extend(self.fields.keys().filter(|entry| !fields.contains_key(entry)));
        self.fields = fields;
        news
    }

    /// The structs that closures are made of, by the function that they call.
    pub(crate) fn closures(&self) -> &HashMap<u64, TypeId> {
        &self.closures
    }

    /// Values in data and bss by their first byte, apart from each other.
    pub(crate) fn areas(&self) -> &BTreeMap<u64, TypeId> {
        &self.areas
    }

    /// What the word of a package variable at `at` leads to that is in none of the areas.
    pub(crate) fn word(&self, at: u64) -> Option<Pointee> {
        self.words.get(&at).copied()
    }
}

/// What the function at `entry` is called with depends on what is made of it: a number of its own among addresses.
pub(super) fn context_of(entry: u64) -> u64 {
    entry | 1
}

/// What was said, by whom it is said of.
#[derive(Default)]
struct Told {
    areas: Vec<(u64, Pointee)>,
    words: Vec<(u64, Pointee)>,
    arguments: Vec<((u64, u8), Pointee)>,
    results: Vec<((u64, u8), Pointee)>,
    /// By the function, the argument and the word's offset.
    fields: Vec<((u64, u8, u32), Pointee)>,
    given: Given,
    closures: Vec<(u64, Pointee)>,
}

impl Told {
    fn add(&mut self, entry: u64, said: &Said) {
        self.areas.extend(&said.areas);
        self.words.extend(&said.words);
        self.arguments.extend(said.arguments.iter().map(|&(index, pointee)| ((entry, index), pointee)));
        self.results.extend(said.results.iter().map(|&(index, pointee)| ((entry, index), pointee)));
        let field = |&(index, offset, pointee): &(u8, u32, Pointee)| ((entry, index, offset), pointee);
        self.fields.extend(said.fields.iter().map(field));
        self.given.extend(&said.given);
        self.closures.extend(said.closures.iter().map(|&(entry, ty)| (entry, Pointee { part: Part::Value, ty })));
    }
}

/// What all agree on; a part at the start of what another says agrees with it.
pub(super) fn agreed<K>(resolver: &Resolver<'_>, mut told: Vec<(K, Pointee)>) -> HashMap<K, Pointee>
where
    K: Copy + Ord + std::hash::Hash,
{
    told.sort_unstable();
    told.dedup();
    let of_one = |list: &[(K, Pointee)]| {
        let outer =
            list.iter().map(|&(_, pointee)| pointee).max_by_key(|pointee| resolver.types.get(pointee.ty).size)?;
        let agrees =
            |pointee: Pointee| pointee == outer || outer.part == Part::Value && begins(resolver, outer.ty, pointee);
        list.iter().all(|&(_, pointee)| agrees(pointee)).then_some((list[0].0, outer))
    };
    told.chunk_by(|one, other| one.0 == other.0).filter_map(of_one).collect()
}

/// True if a value of `ty` begins with one of what is said.
fn begins(resolver: &Resolver<'_>, mut ty: TypeId, inner: Pointee) -> bool {
    // A type cannot contain itself by value: the bound is for hostile tables.
    for _ in 0..MAX_DEPTH {
        if ty == inner.ty {
            return inner.part == Part::Value;
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
    // Many calls are given the address of one variable.
    let mut known: HashMap<(u64, TypeId), bool> = HashMap::default();
    let mut is_masked =
        |at: u64, ty: TypeId| *known.entry((at, ty)).or_insert_with(|| is_masked(model, resolver, at, ty));
    let values = told.iter().filter(|(at, pointee)| pointee.part == Part::Value && is_masked(*at, pointee.ty));
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
        usize::try_from((at - range.start) / 8)
            .ok()
            .map(|word| at.is_multiple_of(8) && mask.as_ref().is_some_and(|mask| mask.get(word)))
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
        Part::Closure => PointerWord::Func,
        _ => PointerWord::Pointer(pointee.ty),
    }
}
