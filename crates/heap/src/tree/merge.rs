//! Deciding: candidates in order, each object taken by the first that leads to it. One thread does this, so the tree is the same
//! whatever the number of threads that read.

use super::scan::{Candidate, Detail, Found, Item, Scanner, dynamic};
use super::walk_plan::{Leads, WordCode};
use crate::infer::payload_offset;
use crate::meaning::containers::Role;
use crate::meaning::containers::structs::Inside;
use crate::meaning::plan::PlanEntry;
use crate::meaning::resolve::{Meaning, Resolver, Target, Told};
use crate::names::label_text::{Beyond, field_label, frame_role};
use crate::names::labels::{EdgeKey, Labels};
use crate::objects::table::ObjectTable;
use crate::scan::pieces::PIECE;
use foldhash::HashMap;
use goheap_graph::{IdBitSet, PathTrie, SharedBitSet, TrieNode};
use goheap_model::names::{FrameName, FrameRole, captured_path};
use goheap_model::{ObjectType, Part, RootClass, Share, Slot, TypeId};
use goheap_runtime::RuntimeModel;

/// Steps of the tree that are remembered beside the trie's own table.
const MEMO: usize = 1 << 10;
/// The code of no word.
const NO_CODE: u32 = u32::MAX;

/// Labels of what nothing names.
const CAPTURED: &str = "[captured]";
const NAMELESS: &str = "?";

/// A step down the tree: from a frame by a code, and by what the target tells beyond it, to a frame.
#[derive(Clone, Copy)]
struct Step {
    from: TrieNode,
    code: u32,
    beyond: Beyond,
    to: TrieNode,
}

/// What the walk writes.
pub(crate) struct Merger<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) objects: &'a ObjectTable<'m, 'p>,
    pub(super) resolver: &'a mut Resolver<'m>,
    pub(super) labels: &'a mut Labels,
    pub(super) trie: &'a mut PathTrie,
    /// The frame of each slot, where that is wanted.
    pub(super) frames: Option<Vec<TrieNode>>,
    /// What is to be read next.
    pub(super) next: Vec<Item>,
    /// True if a large object is among that.
    pub(super) next_has_large: bool,
    /// What the walk reached so far.
    pub(super) share: Share,
    /// The class whose roots are walked from.
    pub(super) class: RootClass,
    /// The runtime's own descriptions of goroutines and threads, by which a channel would otherwise claim half of the runtime:
    /// the runtime's variables hold them.
    pub(super) reserved: IdBitSet,
    pub(super) postponed: Vec<Item>,
    /// Of each span: element size, in the two lowest bits whether slots are without pointers and whether one is reserved.
    pub(super) facts: Vec<u64>,
    /// Labels of words whose code is not detailed.
    label_of_code: HashMap<(WordCode, Beyond), u32>,
    memo: Box<[Step]>,
}

pub(super) const NOSCAN: u64 = 1;
const HAS_RESERVED: u64 = 2;

/// Bytes of a slot, of what is known of its span.
#[inline]
pub(super) fn bytes(facts: u64) -> u64 {
    facts & !7
}

impl<'a, 'm, 'p> Merger<'a, 'm, 'p> {
    pub(super) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        labels: &'a mut Labels,
        trie: &'a mut PathTrie,
    ) -> Self {
        let facts = model.heap.spans.iter().map(|span| (span.elem_size & !7) | (u64::from(span.is_noscan()) * NOSCAN));
        let nowhere = Step { from: PathTrie::ROOT, code: NO_CODE, beyond: Beyond::Nothing, to: PathTrie::ROOT };
        Merger {
            model,
            objects,
            resolver,
            labels,
            trie,
            frames: None,
            next: Vec::new(),
            next_has_large: false,
            share: Share::default(),
            class: RootClass::Variables,
            reserved: IdBitSet::default(),
            postponed: Vec::new(),
            facts: facts.collect(),
            label_of_code: HashMap::default(),
            memo: vec![nowhere; MEMO].into(),
        }
    }

    pub(super) fn reserve(&mut self, slot: Slot) {
        self.reserved.insert(slot.id.0);
        self.facts[slot.span as usize] |= HAS_RESERVED;
    }

    /// Takes what was found, in order.
    pub(super) fn merge(&mut self, found: &[Found], scanner: &Scanner<'a, 'm, 'p>) {
        for found in found {
            let mut details = found.details.iter();
            for candidate in &found.candidates {
                let detail = if candidate.code.is_detailed() { details.next() } else { None };
                if scanner.unreached.contains(candidate.target) {
                    let node = self.step(candidate, detail, scanner);
                    self.reach(Item { id: candidate.target, span: candidate.span, node }, &scanner.unreached);
                }
            }
        }
    }

    /// Counts an object under a frame, unless it is held back; it was not reached before.
    pub(super) fn reach(&mut self, item: Item, unreached: &SharedBitSet) {
        let facts = self.facts[item.span as usize];
        if facts & HAS_RESERVED != 0 && self.class < RootClass::Runtime && self.reserved.contains(item.id) {
            self.postponed.push(item);
            return;
        }
        unreached.remove(item.id);
        let bytes = bytes(facts);
        self.share.add(Share { bytes, objects: 1 });
        self.trie.add(item.node, bytes, 1);
        if let Some(frames) = &mut self.frames {
            frames[item.id as usize] = item.node;
        }
        if facts & NOSCAN == 0 {
            self.next_has_large |= bytes > PIECE;
            self.next.push(item);
        }
    }

    /// The frame of what a candidate leads to.
    #[inline]
    pub(super) fn step(
        &mut self,
        candidate: &Candidate,
        detail: Option<&Detail>,
        scanner: &Scanner<'a, 'm, 'p>,
    ) -> TrieNode {
        let &Candidate { node: from, code, beyond, .. } = candidate;
        if let Some(detail) = detail {
            let label = self.detailed_label(code, detail, scanner);
            return label.map_or(from, |label| self.trie.child_folding(from, label));
        }
        let spread = from.index().wrapping_mul(0x9e37_79b1) ^ beyond.number().wrapping_mul(0x85eb_ca6b) as usize;
        let place = (spread ^ code.number() as usize) % MEMO;
        let known = self.memo[place];
        if known.from == from && known.code == code.number() && known.beyond == beyond {
            return known.to;
        }
        let label = self.label(code, beyond, scanner);
        let to = label.map_or(from, |label| self.trie.child_folding(from, label));
        self.memo[place] = Step { from, code: code.number(), beyond, to };
        to
    }

    /// The label of the frame that a word with that code leads to; None for the frame that the word is in.
    fn label(&mut self, code: WordCode, beyond: Beyond, scanner: &Scanner<'a, 'm, 'p>) -> Option<u32> {
        if code == WordCode::STAY {
            return None;
        }
        if let Some(&label) = self.label_of_code.get(&(code, beyond)) {
            return Some(label);
        }
        let label = match code.edge().map(|edge| scanner.plans.edges[edge]) {
            Some(edge) => self.label_of(edge.object, edge.offset, &Detail::default(), beyond)?,
            None if code == WordCode::CAPTURED => self.plain_label(CAPTURED, FrameRole::Captured, beyond),
            None => self.plain_label(NAMELESS, FrameRole::Place, beyond),
        };
        self.label_of_code.insert((code, beyond), label);
        Some(label)
    }

    /// The same of a word whose code is detailed.
    fn detailed_label(&mut self, code: WordCode, detail: &Detail, scanner: &Scanner<'a, 'm, 'p>) -> Option<u32> {
        let Some(edge) = code.edge().map(|edge| scanner.plans.edges[edge]) else {
            let (object, offset) = self.place_of(detail.at, scanner)?;
            let beyond = self.beyond(object, offset, detail);
            return self.label_of(object, offset, detail, beyond);
        };
        let Leads::Held(word, field) = edge.leads else { return None };
        let declared = self.resolver.target_loaded(word, field, detail.at, detail.value);
        let beyond = Beyond::new(declared, detail.found, detail.entered);
        let known = self.labels.known_edge(edge.key(detail.dynamic, beyond));
        known.or_else(|| self.label_of(edge.object, edge.offset, detail, beyond))
    }

    /// What the target of a word without a plan tells.
    fn beyond(&mut self, object: ObjectType, offset: u64, detail: &Detail) -> Beyond {
        let (word, field) = match self.resolver.meaning(object, offset) {
            Meaning::Entry(_, _, entry) => (entry.word, entry.field),
            Meaning::Indirect(_, ty) => {
                return Beyond::new(Target::Known(Part::Value, ty, Told::ByType), detail.found, detail.entered);
            }
            _ => return Beyond::new(Target::Unknown, detail.found, detail.entered),
        };
        let declared = self.resolver.target_loaded(word, field, detail.at, detail.value);
        Beyond::new(declared, detail.found, detail.entered)
    }

    /// The object that holds the word at `at`, and where in its payload that is.
    fn place_of(&self, at: u64, scanner: &Scanner<'a, 'm, 'p>) -> Option<(ObjectType, u64)> {
        let slot = self.objects.find(at)?;
        let start = self.objects.address(slot) + payload_offset(self.model, self.objects.span(slot));
        Some((scanner.types.of(slot.id), at.wrapping_sub(start)))
    }

    /// The label of what the word of `detail`, which is at `offset` of an object's payload, leads to.
    fn label_of(&mut self, object: ObjectType, offset: u64, detail: &Detail, beyond: Beyond) -> Option<u32> {
        let is_closure = object.part() == Part::Closure;
        Some(match self.resolver.meaning(object, offset) {
            Meaning::Machinery if is_closure => self.plain_label(CAPTURED, FrameRole::Captured, beyond),
            Meaning::Machinery => return None,
            Meaning::Entry(_, _, entry) if entry.inside == Inside::Part => return None,
            // The object is the very pointer, slice or string that its frame names already.
            Meaning::Entry(Role::Own, _, entry) if entry.path.is_empty() && !entry.is_dynamic() => return None,
            Meaning::Entry(role, owner, entry) => {
                let mut entry = entry.into_owned();
                if is_closure {
                    entry.path = captured_path(&entry.path).into();
                }
                self.entry_label(role, owner, &entry, detail, beyond)
            }
            Meaning::Indirect(role, ty) => {
                let (types, packages) = (&self.resolver.types, &self.labels.packages);
                let name = packages.shorten(&types.get(ty).name);
                let text = format!("{} {name}{}", role.prefix(), beyond.text(types, packages));
                self.labels.owned(ty, &text, || beyond.named(FrameName::declared(frame_role(role), "", ty)))
            }
            Meaning::Unexplained | Meaning::Untyped => self.plain_label(NAMELESS, FrameRole::Place, beyond),
        })
    }

    fn plain_label(&mut self, text: &str, role: FrameRole, beyond: Beyond) -> u32 {
        let text = format!("{text}{}", beyond.text(&self.resolver.types, &self.labels.packages));
        self.labels.text(&text, || beyond.named(FrameName::of(role)))
    }

    fn entry_label(&mut self, role: Role, owner: TypeId, entry: &PlanEntry, detail: &Detail, beyond: Beyond) -> u32 {
        let dynamic = dynamic(self.model, entry.word, (detail.at, detail.value), detail.found);
        let key = EdgeKey { role, owner, offset: entry.offset, dynamic, beyond };
        let (resolver, model) = (&mut *self.resolver, self.model);
        self.labels.edge(key, |packages| {
            let is_closure = detail.found.part() == Part::Closure;
            let word = (detail.at, detail.value);
            let (text, dynamic) = field_label(resolver, model, packages, role.prefix(), entry, word, is_closure);
            let name = FrameName { dynamic, ..FrameName::declared(frame_role(role), &entry.path, entry.field) };
            (text + &beyond.text(&resolver.types, packages), beyond.named(name))
        })
    }
}
