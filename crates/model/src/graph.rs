//! A heap with its references: what questions on who holds whom go over.

use crate::names::{FrameName, FrameRole};
use crate::{Claim, Extent, Heap, ObjectId, Observer, References, Refusal, RootKind, RootNode, Slot, read_dominators};
use goheap_graph::{CsrGraph, DominatorTree, RetainedSizes, Weight, retained_by_set};
use rayon::prelude::*;

/// The references of a heap. A node is an object, by its number, or a root or what groups roots, see [`References`].
#[derive(Clone, Copy, Debug)]
pub struct Graph<'h> {
    heap: &'h Heap,
    references: &'h References,
}

/// Who dominates whom, and what each node retains.
///
/// # Overhead
/// That of [`DominatorTree`] and [`RetainedSizes`].
#[derive(Clone, Debug)]
pub struct Dominance {
    /// Who dominates whom from the node above all.
    pub tree: DominatorTree,
    /// What each node retains.
    pub retained: RetainedSizes,
}

impl<'h> Graph<'h> {
    /// Of a heap and references that were read of it.
    pub fn of(heap: &'h Heap, references: &'h References) -> Self {
        Graph { heap, references }
    }

    /// Of a heap that has its references; None of one that was read without.
    pub fn new(heap: &'h Heap) -> Option<Self> {
        Some(Graph::of(heap, heap.references.as_ref()?))
    }

    /// The heap.
    pub fn heap(&self) -> &'h Heap {
        self.heap
    }

    /// Its references.
    pub fn references(&self) -> &'h References {
        self.references
    }

    /// Nodes and edges as such.
    pub fn edges(&self) -> &'h CsrGraph {
        self.references.graph()
    }

    /// The node above all.
    pub fn root(&self) -> u32 {
        self.references.roots().root()
    }

    /// Number of slots: nodes that are less are objects.
    pub fn object_count(&self) -> u32 {
        self.heap.objects.len()
    }

    /// The object that a node is.
    pub fn object_of(&self, node: u32) -> Option<ObjectId> {
        (node < self.object_count()).then_some(ObjectId(node))
    }

    /// The slot of the object that a node is.
    pub fn slot_of(&self, node: u32) -> Option<Slot> {
        self.object_of(node).map(|id| self.heap.objects.slot(id))
    }

    /// What a node is that is no object, and the node above it.
    pub fn root_node(&self, node: u32) -> Option<RootNode> {
        self.references.roots().get(node)
    }

    /// The nodes from the one above all down to `node`, which is no object.
    pub fn root_path(&self, node: u32) -> Vec<u32> {
        self.references.roots().path(node)
    }

    /// The function that the goroutines of a node, of one or of a group, began with; None of other nodes.
    pub fn start_of(&self, node: u32) -> Option<String> {
        let goroutine = match self.root_node(node)?.kind {
            RootKind::Goroutine(goroutine) => goroutine,
            RootKind::GoroutineGroup(group) => self.heap.stacks.first_and_count(group)?.0,
            _ => return None,
        };
        Some(self.heap.goroutines.start(goroutine).to_owned())
    }

    /// What a node is: the type of an object (empty where it is not known), the name of a root or of a group of roots.
    pub fn text(&self, node: u32) -> String {
        match (self.slot_of(node), self.root_node(node)) {
            (Some(slot), _) => self.heap.type_text(slot),
            (None, Some(root)) => self.root_text(root.kind),
            _ => String::new(),
        }
    }

    /// The name of what is no object.
    pub fn root_text(&self, kind: RootKind) -> String {
        let heap = self.heap;
        match kind {
            RootKind::All => "all roots".to_owned(),
            RootKind::Class(class) => class.name().to_owned(),
            RootKind::Package(_, package) => self.references.roots().package(package).to_owned(),
            RootKind::GoroutineGroup(group) => {
                let (first, count) = heap.stacks.first_and_count(group).unzip();
                let start = first.map_or("", |first| heap.goroutines.start(first));
                match count {
                    None | Some(1) => format!("goroutine {start}"),
                    Some(count) => format!("{count} × goroutine {start}"),
                }
            }
            RootKind::Goroutine(goroutine) => {
                format!("goroutine {}: {}", heap.goroutines.id(goroutine), heap.goroutines.start(goroutine))
            }
            RootKind::Frame(frame) => heap.frame_text(frame).unwrap_or("").to_owned(),
        }
    }

    /// The same as data.
    pub fn root_name(&self, kind: RootKind) -> FrameName {
        let heap = self.heap;
        match kind {
            RootKind::All => FrameName::default(),
            RootKind::Class(class) => FrameName::of(FrameRole::Class(class)),
            RootKind::Package(_, package) => {
                FrameName::at(FrameRole::Package, self.references.roots().package(package))
            }
            RootKind::GoroutineGroup(group) => {
                let first = heap.stacks.first_and_count(group).map(|(first, _)| first);
                FrameName::at(FrameRole::Goroutine, first.map_or("", |first| heap.goroutines.start(first)))
            }
            RootKind::Goroutine(goroutine) => FrameName::at(FrameRole::Goroutine, heap.goroutines.start(goroutine)),
            RootKind::Frame(frame) => heap.frame_name(frame).cloned().unwrap_or_default(),
        }
    }

    /// The function that a frame of a stack is a call of; None of all else.
    pub fn function(&self, node: u32) -> Option<&'h str> {
        let RootKind::Frame(frame) = self.root_node(node)?.kind else { return None };
        let name = self.heap.frame_name(frame)?;
        (name.role == FrameRole::Function).then_some(&*name.path)
    }

    /// Bytes of the slot that a node is; 0 for a node that is no object.
    pub fn shallow(&self, node: u32) -> u64 {
        self.slot_of(node).map_or(0, |slot| self.heap.objects.size(slot))
    }

    /// The same with the object itself.
    pub fn weight(&self, node: u32) -> Weight {
        let objects = u64::from(node < self.object_count());
        Weight { bytes: self.shallow(node), objects }
    }

    /// True if it is known what is referred to of each object.
    pub fn knows_extents(&self) -> bool {
        self.references.knows_extents()
    }

    /// What is referred to of an object; None where that was not read. All of what no root reaches: nothing is told of it.
    pub fn extent(&self, id: ObjectId) -> Option<Extent> {
        self.references.extent(id, self.shallow(id.0))
    }

    /// The same of several nodes together; nodes that are no objects have nothing.
    pub fn extent_of(&self, nodes: &[u32]) -> Option<Extent> {
        self.references.extents()?;
        let objects = nodes.par_iter().filter_map(|&node| self.extent(self.object_of(node)?));
        Some(objects.reduce(Extent::default, |mut sum, extent| {
            sum.add(extent);
            sum
        }))
    }

    /// What is referred to of all that a node retains.
    pub fn retained_extent(&self, dominance: &Dominance, node: u32) -> Option<Extent> {
        let (parts, nodes) = (self.references.extents()?, dominance.tree.subtree(node));
        if parts.len() > nodes.len() {
            return self.extent_of(nodes);
        }
        let parts = parts.iter().filter(|(id, _)| dominance.tree.dominates(node, id.0));
        Some(self.extent_with(dominance.retained.of(node), parts))
    }

    /// What is referred to of objects of so many bytes, of which `parts` alone are not referred to as a whole.
    pub fn extent_with(&self, bytes: u64, parts: impl Iterator<Item = (ObjectId, Extent)>) -> Extent {
        let mut rest = Extent::default();
        parts.for_each(|(id, extent)| rest.add(Extent::all(self.shallow(id.0)).without(extent)));
        Extent::all(bytes).without(rest)
    }

    /// Who dominates whom from the node above all.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn dominators(&self, observer: &dyn Observer) -> Result<DominatorTree, Refusal> {
        observer.begin("dominators");
        let nodes = self.edges().node_count();
        if let Some(kept) = self.references.kept() {
            match read_dominators(kept, nodes) {
                Ok(tree) => return Ok(tree),
                Err(error) => observer.passed_over(&error),
            }
        }
        let nodes = u64::from(nodes);
        // What `DominatorTree` says of its overhead, by either way. One edge to each object is of the depth-first tree, and of two others
        // one leads to what no other of them does; where they lead to more hubs than that, the rest is left to the bound of allocations.
        let others = self.edges().edge_count().saturating_sub(self.heap.totals.reachable().objects);
        let hubs = nodes.min(others / 2);
        let by_hubs = nodes * 5 + hubs * 16;
        observer.claim(Claim { kept: nodes * 16, passing: by_hubs.max(nodes * 12) + others * 4 })?;
        Ok(DominatorTree::new(self.edges(), self.root()))
    }

    /// What each node retains, where `tree` is that of this graph.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn retained(&self, tree: &DominatorTree, observer: &dyn Observer) -> Result<RetainedSizes, Refusal> {
        observer.begin("retained");
        let bytes = RetainedSizes::bytes_a_node(self.heap.totals.allocated.bytes);
        observer.claim(Claim { kept: u64::from(tree.node_count()) * bytes, passing: 0 })?;
        Ok(self.retained_sizes(tree))
    }

    /// What each node retains, where that much memory may be taken: four bytes a node that is reached, or eight.
    pub fn retained_sizes(&self, tree: &DominatorTree) -> RetainedSizes {
        RetainedSizes::new(tree, |node| self.shallow(node))
    }

    /// Both.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn dominance(&self, observer: &dyn Observer) -> Result<Dominance, Refusal> {
        let tree = self.dominators(observer)?;
        let retained = self.retained(&tree, observer)?;
        Ok(Dominance { tree, retained })
    }

    /// What `nodes` retain together, exactly: one time over the graph.
    pub fn retained_by(&self, nodes: &[u32]) -> Weight {
        retained_by_set(self.edges(), &[self.root()], nodes, |node| self.weight(node))
    }

    /// What a node retains: bytes and objects.
    pub fn retained_weight(&self, dominance: &Dominance, node: u32) -> Weight {
        let objects = dominance.tree.subtree(node).iter().filter(|&&node| node < self.object_count()).count();
        Weight { bytes: dominance.retained.of(node), objects: objects as u64 }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{HeapBuilder, RootClass};

    #[test]
    fn roots_are_called_by_what_they_are() {
        let mut heap = HeapBuilder::default();
        let (cache, order) = (heap.object("main.Cache", 64), heap.object("main.Order", 64));
        heap.variable("main.cache *main.Cache", cache);
        heap.goroutine(7, "main.serve", &[("order *main.Order", order)]);
        let heap = heap.build().unwrap();
        let graph = Graph::new(&heap).unwrap();
        let roots = graph.references().roots().iter();
        let called: Vec<(FrameName, Option<&str>)> =
            roots.map(|(node, root)| (graph.root_name(root.kind), graph.function(node))).collect();
        let at = FrameName::at;
        assert_eq!(
            called,
            [
                (FrameName::default(), None),
                (FrameName::of(FrameRole::Class(RootClass::Variables)), None),
                (at(FrameRole::Package, "main"), None),
                (at(FrameRole::Variable, "main.cache"), None),
                (FrameName::of(FrameRole::Class(RootClass::Goroutines)), None),
                (at(FrameRole::Goroutine, "main.serve"), None),
                (at(FrameRole::Goroutine, "main.serve"), None),
                (at(FrameRole::Function, "main.serve"), Some("main.serve")),
                (at(FrameRole::Local, "order"), None),
            ]
        );
    }
}
