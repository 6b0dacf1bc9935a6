//! What the collector is told to do and where it stands (mgcpacer.go `gcControllerState`, mstats.go `mstats`).

use crate::model::RuntimeModel;
use crate::release_record::Release;
use crate::words::read_string;

/// `memoryLimitMinHeapGoalHeadroom` (mgcpacer.go).
const LEAST_HEADROOM: u64 = 1 << 20;
/// `memoryLimitHeapGoalHeadroomPercent`, since 1.21.
const HEADROOM_PERCENT: u64 = 3;

/// Settings and counters of the collector; what the core or the release lacks is None.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcSettings {
    /// `gcPercent`: GOGC, or what `debug.SetGCPercent` set; negative where it is off.
    pub percent: Option<i32>,
    /// `memoryLimit` in bytes: GOMEMLIMIT, or what `debug.SetMemoryLimit` set; `i64::MAX` for none. Since 1.19.
    pub memory_limit: Option<u64>,
    /// `mappedReady` in bytes: what counts against the limit. Since 1.19.
    pub mapped_ready: Option<u64>,
    /// `heapLive` in bytes: what the collector takes for live, with what was allocated since the last collection.
    pub heap_live: Option<u64>,
    /// `heapMarked` in bytes: what the last collection found live.
    pub heap_marked: Option<u64>,
    /// Where the next collection shall end by the percentage alone, bytes that are allocated; None where it is off.
    pub percent_goal: Option<u64>,
    /// Where it shall end by the limit alone (`memoryLimitHeapGoal`); None where there is no limit.
    pub limit_goal: Option<u64>,
    /// `numgc`: collections so far.
    pub cycles: Option<u32>,
    /// `numforcedgc`: of them, those that the program called for.
    pub forced_cycles: Option<u32>,
    /// `last_gc_unix`: when the last one ended, nanoseconds since 1970; None where there was none.
    pub last_unix_ns: Option<u64>,
    /// The least time from the last one's end to the end of the process, by the runtime's own clock, in nanoseconds.
    pub since_last_ns: Option<u64>,
    /// `pause_total_ns`: how long they stopped the world in all.
    pub pause_total_ns: Option<u64>,
}

impl GcSettings {
    /// The goal that counts: the lower of the two.
    pub fn goal(&self) -> Option<u64> {
        self.percent_goal.into_iter().chain(self.limit_goal).min()
    }
}

/// A setting of the build is no longer.
const LONGEST_GODEBUG: usize = 4096;

impl RuntimeModel<'_> {
    /// GODEBUG as the build sets it, from `//go:debug` lines and the go line of `go.mod` (`runtime.godebugDefault`, since 1.21); None
    /// where the variable is not known.
    pub fn default_godebug(&self) -> Option<String> {
        read_string(self.memory(), self.symbols.address("runtime.godebugDefault")?, LONGEST_GODEBUG)
    }

    /// GODEBUG of the environment as the program has it now (`runtime.godebugEnv`, since 1.20): it may have set it anew. None where the
    /// variable is not known, or was never set.
    pub fn godebug(&self) -> Option<String> {
        let text = self.memory().read_address(self.symbols.address("runtime.godebugEnv")?)?;
        if text.is_null() { None } else { read_string(self.memory(), text, LONGEST_GODEBUG) }
    }

    /// Settings and counters of the collector.
    pub fn gc_settings(&self) -> GcSettings {
        let (memory, fields) = (self.memory(), &self.layout.gc_controller);
        let at = self.anchors.gc_controller;
        let word = |offset: u64| memory.read_u64(at?.add(offset));
        let optional = |offset: Option<u64>| word(offset?);
        let stats = self.anchors.memstats;
        let stat = |offset: u64| memory.read_u64(stats?.add(offset));
        let half = |offset: u64| memory.read_u32(stats?.add(offset));
        let mstats = &self.layout.mstats;
        let since = stat(mstats.last_gc_nanotime).filter(|&last| last != 0).zip(self.newest_time());
        let mut settings = GcSettings {
            percent: at.and_then(|at| memory.read_u32(at.add(fields.gc_percent))).map(|percent| percent as i32),
            memory_limit: optional(fields.memory_limit),
            mapped_ready: optional(fields.mapped_ready),
            heap_live: word(fields.heap_live),
            heap_marked: word(fields.heap_marked),
            percent_goal: word(fields.heap_goal).filter(|&goal| goal != u64::MAX),
            limit_goal: None,
            cycles: half(mstats.numgc),
            forced_cycles: half(mstats.numforcedgc),
            last_unix_ns: stat(mstats.last_gc_unix).filter(|&last| last != 0),
            since_last_ns: since.and_then(|(last, now)| now.checked_sub(last)),
            pause_total_ns: stat(mstats.pause_total_ns),
        };
        settings.limit_goal = optional(fields.heap_free).and_then(|free| {
            let allocated = optional(fields.total_alloc)?.checked_sub(optional(fields.total_free)?)?;
            limit_goal(&settings, free, allocated, self.version.release())
        });
        settings
    }
}

/// `memoryLimitHeapGoal` (mgcpacer.go, since 1.19): what the limit leaves for the heap, less some headroom, but not less than what is
/// live.
fn limit_goal(settings: &GcSettings, heap_free: u64, allocated: u64, release: Release) -> Option<u64> {
    let limit = settings.memory_limit.filter(|&limit| limit < i64::MAX as u64)?;
    let (ready, marked) = (settings.mapped_ready?, settings.heap_marked?);
    let others = ready.checked_sub(heap_free)?.checked_sub(allocated)?.saturating_add(ready.saturating_sub(limit));
    let Some(goal) = limit.checked_sub(others).filter(|&goal| goal > 0) else { return Some(marked) };
    let part = if release.leaves_part_of_limit { goal / 100 * HEADROOM_PERCENT } else { 0 };
    let headroom = part.max(LEAST_HEADROOM);
    let goal = if goal < headroom || goal - headroom < headroom { headroom } else { goal - headroom };
    Some(goal.max(marked))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::GoVersion;

    fn release(text: &str) -> Release {
        GoVersion::parse(text).unwrap().release()
    }

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_limit_leaves_what_others_do_not_take() {
        let settings = GcSettings {
            memory_limit: Some(100 * MIB),
            mapped_ready: Some(60 * MIB),
            heap_marked: Some(20 * MIB),
            percent_goal: Some(40 * MIB),
            ..GcSettings::default()
        };
        // 60 MiB less 10 free and 30 allocated are 20 of others: 80 are left, less a headroom.
        assert_eq!(limit_goal(&settings, 10 * MIB, 30 * MIB, release("go1.19")), Some(79 * MIB));
        assert_eq!(limit_goal(&settings, 10 * MIB, 30 * MIB, release("go1.26")), Some(80 * MIB - 80 * MIB / 100 * 3));
        assert_eq!(settings.goal(), Some(40 * MIB));
        let beyond = GcSettings { memory_limit: Some(10 * MIB), ..settings };
        assert_eq!(limit_goal(&beyond, 0, 30 * MIB, release("go1.26")), Some(20 * MIB), "the limit cannot be kept");
        let none = GcSettings { memory_limit: Some(i64::MAX as u64), ..settings };
        assert_eq!(limit_goal(&none, 0, 0, release("go1.26")), None);
        assert_eq!(
            limit_goal(&settings, 50 * MIB, 30 * MIB, release("go1.26")),
            None,
            "counters that contradict each other"
        );
    }
}
