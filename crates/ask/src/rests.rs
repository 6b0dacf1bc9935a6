//! How much of what groups retain nothing refers to, summed while the dominator tree is gone along.

use goheap_graph::DominatorTree;
use goheap_model::{Extent, Graph, ObjectId};
use std::ops::Range;

/// What is not referred to, by group.
///
/// # Overhead
/// 16 bytes for each object that is not referred to as a whole, and 8 a group.
pub(crate) struct Rests {
    /// Of objects that are not referred to as a whole, in order of place: the bytes that are not. None where that is not known.
    by_place: Option<Vec<(u32, u64)>>,
    next: usize,
    /// The groups whose objects dominate what is at hand, each once, and up to which place.
    covering: Vec<(usize, u32)>,
    of_group: Vec<u64>,
}

impl Rests {
    /// Nothing yet, of so many groups.
    pub(crate) fn new(graph: Graph<'_>, tree: &DominatorTree, groups: usize) -> Self {
        let by_place = graph.references().extents().map(|extents| {
            let rest = |(id, extent): (ObjectId, Extent)| {
                let rest = Extent::all(graph.shallow(id.0)).without(extent).referred;
                Some((tree.place(id.0)?, rest))
            };
            let mut rests: Vec<(u32, u64)> = extents.iter().filter_map(rest).collect();
            rests.sort_unstable();
            rests
        });
        Rests { by_place, next: 0, covering: Vec::new(), of_group: vec![0; groups] }
    }

    /// An object of the group, which none of it dominates, dominates what is at these places.
    pub(crate) fn cover(&mut self, group: usize, places: Range<u32>) {
        self.covering.retain(|&(_, end)| end > places.start);
        self.covering.push((group, places.end));
    }

    /// What is at that place, and before it, was gone along.
    pub(crate) fn pass(&mut self, place: u32) {
        let rests = self.by_place.as_deref().unwrap_or_default();
        while let Some(&(at, rest)) = rests.get(self.next).filter(|(at, _)| *at <= place) {
            for &(group, _) in self.covering.iter().filter(|(_, end)| *end > at) {
                self.of_group[group] = self.of_group[group].saturating_add(rest);
            }
            self.next += 1;
        }
    }

    /// What of a group is not referred to; None where that is not known.
    pub(crate) fn of(&self, group: usize) -> Option<u64> {
        self.by_place.as_ref().map(|_| self.of_group[group])
    }
}
