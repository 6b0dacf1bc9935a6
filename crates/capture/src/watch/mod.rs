//! Waiting for the moment at which a core is to be taken, before the kernel ends the process.
//!
//! The process is not touched meanwhile: `/proc` and the control group are looked at, more often the nearer it is. The first version of control groups
//! wakes us at a threshold, too.

mod condition;
mod gauges;
mod threshold;

pub use condition::Condition;

use crate::error::CaptureError;
use crate::proc_files::ProcFolder;
use gauges::Gauges;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use threshold::Threshold;

/// Between two looks, where nothing is near.
const FAR: Duration = Duration::from_millis(250);
/// Between two looks from [`NEAR_PERCENT`] of a bound on: a process that takes 1 GB/s takes 20 MB meanwhile.
const NEAR: Duration = Duration::from_millis(20);
const NEAR_PERCENT: u64 = 85;

/// When to take cores.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// What is waited for; any of them does. None: at once.
    pub conditions: Vec<Condition>,
    /// The least time between two cores.
    pub every: Option<Duration>,
    /// The least growth between two cores, bytes.
    pub grow: Option<u64>,
}

impl Schedule {
    /// True if several cores may be taken.
    pub fn is_series(&self) -> bool {
        self.every.is_some() || self.grow.is_some()
    }
}

/// A process that is watched.
pub struct Watch {
    gauges: Gauges,
    schedule: Schedule,
    threshold: Option<Threshold>,
    last: Option<Last>,
}

/// When the last core was taken, and how large the process was.
struct Last {
    at: Instant,
    rss: u64,
}

impl Watch {
    /// Begins to watch process `pid`; `root` is `/`.
    ///
    /// # Errors
    /// It is not there, or what is waited for cannot be seen here.
    pub fn new(root: &Path, pid: i32, schedule: Schedule) -> Result<Watch, CaptureError> {
        let gauges = Gauges::new(root, ProcFolder::of(pid)?, &schedule.conditions)?;
        let bounds = schedule.conditions.iter().filter_map(|condition| gauges.bound_of_group(condition));
        let threshold = gauges.group().zip(bounds.min()).and_then(|(group, bound)| Threshold::new(group, bound));
        Ok(Watch { gauges, schedule, threshold, last: None })
    }

    /// Waits until a core is to be taken; why, in words. `None` where the process ends or none is to be taken any more.
    ///
    /// # Errors
    /// What is waited for cannot be seen any more.
    pub fn wait(&mut self) -> Result<Option<String>, CaptureError> {
        if self.last.is_some() && !self.schedule.is_series() {
            return Ok(None);
        }
        loop {
            let Some(rss) = self.gauges.rss() else { return Ok(None) };
            let (why, nearest) = self.gauges.look(&self.schedule.conditions)?;
            let why = if self.schedule.conditions.is_empty() { Some(String::new()) } else { why };
            if let Some(why) = why.filter(|_| self.is_due(rss)) {
                self.last = Some(Last { at: Instant::now(), rss });
                return Ok(Some(why));
            }
            self.pause(if nearest >= NEAR_PERCENT { NEAR } else { FAR });
        }
    }

    fn is_due(&self, rss: u64) -> bool {
        let Some(last) = &self.last else { return true };
        let (every, grow) = (self.schedule.every, self.schedule.grow);
        every.is_none_or(|every| last.at.elapsed() >= every)
            && grow.is_none_or(|grow| rss >= last.rss.saturating_add(grow))
    }

    fn pause(&mut self, time: Duration) {
        match &mut self.threshold {
            Some(threshold) => threshold.wait(time),
            None => sleep(time),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A process of this RSS in a group of version 2 with these files; process ids beyond the largest are never of this machine.
    fn machine(pages: &str, stat: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("proc/1/statm", pages),
            ("proc/1/cgroup", "0::/a\n"),
            ("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n"),
            ("sys/fs/cgroup/a/memory.max", "1000000\n"),
            ("sys/fs/cgroup/a/memory.stat", stat),
            ("sys/fs/cgroup/a/memory.events", "low 0\nhigh 3\nmax 0\n"),
            (
                "sys/fs/cgroup/a/memory.pressure",
                "some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=2.00 avg60=0.00 avg300=0.00 total=1\n",
            ),
        ];
        goheap_synth::write_files(root.path(), &files).unwrap();
        root
    }

    fn watch(root: &Path, conditions: &[&str]) -> Watch {
        let conditions = conditions.iter().map(|text| Condition::parse(text).unwrap()).collect();
        Watch::new(root, 1, Schedule { conditions, ..Schedule::default() }).unwrap()
    }

    #[test]
    fn the_share_of_the_group_counts() {
        let root = machine("300 100 0 0 0 0 0\n", "anon 700000\nshmem 99999\n");
        let mut watch = watch(root.path(), &["rss > 90%", "rss > 79%"]);
        assert_eq!(watch.wait().unwrap().unwrap(), "rss > 79% (799,999 of 1,000,000 bytes)");
        assert_eq!(watch.wait().unwrap(), None, "once");
    }

    #[test]
    fn bytes_are_of_the_process() {
        let root = machine("300 100 0 0 0 0 0\n", "anon 1\n");
        let mut watch = watch(root.path(), &["rss > 500K", "rss > 300K"]);
        assert_eq!(watch.wait().unwrap().unwrap(), "rss > 300K (409,600 bytes)");
    }

    #[test]
    fn pressure_and_events_are_read() {
        let root = machine("1 1\n", "anon 1\n");
        let mut pressed = watch(root.path(), &["psi full > 10%", "psi some > 10%"]);
        assert_eq!(pressed.wait().unwrap().unwrap(), "psi some > 10% (12.50 %)");
        let mut high = watch(root.path(), &["memory.high"]);
        std::fs::write(root.path().join("sys/fs/cgroup/a/memory.events"), "low 0\nhigh 4\nmax 0\n").unwrap();
        assert_eq!(high.wait().unwrap().unwrap(), "memory.high (1 times since it is watched)");
    }

    #[test]
    fn a_series_goes_on_with_growth_until_the_process_ends() {
        let root = machine("9 10\n", "anon 1\n");
        let schedule = Schedule { grow: Some(40_000), ..Schedule::default() };
        let mut watch = Watch::new(root.path(), 1, schedule).unwrap();
        assert_eq!(watch.wait().unwrap().unwrap(), "");
        std::fs::write(root.path().join("proc/1/statm"), "9 20\n").unwrap();
        assert_eq!(watch.wait().unwrap().unwrap(), "");
        std::fs::write(root.path().join("proc/1/statm"), "").unwrap();
        assert_eq!(watch.wait().unwrap(), None);
    }
}
