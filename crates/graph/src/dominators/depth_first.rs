//! Depth-first numbers, without recursion and without a stack beside the tree itself.

use super::NONE;
use crate::CsrGraph;
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
/// nodes without edges are known by another beside it, and the row that comes next is touched while the present one is gone through.
pub(super) fn search(graph: &CsrGraph, root: u32) -> DepthFirst {
    let count = graph.node_count();
    if root >= count {
        return DepthFirst { nodes: Vec::new(), parents: Vec::new(), spare: Vec::new() };
    }
    let mut states = States::new(graph);
    states.meet(root);
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
            let state = states.of(node);
            if state & MET != 0 {
                continue;
            }
            let has_edges = state & HAS_EDGES != 0;
            if below.is_some() {
                unmet = index;
                if has_edges {
                    std::hint::black_box(graph.targets(node).first());
                }
                break;
            }
            states.meet(node);
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

/// Two bits a node.
struct States {
    words: Vec<u64>,
}

const MET: u64 = 1;
const HAS_EDGES: u64 = 2;
/// Nodes of a word.
const NODES: u32 = 32;

impl States {
    /// Nothing is met.
    fn new(graph: &CsrGraph) -> Self {
        let of_word = |word: u32| {
            let first = word * NODES;
            let nodes = first..first.saturating_add(NODES).min(graph.node_count());
            let has_edges = nodes.filter(|node| !graph.targets(*node).is_empty());
            has_edges.fold(0, |bits, node| bits | HAS_EDGES << (node % NODES * 2))
        };
        States { words: (0..graph.node_count().div_ceil(NODES)).into_par_iter().map(of_word).collect() }
    }

    #[inline]
    fn of(&self, node: u32) -> u64 {
        self.words[(node / NODES) as usize] >> (node % NODES * 2)
    }

    #[inline]
    fn meet(&mut self, node: u32) {
        self.words[(node / NODES) as usize] |= MET << (node % NODES * 2);
    }
}
