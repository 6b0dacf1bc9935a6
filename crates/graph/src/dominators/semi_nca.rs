//! Semi-NCA over depth-first numbers.
//!
//! A node's semidominator is the least number from which a path leads to it through greater numbers alone. Its immediate
//! dominator is the nearest ancestor of its parent, in the dominator tree made so far, that is not greater.

use super::NONE;
use super::depth_first::DepthFirst;
use super::layout::NumberedTree;
use crate::csr::{CsrGraph, Offset, Offsets};

/// The dominator tree of what `search` met.
pub(super) fn dominator_tree(graph: &CsrGraph, search: DepthFirst) -> NumberedTree {
    let DepthFirst { nodes, numbers, mut parents, spare } = search;
    let (mut semi, cross) = sort_edges(graph, &numbers, nodes.len(), spare);
    let mut forest = Forest { above: parents.clone(), least: numbers };
    forest.least.truncate(nodes.len());
    lower_to_semidominators(&mut semi, &cross, &mut forest);
    drop(cross);
    let spare = raise_to_dominators(&mut parents, &semi, forest);
    NumberedTree { nodes, parents, spare: [semi, spare], node_count: graph.node_count() }
}

/// The edges from greater numbers to less, by target: those that do not follow the depth-first tree downwards.
struct CrossEdges {
    starts: Offsets,
    sources: Vec<u32>,
}

/// The least number from which an edge leads to each node, in `semi`, and the cross edges. Of the edges that go down the tree
/// only the one from highest up counts, so they need not be kept.
fn sort_edges(graph: &CsrGraph, numbers: &[u32], count: usize, mut semi: Vec<u32>) -> (Vec<u32>, CrossEdges) {
    // By node, not by number: rows, and mostly their targets, then lie close together.
    let each = |see: &mut dyn FnMut(u32, u32)| {
        for (node, from) in (0..).zip(numbers).filter(|(_, number)| **number != NONE) {
            graph.targets(node).iter().for_each(|to| see(*from, numbers[*to as usize]));
        }
    };
    semi.fill(NONE);
    let mut lengths = vec![0u32; count + 1];
    each(&mut |from, to| {
        if from < to {
            semi[to as usize] = from.min(semi[to as usize]);
        } else {
            lengths[to as usize] += u32::from(from > to);
        }
    });
    let mut starts = Offsets::ends(lengths);
    let mut sources = vec![0u32; starts.start(count as u32)];
    match &mut starts {
        Offsets::Narrow(ends) => each(&mut |from, to| place(from, to, ends, &mut sources)),
        Offsets::Wide(ends) => each(&mut |from, to| place(from, to, ends, &mut sources)),
    }
    (semi, CrossEdges { starts, sources })
}

fn place<T: Offset>(from: u32, to: u32, ends: &mut [T], sources: &mut [u32]) {
    if from > to {
        let end = &mut ends[to as usize];
        *end = end.before();
        sources[end.index()] = from;
    }
}

/// The part of the depth-first tree that has been dealt with: all numbers from some limit on, linked to their parents.
struct Forest {
    /// The parent, or an ancestor further up once the path has been compressed.
    above: Vec<u32>,
    /// The least semidominator on the path from here up to, but without, the one above.
    least: Vec<u32>,
}

impl Forest {
    /// The least semidominator on the path from `number` up, as far as numbers are not less than `linked`.
    ///
    /// Compresses the path. On the way up the links are turned round, so that the way back needs no stack.
    fn least_above(&mut self, number: u32, linked: u32) -> u32 {
        let (mut below, mut at) = (NONE, number);
        let outside = loop {
            let above = self.above[at as usize];
            if above < linked {
                break above;
            }
            self.above[at as usize] = below;
            (below, at) = (at, above);
        };
        let mut least = self.least[at as usize];
        while below != NONE {
            let next = std::mem::replace(&mut self.above[below as usize], outside);
            least = least.min(self.least[below as usize]);
            self.least[below as usize] = least;
            below = next;
        }
        least
    }
}

fn lower_to_semidominators(semi: &mut [u32], cross: &CrossEdges, forest: &mut Forest) {
    for number in (1..semi.len() as u32).rev() {
        let sources = &cross.sources[cross.starts.range(number)];
        let own = semi[number as usize];
        let least = sources.iter().fold(own, |least, source| least.min(forest.least_above(*source, number + 1)));
        semi[number as usize] = least;
        forest.least[number as usize] = least;
    }
}

/// Makes of the parents in the depth-first tree those in the dominator tree. Gives back an array to spare.
///
/// The way up is by the jump pointers of Myers, "An applicative random-access stack" (1983): each node has one to an
/// ancestor, so placed that any ancestor is O(log depth) steps away.
fn raise_to_dominators(parents: &mut [u32], semi: &[u32], forest: Forest) -> Vec<u32> {
    let Forest { above: mut depths, least: mut jumps } = forest;
    let roots = depths.first_mut().zip(jumps.first_mut());
    if let Some((depth, jump)) = roots {
        (*depth, *jump) = (0, 0);
    }
    for number in 1..parents.len() {
        let (mut at, limit) = (parents[number], semi[number]);
        while at > limit {
            let jump = jumps[at as usize];
            at = if jump >= limit { jump } else { parents[at as usize] };
        }
        parents[number] = at;
        let depth = |at: u32| depths[at as usize];
        let jump = jumps[at as usize];
        let further = jumps[jump as usize];
        jumps[number] = if depth(at) - depth(jump) == depth(jump) - depth(further) { further } else { at };
        depths[number] = depth(at) + 1;
    }
    depths
}
