//! Values that the linker laid out without a name: `var store = &Store{}` is a named pointer to a nameless Store in bss. They
//! are told by the named variables that point to them.

use super::RootCollector;
use crate::containers::Role;
use crate::label_text::shown;
use crate::object_type::Evidence;
use crate::plan::PointerWord;
use crate::resolve::Target;
use crate::root::RootClass;
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_runtime::TypeId;
use std::collections::{BTreeMap, VecDeque};

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
    /// The value that holds `address`.
    pub(super) fn at(&self, address: u64) -> Option<Static> {
        let (_, found) = self.by_start.range(..=address).next_back()?;
        (address < found.end).then_some(*found)
    }
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
        for found in self.first_threads().into_iter().chain(self.told_by_code()) {
            let first = words.partition_point(|word| word.at < found.start);
            queue.extend(words[first..].iter().take_while(|word| word.at < found.end));
            statics.by_start.insert(found.start, found);
        }
        while let Some(word) = queue.pop_front() {
            if !self.leads_to_data(word.value) || self.is_typed(word.value) || statics.at(word.value).is_some() {
                continue;
            }
            let Some(found) = self.static_at(word, &statics).filter(|found| found.start < found.end) else { continue };
            let first = words.partition_point(|word| word.at < found.start);
            queue.extend(words[first..].iter().take_while(|word| word.at < found.end));
            statics.by_start.insert(found.start, found);
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
            let node = self.node(PathTrie::ROOT, "runtime.m0 runtime.m");
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
            let text = format!("{} at {}", self.labels.packages.shorten(&name), self.section_place(start));
            let node = self.node(PathTrie::ROOT, &text);
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
