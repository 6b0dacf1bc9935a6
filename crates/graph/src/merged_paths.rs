//! The paths from roots to many nodes, laid over each other.

use crate::search::{CheapestFirst, Step};
use crate::{CsrGraph, IdBitSet, PathTrie, TrieNode, Weight};
use rustc_hash::FxHashMap;

/// One cheapest path to each node of a set, as one tree.
///
/// Overhead: that of its [`PathTrie`], for each node that stands on a path.
#[derive(Debug, Clone)]
pub struct MergedPaths {
    /// Below [`PathTrie::ROOT`], the roots, and below them what the paths go through. The label is the node of the graph,
    /// which stands in the tree once; own weights are those of the set's nodes.
    pub paths: PathTrie,
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
    /// Overhead while it runs: 8 bytes for each node met, 8 for each that waits, one bit for every node and 14 to 28 for each
    /// that stands on a path.
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
        let search = search_for(graph, roots, &mut sought, cost);
        let mut merged = Self { paths: PathTrie::new(), unreached: Weight::default() };
        let mut places = FxHashMap::default();
        for node in members {
            // What has not been found is still sought.
            if sought.contains(node) {
                merged.unreached.add(weigh(node));
                continue;
            }
            let place = place_of(node, &search, &mut merged.paths, &mut places);
            let weight = weigh(node);
            merged.paths.add(place, weight.bytes, weight.objects);
        }
        merged
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

/// The place of `node` in the tree, made with all above it if it is not there yet.
fn place_of(
    node: u32,
    search: &CheapestFirst,
    paths: &mut PathTrie,
    places: &mut FxHashMap<u32, TrieNode>,
) -> TrieNode {
    let mut place = PathTrie::ROOT;
    let mut missing = Vec::new();
    for above in search.way_back(node) {
        if let Some(known) = places.get(&above) {
            place = *known;
            break;
        }
        missing.push(above);
    }
    for node in missing.into_iter().rev() {
        place = paths.child(place, node);
        places.insert(node, place);
    }
    place
}

#[cfg(test)]
mod tests;
