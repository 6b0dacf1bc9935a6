//! How much of what groups retain nothing refers to.

use goheap_graph::DominatorTree;
use goheap_model::{Extent, Graph, ObjectId};
use std::ops::Range;

/// What is not referred to, by place in the dominator tree, and summed by group.
///
/// # Overhead
/// 16 bytes for each object that is not referred to as a whole, and 8 a group.
pub(crate) struct Rests {
    /// Of objects that are not referred to as a whole, in order of place: the bytes that are not, of it and of all before it.
    /// None where that is not known.
    sums: Option<Vec<(u32, u64)>>,
    of_group: Vec<u64>,
}

impl Rests {
    /// Nothing yet, of so many groups.
    pub(crate) fn new(graph: Graph<'_>, tree: &DominatorTree, groups: usize) -> Self {
        let sums = graph.references().extents().map(|extents| {
            let rest = |(id, extent): (ObjectId, Extent)| {
                let rest = Extent::all(graph.shallow(id.0)).without(extent).referred;
                Some((tree.place(id.0)?, rest))
            };
            let mut sums: Vec<(u32, u64)> = extents.iter().filter_map(rest).collect();
            sums.sort_unstable();
            let mut sum = 0_u64;
            for (_, rest) in &mut sums {
                sum = sum.saturating_add(*rest);
                *rest = sum;
            }
            sums
        });
        Rests { sums, of_group: vec![0; groups] }
    }

    /// An object of the group, which none of it dominates, dominates what is at these places.
    pub(crate) fn cover(&mut self, group: usize, places: Range<u32>) {
        let [before, to_end] = [places.start, places.end].map(|place| self.before(place));
        self.of_group[group] = self.of_group[group].saturating_add(to_end - before);
    }

    /// What nothing refers to of all that is before a place.
    fn before(&self, place: u32) -> u64 {
        let sums = self.sums.as_deref().unwrap_or_default();
        let count = sums.partition_point(|&(at, _)| at < place);
        sums[..count].last().map_or(0, |&(_, sum)| sum)
    }

    /// What of a group is not referred to; None where that is not known.
    pub(crate) fn of(&self, group: usize) -> Option<u64> {
        self.sums.as_ref().map(|_| self.of_group[group])
    }
}
