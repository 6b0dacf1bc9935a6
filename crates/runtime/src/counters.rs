//! The runtime's own statistics, to stand beside what goheap counts (mgcpacer.go, mstats.go, mheap.go).

use crate::model::RuntimeModel;
use crate::span::PAGE_BYTES;
use goheap_image::Address;

/// One figure that the runtime keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeCounter {
    /// The runtime's name for it.
    pub name: &'static str,
    /// Its value in the core.
    pub value: u64,
    /// What goheap counts for the same, where it counts it.
    pub ours: Option<u64>,
    /// How far the two may differ, and why.
    pub note: &'static str,
}

/// The counters that the core holds. `allocated` are the bytes of allocated slots and `reachable` those that roots reach.
pub fn runtime_counters(model: &RuntimeModel<'_>, allocated: u64, reachable: u64) -> Vec<RuntimeCounter> {
    let memory = model.memory();
    let pages: u64 = model.heap.spans.iter().map(|span| span.npages).sum();
    let mut counters = vec![RuntimeCounter {
        name: "mheap_.pagesInUse",
        value: model.heap.pages_in_use,
        ours: Some(pages),
        note: "equal, unless a span was being made at the moment of the dump",
    }];
    let fields = &model.layout.gc_controller;
    if let Some(controller) = model.anchors.gc_controller {
        let word = |offset: Option<u64>| offset.and_then(|offset| memory.read_u64(controller.add(offset)));
        let live = word(fields.total_alloc).zip(word(fields.total_free)).map(|(alloc, free)| alloc.wrapping_sub(free));
        let known = [
            ("gcController.heapInUse", word(fields.heap_in_use), Some(pages * PAGE_BYTES), "equal"),
            (
                "gcController.totalAlloc - totalFree",
                live,
                Some(allocated),
                "lags by what each P allocated since it last told",
            ),
            (
                "gcController.heapLive",
                word(Some(fields.heap_live)),
                Some(allocated),
                "counts whole spans that a P allocates from",
            ),
            ("gcController.heapMarked", word(Some(fields.heap_marked)), Some(reachable), "of the last collection"),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value, ours, note)| Some(RuntimeCounter { name, value: value?, ours, note }));
        counters.extend(known);
    }
    let cycles = model.anchors.memstats.and_then(|at| memory.read_u32(at.add(model.layout.mstats.numgc)));
    counters.extend(cycles.map(|value| counter("memstats.numgc", value, "collections so far")));
    let phase = model.anchors.gcphase.and_then(|at: Address| memory.read_u32(at));
    counters.extend(phase.map(|value| counter("gcphase", value, "0 off, 1 marking, 2 ending the mark")));
    counters
}

fn counter(name: &'static str, value: u32, note: &'static str) -> RuntimeCounter {
    RuntimeCounter { name, value: u64::from(value), ours: None, note }
}
