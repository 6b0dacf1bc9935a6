//! The reference tree: class by class, breadth first, each object once under the frame that reached it first.

use crate::containers::Role;
use crate::infer::payload_offset;
use crate::label_text::{Beyond, captured_path, field_label, object_label};
use crate::labels::{EdgeKey, Labels};
use crate::object::{ObjectTable, Slot};
use crate::object_type::{Evidence, ObjectType, Part};
use crate::plan::{PlanEntry, PointerWord};
use crate::resolve::{Meaning, Resolver, Target};
use crate::root::{Root, RootClass};
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_image::Address;
use goheap_runtime::{RuntimeModel, SweepState};
use std::collections::VecDeque;

/// Bytes and objects of one class of root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Bytes of slots.
    pub bytes: u64,
    /// Slots.
    pub objects: u64,
}

/// Where pointer words led.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerCounts {
    /// Words of reached objects that are pointers by the collector's masks and not nil.
    pub words: u64,
    /// Of these, into allocated slots.
    pub to_objects: u64,
    /// Into slots that are free: none on a quiescent core.
    pub to_free_slots: u64,
    /// Into the tail of a span, where no slot is.
    pub to_span_tails: u64,
    /// Into memory that the runtime manages by hand, as stacks are.
    pub to_manual_spans: u64,
    /// Elsewhere in an arena: free pages.
    pub to_free_pages: u64,
    /// Outside the heap.
    pub outside: u64,
    /// Of words that only look like pointers, those that led to no allocated slot; not counted above.
    pub conservative_misses: u64,
    /// Roots that lead to a free slot although they are known to be pointers.
    pub roots_to_free_slots: u64,
    /// Words that are absent from the core.
    pub absent: u64,
    /// Of `words`, those in objects whose type is known.
    pub typed_words: u64,
    /// Of these, the ones where the type has no pointer.
    pub unexplained: u64,
    /// One address that holds a pointer to a free slot.
    pub first_to_free_slot: Option<u64>,
}

/// The tree being built.
pub(crate) struct TreeBuilder<'a, 'm, 'p> {
    pub(crate) model: &'m RuntimeModel<'p>,
    pub(crate) objects: &'a ObjectTable<'m, 'p>,
    pub(crate) resolver: &'a mut Resolver<'m>,
    pub(crate) labels: &'a mut Labels,
    pub(crate) trie: &'a mut PathTrie,
    pub(crate) types: &'a [ObjectType],
    pub(crate) reached: IdBitSet,
    /// The runtime's own descriptions of goroutines and threads, by which a channel would otherwise claim half of the runtime:
    /// the runtime's variables hold them.
    pub(crate) reserved: IdBitSet,
    pub(crate) counts: PointerCounts,
    /// The frame that each slot was reached under, where that is wanted; [`PathTrie::ROOT`] for what is not reached.
    pub(crate) frames: Option<Vec<TrieNode>>,
    queue: VecDeque<(Slot, TrieNode)>,
    postponed: Vec<(Slot, TrieNode, RootClass)>,
}

impl<'a, 'm, 'p> TreeBuilder<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        labels: &'a mut Labels,
        trie: &'a mut PathTrie,
        types: &'a [ObjectType],
    ) -> Self {
        TreeBuilder {
            model,
            objects,
            resolver,
            labels,
            trie,
            types,
            reached: IdBitSet::with_room_for(objects.len()),
            reserved: IdBitSet::with_room_for(objects.len()),
            counts: PointerCounts::default(),
            frames: None,
            queue: VecDeque::new(),
            postponed: Vec::new(),
        }
    }

    /// Remembers the frame of every object that is reached from now on: four bytes a slot.
    pub(crate) fn remember_frames(&mut self) {
        self.frames = Some(vec![PathTrie::ROOT; self.objects.len() as usize]);
    }

    /// Walks from the roots of each class in turn; what each class reached.
    pub(crate) fn walk(&mut self, roots: &[Root]) -> Vec<(RootClass, Share)> {
        self.reserve();
        RootClass::ALL
            .into_iter()
            .map(|class| {
                let mut share = Share::default();
                for root in roots.iter().filter(|root| root.class == class) {
                    self.start(root);
                }
                self.drain(class, &mut share);
                if class == RootClass::Other {
                    self.release(&mut share);
                }
                (class, share)
            })
            .collect()
    }

    fn reserve(&mut self) {
        let model = self.model;
        let goroutines = model.goroutines.iter().map(|goroutine| goroutine.address.0);
        let threads = model.machine_threads.keys().copied();
        let processors = model.processors.iter().map(|processor| processor.0);
        let sudogs = model.goroutines.iter().flat_map(|goroutine| waiting_sudogs(model, goroutine.address));
        let addresses: Vec<u64> = goroutines.chain(threads).chain(processors).chain(sudogs).collect();
        for slot in addresses.into_iter().filter_map(|address| self.objects.find_allocated(address)) {
            self.reserved.insert(slot.id.0);
        }
    }

    /// What was held back and that no variable of the runtime holds after all.
    fn release(&mut self, share: &mut Share) {
        self.reserved = IdBitSet::with_room_for(0);
        for (slot, node, class) in std::mem::take(&mut self.postponed) {
            self.reach(slot, node, class);
        }
        self.drain(RootClass::Other, share);
    }

    fn start(&mut self, root: &Root) {
        let Some(slot) = self.objects.find(root.value) else { return };
        if self.objects.is_allocated(slot) {
            let node = self.told_by_target(root, slot);
            self.reach(slot, node, root.class);
        } else if root.is_conservative {
            self.counts.conservative_misses += 1;
        } else {
            self.counts.roots_to_free_slots += 1;
        }
    }

    /// The frame that says what the object is, where that is known: of a variable one below its own, which stands for all of its
    /// words; else one in the place of the root's.
    fn told_by_target(&mut self, root: &Root, slot: Slot) -> TrieNode {
        let object = self.types[slot.id.0 as usize];
        let beyond = match (root.has_type, object.evidence()) {
            // Had the declared type fitted, it would be the object's.
            (true, Evidence::Candidate) => Beyond::In(object),
            (true, _) => return root.node,
            (false, _) => Beyond::new(Target::Unknown, object, false),
        };
        let (Some(parent), Some(label)) = (self.trie.parent(root.node), self.trie.label(root.node)) else {
            return root.node;
        };
        if beyond == Beyond::Nothing {
            return root.node;
        }
        let told = beyond.text(&self.resolver.types, &self.labels.packages);
        let (parent, text) = match root.class {
            RootClass::Goroutines => (parent, format!("{}{told}", self.labels.get(label))),
            _ => (root.node, told.trim_start().to_owned()),
        };
        let label = self.labels.text(&text);
        self.trie.child(parent, label)
    }

    fn reach(&mut self, slot: Slot, node: TrieNode, class: RootClass) {
        if class < RootClass::Runtime && self.reserved.contains(slot.id.0) {
            if !self.reached.contains(slot.id.0) {
                self.postponed.push((slot, node, RootClass::Runtime));
            }
            return;
        }
        if self.reached.insert(slot.id.0) {
            self.queue.push_back((slot, node));
        }
    }

    fn drain(&mut self, class: RootClass, share: &mut Share) {
        while let Some((slot, node)) = self.queue.pop_front() {
            let size = self.objects.span(slot).elem_size;
            share.bytes += size;
            share.objects += 1;
            self.trie.add(node, size, 1);
            if let Some(frames) = &mut self.frames {
                frames[slot.id.0 as usize] = node;
            }
            self.follow(slot, node, class);
        }
    }

    fn follow(&mut self, slot: Slot, node: TrieNode, class: RootClass) {
        let (objects, masks) = (self.objects, &self.model.masks);
        let span = objects.span(slot);
        let (start, payload) = (objects.address(slot), payload_offset(self.model, span));
        let object = self.types[slot.id.0 as usize];
        masks.for_each_offset(span, slot.slot, |offset| {
            let at = start + offset;
            let Some(value) = masks.word(span, at) else {
                self.counts.absent += 1;
                return;
            };
            if value == 0 {
                return;
            }
            self.counts.words += 1;
            if object.is_known() {
                self.counts.typed_words += 1;
                let is_explained =
                    !matches!(self.resolver.meaning(object, offset.wrapping_sub(payload)), Meaning::Unexplained);
                self.counts.unexplained += u64::from(!is_explained);
            }
            match objects.find(value) {
                Some(target) if objects.is_allocated(target) => {
                    self.counts.to_objects += 1;
                    if !self.reached.contains(target.id.0) {
                        let node = self.edge(object, offset.wrapping_sub(payload), at, value, target, node);
                        self.reach(target, node, class);
                    }
                }
                Some(_) => {
                    self.counts.to_free_slots += 1;
                    self.counts.first_to_free_slot.get_or_insert(at);
                }
                None => self.count_stray(value),
            }
        });
    }

    fn count_stray(&mut self, value: u64) {
        let heap = &self.model.heap;
        let counter = if heap.span_index(value).is_some() {
            &mut self.counts.to_span_tails
        } else if heap.is_manual(value) {
            &mut self.counts.to_manual_spans
        } else if heap.in_arena(value) {
            &mut self.counts.to_free_pages
        } else {
            &mut self.counts.outside
        };
        *counter += 1;
    }

    /// The frame of what the word at `at`, which is at `offset` of an object's payload, leads to.
    fn edge(&mut self, object: ObjectType, offset: u64, at: u64, value: u64, target: Slot, node: TrieNode) -> TrieNode {
        let found = self.types[target.id.0 as usize];
        let is_closure = object.part() == Part::Closure;
        let told = |declared| Beyond::new(declared, found, false);
        let label = match self.resolver.meaning(object, offset) {
            Meaning::Machinery if is_closure => {
                let text =
                    format!("[captured]{}", told(Target::Unknown).text(&self.resolver.types, &self.labels.packages));
                self.labels.text(&text)
            }
            Meaning::Machinery => return node,
            // The object is the very pointer, slice or string that its frame names already.
            Meaning::Entry(Role::Own, _, entry) if entry.path.is_empty() && !entry.is_dynamic() => return node,
            Meaning::Entry(role, owner, entry) => {
                let mut entry = entry.into_owned();
                if is_closure {
                    entry.path = captured_path(&entry.path).into();
                }
                self.entry_label(role, owner, &entry, at, value, target)
            }
            Meaning::Indirect(role, ty) => {
                let mark =
                    told(Target::Known(Part::Value, ty, false)).text(&self.resolver.types, &self.labels.packages);
                let text = format!(
                    "{} {}{mark}",
                    role.prefix(),
                    self.labels.packages.shorten(&self.resolver.types.get(ty).name)
                );
                self.labels.owned(ty, &text)
            }
            Meaning::Unexplained | Meaning::Untyped => {
                let text = format!("?{}", told(Target::Unknown).text(&self.resolver.types, &self.labels.packages));
                self.labels.text(&text)
            }
        };
        self.trie.child_folding(node, label)
    }

    fn entry_label(
        &mut self,
        role: Role,
        owner: goheap_runtime::TypeId,
        entry: &PlanEntry,
        at: u64,
        value: u64,
        target: Slot,
    ) -> u32 {
        let memory = self.model.memory();
        let dynamic = match entry.word {
            PointerWord::InterfaceData(_) => memory.read_u64(Address(at.wrapping_sub(8))).unwrap_or(0),
            PointerWord::Func => memory.read_u64(Address(value)).unwrap_or(0),
            _ => 0,
        };
        let start = self.objects.address(target) + payload_offset(self.model, self.objects.span(target));
        let declared = self.resolver.target_loaded(entry.word, entry.field, at, value);
        let beyond = Beyond::new(declared, self.types[target.id.0 as usize], value != start);
        let key = EdgeKey { role, owner, offset: entry.offset, dynamic, beyond };
        let (resolver, model) = (&mut *self.resolver, self.model);
        self.labels.edge(key, |packages| {
            let label = field_label(resolver, model, packages, role.prefix(), entry, at, value);
            label + &beyond.text(&resolver.types, packages)
        })
    }

    /// Draws what no root reaches as a tower of its own, by type; its share.
    pub(crate) fn unreachable(&mut self) -> (Share, Share) {
        let top = self.labels.text("unreachable");
        let top = self.trie.child(PathTrie::ROOT, top);
        let (mut share, mut awaiting_sweep) = (Share::default(), Share::default());
        let objects = self.objects;
        for slot in objects.allocated().filter(|slot| !self.reached.contains(slot.id.0)).collect::<Vec<_>>() {
            let span = objects.span(slot);
            let object = self.types[slot.id.0 as usize];
            let text = if object.is_known() {
                let mark = if object.evidence() == Evidence::Candidate { " ?" } else { "" };
                object_label(&self.resolver.types, object) + mark
            } else {
                format!("? {} bytes{}", span.elem_size, if span.is_noscan() { ", no pointers" } else { "" })
            };
            let label = self.labels.text(&text);
            let node = self.trie.child(top, label);
            self.trie.add(node, span.elem_size, 1);
            let shares = [&mut share, &mut awaiting_sweep];
            let counted = if span.sweep == SweepState::Swept { 1 } else { 2 };
            for share in shares.into_iter().take(counted) {
                share.bytes += span.elem_size;
                share.objects += 1;
            }
        }
        (share, awaiting_sweep)
    }
}

/// The sudogs on which a goroutine waits.
pub(crate) fn waiting_sudogs(model: &RuntimeModel<'_>, goroutine: Address) -> Vec<u64> {
    let memory = model.memory();
    let mut found = Vec::new();
    let mut sudog = memory.read_u64(goroutine.add(model.layout.g.waiting)).unwrap_or(0);
    // A select has a case a sudog; 65,536 is the most that the compiler takes.
    while sudog != 0 && found.len() < 1 << 16 {
        found.push(sudog);
        sudog = memory.read_u64(Address(sudog).add(model.layout.sudog.waitlink)).unwrap_or(0);
    }
    found
}
