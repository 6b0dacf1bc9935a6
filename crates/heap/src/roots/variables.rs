//! Package variables: data and bss of every module, by the collector's masks.

use super::RootCollector;
use super::statics::{Statics, VariableWord};
use crate::code::{Pointee, as_word};
use crate::label_text::{field_label, shown, variable_label};
use crate::object_type::{Evidence, Part};
use crate::plan::{PlanEntry, PointerWord};
use crate::root::{Naming, Root, RootClass, UntypedRoot, WordOwner};
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_runtime::{Kind, RuntimeModel, TypeId, Variable};
use std::borrow::Cow;

/// Packages whose variables are the runtime's own. Their contents are the same in every program, so that others go first.
const RUNTIME_PACKAGES: [&str; 3] = ["runtime.", "runtime/internal/", "internal/runtime/"];

/// Lists that collections empty, and the last release (1.x) in which they do: those of pools (sync/pool.go `poolCleanup`), and the
/// maps of interned values with the closures that clean them (unique/handle.go, 1.23 and 1.24), whose keys hold the strings of what
/// is interned until it is nobody else's.
const EMPTIED: [(&str, u32); 4] =
    [("sync.allPools", u32::MAX), ("sync.oldPools", u32::MAX), ("unique.uniqueMaps", 24), ("unique.cleanupFuncs", 24)];
/// What is known of one that no symbol names.
const POOL_LIST: &str = "sync.allPools or oldPools";

/// A word of data or bss, named.
pub(super) struct NamedWord {
    pub(super) node: TrieNode,
    pub(super) class: RootClass,
    /// What the word means, and the type of the field it is in, where that is known.
    pub(super) word: Option<(PointerWord, TypeId)>,
    /// How that is known.
    pub(super) evidence: Evidence,
}

impl<'m, 'p> RootCollector<'_, 'm, 'p> {
    pub(super) fn variables(&mut self) {
        let words = self.variable_words();
        let statics = self.find_statics(&words);
        for word in words {
            if self.objects.find(word.value).is_none() {
                continue;
            }
            let named = self.name_word(word, &statics);
            let named_word = named.as_ref().and_then(|named| named.word);
            let naming = if named.is_some() { Naming::Named } else { Naming::Nameless };
            let (node, class) = match named {
                Some(named) => {
                    if let Some((pointer, field)) = named.word {
                        self.declared(word.value, pointer, field, word.at, named.evidence);
                    }
                    (named.node, named.class)
                }
                None => (self.nameless(word.at), RootClass::Variables),
            };
            if named_word.is_none() {
                self.untyped_variable(word);
            }
            let has_type = named_word.is_some_and(|(pointer, _)| pointer != PointerWord::Untyped);
            self.set.roots.push(Root {
                value: word.value,
                class,
                node,
                naming,
                is_conservative: false,
                has_type,
                goroutine: Root::NO_GOROUTINE,
            });
        }
    }

    /// The words of data and bss that are pointers and not nil, in order of address within a section.
    fn variable_words(&mut self) -> Vec<VariableWord> {
        let model: &'m RuntimeModel<'p> = self.model;
        let mut words = Vec::new();
        let sections = |module: &'m goheap_runtime::ModuleData<'p>| {
            [(&module.data, &module.data_mask), (&module.bss, &module.bss_mask)]
        };
        for (range, mask) in model.modules.iter().flat_map(sections) {
            self.set.counts.unbuilt_masks += u64::from(mask.len == 0 && !range.is_empty());
            for word in mask.ones() {
                let at = range.start + word as u64 * 8;
                if at >= range.end {
                    break;
                }
                self.set.counts.variable_words += 1;
                match model.memory().read_u64(Address(at)) {
                    Some(0) => {}
                    Some(value) => words.push(VariableWord { at, value }),
                    None => self.set.counts.absent_words += 1,
                }
            }
        }
        words.sort_unstable_by_key(|word| word.at);
        words
    }

    /// The frame of a word: by the variable that DWARF types, the nameless value that one leads to, or a bare symbol.
    pub(super) fn name_word(&mut self, word: VariableWord, statics: &Statics) -> Option<NamedWord> {
        let model: &'m RuntimeModel<'p> = self.model;
        let variable = model.symbols.variable_at(word.at);
        if let Some((variable, ty)) = variable.and_then(|variable| Some((variable, variable.ty?))) {
            return Some(self.in_variable(variable, ty, word));
        }
        if let Some(found) = statics.at(word.at) {
            let offset = (word.at - found.start) % self.resolver.types.get(found.ty).size.max(1);
            let entry = self.resolver.entry(found.ty, offset).map(Cow::into_owned);
            let prefix = found.role.prefix();
            let (node, pointer) = self.field(found.node, prefix, found.ty, entry, offset, word);
            return Some(NamedWord { node, class: found.class, word: pointer, evidence: found.evidence });
        }
        if self.model.anchors.pool_lists.contains(&Address(word.at)) && variable.is_none() {
            return Some(self.pool_list());
        }
        if let Some(pointee) = self.facts.as_ref().and_then(|facts| facts.word(word.at)) {
            return Some(self.told_word(word.at, pointee, variable));
        }
        let variable = variable?;
        let node = self.node(PathTrie::ROOT, &variable.name);
        Some(NamedWord { node, class: self.class_of(variable), word: None, evidence: Evidence::None })
    }

    /// The variable's frame, and below it that of the field unless the variable is one word's worth itself.
    fn in_variable(&mut self, variable: &Variable, ty: TypeId, word: VariableWord) -> NamedWord {
        let text = variable_label(&self.resolver.types, &variable.name, ty);
        let top = self.node(PathTrie::ROOT, &text);
        let offset = word.at - variable.address;
        let entry = self.resolver.entry(ty, offset).map(Cow::into_owned);
        let (node, pointer) = self.field(top, "", ty, entry, offset, word);
        NamedWord { node, class: self.class_of(variable), word: pointer, evidence: Evidence::Exact }
    }

    /// A list of pools that was found by the code that empties it.
    fn pool_list(&mut self) -> NamedWord {
        let types = &self.resolver.types;
        let pool = types.by_name("*sync.Pool").filter(|&pool| matches!(types.get(pool).kind, Kind::Pointer(_)));
        let node = self.node(PathTrie::ROOT, &format!("{POOL_LIST} []*sync.Pool"));
        let word = pool.map(|pool| (PointerWord::Slice(pool), pool));
        NamedWord { node, class: RootClass::Emptied, word, evidence: Evidence::Exact }
    }

    fn field(
        &mut self,
        top: TrieNode,
        prefix: &str,
        owner: TypeId,
        entry: Option<PlanEntry>,
        offset: u64,
        word: VariableWord,
    ) -> (TrieNode, Option<(PointerWord, TypeId)>) {
        let Some(entry) = entry else { return (self.node(top, &format!("+{offset:#x}")), None) };
        let pointer = Some((entry.word, entry.field));
        if entry.path.is_empty() && prefix.is_empty() {
            return (top, pointer);
        }
        let text = field_label(self.resolver, self.model, &self.labels.packages, prefix, &entry, word.at, word.value);
        let label = self.labels.owned(owner, &text);
        (self.trie.child(top, label), pointer)
    }

    /// Notes what can be told of a word that no variable's type explains: the second of an interface, or what code does with it.
    fn untyped_variable(&mut self, word: VariableWord) {
        match self.resolver.interface_before(word.at) {
            Some(has_methods) => {
                let pointer = PointerWord::InterfaceData(has_methods);
                self.declared(word.value, pointer, TypeId(0), word.at, Evidence::Exact);
            }
            None => {
                let owner = WordOwner::Variable(word.at);
                self.set.untyped.push(UntypedRoot { value: word.value, at: word.at, owner });
            }
        }
    }

    /// A word of which code tells what it leads to.
    fn told_word(&mut self, at: u64, pointee: Pointee, variable: Option<&Variable>) -> NamedWord {
        let text = self.pointee_text(pointee);
        let text = match variable {
            Some(variable) => format!("{} {text}", variable.name),
            None => format!("{text} at {}", self.section_place(at)),
        };
        let node = self.node(PathTrie::ROOT, &text);
        let class = variable.map_or(RootClass::Variables, |variable| self.class_of(variable));
        NamedWord { node, class, word: Some((as_word(pointee), pointee.ty)), evidence: Evidence::Derived }
    }

    /// The type of a word that leads to that.
    pub(super) fn pointee_text(&self, pointee: Pointee) -> String {
        let name = shown(&self.resolver.types, pointee.ty);
        let name = self.labels.packages.shorten(&name);
        match pointee.part {
            Part::Value => format!("*{name}"),
            Part::Elements => format!("[]{name}"),
            Part::Closure => "func".to_owned(),
            _ => name.into_owned(),
        }
    }

    /// A word that no variable holds, by its section.
    fn nameless(&mut self, at: u64) -> TrieNode {
        let text = self.section_place(at);
        self.node(PathTrie::ROOT, &text)
    }

    /// Where in which section an address lies: of a plugin with its file, as each has a section of that name.
    pub(super) fn section_place(&self, at: u64) -> String {
        let modules = self.model.modules.iter().enumerate();
        let mut sections =
            modules.flat_map(|(index, module)| [("data", &module.data, index), ("bss", &module.bss, index)]);
        match sections.find(|(_, range, _)| range.contains(&at)) {
            None => format!("{at:#x}"),
            Some((name, range, 0)) => format!("{name}+{:#x}", at - range.start),
            Some((name, range, index)) => {
                let plugin = self.model.plugin_name(index).unwrap_or_else(|| format!("module {index}"));
                format!("{name}+{:#x} ({plugin})", at - range.start)
            }
        }
    }

    fn class_of(&self, variable: &Variable) -> RootClass {
        let is_emptied = |&(name, last): &(&str, u32)| name == &*variable.name && self.model.version.minor <= last;
        if RUNTIME_PACKAGES.iter().any(|package| variable.name.starts_with(package)) {
            RootClass::Runtime
        } else if EMPTIED.iter().any(is_emptied) {
            RootClass::Emptied
        } else {
            RootClass::Variables
        }
    }
}
