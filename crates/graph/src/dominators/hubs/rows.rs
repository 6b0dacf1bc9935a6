//! The graph with all that has one referrer put in the rows of hubs.

use super::set::{HAS_EDGES, HUB, HubSet};
use crate::{CsrGraph, IdBitSet};
use rayon::prelude::*;
use std::ops::Range;

/// What a depth-first search meets from one hub to the next: for each hub the nodes that it holds alone, in the order in which the
/// search meets them, and between them the edges to hubs.
///
/// Overhead: 4 bytes for each edge, for each node that has edges, and for each hub.
pub(super) struct Rows {
    chunks: Vec<Vec<u32>>,
    /// Where each hub's row begins in its chunk.
    starts: Vec<Vec<u32>>,
    count: u32,
}

/// Above [`ID`], an entry says what it is.
pub(super) const TAG: u32 = 7 << 29;
/// Below the tag: a node's id, a hub's index or a number of levels.
pub(super) const ID: u32 = !TAG;
/// A node that its hub holds alone, and that has no edges.
pub(super) const LEAF: u32 = 0;
/// One that has: what comes behind is below it. Once it is met, its number stands for the id.
pub(super) const OPEN: u32 = 1 << 29;
/// That many levels are at their end.
pub(super) const CLOSE: u32 = 2 << 29;
/// An edge to a hub; greater than all but the next.
pub(super) const EDGE: u32 = 4 << 29;
/// An edge to a hub that has none.
pub(super) const LEAF_EDGE: u32 = 5 << 29;
/// The end of the row, levels open or not.
pub(super) const END: u32 = 3 << 29;

/// Hubs of a chunk: so few that its rows go where the allocator keeps what was freed before.
const CHUNK: u32 = 1 << 14;

impl Rows {
    /// Whether there is room for ids and places in the entries.
    pub(super) fn can_hold(graph: &CsrGraph) -> bool {
        graph.node_count() < ID && graph.edge_count() < u64::from(ID)
    }

    pub(super) fn new(graph: &CsrGraph, hubs: &HubSet) -> Self {
        // One array for the chunks of a thread, and what is kept in arrays of the right length: arrays that grow leave holes.
        let chunk = |scratch: &mut Chunk, index: u32| {
            scratch.entries.clear();
            scratch.starts.clear();
            let mut walk = Walk { graph, hubs, waiting: Vec::new() };
            let indices = index * CHUNK..hubs.count().min((index + 1) * CHUNK);
            hubs.nodes(indices).for_each(|hub| walk.add_row(hub, scratch));
            scratch.clone()
        };
        let chunks = (0..hubs.count().div_ceil(CHUNK)).into_par_iter();
        let made: Vec<Chunk> = chunks.map_init(Chunk::default, chunk).collect();
        let (chunks, starts) = made.into_iter().map(|chunk| (chunk.entries, chunk.starts)).unzip();
        Rows { chunks, starts, count: hubs.count() }
    }

    /// Number of hubs.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The entries of the chunk of `hub`.
    #[inline]
    pub(super) fn chunk_mut(&mut self, hub: u32) -> &mut [u32] {
        &mut self.chunks[(hub / CHUNK) as usize]
    }

    /// All entries from a place on in the chunk of `hub`.
    #[inline]
    pub(super) fn from(&self, hub: u32, place: u32) -> &[u32] {
        &self.chunks[(hub / CHUNK) as usize][place as usize..]
    }

    /// Where each hub's row begins in its chunk.
    pub(super) fn take_starts(&mut self) -> impl Iterator<Item = u32> + use<> {
        std::mem::take(&mut self.starts).into_iter().flatten()
    }

    /// The hubs of each chunk, in order, but none of a chunk without an edge to a hub of `to`.
    pub(super) fn hubs_near(&self, to: &IdBitSet) -> impl IndexedParallelIterator<Item = Range<u32>> {
        self.chunks.par_iter().zip(0..self.chunks.len() as u32).map(move |(entries, index)| {
            let leads = entries.iter().any(|entry| *entry >= EDGE && to.contains(entry & ID));
            let first = index * CHUNK;
            if leads { first..self.count.min(first + CHUNK) } else { 0..0 }
        })
    }
}

/// Shows `see` the edges of the row of the hub with that number, as numbers of nodes and as hubs. `parents` are those of the nodes
/// between.
#[inline]
pub(super) fn each_edge(row: &[u32], number: u32, parents: &[u32], mut see: impl FnMut(u32, u32)) {
    let mut at = number;
    for &entry in row {
        let id = entry & ID;
        match entry & TAG {
            END => break,
            CLOSE => (0..id).for_each(|_| at = parents[at as usize]),
            OPEN => at = id,
            EDGE | LEAF_EDGE => see(at, id),
            _ => {}
        }
    }
}

#[derive(Clone, Default)]
struct Chunk {
    entries: Vec<u32>,
    starts: Vec<u32>,
}

impl Chunk {
    fn close(&mut self, levels: u32) {
        match self.entries.last_mut() {
            Some(last) if *last & TAG == CLOSE => *last += levels,
            _ if levels > 0 => self.entries.push(CLOSE | levels),
            _ => {}
        }
    }
}

/// A way through what hubs hold alone.
struct Walk<'a> {
    graph: &'a CsrGraph,
    hubs: &'a HubSet,
    /// The nodes above whose rows are not at their end.
    waiting: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    node: u32,
    /// The next edge to take.
    next: u32,
    /// How many levels end with the row.
    levels: u32,
}

impl Walk<'_> {
    fn add_row(&mut self, hub: u32, chunk: &mut Chunk) {
        if self.graph.targets(hub).is_empty() && chunk.entries.last() == Some(&END) {
            chunk.starts.push(chunk.entries.len() as u32 - 1);
            return;
        }
        let start = chunk.entries.len();
        let mut at = Place { node: hub, next: 0, levels: 0 };
        chunk.starts.push(start as u32);
        loop {
            let row = self.graph.targets(at.node);
            match self.add_edges(&mut at, row, chunk) {
                // A node that has nothing behind need not wait, so that a list of any length needs no room.
                Some(node) if at.next as usize == row.len() => at = Place { node, next: 0, levels: at.levels + 1 },
                Some(node) => {
                    self.waiting.push(at);
                    at = Place { node, next: 0, levels: 1 };
                }
                None => {
                    chunk.close(at.levels);
                    match self.waiting.pop() {
                        Some(place) => at = place,
                        None => break,
                    }
                }
            }
        }
        if chunk.entries[start..].last().is_some_and(|last| last & TAG == CLOSE) {
            chunk.entries.pop();
        }
        chunk.entries.push(END);
    }

    /// Goes along a row until a node comes that has a row of its own, and that no other refers to.
    fn add_edges(&self, at: &mut Place, row: &[u32], chunk: &mut Chunk) -> Option<u32> {
        while let Some(&to) = row.get(at.next as usize) {
            at.next += 1;
            let state = self.hubs.state(to);
            let has_edges = state & HAS_EDGES != 0;
            if state & HUB != 0 {
                chunk.entries.push(if has_edges { EDGE } else { LEAF_EDGE } | self.hubs.index(to));
            } else if has_edges {
                chunk.entries.push(OPEN | to);
                return Some(to);
            } else {
                chunk.entries.push(LEAF | to);
            }
        }
        None
    }
}
