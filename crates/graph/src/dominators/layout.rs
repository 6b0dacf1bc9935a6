//! From depth-first numbers to places in preorder.

use super::{DominatorTree, NONE};
use std::sync::Arc;

/// A dominator tree over depth-first numbers, in which parents are less than children.
pub(super) struct NumberedTree {
    /// Number to node.
    pub(super) nodes: Vec<u32>,
    /// Number to the number of the immediate dominator; the root's is its own.
    pub(super) parents: Vec<u32>,
    /// Two arrays of the same length, of no meaning.
    pub(super) spare: [Vec<u32>; 2],
    /// Number of nodes of the graph.
    pub(super) node_count: u32,
}

impl NumberedTree {
    /// The same tree in preorder, children by their numbers. Arrays are dropped as soon as they can be.
    pub(super) fn into_tree(self) -> DominatorTree {
        let Self { nodes, parents, spare: [mut sizes, mut ends], node_count } = self;
        count_subtrees(&parents, &mut sizes);
        place_subtrees(&parents, &sizes, &mut ends);
        let mut places = sizes;
        for (size, end) in places.iter_mut().zip(&ends) {
            *size = end - *size;
        }
        // Each array that is made takes the place of one that goes.
        let (ends, parents) = rayon::join(
            || in_places(&places, ends.into_iter()),
            || in_places(&places, parents.into_iter().map(|parent| places[parent as usize])),
        );
        let (by_node, nodes) = rayon::join(
            || {
                let mut by_node = vec![NONE; node_count as usize];
                for (node, place) in nodes.iter().zip(&places) {
                    by_node[*node as usize] = *place;
                }
                by_node
            },
            || in_places(&places, nodes.iter().copied()),
        );
        DominatorTree {
            places: Arc::new(by_node.into()),
            nodes: nodes.into(),
            parents: parents.into(),
            ends: ends.into(),
        }
    }
}

/// How many nodes each dominates, itself among them.
fn count_subtrees(parents: &[u32], sizes: &mut [u32]) {
    sizes.fill(1);
    for number in (1..parents.len()).rev() {
        sizes[parents[number] as usize] += sizes[number];
    }
}

/// The place behind the subtree of each. While a node's children are being placed, it is the place of the next.
fn place_subtrees(parents: &[u32], sizes: &[u32], ends: &mut [u32]) {
    if let Some(end) = ends.first_mut() {
        *end = 1;
    }
    for number in 1..parents.len() {
        let next = &mut ends[parents[number] as usize];
        let place = *next;
        *next += sizes[number];
        ends[number] = place + 1;
    }
}

/// Puts each value at the place that belongs to it.
fn in_places(places: &[u32], values: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut placed = vec![0; places.len()];
    for (place, value) in places.iter().zip(values) {
        placed[*place as usize] = value;
    }
    placed
}
