//! What is asked while a core is being taken: which pages of the heap are in use, and where one counter lies. No DWARF, no types, no
//! goroutines: it must be quick and small.

use crate::discover::{Search, find_first_module};
use crate::error::RuntimeError;
use crate::heap::{ARENA_BYTES, GoHeap};
use crate::layout::RuntimeLayout;
use crate::module::{Modules, read_modules};
use crate::own_memory::arenas;
use crate::release::find_release;
use crate::symbols::Symbols;
use goheap_image::{Address, Process};
use goheap_model::Unobserved;
use std::ops::Range;

/// Deltas of a counter, one for each generation (mstats.go `consistentHeapStats`).
const SHARDS: u64 = 3;

/// The heap of a process whose core may lack the arenas themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveHeap {
    /// Where the heap may lie: ascending, apart, each a multiple of an arena.
    pub arenas: Vec<Range<u64>>,
    /// Spans in use, those of stacks and of the collector included: ascending, apart, whole pages of the runtime.
    pub in_use: Vec<Range<u64>>,
    /// Spans whose record makes no sense or is absent: more than 0 where the process was in the middle of a change, or is broken.
    pub broken: u64,
    /// The words whose sum is the bytes of spans of objects (`memstats.heapStats.stats[i].inHeap`, each of which may be negative); none
    /// where they are not found.
    pub in_heap: Vec<Address>,
}

impl LiveHeap {
    /// Reads it; only the runtime's records need be in the core.
    ///
    /// # Errors
    /// The program is not Go, its release is not known, or the runtime's variables are absent.
    pub fn read(process: &Process) -> Result<LiveHeap, RuntimeError> {
        let memory = &process.memory;
        let version = find_release(process, None, None)?.version;
        let (layout, _) = RuntimeLayout::choose(&version, process.core.machine(), None)?;
        let symbols = Symbols::read(&process.executable, None, process.load_bias);
        let first = find_first_module(process, &layout, &version, &symbols).ok_or(RuntimeError::NoModule)?;
        let Modules { list: modules, .. } = read_modules(memory, &layout, &version, first)?;
        let (module, others) = modules.split_first().ok_or(RuntimeError::NoModule)?;
        let machine = process.core.machine();
        let search = Search { memory, machine, layout: &layout, symbols: &symbols, module, others };
        let mheap = search.mheap().ok_or(RuntimeError::NoHeap)?;
        let heap = GoHeap::read(memory, &layout, &version, mheap, &Unobserved)?;
        let heap = heap.ok_or(RuntimeError::HeapUnreadable { mheap })?;
        let in_heap = search.memstats().and_then(|memstats| in_heap(&layout, memstats)).unwrap_or_default();
        Ok(LiveHeap {
            arenas: joined(
                arenas(memory, &layout, machine, mheap).into_iter().map(|base| base..base.saturating_add(ARENA_BYTES)),
            ),
            in_use: in_use(&heap),
            broken: heap.broken_spans,
            in_heap,
        })
    }
}

fn in_heap(layout: &RuntimeLayout, memstats: Address) -> Option<Vec<Address>> {
    let stats = memstats.add(layout.mstats.heap_stats?);
    let (size, offset) = (layout.heap_stats.size?, layout.heap_stats.in_heap?);
    Some((0..SHARDS).map(|shard| stats.add(shard * size + offset)).collect())
}

fn in_use(heap: &GoHeap<'_>) -> Vec<Range<u64>> {
    let objects = heap.spans.iter().map(|span| span.base..span.end());
    let mut all: Vec<Range<u64>> = objects.chain(heap.manual.iter().map(|span| span.base..span.end)).collect();
    all.sort_by_key(|range| range.start);
    joined(all.into_iter())
}

/// Ranges by their start, those that touch as one.
fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let ranges = [1..3, 3..5, 7..9, 8..8, 8..20];
        assert_eq!(joined(ranges.into_iter()), [1..5, 7..20]);
    }
}
