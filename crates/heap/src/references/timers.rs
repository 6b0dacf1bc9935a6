//! Timers lead back to the list of the processor that they are in (runtime/time.go `timer.ts`, since Go 1.23; `timer.pp` before was no
//! pointer). The list holds its timers, no timer its list: else each holder of a timer would hold the processor and all timers of it.

use crate::snapshot::HeapSnapshot;
use foldhash::HashSet;
use goheap_graph::CsrGraph;

impl HeapSnapshot<'_, '_> {
    /// Drops the edges to processors from what is in their lists, and notes where they were.
    pub(super) fn let_go_of_processors(&self, graph: &mut CsrGraph, rewired: &mut HashSet<u32>) {
        let slots = self.model.processors.iter().filter_map(|processor| self.objects.find_allocated(processor.0));
        let processors: HashSet<u32> = slots.map(|slot| slot.id.0).collect();
        let mut listed: Vec<u32> = Vec::new();
        for &processor in &processors {
            for &list in graph.targets(processor).iter().filter(|list| self.objects.len() > **list) {
                listed.extend(graph.targets(list).iter().filter(|timer| !processors.contains(*timer)));
            }
        }
        listed.sort_unstable();
        listed.dedup();
        for timer in listed.into_iter().filter(|&timer| timer < self.objects.len()) {
            if graph.drop_edges_where(timer, |to| processors.contains(&to)) > 0 {
                rewired.insert(timer);
            }
        }
    }
}
