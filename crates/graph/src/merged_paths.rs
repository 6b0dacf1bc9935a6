//! The paths from roots to many nodes, laid over each other.

use crate::reaching::reaching;
use crate::search::{CheapestFirst, Step, WaysBack};
use crate::{CsrGraph, IdBitSet, Weight};

/// One cheapest path to each node of a set, as trees below roots.
///
/// Overhead: 24 bytes for each node that stands on a path.
#[derive(Debug, Clone, Default)]
pub struct MergedPaths {
    /// The nodes that stand on paths, each once, parents before children.
    pub nodes: Vec<u32>,
    /// Of each of these, the index of the one before it; its own of a root, at which paths begin.
    pub parents: Vec<u32>,
    /// Of each of these, its weight if it is of the set, else none.
    pub weights: Vec<Weight>,
    /// What of the set no root reaches by the edges that may be taken.
    pub unreached: Weight,
}

impl MergedPaths {
    /// One cheapest path from any of `roots` to each node of `set`, which counts once however often it is named.
    ///
    /// `cost` as for [`PathsToRoots::new`](crate::PathsToRoots::new). Of equally cheap paths the one found first is taken: roots
    /// in their order, edges in theirs. A path begins at a root, and may lead through another only where that one's own way
    /// is the cheaper: it never does, as to begin costs nothing.
    ///
    /// Overhead while it runs: 8 bytes for each node met, 8 for each that waits, and one bit for every node.
    #[must_use]
    pub fn new(
        graph: &CsrGraph,
        roots: &[u32],
        set: &[u32],
        cost: impl Fn(u32, u32) -> Option<u8>,
        weigh: impl Fn(u32) -> Weight,
    ) -> Self {
        let mut sought = IdBitSet::with_room_for(graph.node_count());
        let is_new = |node: &&u32| **node < graph.node_count() && sought.insert(**node);
        let members: Vec<u32> = set.iter().filter(is_new).copied().collect();
        match reaching(graph, &sought) {
            // Nothing else is of use on a way to them, and without it what is met is met in the same order.
            Some(of_use) => {
                let cost = |from, to| if of_use.contains(to) { cost(from, to) } else { None };
                Self::of_members(graph, roots, (&members, sought), cost, weigh)
            }
            None => Self::of_members(graph, roots, (&members, sought), cost, weigh),
        }
    }

    fn of_members(
        graph: &CsrGraph,
        roots: &[u32],
        (members, mut sought): (&[u32], IdBitSet),
        cost: impl Fn(u32, u32) -> Option<u8>,
        weigh: impl Fn(u32) -> Weight,
    ) -> Self {
        // Of a node that stands on a path, one more than its index is noted.
        let mut ways = search_for(graph, roots, &mut sought, cost).ended();
        let mut merged = Self::with_room_for(members.len());
        let mut missing = Vec::new();
        for &node in members {
            // What has not been found is still sought.
            if sought.contains(node) {
                merged.unreached.add(weigh(node));
                continue;
            }
            let index = merged.index_of(node, &mut ways, &mut missing);
            merged.weights[index] = weigh(node);
        }
        merged
    }

    /// Room for paths to so many nodes: what stands before them is mostly few beside them.
    fn with_room_for(members: usize) -> Self {
        let room = members + members / 8;
        Self {
            nodes: Vec::with_capacity(room),
            parents: Vec::with_capacity(room),
            weights: Vec::with_capacity(room),
            unreached: Weight::default(),
        }
    }

    /// The index of `node`, put in with all before it if it is not there yet. `missing` is room to work in.
    fn index_of(&mut self, node: u32, ways: &mut WaysBack, missing: &mut Vec<u32>) -> usize {
        missing.clear();
        let mut above = None;
        for node in ways.way_back(node) {
            above = ways.noted(node).checked_sub(1);
            if above.is_some() {
                break;
            }
            missing.push(node);
        }
        for &node in missing.iter().rev() {
            // Fewer than nodes of the graph.
            let next = self.nodes.len() as u32;
            self.nodes.push(node);
            self.parents.push(above.unwrap_or(next));
            self.weights.push(Weight::default());
            above = Some(next);
            ways.note(node, next + 1);
        }
        above.unwrap_or(0) as usize
    }
}

/// Goes from `roots` until nothing more is sought, taking out what it finds.
fn search_for(
    graph: &CsrGraph,
    roots: &[u32],
    sought: &mut IdBitSet,
    cost: impl Fn(u32, u32) -> Option<u8>,
) -> CheapestFirst {
    let mut search = CheapestFirst::new(graph.node_count());
    roots.iter().for_each(|root| search.start(*root));
    while let Some(step) = search.next().filter(|_| sought.count() > 0) {
        if !search.reaches(step) {
            continue;
        }
        sought.remove(step.node);
        for to in graph.targets(step.node) {
            if let Some(cost) = cost(step.node, *to) {
                search.offer(Step { node: *to, via: step.node }, cost);
            }
        }
    }
    search
}

#[cfg(test)]
mod tests;
