//! The traits by which petgraph's algorithms visit a graph, with the feature `petgraph`. Tests take petgraph's answers as
//! the truth.

use crate::{CsrGraph, IdBitSet};
use petgraph::visit::{GraphBase, IntoNeighbors, IntoNodeIdentifiers, NodeCount, NodeIndexable, VisitMap, Visitable};
use std::iter::Copied;
use std::ops::Range;
use std::slice::Iter;

impl GraphBase for CsrGraph {
    type NodeId = u32;
    type EdgeId = u64;
}

impl<'a> IntoNeighbors for &'a CsrGraph {
    type Neighbors = Copied<Iter<'a, u32>>;

    fn neighbors(self, node: u32) -> Self::Neighbors {
        self.targets(node).iter().copied()
    }
}

impl IntoNodeIdentifiers for &CsrGraph {
    type NodeIdentifiers = Range<u32>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        0..CsrGraph::node_count(self)
    }
}

impl NodeCount for CsrGraph {
    fn node_count(&self) -> usize {
        CsrGraph::node_count(self) as usize
    }
}

impl NodeIndexable for CsrGraph {
    fn node_bound(&self) -> usize {
        CsrGraph::node_count(self) as usize
    }

    fn to_index(&self, node: u32) -> usize {
        node as usize
    }

    fn from_index(&self, index: usize) -> u32 {
        // petgraph asks for indices below `node_bound` alone.
        index as u32
    }
}

impl Visitable for CsrGraph {
    type Map = IdBitSet;

    fn visit_map(&self) -> IdBitSet {
        IdBitSet::with_room_for(CsrGraph::node_count(self))
    }

    fn reset_map(&self, map: &mut IdBitSet) {
        *map = self.visit_map();
    }
}

impl VisitMap<u32> for IdBitSet {
    fn visit(&mut self, node: u32) -> bool {
        self.insert(node)
    }

    fn is_visited(&self, node: &u32) -> bool {
        self.contains(*node)
    }

    fn unvisit(&mut self, node: u32) -> bool {
        self.remove(node)
    }
}
