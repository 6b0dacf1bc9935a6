//! Collects the roots exactly as the collector does (mgcmark.go `markroot`, `gcMarkTinyAllocs`), and names them.

mod cleanups;
mod locals;
mod other;
pub(crate) mod root;
pub(crate) mod runtime_records;
mod stacks;
mod statics;
mod told_words;
mod variables;

pub(crate) use locals::source_name;

use crate::code::{Facts, FrameWords};
use crate::infer::Proposal;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Resolver, Target, Told};
use crate::names::labels::Labels;
use crate::objects::table::ObjectTable;
use crate::referred::{Reach, RootWindow, Window};
use crate::roots::root::{Naming, Root, RootSet};
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{Evidence, Observer, RootClass, TypeId};
use goheap_runtime::RuntimeModel;

/// The collection at work.
pub(crate) struct RootCollector<'a, 'm, 'p> {
    pub(crate) model: &'m RuntimeModel<'p>,
    pub(crate) objects: &'a ObjectTable<'m, 'p>,
    pub(crate) resolver: &'a mut Resolver<'m>,
    pub(crate) labels: &'a mut Labels,
    pub(crate) trie: &'a mut PathTrie,
    observer: &'a dyn Observer,
    locals: locals::LocalsCache,
    /// What code says, where no debug information does.
    facts: Option<Facts<'m, 'p>>,
    /// By the function's entry and, of one that was stopped anywhere, where that was.
    frame_words: HashMap<(u64, Option<u64>), FrameWords>,
    conservative: Vec<Root>,
    set: RootSet,
}

impl<'a, 'm, 'p> RootCollector<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        labels: &'a mut Labels,
        trie: &'a mut PathTrie,
        observer: &'a dyn Observer,
    ) -> Self {
        RootCollector {
            model,
            objects,
            resolver,
            labels,
            trie,
            observer,
            locals: locals::LocalsCache::default(),
            facts: None,
            frame_words: HashMap::default(),
            conservative: Vec::new(),
            set: RootSet::default(),
        }
    }

    /// Every root of the process.
    pub(crate) fn collect(mut self) -> RootSet {
        let lost = &self.model.diagnostics;
        self.set.absent.spans = lost.absent_spans;
        self.set.absent.goroutines = lost.broken_goroutines + u64::from(lost.no_goroutines);
        self.set.absent.modules = u64::from(lost.broken_module.is_some());
        if self.model.dwarf.is_none() {
            self.facts = Facts::read(self.model, self.resolver);
            let closures = self.facts.as_ref().map(|facts| facts.closures().clone());
            self.resolver.closures.tell(closures.unwrap_or_default());
        } else if !self.model.version.release().has_captures_in_dwarf {
            let closures = Facts::closures_alone(self.model, self.resolver);
            self.resolver.closures.tell(closures);
        }
        self.variables();
        self.stacks();
        self.tiny_blocks();
        self.runtime_objects();
        self.made_types();
        self.specials();
        self.queues();
        self.set
    }

    /// The frame below `parent` with that text, and its name as data where it is new.
    fn node(&mut self, parent: TrieNode, text: &str, name: impl FnOnce() -> FrameName) -> TrieNode {
        let label = self.labels.text(text, name);
        self.trie.child(parent, label)
    }

    /// The same of one that its text alone tells.
    fn plain(&mut self, parent: TrieNode, text: &str, role: FrameRole) -> TrieNode {
        self.node(parent, text, || FrameName::of(role))
    }

    fn root(&mut self, value: u64, class: RootClass, node: TrieNode) {
        self.set.roots.push(Root {
            value,
            class,
            node,
            naming: Naming::Named,
            is_conservative: false,
            has_type: true,
            goroutine: Root::NO_GOROUTINE,
        });
    }

    /// What a pointer word that lies at `at` refers to of its target.
    fn window(&self, word: PointerWord, at: u64, evidence: Evidence) -> Window {
        let next = |next: u64| self.model.memory().read_u64(Address(at).add(next * 8));
        Reach::of(&self.resolver.types, word).window(evidence <= Evidence::Candidate, next)
    }

    /// Notes what the root refers to that is added next.
    fn note_window(&mut self, window: Window) {
        if window != Window::Whole
            && let Ok(root) = u32::try_from(self.set.roots.len())
        {
            self.set.windows.push(RootWindow { root, window });
        }
    }

    /// Notes what a pointer word of a declared type tells of its target.
    fn declared(&mut self, value: u64, word: PointerWord, field: TypeId, at: u64, evidence: Evidence) {
        if let Target::Known(part, ty, told) = self.resolver.target_loaded(word, field, at, value) {
            let evidence = if told == Told::ByType { evidence } else { Evidence::Exact };
            let proposal = Proposal::new(value, part, ty, evidence);
            self.set.proposals.push(Proposal { is_box: told == Told::Box, ..proposal });
        }
    }
}

#[cfg(test)]
mod tests;
