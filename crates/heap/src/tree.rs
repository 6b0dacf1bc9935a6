//! The reference tree: class by class, breadth first, each object once under the frame that reached it first.

mod dominated;
mod merge;
mod parts;
mod scan;
pub(crate) mod top_frame;
pub(crate) mod tops;
mod unreachable;
mod walk_plan;

pub(crate) use dominated::{Drawn, DrawnGroup, DrawnRoot, FrameOf, Told, shared_objects};

use crate::meaning::resolve::{Resolver, Target};
use crate::names::label_text::{Beyond, Entered};
use crate::names::labels::Labels;
use crate::objects::table::ObjectTable;
use crate::roots::root::{Naming, Root};
use crate::roots::runtime_records::runtime_records;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{Evidence, Meter, ObjectTypes, RootClass, Slot};
use goheap_runtime::RuntimeModel;
use merge::Merger;
use parts::{Part, items, parts};
use rayon::prelude::*;
use scan::{Found, Item, Scanner};
use std::sync::Mutex;
use walk_plan::WalkPlans;

/// Parts that are read before what was found in them is taken.
const BLOCK: usize = 32;
/// Objects that one thread reads at a time. So few are not worth another thread.
const PART: usize = 1 << 11;

/// The tree being built.
///
/// # Overhead
/// One bit a slot; 12 bytes for each object that is found and not yet read; up to 24 for each pointer
/// in a block of 65,536 objects, or of 8 MiB of large ones.
pub(crate) struct TreeBuilder<'a, 'm, 'p> {
    scanner: Scanner<'a, 'm, 'p>,
    merger: Merger<'a, 'm, 'p>,
    /// Results to be filled again.
    spare: Mutex<Vec<Found>>,
}

impl<'a, 'm, 'p> TreeBuilder<'a, 'm, 'p> {
    pub(crate) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        resolver: &'a mut Resolver<'m>,
        labels: &'a mut Labels,
        trie: &'a mut PathTrie,
        types: &'a ObjectTypes,
    ) -> Self {
        let plans = WalkPlans::new(&model.heap, objects, types, resolver);
        let merger = Merger::new(model, objects, resolver, labels, trie);
        TreeBuilder { scanner: Scanner::new(model, objects, types, plans), merger, spare: Mutex::default() }
    }

    /// Remembers the frame of every object that is reached from now on: four bytes a slot.
    pub(crate) fn remember_frames(&mut self) {
        self.merger.frames = Some(vec![PathTrie::ROOT; self.scanner.objects.len() as usize]);
    }

    /// Walks from the roots of each class in turn, the well named before others. `meter` counts objects that are read.
    pub(crate) fn walk(&mut self, roots: &[Root], meter: &Meter<'_>) {
        for (_, address) in runtime_records(self.scanner.model) {
            if let Some(slot) = self.scanner.objects.find_allocated(address) {
                self.merger.reserve(slot);
            }
        }
        for class in RootClass::ALL {
            self.merger.class = class;
            for naming in Naming::ALL {
                for root in roots.iter().filter(|root| (root.class, root.naming) == (class, naming)) {
                    self.start(root);
                }
                self.drain(meter);
            }
            if class == RootClass::Other {
                self.release(meter);
            }
        }
    }

    /// What was held back and that no variable of the runtime holds after all.
    fn release(&mut self, meter: &Meter<'_>) {
        for item in std::mem::take(&mut self.merger.postponed) {
            self.reach(item);
        }
        self.drain(meter);
    }

    fn start(&mut self, root: &Root) {
        let objects = self.scanner.objects;
        if let Some(slot) = objects.find_allocated(root.value) {
            let node = self.told_by_target(root, slot);
            self.reach(Item { id: slot.id.0, span: slot.span, node });
        }
    }

    /// The frame that says what the object is, where that is known: of a variable one below its own, which stands for all of its
    /// words; else one in the place of the root's.
    fn told_by_target(&mut self, root: &Root, slot: Slot) -> TrieNode {
        let Self { scanner, merger, .. } = self;
        let object = scanner.types.of(slot.id);
        let entered = scanner.plans.entered(&scanner.objects.place(root.value), object);
        let beyond = match (root.has_type, object.evidence()) {
            // The variable has its name by this object.
            (true, _) if root.naming == Naming::Nameless => return root.node,
            // Had the declared type fitted, it would be the object's.
            (true, Evidence::Candidate) if entered != Entered::Among => Beyond::In(object),
            (true, _) => return root.node,
            (false, _) => Beyond::new(Target::Unknown, object, entered),
        };
        let (Some(parent), Some(label)) = (merger.trie.parent(root.node), merger.trie.label(root.node)) else {
            return root.node;
        };
        if beyond == Beyond::Nothing {
            return root.node;
        }
        let told = beyond.text(&merger.resolver.types, &merger.labels.packages);
        let (parent, text) = match root.class {
            RootClass::Goroutines => (parent, format!("{}{told}", merger.labels.get(label))),
            _ => (root.node, told.trim_start().to_owned()),
        };
        let name = match root.class {
            RootClass::Goroutines => merger.labels.name(label),
            _ => FrameName::of(FrameRole::Objects),
        };
        let label = merger.labels.text(&text, || beyond.named(name));
        merger.trie.child(parent, label)
    }

    fn reach(&mut self, item: Item) {
        if self.scanner.unreached.contains(item.id) {
            self.merger.reach(item, &self.scanner.unreached);
        }
    }

    /// Reads what was found, level by level, until nothing new is.
    fn drain(&mut self, meter: &Meter<'_>) {
        let mut level = Vec::new();
        loop {
            level.clear();
            std::mem::swap(&mut level, &mut self.merger.next);
            let has_large = std::mem::take(&mut self.merger.next_has_large);
            match level.len() {
                0 => return,
                _ if has_large => self.read_level(&parts(self.scanner.model, &level).0, meter),
                1..=PART => {
                    let found = [read(&self.scanner, &self.spare, &Part::Items(&level, 0))];
                    self.merger.merge(&found, &self.scanner);
                    self.recycle(found);
                    meter.add(level.len() as u64);
                }
                _ => self.read_level(&items(&level, 0).collect::<Vec<_>>(), meter),
            }
        }
    }

    /// Reads a level that is worth more than one thread: while one block is taken the next is read.
    fn read_level(&mut self, parts: &[Part<'_>], meter: &Meter<'_>) {
        let mut ready = Vec::new();
        for block in parts.chunks(BLOCK) {
            let Self { scanner, merger, spare, .. } = self;
            let (scanner, spare) = (&*scanner, &*spare);
            let read = || block.par_iter().map(|part| read(scanner, spare, part)).collect();
            let ((), next) = rayon::join(|| merger.merge(&ready, scanner), read);
            self.recycle(std::mem::replace(&mut ready, next));
            meter.add(block.iter().map(Part::objects).sum());
        }
        self.merger.merge(&ready, &self.scanner);
        self.recycle(ready);
    }

    fn recycle(&mut self, found: impl IntoIterator<Item = Found>) {
        if let Ok(spare) = self.spare.get_mut() {
            spare.extend(found);
        }
    }

    /// The frame that each slot was reached under, where that was wanted; [`PathTrie::ROOT`] for what is not reached.
    pub(crate) fn finish(self) -> Option<Vec<TrieNode>> {
        self.merger.frames
    }
}

fn read(scanner: &Scanner<'_, '_, '_>, spare: &Mutex<Vec<Found>>, part: &Part<'_>) -> Found {
    let mut found = spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
    match part {
        Part::Items(items, _) => scanner.scan(items, &mut found),
        Part::Piece(item, offsets) => scanner.scan_piece(*item, offsets.clone(), &mut found),
    }
    found
}

#[cfg(test)]
mod tests;
