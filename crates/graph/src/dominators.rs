//! The dominator tree: through whom every path to a node goes.

mod cross_edges;
mod depth_first;
mod hubs;
mod jumps;
mod layout;
mod parts;
mod semi_nca;

pub use parts::DominatorParts;

use crate::{Column, CsrGraph, IdBitSet};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Stands for none where a node is meant; ids and places are less.
pub(crate) const NONE: u32 = u32::MAX;

/// Words of a set of nodes that one thread makes at a time.
const WORDS: usize = 1 << 10;

/// Who dominates whom among the nodes that a root reaches.
///
/// A node dominates another if every path from the root to the other goes through it; the nearest such node is its
/// immediate dominator, and these make a tree. What a node dominates is what would go if it went: see
/// [`RetainedSizes`](crate::RetainedSizes).
///
/// Nodes have a *place*, their number in preorder of the tree: what a node dominates is one slice from its place on,
/// children are found by hopping over their slices, and a loop over places backwards goes bottom-up.
///
/// Overhead: 16 bytes a node, of which 12 for reached nodes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DominatorTree {
    /// Node to place; [`NONE`] for a node that is not reached.
    places: Arc<Column<u32>>,
    /// Place to node.
    nodes: Column<u32>,
    /// Place to the place of the immediate dominator, which is less; the root's is its own.
    parents: Column<u32>,
    /// Place to the place behind the last node that is dominated.
    ends: Column<u32>,
}

impl DominatorTree {
    /// The dominators of what `root` reaches; of nothing if `root` is no node.
    ///
    /// Nodes with one referrer are put in the rows of those with several, the hubs, and a depth-first search goes from hub to hub. The
    /// dominator tree of the edges that go forward is then nearly that of all; what other edges say against it is mended. Where that is
    /// much, semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005) makes the tree, with the nearest
    /// common ancestors found by jump pointers: O(edges · log nodes) on any graph. Nothing recurses.
    ///
    /// Threads of the caller's rayon pool work at some of it; the tree is the same for any number of them.
    ///
    /// Overhead while it runs, the tree among it: 21 bytes a node, 16 a hub, and 4 for each edge more than a tree of the nodes has; or, where it is
    /// semi-NCA, 28 bytes a node and 4 for each edge to a node that depth first is met before its source.
    #[must_use]
    pub fn new(graph: &CsrGraph, root: u32) -> Self {
        hubs::dominator_tree(graph, root).map_or_else(|| Self::plainly(graph, root), layout::NumberedTree::into_tree)
    }

    /// The same tree, without regard to who has one referrer alone.
    fn plainly(graph: &CsrGraph, root: u32) -> Self {
        let search = depth_first::search(graph, root);
        semi_nca::dominator_tree(graph, search).into_tree()
    }

    /// The root; none if it was no node.
    #[must_use]
    pub fn root(&self) -> Option<u32> {
        self.nodes.first().copied()
    }

    /// Number of nodes reached, the root among them.
    #[must_use]
    pub fn len(&self) -> u32 {
        // No more than there are ids.
        self.nodes.len() as u32
    }

    /// Whether nothing is reached, as from a root that is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of nodes of the graph, reached or not.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        self.places.len() as u32
    }

    /// Whether the root reaches `node`.
    #[must_use]
    pub fn contains(&self, node: u32) -> bool {
        self.place(node).is_some()
    }

    /// The immediate dominator; none for the root and for a node that is not reached.
    #[must_use]
    pub fn idom(&self, node: u32) -> Option<u32> {
        let place = self.place(node).filter(|place| *place != 0)?;
        Some(self.node_at(self.parents[place as usize]))
    }

    /// The immediate dominators of the nodes below `count`, which may be more than there are; `u32::MAX` of the root and of nodes that are
    /// not reached. Cheaper than to ask for each: it goes along the places. 4 bytes a node.
    #[must_use]
    pub fn idoms_below(&self, count: u32) -> Vec<u32> {
        self.shared_idoms_below(count).into_iter().map(AtomicU32::into_inner).collect()
    }

    /// The same for several threads to change.
    #[must_use]
    pub fn shared_idoms_below(&self, count: u32) -> Vec<AtomicU32> {
        let idoms: Vec<AtomicU32> = (0..count).into_par_iter().map(|_| AtomicU32::new(NONE)).collect();
        self.nodes.par_iter().zip(&self.parents[..]).skip(1).for_each(|(node, parent)| {
            if let Some(idom) = idoms.get(*node as usize) {
                idom.store(self.node_at(*parent), Ordering::Relaxed);
            }
        });
        idoms
    }

    /// The nodes below `count` that are reached.
    #[must_use]
    pub fn reached_below(&self, count: u32) -> IdBitSet {
        let below = &self.places[..self.places.len().min(count as usize)];
        let word = |places: &[u32]| places.iter().rev().fold(0, |bits, place| bits << 1 | u64::from(*place != NONE));
        IdBitSet::from_words(below.par_chunks(u64::BITS as usize).with_min_len(WORDS).map(word).collect())
    }

    /// `node`, its immediate dominator, that one's, and so on to the root. Nothing if it is not reached.
    pub fn dominators(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.places_up(node).map(|place| self.node_at(place))
    }

    /// Number of dominators of `node` beside itself: 0 for the root. One step each.
    #[must_use]
    pub fn depth(&self, node: u32) -> Option<u32> {
        // Fewer than nodes.
        self.place(node).map(|_| self.places_up(node).count() as u32 - 1)
    }

    /// The depth of every node reached, beside [`DominatorTree::preorder`]: 4 bytes a node, one step each.
    #[must_use]
    pub fn depths(&self) -> Vec<u32> {
        let mut depths: Vec<u32> = Vec::with_capacity(self.nodes.len());
        for (place, parent) in self.parents.iter().enumerate() {
            depths.push(if place == 0 { 0 } else { depths[*parent as usize] + 1 });
        }
        depths
    }

    /// Those whose immediate dominator is `node`, in the order in which a depth-first search over the edges in their order
    /// meets them.
    pub fn children(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let slice = self.place(node).map_or(0..0, |place| place + 1..self.ends[place as usize]);
        let first = Some(slice.start).filter(|place| *place < slice.end);
        let next = move |place: &u32| Some(self.ends[*place as usize]).filter(|place| *place < slice.end);
        std::iter::successors(first, next).map(|place| self.node_at(place))
    }

    /// All that `node` dominates, itself first, parents before children. As a set of objects: its retained set.
    #[must_use]
    pub fn subtree(&self, node: u32) -> &[u32] {
        let slice = self.place(node).map(|place| place as usize..self.ends[place as usize] as usize);
        slice.map_or(&[], |slice| &self.nodes[slice])
    }

    /// Whether every path to `node` goes through `dominator`; so does every node that is reached dominate itself.
    #[must_use]
    pub fn dominates(&self, dominator: u32, node: u32) -> bool {
        let (Some(above), Some(place)) = (self.place(dominator), self.place(node)) else {
            return false;
        };
        (above..self.ends[above as usize]).contains(&place)
    }

    /// All nodes reached, parents before children.
    #[must_use]
    pub fn preorder(&self) -> &[u32] {
        &self.nodes
    }

    /// All nodes reached, each with the place behind all that it dominates, parents before children. The place of a node is
    /// how many came before it.
    pub fn slices(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.nodes.iter().copied().zip(self.ends.iter().copied())
    }

    /// All nodes reached with their immediate dominators, children before parents, the root (which has none) last.
    pub fn bottom_up(&self) -> impl Iterator<Item = (u32, Option<u32>)> + '_ {
        let with_parents = self.nodes.iter().zip(self.parents.iter()).enumerate().rev();
        with_parents.map(|(place, (node, parent))| (*node, (place != 0).then(|| self.node_at(*parent))))
    }

    /// The nearest node that dominates all of `nodes` that are reached: who alone answers for them all. One of them, if it
    /// dominates the others. None if none is reached.
    #[must_use]
    pub fn common_dominator(&self, nodes: &[u32]) -> Option<u32> {
        let mut places = nodes.iter().filter_map(|node| self.place(*node));
        let first = places.next()?;
        let (least, most) = places.fold((first, first), |(least, most), place| (least.min(place), most.max(place)));
        let covers = |place: &u32| self.ends[*place as usize] > most;
        self.places_up(self.node_at(least)).find(covers).map(|place| self.node_at(place))
    }

    /// Those of `nodes` that no other of them dominates, each once, in preorder; what is not reached is left out.
    #[must_use]
    pub fn topmost(&self, nodes: &[u32]) -> Vec<u32> {
        let mut places: Vec<u32> = nodes.iter().filter_map(|node| self.place(*node)).collect();
        places.sort_unstable();
        let mut covered = 0;
        places.retain(|place| {
            let is_topmost = *place >= covered;
            covered = covered.max(self.ends[*place as usize]);
            is_topmost
        });
        places.into_iter().map(|place| self.node_at(place)).collect()
    }

    /// Node to place, [`NONE`] for what is not reached.
    pub(crate) fn places(&self) -> &Arc<Column<u32>> {
        &self.places
    }

    /// Place to the place of the immediate dominator, which is less; the root's is its own.
    pub(crate) fn parents(&self) -> &[u32] {
        &self.parents
    }

    /// `node` and the nodes that dominate it, with `node`'s own place first.
    fn places_up(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let up = |place: &u32| (*place != 0).then(|| self.parents[*place as usize]);
        std::iter::successors(self.place(node), up)
    }

    /// The place of a node; none of one that is not reached.
    #[must_use]
    pub fn place(&self, node: u32) -> Option<u32> {
        self.places.get(node as usize).copied().filter(|place| *place != NONE)
    }

    fn node_at(&self, place: u32) -> u32 {
        self.nodes[place as usize]
    }
}

/// A node before which about half of the edges are.
fn middle(graph: &CsrGraph) -> u32 {
    let (mut low, mut high) = (0, graph.node_count());
    while low < high {
        let middle = low + (high - low) / 2;
        if graph.edges_before(middle) < graph.edge_count() / 2 { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests;
