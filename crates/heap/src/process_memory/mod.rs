//! The whole process's memory: each byte that the core maps in one part, Go's or not.
//!
//! Parts are claimed in an order, and what is claimed is not claimed again (`AddressMap`): spans, the rest of arenas, what the runtime
//! took for itself, files, stacks of threads, what C's `malloc` holds. What nobody claims is a part by itself, so that the sum is that of
//! the core's segments, whatever the core says.

mod address_map;
mod c_memory;
mod counters;
mod files;
mod go_memory;
mod names;
mod part;
mod stacks;
#[cfg(test)]
mod tests;

pub use address_map::{Region, Total};
pub use counters::Counter;
pub(crate) use files::with_code as files_with_code;
pub use names::{MEMORY_GROUPS, MemoryPartGroup};
pub use part::MemoryPart;
pub(crate) use stacks::pthread_words;

use crate::snapshot::HeapSnapshot;
use address_map::AddressMap;
use goheap_runtime::{GlibcHeap, MemStats};
use serde::Serialize;

/// Puts `split` in the place of as many of the `whole` bytes of `from`; never more than there are, so that the sum stays. Which of the pages
/// hold something is known of the whole alone, and stays with `from`.
fn part_out(parts: &mut [(MemoryPart, Total)], from: MemoryPart, whole: u64, split: &[(MemoryPart, u64)]) {
    let mut left = whole;
    for &(to, bytes) in split {
        let bytes = bytes.min(left);
        left -= bytes;
        parts.iter_mut().filter(|(part, _)| *part == to).for_each(|(_, total)| total.bytes += bytes);
    }
    parts.iter_mut().filter(|(part, _)| *part == from).for_each(|(_, total)| total.bytes = left);
}

/// Regions that are kept, the largest: more than anybody reads.
const MOST_REGIONS: usize = 4096;

/// What a process's memory is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProcessMemory {
    /// Bytes of all segments of the core, those included that it has no contents of (`p_memsz`).
    pub mapped: u64,
    /// Bytes of each part, the parts without any left out; their sum is `mapped`.
    pub parts: Vec<(MemoryPart, Total)>,
    /// Mappings or parts of such outside of the heap's arenas, the largest first.
    pub regions: Vec<Region>,
    /// How many more there are.
    pub regions_left_out: u64,
    /// Paths of mapped files, by the number that regions have.
    pub files: Vec<String>,
    /// What the runtime counts, beside what was found.
    pub counters: Vec<Counter>,
    /// The runtime's counters.
    #[serde(skip)]
    pub mem_stats: MemStats,
    /// C's memory, where glibc's arenas were found.
    #[serde(skip)]
    pub glibc: Option<GlibcHeap>,
    /// True if some mapped file is code beside the program: C's library, or other than Go's.
    pub has_libraries: bool,
}

impl ProcessMemory {
    /// Looks at everything that the core of the heap maps.
    pub fn take(snapshot: &HeapSnapshot<'_, '_>) -> ProcessMemory {
        let model = snapshot.model;
        let mut map = AddressMap::new(model.process);
        let spans = go_memory::claim(&mut map, snapshot);
        let (files, has_libraries) = files::claim(&mut map, model.process);
        stacks::claim(&mut map, model.process);
        let glibc = GlibcHeap::find(model.process);
        c_memory::claim(&mut map, &model.process.memory, glibc.as_ref());
        map.claim_rest();
        let mapped = map.mapped;
        let (sums, mut regions) = map.finish();
        let mut parts = sums;
        spans.split(&mut parts);
        if let Some(glibc) = &glibc {
            c_memory::split(glibc, &mut parts);
        }
        parts.retain(|(_, total)| *total != Total::default());
        regions.sort_by_key(|region| (std::cmp::Reverse(region.end - region.start), region.start));
        let regions_left_out = regions.len().saturating_sub(MOST_REGIONS) as u64;
        regions.truncate(MOST_REGIONS);
        let mem_stats = model.mem_stats();
        let counters = counters::compare(model, &mem_stats, &parts);
        ProcessMemory { mapped, parts, regions, regions_left_out, files, counters, mem_stats, glibc, has_libraries }
    }

    /// Bytes of a part; 0 where it has none.
    pub fn bytes(&self, part: MemoryPart) -> u64 {
        self.total(|other| other == part).bytes
    }

    /// Bytes of the parts of which `is_wanted` says so.
    pub fn total(&self, is_wanted: impl Fn(MemoryPart) -> bool) -> Total {
        let mut sum = Total::default();
        self.parts.iter().filter(|(part, _)| is_wanted(*part)).for_each(|(_, total)| sum.add(*total));
        sum
    }
}
