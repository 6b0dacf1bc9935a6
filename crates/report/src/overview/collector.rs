//! What the garbage collector is told to do, and where it stands.

use crate::overview_text::join;
use crate::page::{Lines, Page};
use crate::table::Align::{Whole, Words};
use crate::table::{Table, grouped, percent};
use crate::text::shortened;
use serde::Serialize;
use std::io::{self, Write};

/// Characters of a setting that are shown.
const SHOWN: usize = 160;

/// What the garbage collector is told to do, and where it stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Collector {
    /// GOGC as it is in force; negative where it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gogc: Option<i32>,
    /// GOMEMLIMIT as it is in force, bytes; none where there is no limit, or the release knows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Bytes that count against the limit: what the runtime has mapped and not returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_in_use: Option<u64>,
    /// Bytes that are allocated as the collector counts: found reachable by the last collection, or allocated since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u64>,
    /// Bytes that the last collection found reachable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<u64>,
    /// Allocated bytes at which the next collection shall end: the lower of the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<u64>,
    /// That by GOGC alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_by_gogc: Option<u64>,
    /// That by the limit alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_by_limit: Option<u64>,
    /// Collections so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u32>,
    /// Of them, those that the program called for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced_cycles: Option<u32>,
    /// When the last one ended, ready to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Seconds from then to the end of the process, at the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_since_last: Option<f64>,
    /// Seconds for which they stopped the world in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<f64>,
    /// Settings of the runtime that the process was started with, of the environment, and GODEBUG of the build.
    pub settings: Vec<Setting>,
}

/// A setting that the process was started with.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Setting {
    /// Its name, like `GOGC`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from: `environment`, `build`, or `program` where it set it anew while it ran.
    pub source: String,
}

impl Collector {
    /// The section of the overview; nothing where nothing is known.
    pub(crate) fn write(&self, out: &mut Lines<impl Write>) -> io::Result<()> {
        let page = out.page();
        let mut table = Table::new(2, &[Whole, Words]);
        let mut row = |name: &str, text: Option<String>| {
            if let Some(text) = text {
                table.row([name, &text]);
            }
        };
        row("GOGC", self.gogc.map(gogc));
        row("GOMEMLIMIT", self.limit(page));
        // The collector's own count of what is allocated: garbage since its last look is among it.
        row("allocated", self.allocated(page));
        row("next at", self.next(page));
        row("collections", self.collections());
        for setting in &self.settings {
            row(&setting.source, Some(format!("{}={}", setting.name, shortened(&setting.value, SHOWN))));
        }
        if self.gogc.is_none() && self.cycles.is_none() && self.settings.is_empty() {
            return Ok(());
        }
        writeln!(out, "\ngarbage collection")?;
        table.write(out)
    }

    fn limit(&self, page: Page) -> Option<String> {
        let Some(limit) = self.memory_limit else { return self.memory_in_use.map(|_| "none".to_owned()) };
        let used = self.memory_in_use.map(|used| {
            let left = match limit.checked_sub(used) {
                Some(left) => format!("{} left", page.bytes(left)),
                None => format!("{} OVER", page.bytes(used - limit)),
            };
            format!("{} in use ({}), {left}", page.bytes(used), percent(used, limit))
        });
        join([Some(page.bytes(limit)), used], ", ")
    }

    fn allocated(&self, page: Page) -> Option<String> {
        let live = self.live?;
        let since = self.marked.map(|marked| {
            let since = live.saturating_sub(marked);
            format!("{} that the last collection found reachable and {} since", page.bytes(marked), page.bytes(since))
        });
        join([Some(page.bytes(live)), since], ": ")
    }

    fn next(&self, page: Page) -> Option<String> {
        let Some(goal) = self.goal else {
            return self.gogc.filter(|&percent| percent < 0).map(|_| "no goal: collection is off".to_owned());
        };
        let by = match (self.goal_by_gogc, self.goal_by_limit) {
            (Some(gogc), Some(limit)) if limit < gogc => Some(format!("by the limit (by GOGC {})", page.bytes(gogc))),
            (Some(_), Some(limit)) => Some(format!("by GOGC (by the limit {})", page.bytes(limit))),
            (None, Some(_)) => Some("by the limit".to_owned()),
            (_, None) => Some("by GOGC".to_owned()),
        };
        let away = self.live.map(|live| match goal.checked_sub(live) {
            Some(left) => format!("{} away", page.bytes(left)),
            None => format!("passed by {}", page.bytes(live - goal)),
        });
        join([join([Some(page.bytes(goal)), by], " "), away], ", ")
    }

    fn collections(&self) -> Option<String> {
        let forced =
            self.forced_cycles.filter(|&forced| forced > 0).map(|forced| format!("{} forced", grouped(forced.into())));
        let since = self.seconds_since_last.map(|seconds| format!("at least {} before the end", duration(seconds)));
        let last = self.last.as_ref().map(|last| format!("the last {last}"));
        let pauses = self.pause_seconds.filter(|&seconds| seconds > 0.0);
        let pauses = pauses.map(|seconds| format!("{} of pauses in all", duration(seconds)));
        join([Some(grouped(self.cycles?.into())), forced, join([last, since], ", "), pauses], ", ")
    }
}

fn gogc(percent: i32) -> String {
    if percent < 0 { "off".to_owned() } else { percent.to_string() }
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.0} µs", seconds * 1e6),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..600.0 => format!("{seconds:.1} s"),
        ..36_000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_goal_is_told_by_what_sets_it() {
        let mut collector = Collector {
            gogc: Some(50),
            memory_limit: Some(64 << 20),
            memory_in_use: Some(66 << 20),
            live: Some(60 << 20),
            marked: Some(59 << 20),
            goal: Some(62 << 20),
            goal_by_gogc: Some(90 << 20),
            goal_by_limit: Some(62 << 20),
            ..Collector::default()
        };
        assert_eq!(collector.limit(Page::default()).unwrap(), "64.0 MiB, 66.0 MiB in use (103.12 %), 2.0 MiB OVER");
        assert_eq!(
            collector.allocated(Page::default()).unwrap(),
            "60.0 MiB: 59.0 MiB that the last collection found reachable and 1.0 MiB since"
        );
        assert_eq!(collector.next(Page::default()).unwrap(), "62.0 MiB by the limit (by GOGC 90.0 MiB), 2.0 MiB away");
        collector.goal_by_limit = None;
        (collector.goal, collector.memory_limit) = (Some(50 << 20), None);
        assert_eq!(collector.limit(Page::default()).unwrap(), "none");
        assert_eq!(collector.next(Page::default()).unwrap(), "50.0 MiB by GOGC, passed by 10.0 MiB");
        (collector.goal, collector.gogc) = (None, Some(-1));
        assert_eq!(collector.next(Page::default()).unwrap(), "no goal: collection is off");
    }
}
