//! Package variables: data and bss of every module, by the collector's masks.

use super::RootCollector;
use super::statics::{Statics, VariableWord};
use crate::absent::AbsentHolder;
use crate::code::{Pointee, as_word};
use crate::meaning::containers::Role;
use crate::meaning::plan::{PlanEntry, PointerWord};
use crate::names::label_text::{Beyond, field_label, frame_role, shown, variable_label};
use crate::roots::root::{Naming, Root, UntypedRoot, WordOwner};
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{BitVector, Evidence, Kind, ObjectType, Part, RootClass, TypeId};
use goheap_runtime::{AddressRange, RuntimeModel, Variable};
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
            let evidence = named.as_ref().map_or(Evidence::None, |named| named.evidence);
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
            let (is_conservative, goroutine) = (word.is_guessed, Root::NO_GOROUTINE);
            let naming = if is_conservative { Naming::Register } else { naming };
            if let Some((pointer, _)) = named_word.filter(|_| !is_conservative) {
                self.note_window(self.window(pointer, word.at, evidence));
            }
            let list = if is_conservative { &mut self.conservative } else { &mut self.set.roots };
            list.push(Root { value: word.value, class, node, naming, is_conservative, has_type, goroutine });
        }
    }

    /// The words of data and bss that are pointers and not nil, in order of address within a section. Where the mask is absent
    /// every word is taken for one: it is a root if it leads into the heap.
    fn variable_words(&mut self) -> Vec<VariableWord> {
        let model: &'m RuntimeModel<'p> = self.model;
        let (mut words, mut absent) = (Vec::new(), AbsentVariables::new(model));
        let sections = |module: &'m goheap_runtime::ModuleData<'p>| {
            [(&module.data, &module.data_mask), (&module.bss, &module.bss_mask)]
        };
        for (range, mask) in model.modules.iter().flat_map(sections) {
            match mask {
                Some(mask) => self.masked_words(range, mask, &mut words, &mut absent),
                None => {
                    self.set.counts.unbuilt_masks += 1;
                    self.every_word(range, &mut words, &mut absent);
                }
            }
        }
        words.sort_unstable_by_key(|word| word.at);
        for (at, name, class, count) in absent.found {
            self.set.counts.absent_words += count;
            self.set.absent.add_root(AbsentHolder::Variable(at, name), class, count);
        }
        words
    }

    fn masked_words(
        &mut self,
        range: &AddressRange,
        mask: &BitVector,
        words: &mut Vec<VariableWord>,
        absent: &mut AbsentVariables<'_, '_>,
    ) {
        for at in mask.ones().map(|word| range.start + word as u64 * 8).take_while(|&at| at < range.end) {
            self.set.counts.variable_words += 1;
            match self.model.memory().read_u64(Address(at)) {
                Some(0) => {}
                Some(value) => words.push(VariableWord { at, value, is_guessed: false }),
                None => absent.note(at, 1),
            }
        }
    }

    fn every_word(&self, range: &AddressRange, words: &mut Vec<VariableWord>, absent: &mut AbsentVariables<'_, '_>) {
        let (memory, len) = (self.model.memory(), range.end - range.start);
        for part in memory.present_parts(Address(range.start), len) {
            let start = range.start + part.start;
            for nonzero in memory.nonzero_parts(Address(start), part.end - part.start) {
                let first = (start + nonzero.start).next_multiple_of(8);
                for at in (first..start + nonzero.end).step_by(8) {
                    let value = memory.read_u64(Address(at)).filter(|&value| self.objects.find(value).is_some());
                    words.extend(value.map(|value| VariableWord { at, value, is_guessed: true }));
                }
            }
        }
        for part in memory.absent_parts(Address(range.start), len) {
            absent.note(range.start + part.start, (part.end - part.start).div_ceil(8));
        }
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
            let (node, pointer) = self.field(found.node, found.role, found.ty, entry, offset, word);
            return Some(NamedWord { node, class: found.class, word: pointer, evidence: found.evidence });
        }
        if self.model.anchors.pool_lists.contains(&Address(word.at)) && variable.is_none() {
            return Some(self.pool_list());
        }
        let told = self.facts.as_ref().and_then(|facts| facts.word(word.at).map(|told| (told, facts.evidence(told))));
        if let Some((pointee, evidence)) = told {
            return Some(self.told_word(word.at, pointee, evidence, variable));
        }
        let variable = variable?;
        let node = self.node(PathTrie::ROOT, &variable.name, || FrameName::at(FrameRole::Variable, &variable.name));
        Some(NamedWord { node, class: class_of(self.model, variable), word: None, evidence: Evidence::None })
    }

    /// The variable's frame, and below it that of the field unless the variable is one word's worth itself.
    fn in_variable(&mut self, variable: &Variable, ty: TypeId, word: VariableWord) -> NamedWord {
        let text = variable_label(&self.resolver.types, &variable.name, ty);
        let name = || FrameName::declared(FrameRole::Variable, &variable.name, ty);
        let top = self.node(PathTrie::ROOT, &text, name);
        let offset = word.at - variable.address;
        let entry = self.resolver.entry(ty, offset).map(Cow::into_owned);
        let (node, pointer) = self.field(top, Role::Own, ty, entry, offset, word);
        NamedWord { node, class: class_of(self.model, variable), word: pointer, evidence: Evidence::Exact }
    }

    /// A list of pools that was found by the code that empties it.
    fn pool_list(&mut self) -> NamedWord {
        let types = &self.resolver.types;
        let pool = types.by_name("*sync.Pool").filter(|&pool| matches!(types.get(pool).kind, Kind::Pointer(_)));
        let name = || FrameName::at(FrameRole::Variable, POOL_LIST);
        let node = self.node(PathTrie::ROOT, &format!("{POOL_LIST} []*sync.Pool"), name);
        let word = pool.map(|pool| (PointerWord::Slice(pool), pool));
        NamedWord { node, class: RootClass::Emptied, word, evidence: Evidence::Exact }
    }

    fn field(
        &mut self,
        top: TrieNode,
        role: Role,
        owner: TypeId,
        entry: Option<PlanEntry>,
        offset: u64,
        word: VariableWord,
    ) -> (TrieNode, Option<(PointerWord, TypeId)>) {
        let Some(entry) = entry else {
            let text = format!("+{offset:#x}");
            return (self.node(top, &text, || FrameName::at(FrameRole::Place, &text)), None);
        };
        let (pointer, prefix) = (Some((entry.word, entry.field)), role.prefix());
        if entry.path.is_empty() && prefix.is_empty() {
            return (top, pointer);
        }
        let (text, dynamic) =
            field_label(self.resolver, self.model, &self.labels.packages, prefix, &entry, (word.at, word.value), true);
        let name = || FrameName { dynamic, ..FrameName::declared(frame_role(role), &entry.path, entry.field) };
        let label = self.labels.owned(owner, &text, name);
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
    fn told_word(&mut self, at: u64, pointee: Pointee, evidence: Evidence, variable: Option<&Variable>) -> NamedWord {
        let text = self.told_text(pointee, evidence);
        let (text, name) = match variable {
            Some(variable) => (format!("{} {text}", variable.name), FrameName::at(FrameRole::Variable, &variable.name)),
            None => {
                let place = self.section_place(at);
                (format!("{text} at {place}"), FrameName::at(FrameRole::Place, &place))
            }
        };
        let node = self.node(PathTrie::ROOT, &text, || pointee_name(name, pointee, evidence));
        let class = variable.map_or(RootClass::Variables, |variable| class_of(self.model, variable));
        NamedWord { node, class, word: Some((as_word(pointee), pointee.ty)), evidence }
    }

    /// The type of a word that leads to that.
    fn pointee_text(&self, pointee: Pointee) -> String {
        let name = shown(&self.resolver.types, pointee.ty);
        let name = self.labels.packages.shorten(&name);
        match pointee.part {
            Part::Value => format!("*{name}"),
            Part::Elements => format!("[]{name}"),
            Part::Closure => "func".to_owned(),
            _ => name.into_owned(),
        }
    }

    /// The same, marked where it is a guess.
    pub(super) fn told_text(&self, pointee: Pointee, evidence: Evidence) -> String {
        let text = self.pointee_text(pointee);
        if evidence == Evidence::Candidate { format!("{text} ?") } else { text }
    }

    /// A word that no variable holds, by its section.
    fn nameless(&mut self, at: u64) -> TrieNode {
        let text = self.section_place(at);
        self.node(PathTrie::ROOT, &text, || FrameName::at(FrameRole::Place, &text))
    }

    /// Where in which section an address lies: of a plugin with its file, as each has a section of that name.
    pub(super) fn section_place(&self, at: u64) -> String {
        match section_of(self.model, at) {
            None => format!("{at:#x}"),
            Some((name, start, None)) => format!("{name}+{:#x}", at - start),
            Some((name, start, Some(plugin))) => format!("{name}+{:#x} ({plugin})", at - start),
        }
    }
}

/// A name with what code tells of what a word leads to.
pub(super) fn pointee_name(name: FrameName, pointee: Pointee, evidence: Evidence) -> FrameName {
    Beyond::Is(ObjectType::new(pointee.part, pointee.ty, evidence)).named(name)
}

/// The section that holds an address, by its name and start; of a plugin or library with its file.
fn section_of(model: &RuntimeModel<'_>, at: u64) -> Option<(&'static str, u64, Option<String>)> {
    let modules = model.modules.iter().enumerate();
    let mut sections = modules.flat_map(|(index, module)| [(index, "data", &module.data), (index, "bss", &module.bss)]);
    let (index, name, range) = sections.find(|(_, _, range)| range.contains(&at))?;
    let plugin = (index > 0).then(|| model.plugin_name(index).unwrap_or_else(|| format!("module {index}")));
    Some((name, range.start, plugin))
}

/// Words of variables that are absent, by variable or, where none is known, by section.
struct AbsentVariables<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    /// Where the first lies, the name, the class, and how many.
    found: Vec<(u64, String, RootClass, u64)>,
    /// What the last of these holds.
    last: AddressRange,
}

impl<'m, 'p> AbsentVariables<'m, 'p> {
    fn new(model: &'m RuntimeModel<'p>) -> Self {
        AbsentVariables { model, found: Vec::new(), last: 0..0 }
    }

    /// Notes so many words from `at` on, which lie in order within a section.
    fn note(&mut self, at: u64, words: u64) {
        if let Some(last) = self.found.last_mut().filter(|_| self.last.contains(&at)) {
            last.3 += words;
            return;
        }
        let variable = self.model.symbols.variable_at(at);
        let (name, class, range) = match variable {
            Some(found) => (
                found.name.to_string(),
                class_of(self.model, found),
                found.address..found.address.saturating_add(found.size),
            ),
            None => {
                let name = match section_of(self.model, at) {
                    None => format!("{at:#x}"),
                    Some((name, _, None)) => name.to_owned(),
                    Some((name, _, Some(plugin))) => format!("{name} ({plugin})"),
                };
                // Up to the next that has a name.
                let variables = self.model.symbols.variables();
                let next = variables.partition_point(|variable| variable.address <= at);
                let end = variables.get(next).map_or(u64::MAX, |variable| variable.address);
                (name, RootClass::Variables, at..end)
            }
        };
        self.last = range;
        self.found.push((at, name, class, words));
    }
}

fn class_of(model: &RuntimeModel<'_>, variable: &Variable) -> RootClass {
    let is_emptied = |&(name, last): &(&str, u32)| name == &*variable.name && model.version.minor <= last;
    if RUNTIME_PACKAGES.iter().any(|package| variable.name.starts_with(package)) {
        RootClass::Runtime
    } else if EMPTIED.iter().any(is_emptied) {
        RootClass::Emptied
    } else {
        RootClass::Variables
    }
}
