//! What goroutines alone keep alive.

use foldhash::HashMap;
use goheap_model::{Dominance, Graph, RootKind};

/// The retained sizes of goroutines and of their groups, in bytes of the heap: what would be freed if they went, and with them the
/// records of what they wait for. Their stacks are no part of the heap.
///
/// # Overhead
/// Some 30 bytes a goroutine, beside who dominates whom.
pub struct RetainedByGoroutines<'h> {
    graph: Graph<'h>,
    dominance: &'h Dominance,
    nodes: HashMap<RootKind, u32>,
}

impl<'h> RetainedByGoroutines<'h> {
    /// Of all goroutines of `graph`.
    pub fn new(graph: Graph<'h>, dominance: &'h Dominance) -> Self {
        let is_wanted = |kind: &RootKind| matches!(kind, RootKind::GoroutineGroup(_) | RootKind::Goroutine(_));
        let nodes = graph.references().roots().iter().map(|(node, root)| (root.kind, node));
        RetainedByGoroutines { graph, dominance, nodes: nodes.filter(|(kind, _)| is_wanted(kind)).collect() }
    }

    /// What a whole group retains, by its number.
    pub fn of_group(&self, group: u32) -> u64 {
        self.of(RootKind::GoroutineGroup(group))
    }

    /// What one goroutine retains, by its index.
    pub fn of_goroutine(&self, goroutine: u32) -> u64 {
        self.of(RootKind::Goroutine(goroutine))
    }

    /// What some goroutines retain together; it goes over the whole graph.
    pub fn of_set(&self, goroutines: &[u32]) -> u64 {
        self.graph.retained_by(&self.set(goroutines)).bytes
    }

    /// What they retain at least: what only several of them together keep is left out.
    pub fn at_least(&self, goroutines: &[u32]) -> u64 {
        self.dominance.retained.minimum_of_set(&self.dominance.tree, &self.set(goroutines))
    }

    fn set(&self, goroutines: &[u32]) -> Vec<u32> {
        goroutines.iter().filter_map(|&goroutine| self.nodes.get(&RootKind::Goroutine(goroutine)).copied()).collect()
    }

    fn of(&self, kind: RootKind) -> u64 {
        self.nodes.get(&kind).map_or(0, |&node| self.dominance.retained.of(node))
    }
}
