//! The dominator tree drawn with the frames of the reference tree: an object is reached by its immediate dominator alone.
//!
//! Of an object's words the first that leads to what it dominates gives that its frame. Where the immediate dominator has no pointer
//! to an object, for every way to it goes on through several others, the object follows once a level has been read.
//!
//! Nobody but the immediate dominator takes an object, so those who read decide, on any number of threads (`reader.rs`); one thread makes
//! the frames that are new (`levels.rs`), and those who read know the others (`steps.rs`).

mod common;
mod drawn;
mod levels;
mod reader;
mod steps;
mod taker;

use super::TreeBuilder;
use super::scan::Item;
use super::unreachable::type_label;
use crate::names::label_text::objects_name;
use crate::roots::root::Root;
use common::TAKEN;
pub(crate) use drawn::{Drawn, FrameOf, Told};
use goheap_graph::{CsrGraph, DominatorTree, IdBitSet, SharedBitSet, TrieNode};
use goheap_model::names::FrameRole;
use goheap_model::{Meter, ObjectId, ObjectType, SHARED, Slot};
use levels::Levels;
use rayon::prelude::*;

use foldhash::HashMap;

/// Objects that follow without a pointer, which are looked at together; so few are not worth another thread.
const CHUNK: usize = 1 << 16;
const FEW: usize = 1 << 10;

/// A root and where it is drawn.
pub(crate) struct DrawnRoot {
    pub(crate) root: Root,
    /// Its node in the graph.
    pub(crate) holder: u32,
    /// The frame of that.
    pub(crate) frame: TrieNode,
}

/// A node above objects, where it is drawn, and what those below it are called that it does not point to.
pub(crate) struct DrawnGroup {
    pub(crate) node: u32,
    pub(crate) frame: TrieNode,
    pub(crate) shared: &'static str,
}

/// The walk down the dominator tree.
///
/// # Overhead
/// Four bytes and two bits a slot, what [`Told`] asks for, and 12 bytes for each object of two levels.
struct Walk<'w, 't, 'a, 'm, 'p> {
    builder: &'w mut TreeBuilder<'a, 'm, 'p>,
    levels: Levels<'t>,
    /// Labels of what is shared.
    labels: HashMap<(ObjectType, u64), u32>,
}

impl TreeBuilder<'_, '_, '_> {
    /// Walks down the dominator tree of a graph whose nodes are objects by their numbers and others beyond. `meter` counts objects that
    /// are read.
    pub(crate) fn walk_dominators(
        &mut self,
        tree: &DominatorTree,
        roots: impl Iterator<Item = DrawnRoot>,
        groups: impl Iterator<Item = DrawnGroup>,
        told: Told<'_>,
        meter: &Meter<'_>,
    ) -> Drawn {
        let objects = self.scanner.objects.len();
        let levels = Levels::new(tree, self, told);
        let mut walk = Walk { builder: self, levels, labels: HashMap::default() };
        roots.for_each(|root| walk.reach_root(root));
        for DrawnGroup { node, frame, shared } in groups {
            let mut children = tree.children(node).filter(|&child| child < objects).peekable();
            while children.peek().is_some() {
                let label = walk.builder.merger.labels.plain(shared, FrameRole::Several);
                let frame = walk.builder.merger.trie.child(frame, label);
                for found in walk.what_they_are(children.by_ref().take(CHUNK).collect()) {
                    walk.reach_type(frame, None, found, "");
                }
            }
        }
        walk.go(meter);
        let Walk { levels, .. } = walk;
        let unreached = self.scanner.objects.allocated_ids().minus(&tree.reached_below(objects));
        self.scanner.unreached = SharedBitSet::of(&unreached);
        levels.into_drawn(self)
    }
}

impl Walk<'_, '_, '_, '_, '_> {
    fn reach_root(&mut self, DrawnRoot { root, holder, frame }: DrawnRoot) {
        let slot = self.builder.scanner.objects.find_allocated(root.value);
        let Some(slot) = slot.filter(|slot| self.levels.idom(slot.id.0) == holder) else { return };
        let node = self.builder.told_by_target(&Root { node: frame, ..root }, slot);
        let Self { builder, levels, .. } = self;
        levels.draw(builder, Item { id: slot.id.0, span: slot.span, node }, None);
    }

    /// Reads level by level until nothing new is found.
    fn go(&mut self, meter: &Meter<'_>) {
        loop {
            let level = self.levels.next_level();
            if level.is_empty() {
                return;
            }
            let shared = self.levels.read(self.builder, &level, meter);
            for chunk in shared.chunks(CHUNK) {
                let found = self.what_they_are(chunk.iter().map(|(_, child)| *child).collect());
                for (&(index, _), found) in chunk.iter().zip(found) {
                    let above = level[index as usize];
                    self.reach_type(above.node, Some(above), found, SHARED);
                }
            }
        }
    }

    /// What objects are. They lie anywhere, so that it is not asked one after the other.
    fn what_they_are(&self, ids: Vec<u32>) -> Vec<(Slot, ObjectType)> {
        let scanner = &self.builder.scanner;
        let what = |id: u32| (scanner.objects.slot(ObjectId(id)), scanner.types.of(ObjectId(id)));
        ids.into_par_iter().with_min_len(FEW).map(what).collect()
    }

    /// Reaches an object under a frame of its type, after a mark; `above` is the object that dominates it.
    fn reach_type(&mut self, frame: TrieNode, above: Option<Item>, (slot, object): (Slot, ObjectType), mark: &str) {
        let Self { builder, levels, labels } = self;
        if levels.idom(slot.id.0) == TAKEN {
            return;
        }
        let TreeBuilder { scanner, merger, .. } = &mut **builder;
        let span = scanner.objects.span(slot);
        let shape = if object.is_known() { 0 } else { span.elem_size | u64::from(span.is_noscan()) };
        let shape = shape << 1 | u64::from(mark.is_empty());
        let label = *labels.entry((object, shape)).or_insert_with(|| {
            let text = format!("{mark} {}", type_label(&merger.resolver.types, object, span));
            let text = merger.labels.packages.shorten(text.trim_start()).into_owned();
            let role = if mark.is_empty() { FrameRole::Objects } else { FrameRole::Shared };
            merger.labels.text(&text, || objects_name(role, object))
        });
        let node = merger.trie.child_folding(frame, label);
        levels.draw(builder, Item { id: slot.id.0, span: slot.span, node }, above);
    }
}

/// The objects of `graph`, the nodes below `objects`, that several objects or roots hold of which none alone keeps them: their immediate
/// dominator has no pointer to them.
///
/// # Overhead
/// Four bytes an object while it runs, and a bit.
pub(crate) fn shared_objects(graph: &CsrGraph, tree: &DominatorTree, objects: u32) -> IdBitSet {
    let idoms = tree.idoms_below(objects);
    let mut shared = tree.reached_below(objects);
    for (from, to) in graph.edges() {
        if idoms.get(to as usize) == Some(&from) {
            shared.remove(to);
        }
    }
    shared
}
