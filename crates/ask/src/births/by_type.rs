//! Where what objects of a type retain was allocated.

use super::{BirthIndex, BirthSites, SiteGrouping};
use crate::groups::RetainedHistogram;
use crate::histogram::group_objects;
use crate::recent::Recent;
use foldhash::HashMap;

impl BirthIndex<'_> {
    /// The sites of what the objects of each wanted group retain, each object for itself and what lies below several of them once: of the same objects as
    /// [`retained_histogram`](crate::retained_histogram) counts, by the names of its rows. Groups of which nothing was sampled are left out.
    pub fn by_group<F: FnMut(&str) -> bool>(
        &self,
        request: RetainedHistogram<F>,
        sites: SiteGrouping,
    ) -> HashMap<String, BirthSites> {
        let heap = self.graph.heap();
        let groups = group_objects(heap, request.grouping, request.selection, request.is_wanted);
        let mut covered = vec![0; groups.rows.len()];
        let mut found: Vec<Vec<usize>> = vec![Vec::new(); groups.rows.len()];
        // The first sampled object that is not before the place.
        let mut next = 0;
        let mut recent = Recent::default();
        for ((node, end), place) in self.tree.slices().zip(0..) {
            next += self.by_place[next..].iter().take_while(|one| one.0 < place).count();
            // Few were sampled: most objects have none below them.
            let has_sample = self.by_place.get(next).is_some_and(|one| one.0 < end);
            let Some(id) = self.graph.object_of(node).filter(|_| has_sample) else { continue };
            if !request.selection.contains(heap, heap.objects.slot(id)) {
                continue;
            }
            if let Some(group) = groups.of(heap, id, &mut recent).filter(|&group| place >= covered[group]) {
                covered[group] = end;
                found[group].extend(next..self.by_place.partition_point(|one| one.0 < end));
            }
        }
        let named = groups.rows.into_iter().zip(found).filter(|(_, found)| !found.is_empty());
        named.map(|(row, at)| (row.name, self.sites(at.iter().map(|&at| &self.by_place[at]), sites))).collect()
    }
}
