//! What a process and its control group come to now.

use super::condition::{Bound, Condition, Gauge, Pressure};
use crate::error::CaptureError;
use crate::heap_filter;
use crate::maps::PAGE;
use crate::proc_files::{ProcFolder, machine_memory};
use goheap_image::{MemoryGroup, number_after};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

/// Where the numbers are.
pub(super) struct Gauges {
    process: ProcFolder,
    group: Option<MemoryGroup>,
    /// Bytes that shares are of, and whether they are the group's.
    whole: u64,
    pressure: PathBuf,
    /// The runtime's counter of bytes of spans of objects, where it is asked for.
    heap: Option<HeapCounter>,
    /// Counts of events when the watch began.
    high: u64,
    max: u64,
}

/// A condition that has come true, in words, and how near the nearest is, in percent of its bound.
pub(super) type Look = (Option<String>, u64);

impl Gauges {
    pub(super) fn new(root: &Path, process: ProcFolder, conditions: &[Condition]) -> Result<Gauges, CaptureError> {
        let process = process.below(root);
        let group = MemoryGroup::of(root, process.pid);
        let machine = machine_memory(root).map_or(u64::MAX, |(total, _)| total);
        let whole = group.as_ref().map_or(machine, |group| group.limit);
        let of_group = group.as_ref().map(|group| group.folder.join("memory.pressure")).filter(|path| path.is_file());
        let pressure = of_group.unwrap_or_else(|| root.join("proc/pressure/memory"));
        let mut gauges = Gauges { process, group, whole, pressure, heap: None, high: 0, max: 0 };
        if conditions.iter().any(|condition| matches!(condition.gauge, Gauge::Heap(_))) {
            gauges.heap = HeapCounter::of(&gauges.process)?;
        }
        (gauges.high, gauges.max) = (gauges.events("high").unwrap_or(0), gauges.events("max").unwrap_or(0));
        for condition in conditions {
            gauges.check(condition)?;
        }
        Ok(gauges)
    }

    /// Whether it can be seen here at all.
    fn check(&self, condition: &Condition) -> Result<(), CaptureError> {
        let unseen = |why: &'static str| CaptureError::Unseen { condition: condition.to_string(), why };
        match condition.gauge {
            Gauge::Rss(_) => Ok(()),
            Gauge::Heap(_) => self.heap.as_ref().map(drop).ok_or(unseen("the runtime's counters are not found")),
            Gauge::Psi(kind, _) => {
                self.pressure(kind).map(drop).ok_or(unseen("the kernel tells no pressure (boot it with psi=1)"))
            }
            Gauge::High => self.events("high").map(drop).ok_or(unseen("control groups of the second version have it")),
            Gauge::Max => self.events("max").map(drop).ok_or(unseen("the process is in no control group with a limit")),
        }
    }

    pub(super) fn group(&self) -> Option<&MemoryGroup> {
        self.group.as_ref()
    }

    /// The bytes at which the condition comes true, where it is of the group.
    pub(super) fn bound_of_group(&self, condition: &Condition) -> Option<u64> {
        self.group.as_ref()?;
        match condition.gauge {
            Gauge::Rss(Bound::Percent(percent)) => Some(share(self.whole, percent)),
            _ => None,
        }
    }

    /// Resident bytes of the process; `None` where it has ended.
    pub(super) fn rss(&self) -> Option<u64> {
        let statm = self.process.text("statm").ok()?;
        let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
        // A zombie has none.
        (pages > 0).then(|| pages.saturating_mul(PAGE))
    }

    /// Looks at each.
    pub(super) fn look(&self, conditions: &[Condition]) -> Result<Look, CaptureError> {
        let mut nearest = 0;
        for condition in conditions {
            let (is_true, near, words) = self.one(condition.gauge);
            if is_true {
                return Ok((Some(format!("{condition} ({words})")), 100));
            }
            nearest = nearest.max(near);
        }
        Ok((None, nearest))
    }

    fn one(&self, gauge: Gauge) -> (bool, u64, String) {
        match gauge {
            Gauge::Rss(Bound::Bytes(bound)) => {
                let rss = self.rss().unwrap_or(0);
                (rss > bound, near(rss, bound), format!("{} bytes", grouped(rss)))
            }
            Gauge::Rss(Bound::Percent(percent)) => {
                let rss = self.rss().unwrap_or(0);
                let of_group = self.group.as_ref().and_then(MemoryGroup::used).unwrap_or(0);
                let (used, bound) = (rss.max(of_group), share(self.whole, percent));
                (used > bound, near(used, bound), format!("{} of {} bytes", grouped(used), grouped(self.whole)))
            }
            Gauge::Heap(bound) => {
                let now = self.heap.as_ref().and_then(HeapCounter::read).unwrap_or(0);
                (now > bound, near(now, bound), format!("{} bytes", grouped(now)))
            }
            Gauge::Psi(kind, percent) => {
                let now = self.pressure(kind).unwrap_or(0);
                (now > percent * 100, near(now, percent * 100), format!("{}.{:02} %", now / 100, now % 100))
            }
            Gauge::High => self.event("high", self.high),
            Gauge::Max => self.event("max", self.max),
        }
    }

    fn event(&self, name: &str, before: u64) -> (bool, u64, String) {
        let since = self.events(name).unwrap_or(0).saturating_sub(before);
        (since > 0, 0, format!("{since} times since it is watched"))
    }

    /// How often the group has hit a limit.
    fn events(&self, name: &str) -> Option<u64> {
        let group = self.group.as_ref()?;
        match (group.version, name) {
            (1, "max") => fs::read_to_string(group.folder.join("memory.failcnt")).ok()?.trim().parse().ok(),
            (1, _) => None,
            _ => number_after(&fs::read_to_string(group.folder.join("memory.events")).ok()?, &format!("{name} ")),
        }
    }

    /// Hundredths of a percent of the last 10 s.
    fn pressure(&self, kind: Pressure) -> Option<u64> {
        let text = fs::read_to_string(&self.pressure).ok()?;
        let name = match kind {
            Pressure::Some => "some avg10=",
            Pressure::Full => "full avg10=",
        };
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        let (whole, part) = rest.split_whitespace().next()?.split_once('.')?;
        Some(whole.parse::<u64>().ok()?.checked_mul(100)? + part.get(..2)?.parse::<u64>().ok()?)
    }
}

/// The runtime's own counter, read without a stop.
struct HeapCounter {
    memory: File,
    /// Words whose sum it is; each alone may be negative.
    words: Vec<u64>,
}

impl HeapCounter {
    fn of(process: &ProcFolder) -> Result<Option<HeapCounter>, CaptureError> {
        let heap = heap_filter::of_running(process)?;
        let words: Vec<u64> = heap.unwrap_or_default().in_heap.iter().map(|address| address.0).collect();
        let path = process.file("mem");
        let memory = File::open(&path).map_err(|source| process.failed(path, source))?;
        Ok((!words.is_empty()).then_some(HeapCounter { memory, words }))
    }

    fn read(&self) -> Option<u64> {
        let mut sum = 0_i64;
        for &at in &self.words {
            let mut word = [0; 8];
            self.memory.read_exact_at(&mut word, at).ok()?;
            sum = sum.wrapping_add(i64::from_ne_bytes(word));
        }
        u64::try_from(sum).ok()
    }
}

fn share(whole: u64, percent: u64) -> u64 {
    (u128::from(whole) * u128::from(percent) / 100) as u64
}

fn near(now: u64, bound: u64) -> u64 {
    (u128::from(now) * 100 / u128::from(bound.max(1))).min(100) as u64
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
