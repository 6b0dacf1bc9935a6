//! The graph itself, in compressed sparse rows: one array of targets, and where each node's begin.

mod blocks;
mod build;
mod offsets;
mod parts;
mod reversed;

pub use blocks::EdgeBlock;
pub use build::GraphBuilder;
pub(crate) use offsets::{Offset, Offsets};
pub use parts::CsrParts;

use crate::{Column, IdBitSet};
use rayon::prelude::*;
use std::ops::Range;

/// Nodes whose edges one thread looks at in a row.
const BLOCK: u32 = 1 << 16;

/// A directed graph over the dense ids `0..node_count`, with parallel edges and self loops as they were given.
///
/// Overhead: 4 bytes a node (8 from 2^32 edges on) and 4 bytes an edge. What an edge stands for is kept where the caller asks
/// for it with [`GraphBuilder::keep_tags`]: a number for each edge of an object, 4 bytes more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrGraph {
    /// One more than there are nodes: the targets of node `n` are those from `offsets[n]` to `offsets[n + 1]`.
    offsets: Offsets,
    targets: Column<u32>,
    /// Beside the targets of objects; empty where none were kept. Nodes that were added come behind all objects and have none.
    tags: Column<u32>,
}

/// What a graph cannot be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The ids of nodes must be less than `u32::MAX`, which stands for none.
    #[error("{0} nodes are too many: ids are less than 2^32 - 1")]
    TooManyNodes(u64),
    /// An edge to an id that is no node.
    #[error("an edge from node {from} to {to}, which is no node")]
    NoSuchTarget {
        /// The node whose edge it is.
        from: u32,
        /// The id that was given.
        to: u32,
    },
    /// An edge was added from an id that [`GraphBuilder::add_node`] did not give.
    #[error("an edge was added to node {0}, which is not an added one")]
    NotAnAddedNode(u32),
    /// An edge was added in another block than its object's, or after one of a greater object; or a block is missing.
    #[error("an edge of node {0} came out of order")]
    OutOfOrder(u32),
    /// Parts that are not those of one graph: what is wrong.
    #[error("no graph: {0}")]
    Damaged(&'static str),
    /// Asked twice for the edges of a node, the caller gave different numbers of them.
    #[error("node {0} had another number of edges when it was asked again")]
    EdgesChanged(u32),
}

impl CsrGraph {
    /// The graph of `node_count` nodes with the edges `(from, to)`, those of a node in the order given.
    ///
    /// For small graphs: it sorts a copy. [`GraphBuilder`] makes large ones.
    ///
    /// # Errors
    /// [`GraphError::NoSuchTarget`] for an edge from or to an id that is no node.
    pub fn from_edges(node_count: u32, edges: &[(u32, u32)]) -> Result<Self, GraphError> {
        let mut builder = GraphBuilder::new(0)?;
        for _ in 0..node_count {
            builder.add_node()?;
        }
        for &(from, to) in edges {
            builder.add_edge(from, to).map_err(|_| GraphError::NoSuchTarget { from, to })?;
        }
        builder.build(|_| std::iter::empty())
    }

    /// Makes every edge from `from` to a node of which `drops` says so one from `from` to itself, which no path needs, and which keeps its tag;
    /// returns how many there were. What an edge stands for is the caller's: this is for one that turns out to be another node's.
    pub fn drop_edges_where(&mut self, from: u32, drops: impl Fn(u32) -> bool) -> usize {
        if from >= self.node_count() {
            return 0;
        }
        let mut dropped = 0;
        for target in self.targets[self.offsets.range(from)].iter_mut().filter(|target| drops(**target)) {
            *target = from;
            dropped += 1;
        }
        dropped
    }

    /// Number of nodes; all ids are less.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        // `GraphBuilder` lets no more than fit.
        (self.offsets.len() - 1) as u32
    }

    /// Number of edges, parallel ones each for itself.
    #[must_use]
    pub fn edge_count(&self) -> u64 {
        self.targets.len() as u64
    }

    /// Where the edges of `node` lead, in the order they were given; nowhere for an id that is no node.
    #[must_use]
    #[inline]
    pub fn targets(&self, node: u32) -> &[u32] {
        if node < self.node_count() { &self.targets[self.offsets.range(node)] } else { &[] }
    }

    /// What the caller said of each edge of `node`, beside [`CsrGraph::targets`]; None where tags were not kept, and of a node that is
    /// no object.
    #[must_use]
    pub fn tags(&self, node: u32) -> Option<&[u32]> {
        if node >= self.node_count() || self.tags.is_empty() {
            return None;
        }
        self.tags.get(self.offsets.range(node))
    }

    /// Number of edges of the nodes before `node`, which is one or the number of nodes.
    #[must_use]
    pub fn edges_before(&self, node: u32) -> u64 {
        self.offsets.start(node) as u64
    }

    /// The edges to nodes of `sought`, as `(from, to)`, by source: one list for each 2^16 nodes, of which at most so many edges are told. It is
    /// for few of many: the sources of others are not looked at. Any thread of the caller's rayon pool takes a block.
    #[must_use]
    pub fn edges_to(&self, sought: &IdBitSet, most: usize) -> Vec<Vec<(u32, u32)>> {
        let blocks = (0..self.node_count().div_ceil(BLOCK)).into_par_iter();
        let nodes = |block: u32| block * BLOCK..(block + 1).saturating_mul(BLOCK);
        blocks.map(|block| self.edges_of(nodes(block), sought).take(most).collect()).collect()
    }

    /// The edges of `nodes` to nodes of `sought`.
    fn edges_of<'a>(&'a self, nodes: Range<u32>, sought: &'a IdBitSet) -> impl Iterator<Item = (u32, u32)> + 'a {
        let end = nodes.end.min(self.node_count());
        let mut from = nodes.start.min(end);
        let first = self.offsets.start(from);
        let found = self.targets[first..self.offsets.start(end)].iter().zip(first..);
        found.filter(|(to, _)| sought.contains(**to)).map(move |(to, at)| {
            let (mut low, mut high) = (from, end);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if self.offsets.start(middle) <= at { low = middle } else { high = middle }
            }
            from = low;
            (from, *to)
        })
    }

    /// All edges as `(from, to)`, by source.
    pub fn edges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.node_count()).flat_map(|from| self.targets(from).iter().map(move |to| (from, *to)))
    }
}

#[cfg(test)]
mod tests;
