//! The edges that do not follow the depth-first tree downwards, by target.

use super::{NONE, middle};
use crate::csr::{CsrGraph, Offset, Offsets};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// The edges from greater numbers to less, by target.
pub(super) struct CrossEdges {
    starts: Offsets,
    /// Written by several threads, each its own places.
    sources: Vec<AtomicU32>,
}

impl CrossEdges {
    /// The sources of the edges to `targets`.
    pub(super) fn sources(&self, targets: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let range = self.starts.start(targets.start)..self.starts.start(targets.end);
        self.sources[range].iter().map(|source| source.load(Ordering::Relaxed))
    }
}

/// What the edges of one half of the nodes say of each number.
struct Half {
    /// The nodes, whose edges are about half of all.
    nodes: Range<u32>,
    /// The least number from which an edge leads to it.
    least: Vec<u32>,
    /// Of edges from greater numbers, how many; then the place behind those that are still to be written.
    cross: Vec<u32>,
}

/// The least number from which an edge leads to each of `count` numbers, and the cross edges. Of the edges that go down the tree
/// only the one from highest up counts, so they need not be kept.
///
/// Two threads take half of the nodes each. More would need more memory: each has two numbers a node for itself.
pub(super) fn sort(graph: &CsrGraph, numbers: &[AtomicU32], count: usize, spare: Vec<u32>) -> (Vec<u32>, CrossEdges) {
    let edges = Edges { graph, numbers };
    let middle = middle(graph);
    let half = |nodes, least| Half { nodes, least, cross: vec![0; count + 1] };
    let mut first = half(0..middle, spare);
    let mut second = half(middle..graph.node_count(), vec![0; count]);
    rayon::join(|| edges.count(&mut first), || edges.count(&mut second));
    for (one, other) in first.least.iter_mut().zip(&second.least) {
        *one = (*one).min(*other);
    }
    second.least = Vec::new();
    let (semi, cross) = match behind(&mut first.cross, &mut second.cross) {
        Some(total) => {
            let sources = rows(total);
            rayon::join(
                || edges.fill(&first.nodes, &mut first.cross, &sources),
                || edges.fill(&second.nodes, &mut second.cross, &sources),
            );
            // What was filled from behind begins where the first half ended up.
            (first.least, CrossEdges { starts: Offsets::Narrow(first.cross.into()), sources })
        }
        None => {
            let mut ends = Offsets::wide_ends(&first.cross, &second.cross);
            let sources = rows(ends.start(count as u32));
            if let Offsets::Wide(ends) = &mut ends {
                edges.fill(&(0..graph.node_count()), ends, &sources);
            }
            (first.least, CrossEdges { starts: ends, sources })
        }
    };
    (semi, cross)
}

fn rows(total: usize) -> Vec<AtomicU32> {
    let mut rows = Vec::new();
    rows.resize_with(total, AtomicU32::default);
    rows
}

/// From how many entries each row has of each half, where these end: of the first half before those of the second. None, and
/// nothing done, where four bytes do not hold that.
fn behind(first: &mut [u32], second: &mut [u32]) -> Option<usize> {
    let total: u64 = first.iter().chain(second.iter()).map(|length| u64::from(*length)).sum();
    u32::try_from(total).ok()?;
    let mut end = 0;
    for (first, second) in first.iter_mut().zip(second) {
        // No more than the total, which fits.
        *first += end;
        *second += *first;
        end = *second;
    }
    Some(total as usize)
}

/// The edges of a graph by number.
struct Edges<'a> {
    graph: &'a CsrGraph,
    numbers: &'a [AtomicU32],
}

impl Edges<'_> {
    /// Shows `see` the edges of some nodes: by node, not by number, for rows, and mostly their targets, then lie close together.
    fn each(&self, nodes: &Range<u32>, mut see: impl FnMut(u32, u32)) {
        for node in nodes.clone() {
            let from = self.number(node);
            if from != NONE {
                self.graph.targets(node).iter().for_each(|to| see(from, self.number(*to)));
            }
        }
    }

    #[inline]
    fn number(&self, node: u32) -> u32 {
        self.numbers[node as usize].load(Ordering::Relaxed)
    }

    fn count(&self, half: &mut Half) {
        let Half { nodes, least, cross } = half;
        least.fill(NONE);
        self.each(nodes, |from, to| {
            if from < to {
                least[to as usize] = from.min(least[to as usize]);
            } else {
                cross[to as usize] += u32::from(from > to);
            }
        });
    }

    /// Writes the cross edges of some nodes from behind, so that `ends` become starts.
    fn fill<T: Offset>(&self, nodes: &Range<u32>, ends: &mut [T], sources: &[AtomicU32]) {
        self.each(nodes, |from, to| {
            if from > to {
                let end = &mut ends[to as usize];
                *end = end.before();
                sources[end.index()].store(from, Ordering::Relaxed);
            }
        });
    }
}
