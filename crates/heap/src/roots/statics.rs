//! Values that the linker laid out without a name: `var store = &Store{}` is a named pointer to a nameless Store in bss. They
//! are told by the named variables that point to them.

use super::RootCollector;
use crate::meaning::containers::Role;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::Target;
use crate::names::label_text::shown;
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{Evidence, RootClass, TypeId};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// More than any program lays out; a hostile one must not make the search endless.
const MAX_STATICS: usize = 1 << 22;

/// A value without a name, or several in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Static {
    pub(super) start: u64,
    end: u64,
    pub(super) ty: TypeId,
    pub(super) role: Role,
    /// The frame of the word that leads to it.
    pub(super) node: TrieNode,
    pub(super) class: RootClass,
    /// How its type is known.
    pub(super) evidence: Evidence,
}

/// The values found, by their first byte.
#[derive(Debug, Default)]
pub(super) struct Statics {
    by_start: BTreeMap<u64, Static>,
}

impl Statics {
    /// The addresses that are a value's alone: up to the next, for those of a broken core may all end far behind.
    fn own(&self, found: &Static) -> Range<u64> {
        let next = self.by_start.range(found.start.saturating_add(1)..).next();
        found.start..next.map_or(found.end, |(&next, _)| found.end.min(next))
    }

    /// The value that holds `address`.
    pub(super) fn at(&self, address: u64) -> Option<Static> {
        let (_, found) = self.by_start.range(..=address).next_back()?;
        (address < found.end).then_some(*found)
    }
}

/// Those of `words`, which are in order of address, that lie in `range`.
fn words_in(words: &[VariableWord], range: Range<u64>) -> impl Iterator<Item = &VariableWord> {
    let first = words.partition_point(|word| word.at < range.start);
    words[first..].iter().take_while(move |word| word.at < range.end)
}

/// A pointer word of data or bss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VariableWord {
    pub(super) at: u64,
    pub(super) value: u64,
    /// True if no mask says that it is a pointer.
    pub(super) is_guessed: bool,
}

impl RootCollector<'_, '_, '_> {
    /// Follows the pointers of typed variables that lead to data and bss, and on from what they lead to. `words` are in order
    /// of address.
    pub(super) fn find_statics(&mut self, words: &[VariableWord]) -> Statics {
        let mut statics = Statics::default();
        let mut queue: VecDeque<VariableWord> =
            words.iter().copied().filter(|word| self.is_typed(word.at) || self.is_told(word.at)).collect();
        let first: Vec<Static> = self.first_threads().into_iter().chain(self.told_by_code()).collect();
        statics.by_start.extend(first.iter().map(|&found| (found.start, found)));
        for found in &first {
            queue.extend(words_in(words, statics.own(found)));
        }
        while let Some(word) = queue.pop_front() {
            if !self.leads_to_data(word.value) || self.is_typed(word.value) || statics.at(word.value).is_some() {
                continue;
            }
            let Some(found) = self.static_at(word, &statics).filter(|found| found.start < found.end) else { continue };
            statics.by_start.insert(found.start, found);
            queue.extend(words_in(words, statics.own(&found)));
            if statics.by_start.len() >= MAX_STATICS {
                break;
            }
        }
        statics
    }

    /// `runtime.m0`, which is a variable of the runtime: known by its address where no debug information names it.
    fn first_threads(&mut self) -> Vec<Static> {
        let Some(ty) = self.resolver.types.by_name("runtime.m") else { return Vec::new() };
        let size = self.resolver.types.get(ty).size;
        let threads: Vec<u64> = self.model.machine_threads.keys().copied().collect();
        let statics = threads.into_iter().filter(|&start| self.leads_to_data(start) && !self.is_typed(start));
        let mut starts: Vec<u64> = statics.collect();
        starts.sort_unstable();
        let mut found = Vec::new();
        for start in starts {
            let name = || FrameName::declared(FrameRole::Variable, "runtime.m0", ty);
            let node = self.node(PathTrie::ROOT, "runtime.m0 runtime.m", name);
            let end = start.saturating_add(size);
            found.push(Static {
                start,
                end,
                ty,
                role: Role::Own,
                node,
                class: RootClass::Runtime,
                evidence: Evidence::Exact,
            });
        }
        found
    }

    /// The values that code tells, named by what and where they are.
    fn told_by_code(&mut self) -> Vec<Static> {
        let areas = self.facts.as_ref().map(|facts| facts.areas().clone()).unwrap_or_default();
        let untyped: Vec<(u64, TypeId)> = areas.into_iter().filter(|&(start, _)| !self.is_typed(start)).collect();
        let mut found = Vec::new();
        for (start, ty) in untyped {
            let known = self.resolver.types.get(ty);
            let (name, end) = (shown(&self.resolver.types, ty).into_owned(), start.saturating_add(known.size));
            let place = self.section_place(start);
            let text = format!("{} at {place}", self.labels.packages.shorten(&name));
            let node = self.node(PathTrie::ROOT, &text, || FrameName::declared(FrameRole::Place, &place, ty));
            let (role, class, evidence) = (Role::Own, RootClass::Variables, Evidence::Derived);
            found.push(Static { start, end, ty, role, node, class, evidence });
        }
        found
    }

    fn is_typed(&self, address: u64) -> bool {
        self.model.symbols.variable_at(address).is_some_and(|variable| variable.ty.is_some())
    }

    /// True if code tells what a word leads to.
    fn is_told(&self, address: u64) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.word(address).is_some())
    }

    fn leads_to_data(&self, address: u64) -> bool {
        self.model.modules.iter().any(|module| module.data.contains(&address) || module.bss.contains(&address))
    }

    /// What `word` points to, by the type of the variable or value that the word is in.
    fn static_at(&mut self, word: VariableWord, statics: &Statics) -> Option<Static> {
        let named = self.name_word(word, statics)?;
        let (pointer, field) = named.word?;
        let (ty, role, count) = match pointer {
            PointerWord::Pointer(elem) => (elem, Role::Own, 1),
            PointerWord::Slice(elem) => (elem, Role::Element, self.model.memory().read_u64(Address(word.at).add(16))?),
            PointerWord::InterfaceData(_) => match self.resolver.target_loaded(pointer, field, word.at, word.value) {
                Target::Known(_, ty, _) => (ty, Role::Own, 1),
                _ => return None,
            },
            _ => return None,
        };
        let size = self.resolver.types.get(ty).size.checked_mul(count)?;
        let end = word.value.checked_add(size)?;
        Some(Static {
            start: word.value,
            end,
            ty,
            role,
            node: named.node,
            class: named.class,
            evidence: named.evidence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of a broken core that all end where the last does: each word is looked at for one of them.
    #[test]
    fn values_over_each_other_share_no_word() {
        let words: Vec<VariableWord> =
            (0..1000).map(|index| VariableWord { at: 0x1000 + index * 8, value: 0, is_guessed: false }).collect();
        let value = |start| Static {
            start,
            end: 0x1000 + 8000,
            ty: TypeId(0),
            role: Role::Own,
            node: PathTrie::ROOT,
            class: RootClass::Variables,
            evidence: Evidence::Exact,
        };
        let all: Vec<Static> = words.iter().map(|word| value(word.at)).collect();
        let mut statics = Statics::default();
        let mut looked_at = 0;
        // As they are found one after the other, each below those before.
        for found in all.iter().rev() {
            statics.by_start.insert(found.start, *found);
            looked_at += words_in(&words, statics.own(found)).count();
        }
        // As they are all told at once.
        looked_at += all.iter().map(|found| words_in(&words, statics.own(found)).count()).sum::<usize>();
        assert_eq!(looked_at, 2 * words.len());
    }
}
