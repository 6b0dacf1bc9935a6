//! Depth-first numbers, without recursion and without a stack beside the tree itself.

use super::NONE;
use crate::{CsrGraph, IdBitSet};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// The depth-first tree of what a root reaches. Nodes are numbered in the order in which they are met.
pub(super) struct DepthFirst {
    /// Number to node.
    pub(super) nodes: Vec<u32>,
    /// Number to the number of the parent, which is less; the root's is its own.
    pub(super) parents: Vec<u32>,
    /// As long as `nodes`, of no meaning any more; given on to save memory.
    pub(super) spare: Vec<u32>,
}

impl DepthFirst {
    /// Node to number, of `count` nodes; [`NONE`] for a node that is not reached.
    pub(super) fn numbers(&self, count: u32) -> Vec<AtomicU32> {
        let numbers: Vec<AtomicU32> = (0..count).into_par_iter().map(|_| AtomicU32::new(NONE)).collect();
        self.nodes.par_iter().enumerate().for_each(|(number, node)| {
            // As many as there are nodes.
            numbers[*node as usize].store(number as u32, Ordering::Relaxed);
        });
        numbers
    }
}

/// Goes depth first from `root`, edges in their order.
///
/// It waits for memory more than for anything else: rows lie anywhere. So what is met is kept in a bit each, which caches hold,
/// nodes without edges are known by another, and the row that comes next is touched while the present one is gone through.
pub(super) fn search(graph: &CsrGraph, root: u32) -> DepthFirst {
    let count = graph.node_count();
    if root >= count {
        return DepthFirst { nodes: Vec::new(), parents: Vec::new(), spare: Vec::new() };
    }
    let inner = with_edges(graph);
    let mut met = IdBitSet::with_room_for(count);
    met.insert(root);
    let room = count as usize;
    let (mut nodes, mut parents) = (Vec::with_capacity(room), Vec::with_capacity(room));
    // The next edge to take of each node. That there is none is found when the one before is taken: on a long way back the
    // rows, long out of the cache by then, need not be read once more.
    let mut resume: Vec<u32> = Vec::with_capacity(room);
    nodes.push(root);
    parents.push(0);
    resume.push(0);
    let mut at = 0u32;
    loop {
        let next = resume[at as usize];
        if next == NONE {
            if at == 0 {
                break;
            }
            at = parents[at as usize];
            continue;
        }
        let row = graph.targets(nodes[at as usize]);
        let (mut below, mut unmet) = (None, NONE);
        for (index, &node) in (next..).zip(&row[next as usize..]) {
            if met.contains(node) {
                continue;
            }
            let has_edges = inner.contains(node);
            if below.is_some() {
                unmet = index;
                if has_edges {
                    std::hint::black_box(graph.targets(node).first());
                }
                break;
            }
            met.insert(node);
            let number = nodes.len() as u32;
            nodes.push(node);
            parents.push(at);
            if has_edges {
                resume.push(0);
                below = Some(number);
            } else {
                resume.push(NONE);
            }
        }
        resume[at as usize] = unmet;
        at = below.unwrap_or(at);
    }
    DepthFirst { nodes, parents, spare: resume }
}

/// The nodes that have edges.
fn with_edges(graph: &CsrGraph) -> IdBitSet {
    let mut inner = IdBitSet::with_room_for(graph.node_count());
    (0..graph.node_count()).filter(|node| !graph.targets(*node).is_empty()).for_each(|node| {
        inner.insert(node);
    });
    inner
}
