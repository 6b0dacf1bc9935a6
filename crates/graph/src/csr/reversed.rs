//! The same graph with every edge turned round.

use super::{CsrGraph, Offset, Offsets};
use crate::Column;
use rayon::prelude::*;

/// Each part of the targets costs one more reading of all edges, so more threads than this do not help.
const MOST_PARTS: usize = 8;

impl CsrGraph {
    /// The graph with every edge turned round, without tags. The sources of a node come in ascending order, one that has several edges to
    /// it as often.
    ///
    /// Each thread of the caller's rayon pool (eight at most) reads all edges and keeps those to its part of the nodes;
    /// the result is the same for any number of them. Nothing is allocated but the result.
    #[must_use]
    pub fn reversed(&self) -> CsrGraph {
        let nodes = self.node_count() as usize;
        let parts = rayon::current_num_threads().clamp(1, MOST_PARTS);
        let part = nodes.div_ceil(parts).max(1);
        let mut lengths = vec![0u32; nodes + 1];
        lengths[..nodes].par_chunks_mut(part).enumerate().for_each(|(index, lengths)| {
            let first = (index * part) as u32;
            for to in self.targets.iter() {
                if let Some(length) = lengths.get_mut(to.wrapping_sub(first) as usize) {
                    *length += 1;
                }
            }
        });
        let mut offsets = Offsets::ends(lengths);
        let mut sources = vec![0u32; self.targets.len()];
        match &mut offsets {
            Offsets::Narrow(ends) => self.fill_sources(&mut ends[..nodes], part, &mut sources),
            Offsets::Wide(ends) => self.fill_sources(&mut ends[..nodes], part, &mut sources),
        }
        CsrGraph { offsets, targets: sources.into(), tags: Column::default() }
    }

    /// Fills the rows from behind, so that `ends` become starts.
    pub(super) fn fill_sources<T: Offset>(&self, ends: &mut [T], part: usize, mut sources: &mut [u32]) {
        let mut parts = Vec::new();
        let mut start = 0;
        for (index, ends) in ends.chunks_mut(part).enumerate() {
            let end = ends.last().map_or(start, |end| end.index());
            let (room, rest) = sources.split_at_mut(end - start);
            parts.push(((index * part) as u32, start, ends, room));
            sources = rest;
            start = end;
        }
        parts.into_par_iter().for_each(|(first, start, ends, room)| {
            for from in (0..self.node_count()).rev() {
                for to in self.targets(from) {
                    if let Some(end) = ends.get_mut(to.wrapping_sub(first) as usize) {
                        *end = end.before();
                        room[end.index() - start] = from;
                    }
                }
            }
        });
    }
}
