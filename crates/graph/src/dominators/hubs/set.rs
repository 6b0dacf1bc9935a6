//! Which nodes are hubs, and their numbers among themselves.

use crate::CsrGraph;
use crate::dominators::middle;
use rayon::prelude::*;
use std::ops::Range;

/// The nodes to which more than one edge leads, and the root. Any other node that is reached has one referrer, which dominates it.
///
/// Hubs have an *index*: how many there are before it. Overhead: three bits a node.
pub(super) struct HubSet {
    /// Two bits a node: [`HUB`] and [`HAS_EDGES`].
    words: Vec<u64>,
    /// Hubs before each word.
    before: Vec<u32>,
    count: u32,
}

pub(super) const HUB: u64 = 1;
pub(super) const HAS_EDGES: u64 = 2;
/// Nodes of a word.
const NODES: u32 = 32;
/// The bit [`HUB`] of all nodes of a word.
const HUBS: u64 = 0x5555_5555_5555_5555;

impl HubSet {
    pub(super) fn new(graph: &CsrGraph, root: u32) -> Self {
        let count = graph.node_count();
        let middle = middle(graph);
        let (first, second) = rayon::join(|| Referred::by(graph, 0..middle), || Referred::by(graph, middle..count));
        let of_word = |word: u32| {
            let at = word as usize;
            let hubs = first.again[at] | second.again[at] | first.once[at] & second.once[at];
            let start = word * NODES;
            let nodes = start..start.saturating_add(NODES).min(count);
            let has_edges = nodes.filter(|node| !graph.targets(*node).is_empty());
            has_edges.fold(spread(hubs), |bits, node| bits | HAS_EDGES << shift(node))
        };
        let mut words: Vec<u64> = (0..count.div_ceil(NODES)).into_par_iter().map(of_word).collect();
        words[(root / NODES) as usize] |= HUB << shift(root);
        let mut sum = 0;
        let mut before = Vec::with_capacity(words.len());
        for word in &words {
            before.push(sum);
            sum += (word & HUBS).count_ones();
        }
        HubSet { words, before, count: sum }
    }

    /// Number of hubs.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// [`HUB`] and [`HAS_EDGES`] of a node; more bits above them.
    #[inline]
    pub(super) fn state(&self, node: u32) -> u64 {
        self.words[(node / NODES) as usize] >> shift(node)
    }

    /// The index of `node`, which is a hub.
    #[inline]
    pub(super) fn index(&self, node: u32) -> u32 {
        let word = (node / NODES) as usize;
        self.before[word] + (self.words[word] & HUBS & ((1 << shift(node)) - 1)).count_ones()
    }

    /// The nodes of the hubs with these indices, in ascending order.
    pub(super) fn nodes(&self, indices: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let first = self.before.partition_point(|before| *before <= indices.start).saturating_sub(1);
        let skipped = indices.start - self.before.get(first).copied().unwrap_or(0);
        let words = self.words[first..].iter().zip((first as u32 * NODES..).step_by(NODES as usize));
        let nodes = words.flat_map(|(word, start)| {
            let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
            let bits = std::iter::successors(Some(word & HUBS).filter(|bits| *bits != 0), rest);
            bits.map(move |bits| start + bits.trailing_zeros() / 2)
        });
        nodes.skip(skipped as usize).take(indices.len())
    }
}

fn shift(node: u32) -> u32 {
    node % NODES * 2
}

/// The low half of the bits, with a zero above each.
fn spread(bits: u32) -> u64 {
    [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, HUBS),
    ]
    .into_iter()
    .fold(u64::from(bits), |bits, (by, mask)| (bits | bits << by) & mask)
}

/// To which nodes the edges of some nodes lead, a bit each.
struct Referred {
    once: Vec<u32>,
    /// More than once, by one node or by several.
    again: Vec<u32>,
}

impl Referred {
    fn by(graph: &CsrGraph, nodes: Range<u32>) -> Self {
        let words = graph.node_count().div_ceil(NODES) as usize;
        let (mut once, mut again) = (vec![0u32; words], vec![0u32; words]);
        for to in nodes.flat_map(|node| graph.targets(node)) {
            let (word, bit) = ((to / NODES) as usize, 1 << (to % NODES));
            again[word] |= once[word] & bit;
            once[word] |= bit;
        }
        Referred { once, again }
    }
}
