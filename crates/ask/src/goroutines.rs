//! What goroutines alone keep alive.

use super::GoroutineGroup;
use crate::references::ReferenceGraph;
use goheap_graph::{DominatorTree, RetainedSizes, retained_by_set};
use goheap_model::RootKind;
use rustc_hash::FxHashMap;

/// The retained sizes of goroutines and of their groups, in bytes of the heap: what would be freed if they went, and with them the
/// records of what they wait for. Their stacks are no part of the heap.
///
/// # Overhead
/// Some 30 bytes a goroutine, beside the dominator tree and the sizes.
pub struct RetainedByGoroutines<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    tree: &'g DominatorTree,
    sizes: &'g RetainedSizes,
    nodes: FxHashMap<RootKind, u32>,
}

impl<'g, 's, 'm, 'p> RetainedByGoroutines<'g, 's, 'm, 'p> {
    /// Of all goroutines of `graph`.
    pub fn new(graph: &'g ReferenceGraph<'s, 'm, 'p>, tree: &'g DominatorTree, sizes: &'g RetainedSizes) -> Self {
        let is_wanted = |kind: &RootKind| matches!(kind, RootKind::GoroutineGroup(_) | RootKind::Goroutine(_));
        let nodes = graph.root_nodes().map(|(node, root)| (root.kind, node)).filter(|(kind, _)| is_wanted(kind));
        RetainedByGoroutines { graph, tree, sizes, nodes: nodes.collect() }
    }

    /// What a whole group retains.
    pub fn of_group(&self, group: &GoroutineGroup) -> u64 {
        self.of(RootKind::GoroutineGroup(group.number))
    }

    /// What one goroutine retains.
    pub fn of_goroutine(&self, goroutine: u32) -> u64 {
        self.of(RootKind::Goroutine(goroutine))
    }

    /// What some goroutines retain together; it goes over the whole graph.
    pub fn of_set(&self, goroutines: &[u32]) -> u64 {
        let node = |goroutine: &u32| self.nodes.get(&RootKind::Goroutine(*goroutine)).copied();
        let set: Vec<u32> = goroutines.iter().filter_map(node).collect();
        retained_by_set(self.graph.graph(), &[self.graph.root()], &set, |node| self.graph.weight(node)).bytes
    }

    /// What they retain at least: what only several of them together keep is left out.
    pub fn at_least(&self, goroutines: &[u32]) -> u64 {
        let node = |goroutine: &u32| self.nodes.get(&RootKind::Goroutine(*goroutine)).copied();
        let set: Vec<u32> = goroutines.iter().filter_map(node).collect();
        self.sizes.minimum_of_set(self.tree, &set)
    }

    fn of(&self, kind: RootKind) -> u64 {
        self.nodes.get(&kind).map_or(0, |&node| self.sizes.of(node))
    }
}
