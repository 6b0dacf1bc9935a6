//! What `runtime.ReadMemStats` would tell of memory (mstats.go): the runtime's own counters, to the byte.

use crate::model::RuntimeModel;
use goheap_image::Address;

/// `heapStats.stats`: three deltas, one for each generation (`consistentHeapStats`).
const SHARDS: u64 = 3;

/// Fields of `runtime.MemStats`, bytes; what the core or the release lacks is None.
///
/// `ReadMemStats` stops the world and flushes the caches of the processors first, by which spans may become free: its figures and these
/// differ by that, and by what happened between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemStats {
    /// Spans of objects.
    pub heap_in_use: Option<u64>,
    /// Pages of the heap without a span, those returned to the system included.
    pub heap_idle: Option<u64>,
    /// Of these, pages returned to the system.
    pub heap_released: Option<u64>,
    /// Spans of stacks.
    pub stack_in_use: Option<u64>,
    /// Those, and stacks of threads that the runtime took from the system.
    pub stack_sys: Option<u64>,
    /// Records of spans in use.
    pub mspan_in_use: Option<u64>,
    /// Memory for records of spans.
    pub mspan_sys: Option<u64>,
    /// Caches of processors in use.
    pub mcache_in_use: Option<u64>,
    /// Memory for such caches.
    pub mcache_sys: Option<u64>,
    /// Buckets of profiles and the table of them.
    pub buck_hash_sys: Option<u64>,
    /// The collector's own: `gcMiscSys` and spans of work buffers.
    pub gc_sys: Option<u64>,
    /// Of these, the spans of work buffers, and of pointer bits up to 1.25.
    pub gc_spans: Option<u64>,
    /// Everything else that the runtime took.
    pub other_sys: Option<u64>,
}

impl MemStats {
    /// `HeapSys`: in use and idle.
    pub fn heap_sys(&self) -> Option<u64> {
        self.heap_in_use?.checked_add(self.heap_idle?)
    }

    /// `Sys`: all that the runtime took from the system.
    pub fn sys(&self) -> Option<u64> {
        let parts = [
            self.heap_sys(),
            self.stack_sys,
            self.mspan_sys,
            self.mcache_sys,
            self.buck_hash_sys,
            self.gc_sys,
            self.other_sys,
        ];
        parts.into_iter().try_fold(0_u64, |sum, part| sum.checked_add(part?))
    }
}

/// Sums of the deltas of all generations. One alone may be negative (seen with 1.19 and 1.26: by megabytes).
struct HeapStats {
    committed: i64,
    released: i64,
    in_heap: i64,
    in_stacks: i64,
    /// Work buffers, and pointer bits where the release has them.
    in_gc_spans: i64,
}

impl RuntimeModel<'_> {
    /// The runtime's counters of memory, where `memstats` is found.
    pub fn mem_stats(&self) -> MemStats {
        let (memory, at) = (self.memory(), self.anchors.memstats);
        let fields = &self.layout.mstats;
        let word = |offset: Option<u64>| memory.read_u64(at?.add(offset?));
        let in_use = |fixalloc: u64| memory.read_u64(self.mheap.add(fixalloc).add(self.layout.fixalloc.inuse?));
        let sums = at.and_then(|at| self.heap_stats(at.add(fields.heap_stats?)));
        let sum = |of: fn(&HeapStats) -> i64| sums.as_ref().and_then(|sums| u64::try_from(of(sums)).ok());
        let plus = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
        let stack_in_use = sum(|sums| sums.in_stacks);
        let gc_spans = sum(|sums| sums.in_gc_spans);
        MemStats {
            heap_in_use: sum(|sums| sums.in_heap),
            heap_idle: sum(HeapStats::idle),
            heap_released: sum(|sums| sums.released),
            stack_in_use,
            stack_sys: plus(stack_in_use, word(fields.stacks_sys)),
            mspan_in_use: in_use(self.layout.mheap.spanalloc),
            mspan_sys: word(fields.mspan_sys),
            mcache_in_use: in_use(self.layout.mheap.cachealloc),
            mcache_sys: word(fields.mcache_sys),
            buck_hash_sys: word(fields.buckhash_sys),
            gc_sys: plus(word(fields.gc_misc_sys), gc_spans),
            gc_spans,
            other_sys: word(fields.other_sys),
        }
    }

    fn heap_stats(&self, stats: Address) -> Option<HeapStats> {
        let (memory, fields) = (self.memory(), &self.layout.heap_stats);
        let size = fields.size?;
        let sum = |offset: u64| {
            (0..SHARDS).try_fold(0_i64, |sum, shard| {
                let delta = memory.read_u64(stats.add(shard * size + offset))?;
                Some(sum.wrapping_add(delta as i64))
            })
        };
        let pointer_bits = fields.in_ptr_scalar_bits.map_or(Some(0), sum)?;
        Some(HeapStats {
            committed: sum(fields.committed?)?,
            released: sum(fields.released?)?,
            in_heap: sum(fields.in_heap?)?,
            in_stacks: sum(fields.in_stacks?)?,
            in_gc_spans: sum(fields.in_work_bufs?)?.wrapping_add(pointer_bits),
        })
    }
}

impl HeapStats {
    fn idle(&self) -> i64 {
        let mapped = self.committed.wrapping_add(self.released);
        mapped.wrapping_sub(self.in_heap).wrapping_sub(self.in_stacks).wrapping_sub(self.in_gc_spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_lacks_a_part_is_not_known() {
        let all = MemStats {
            heap_in_use: Some(10),
            heap_idle: Some(5),
            stack_sys: Some(3),
            mspan_sys: Some(1),
            mcache_sys: Some(1),
            buck_hash_sys: Some(1),
            gc_sys: Some(1),
            other_sys: Some(1),
            ..MemStats::default()
        };
        assert_eq!((all.heap_sys(), all.sys()), (Some(15), Some(23)));
        assert_eq!(MemStats { other_sys: None, ..all }.sys(), None);
        assert_eq!(MemStats { other_sys: Some(u64::MAX), ..all }.sys(), None, "counters that make no sense");
    }

    #[test]
    fn idle_is_what_is_mapped_and_in_no_span() {
        let stats = HeapStats { committed: 100, released: 20, in_heap: 60, in_stacks: 8, in_gc_spans: 2 };
        assert_eq!(stats.idle(), 50);
    }
}
