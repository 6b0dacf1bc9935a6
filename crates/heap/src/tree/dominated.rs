//! The dominator tree drawn with the frames of the reference tree: an object is reached by its immediate dominator alone.
//!
//! The walk is the same; it passes over every pointer that does not lead from the immediate dominator. Where that has no pointer
//! to the object, for every way to it goes on through several others, the object follows once its dominator has been read.

use super::TreeBuilder;
use super::scan::Item;
use super::unreachable::type_label;
use crate::roots::root::Root;
use goheap_graph::{CsrGraph, DominatorTree, IdBitSet, TrieNode};
use goheap_model::{Meter, ObjectId, ObjectType, RootClass, Share};
use rustc_hash::FxHashMap;

/// Before the type of an object that its immediate dominator does not point to.
const SHARED: &str = "[shared]";

/// What the walk has to know of dominators.
///
/// # Overhead
/// Four bytes a slot, which the scanner takes, and a bit, which the merger takes.
pub(crate) struct Dominated<'a> {
    tree: &'a DominatorTree,
    /// Labels of what is shared.
    labels: FxHashMap<(ObjectType, u64), u32>,
}

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

impl<'a> TreeBuilder<'a, '_, '_> {
    /// Walks down the dominator tree of a graph whose nodes are objects by their numbers and others beyond. `meter` counts objects that
    /// are read.
    pub(crate) fn walk_dominators(
        &mut self,
        tree: &'a DominatorTree,
        roots: impl Iterator<Item = DrawnRoot>,
        groups: impl Iterator<Item = DrawnGroup>,
        meter: &Meter<'_>,
    ) -> Share {
        self.merger.class = RootClass::Other;
        let objects = self.scanner.objects.len();
        let idoms = tree.idoms_below(objects);
        self.dominated = Some(Dominated { tree, labels: FxHashMap::default() });
        for DrawnRoot { root, holder, frame } in roots {
            let slot = self.scanner.objects.find_allocated(root.value);
            let Some(slot) = slot.filter(|slot| idoms[slot.id.0 as usize] == holder) else { continue };
            let node = self.told_by_target(&Root { node: frame, ..root }, slot);
            self.reach(Item { id: slot.id.0, span: slot.span, node });
        }
        for DrawnGroup { node, frame, shared } in groups {
            for child in tree.children(node).filter(|&child| child < objects) {
                let label = self.merger.labels.text(shared);
                let frame = self.merger.trie.child(frame, label);
                self.reach_type(frame, child, "");
            }
        }
        self.merger.leads_on = Some(dominators(&idoms));
        self.scanner.idoms = Some(idoms);
        self.drain(meter);
        self.merger.share
    }

    /// Reaches what objects that have been read dominate at once and do not point to.
    pub(super) fn reach_shared(&mut self, level: &[Item]) {
        let Some(dominated) = &self.dominated else { return };
        let tree = dominated.tree;
        for item in level {
            // What the object points to has been reached.
            tree.children(item.id).for_each(|child| self.reach_type(item.node, child, SHARED));
        }
    }

    /// Reaches an object under a frame of its type, after a mark.
    fn reach_type(&mut self, above: TrieNode, id: u32, mark: &str) {
        if !self.scanner.unreached.contains(id) {
            return;
        }
        let Self { scanner, merger, dominated, .. } = self;
        let Some(dominated) = dominated else { return };
        let slot = scanner.objects.slot(ObjectId(id));
        let (span, object) = (scanner.objects.span(slot), scanner.types.of(ObjectId(id)));
        let shape = if object.is_known() { 0 } else { span.elem_size | u64::from(span.is_noscan()) };
        let shape = shape << 1 | u64::from(mark.is_empty());
        let label = *dominated.labels.entry((object, shape)).or_insert_with(|| {
            let text = format!("{mark} {}", type_label(&merger.resolver.types, object, span));
            merger.labels.text(merger.labels.packages.shorten(text.trim_start()).as_ref())
        });
        let node = merger.trie.child_folding(above, label);
        self.reach(Item { id, span: slot.span, node });
    }
}

/// The objects that dominate others. What the others lead to is drawn elsewhere, so they need not be read.
fn dominators(idoms: &[u32]) -> IdBitSet {
    let mut dominators = IdBitSet::with_room_for(idoms.len() as u32);
    for &idom in idoms.iter().filter(|&&idom| (idom as usize) < idoms.len()) {
        dominators.insert(idom);
    }
    dominators
}

/// The objects to which their immediate dominator has a pointer. Others are held by several objects or roots of which none alone
/// keeps them.
fn held_by_one(graph: &CsrGraph, idoms: &[u32]) -> IdBitSet {
    let mut held = IdBitSet::with_room_for(idoms.len() as u32);
    for (from, to) in graph.edges() {
        if idoms.get(to as usize) == Some(&from) {
            held.insert(to);
        }
    }
    held
}

/// The objects of `graph`, the nodes below `objects`, that several hold of which none alone keeps them.
///
/// # Overhead
/// Four bytes an object while it runs, and two bits.
pub(crate) fn shared_objects(graph: &CsrGraph, tree: &DominatorTree, objects: u32) -> IdBitSet {
    let idoms = tree.idoms_below(objects);
    let mut shared = held_by_one(graph, &idoms);
    for id in 0..objects {
        if shared.contains(id) {
            shared.remove(id);
        } else if tree.contains(id) {
            shared.insert(id);
        }
    }
    shared
}
