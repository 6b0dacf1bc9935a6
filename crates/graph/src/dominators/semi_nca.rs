//! Semi-NCA over depth-first numbers.
//!
//! A node's semidominator is the least number from which a path leads to it through greater numbers alone. Its immediate
//! dominator is the nearest ancestor of its parent, in the dominator tree made so far, that is not greater.

use super::NONE;
use super::cross_edges::{self, CrossEdges};
use super::depth_first::DepthFirst;
use super::jumps::Jumps;
use super::layout::NumberedTree;
use crate::CsrGraph;

/// The dominator tree of what `search` met.
pub(super) fn dominator_tree(graph: &CsrGraph, search: DepthFirst) -> NumberedTree {
    let numbers = search.numbers(graph.node_count());
    let DepthFirst { nodes, mut parents, spare } = search;
    let (mut semi, cross) = cross_edges::sort(graph, &numbers, nodes.len(), spare);
    drop(numbers);
    let mut forest = Forest { links: parents.iter().map(|parent| Link { above: *parent, least: 0 }).collect() };
    lower_to_semidominators(&mut semi, &cross, &mut forest);
    drop((cross, forest));
    let spare = raise_to_dominators(&mut parents, &semi);
    NumberedTree { nodes, parents, spare: [semi, spare], node_count: graph.node_count() }
}

/// The part of the depth-first tree that has been dealt with: all numbers from some limit on, linked to their parents.
struct Forest {
    links: Vec<Link>,
}

/// Where the way up from a number goes on.
#[derive(Clone, Copy)]
struct Link {
    /// The parent, or an ancestor further up once the path has been compressed.
    above: u32,
    /// The least semidominator on the path from here up to, but without, the one above.
    least: u32,
}

/// Numbers whose edges are touched together.
const BATCH: u32 = 32;

impl Forest {
    /// The least semidominator on the path from `number` up, as far as numbers are not less than `linked`.
    ///
    /// Compresses the path. On the way up the links are turned round, so that the way back needs no stack.
    fn least_above(&mut self, number: u32, linked: u32) -> u32 {
        let (mut below, mut at) = (NONE, number);
        let outside = loop {
            let link = &mut self.links[at as usize];
            if link.above < linked {
                break link.above;
            }
            let above = std::mem::replace(&mut link.above, below);
            (below, at) = (at, above);
        };
        let mut least = self.links[at as usize].least;
        while below != NONE {
            let link = &mut self.links[below as usize];
            least = least.min(link.least);
            link.least = least;
            below = std::mem::replace(&mut link.above, outside);
        }
        least
    }

    /// Brings what `sources` will ask for into the caches: these loads do not wait for each other, and nothing waits for them.
    fn touch(&self, sources: impl Iterator<Item = u32>) {
        let sum = sources.fold(0, |sum, source| sum ^ self.links[source as usize].above);
        std::hint::black_box(sum);
    }
}

fn lower_to_semidominators(semi: &mut [u32], cross: &CrossEdges, forest: &mut Forest) {
    for number in (1..semi.len() as u32).rev() {
        if number % BATCH == BATCH - 1 {
            forest.touch(cross.sources(number + 1 - BATCH..number + 1));
        }
        let (sources, own) = (cross.sources(number..number + 1), semi[number as usize]);
        let least = sources.fold(own, |least, source| least.min(forest.least_above(source, number + 1)));
        semi[number as usize] = least;
        forest.links[number as usize].least = least;
    }
}

/// Makes of the parents in the depth-first tree those in the dominator tree.
fn raise_to_dominators(parents: &mut [u32], semi: &[u32]) -> Vec<u32> {
    let mut jumps = Jumps::new(parents.len());
    for number in 1..parents.len() {
        let parent = jumps.not_greater(parents, parents[number], semi[number]);
        parents[number] = parent;
        jumps.add(number as u32, parent);
    }
    jumps.into_spare()
}
