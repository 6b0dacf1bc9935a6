//! Depth-first numbers, without recursion and without a stack beside the tree itself.

use super::NONE;
use crate::CsrGraph;

/// The depth-first tree of what a root reaches. Nodes are numbered in the order in which they are met.
pub(super) struct DepthFirst {
    /// Number to node.
    pub(super) nodes: Vec<u32>,
    /// Node to number; [`NONE`] for a node that is not reached.
    pub(super) numbers: Vec<u32>,
    /// Number to the number of the parent, which is less; the root's is its own.
    pub(super) parents: Vec<u32>,
    /// As long as `nodes`, of no meaning any more; given on to save memory.
    pub(super) spare: Vec<u32>,
}

/// Goes depth first from `root`, edges in their order.
pub(super) fn search(graph: &CsrGraph, root: u32) -> DepthFirst {
    let count = graph.node_count() as usize;
    let mut numbers = vec![NONE; count];
    if root as usize >= count {
        return DepthFirst { nodes: Vec::new(), numbers, parents: Vec::new(), spare: Vec::new() };
    }
    let [mut nodes, mut parents, mut resume] = [(); 3].map(|()| Vec::with_capacity(count));
    numbers[root as usize] = 0;
    nodes.push(root);
    parents.push(0);
    // The next edge to take of each node. That there is none is found when the one before is taken: on a long way back the
    // rows, long out of the cache by then, need not be read once more.
    resume.push(0u32);
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
        let mut unmet = (next..).zip(&row[next as usize..]).filter(|(_, node)| numbers[**node as usize] == NONE);
        let first = unmet.next();
        resume[at as usize] = unmet.next().map_or(NONE, |(index, _)| index);
        if let Some((_, node)) = first {
            let number = nodes.len() as u32;
            numbers[*node as usize] = number;
            nodes.push(*node);
            parents.push(at);
            resume.push(0);
            at = number;
        }
    }
    DepthFirst { nodes, numbers, parents, spare: resume }
}
