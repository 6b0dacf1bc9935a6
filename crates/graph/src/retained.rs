//! What would go if something went.

use crate::{Column, CsrGraph, DominatorTree, IdBitSet, Weight};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const WORD: u64 = 8;

/// The retained size of every node: its own and those of all that it dominates, so what would be freed if it went.
///
/// Overhead: 4 bytes a node that is reached, 8 where all sizes together are 32 GiB or more, or are no whole words; it shares 4 bytes a node with the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedSizes {
    /// Node to place, as in the tree.
    places: Arc<Column<u32>>,
    by_place: Sizes,
}

/// Sizes by place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sizes {
    /// In words of 8 bytes: all sizes are whole ones, and together less than 32 GiB.
    Words(Vec<u32>),
    /// In bytes.
    Bytes(Vec<u64>),
}

impl Sizes {
    fn of_words(tree: &DominatorTree, shallow: &(impl Fn(u32) -> u64 + Sync)) -> Option<Self> {
        let fits = AtomicBool::new(true);
        let words = |node: &u32| {
            let bytes = shallow(*node);
            let words = u32::try_from(bytes / WORD).ok().filter(|_| bytes.is_multiple_of(WORD));
            words.unwrap_or_else(|| {
                fits.store(false, Ordering::Relaxed);
                0
            })
        };
        let mut by_place: Vec<u32> = tree.preorder().par_iter().map(words).collect();
        fits.into_inner().then_some(())?;
        for (place, parent) in tree.parents().iter().enumerate().skip(1).rev() {
            by_place[*parent as usize] = by_place[*parent as usize].checked_add(by_place[place])?;
        }
        Some(Sizes::Words(by_place))
    }

    fn of_bytes(tree: &DominatorTree, shallow: &(impl Fn(u32) -> u64 + Sync)) -> Self {
        let mut by_place: Vec<u64> = tree.preorder().par_iter().map(|node| shallow(*node)).collect();
        for (place, parent) in tree.parents().iter().enumerate().skip(1).rev() {
            let size = by_place[place];
            let sum = &mut by_place[*parent as usize];
            *sum = sum.saturating_add(size);
        }
        Sizes::Bytes(by_place)
    }

    fn get(&self, place: usize) -> Option<u64> {
        match self {
            Sizes::Words(words) => words.get(place).map(|words| u64::from(*words) * WORD),
            Sizes::Bytes(bytes) => bytes.get(place).copied(),
        }
    }
}

impl RetainedSizes {
    /// Bytes a node that the sizes take, where all together are so many bytes, in whole words.
    #[must_use]
    pub fn bytes_a_node(all: u64) -> u64 {
        if u32::try_from(all / WORD).is_ok() { 4 } else { 8 }
    }

    /// Adds up the shallow size of every node that is reached, in bytes; nodes that are no objects have 0. Sums stay at the
    /// greatest number instead of wrapping. `shallow` is asked from all threads of the caller's rayon pool.
    #[must_use]
    pub fn new(tree: &DominatorTree, shallow: impl Fn(u32) -> u64 + Sync) -> Self {
        let by_place = Sizes::of_words(tree, &shallow).unwrap_or_else(|| Sizes::of_bytes(tree, &shallow));
        Self { places: Arc::clone(tree.places()), by_place }
    }

    /// The retained size of `node` in bytes; 0 for what is not reached. What it retains is [`DominatorTree::subtree`].
    #[must_use]
    pub fn of(&self, node: u32) -> u64 {
        self.places.get(node as usize).and_then(|place| self.by_place.get(*place as usize)).unwrap_or(0)
    }

    /// The same by the place in the tree: see [`DominatorTree::slices`].
    #[must_use]
    pub fn at(&self, place: u32) -> u64 {
        self.by_place.get(place as usize).unwrap_or(0)
    }

    /// What `nodes` retain at least together, in bytes: the sum over those of them that no other dominates. It counts no
    /// byte twice, and leaves out what only several of them together keep. O(k · log k) for k nodes, whatever the graph.
    ///
    /// Eclipse MAT's minimum retained size; the exact one is [`retained_by_set`].
    #[must_use]
    pub fn minimum_of_set(&self, tree: &DominatorTree, nodes: &[u32]) -> u64 {
        tree.topmost(nodes).into_iter().map(|node| self.of(node)).fold(0, u64::saturating_add)
    }
}

/// What `set` retains together: the weight of all that `roots` reach, but would not without the nodes of `set`; these
/// themselves are part of it. `weigh` is asked once for each; nodes that are no objects weigh nothing.
///
/// Exact, as Eclipse MAT's retained set: it goes once over the graph. Nodes of `set` that are not reached count nothing.
///
/// Overhead while it runs: two bits a node, and 4 bytes for each node that waits, at most for all.
#[must_use]
pub fn retained_by_set(graph: &CsrGraph, roots: &[u32], set: &[u32], weigh: impl Fn(u32) -> Weight) -> Weight {
    let mut retained = Weight::default();
    each_retained(graph, roots, set, |node| retained.add(weigh(node)));
    retained
}

/// Hands each node that `set` retains together to `visit`, once, as [`retained_by_set`] weighs them.
pub fn each_retained(graph: &CsrGraph, roots: &[u32], set: &[u32], mut visit: impl FnMut(u32)) {
    let mut is_in_set = IdBitSet::with_room_for(graph.node_count());
    for node in set.iter().filter(|node| **node < graph.node_count()) {
        is_in_set.insert(*node);
    }
    let mut met = IdBitSet::with_room_for(graph.node_count());
    let mut open = Vec::new();
    let mut of_set = Vec::new();
    let mut meet = |node: u32, met: &mut IdBitSet, open: &mut Vec<u32>| {
        if met.insert(node) {
            if is_in_set.contains(node) { of_set.push(node) } else { open.push(node) }
        }
    };
    roots.iter().filter(|root| **root < graph.node_count()).for_each(|root| meet(*root, &mut met, &mut open));
    while let Some(node) = open.pop() {
        graph.targets(node).iter().for_each(|to| meet(*to, &mut met, &mut open));
    }
    while let Some(node) = of_set.pop() {
        visit(node);
        of_set.extend(graph.targets(node).iter().copied().filter(|to| met.insert(*to)));
    }
}

#[cfg(test)]
mod tests;
