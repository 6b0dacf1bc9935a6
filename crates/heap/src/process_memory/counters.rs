//! What the runtime counts, beside what was found.

use super::address_map::Total;
use super::part::MemoryPart;
use goheap_runtime::{MemStats, RuntimeModel};
use serde::Serialize;

/// One figure of `runtime.MemStats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counter {
    /// The field's name.
    pub name: &'static str,
    /// What the runtime counts, bytes; None where the core does not tell.
    pub theirs: Option<u64>,
    /// What was found, where that is the same thing.
    pub ours: Option<u64>,
}

pub(super) fn compare(model: &RuntimeModel<'_>, stats: &MemStats, parts: &[(MemoryPart, Total)]) -> Vec<Counter> {
    let sum = |is_wanted: fn(MemoryPart) -> bool| {
        Some(
            parts
                .iter()
                .filter(|(part, _)| is_wanted(*part))
                .map(|(_, total)| total.bytes)
                .fold(0, u64::saturating_add),
        )
    };
    let part = |wanted: MemoryPart| parts.iter().find(|(part, _)| *part == wanted).map_or(0, |(_, total)| total.bytes);
    let is_told = part(MemoryPart::HeapIdleNotKnown) == 0;
    let caches = model.processors.len() as u64 * model.layout.mcache.size;
    let counter = |name, theirs, ours| Counter { name, theirs, ours };
    vec![
        counter("HeapInuse", stats.heap_in_use, sum(MemoryPart::is_heap_in_use)),
        counter("HeapIdle", stats.heap_idle, sum(MemoryPart::is_heap_idle)),
        counter("HeapReleased", stats.heap_released, is_told.then_some(part(MemoryPart::HeapReleased))),
        counter("HeapSys", stats.heap_sys(), sum(|part| part.is_heap_in_use() || part.is_heap_idle())),
        counter("StackInuse", stats.stack_in_use, sum(MemoryPart::is_go_stacks)),
        counter("StackSys", stats.stack_sys, None),
        counter("MSpanInuse", stats.mspan_in_use, None),
        counter("MSpanSys", stats.mspan_sys, None),
        counter("MCacheInuse", stats.mcache_in_use, (caches > 0).then_some(caches)),
        counter("MCacheSys", stats.mcache_sys, None),
        counter("BuckHashSys", stats.buck_hash_sys, None),
        counter("GCSys", stats.gc_sys, None),
        counter("OtherSys", stats.other_sys, None),
        counter("Sys", stats.sys(), None),
    ]
}
