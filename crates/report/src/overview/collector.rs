//! What the garbage collector is told to do, and where it stands, as text.

use super::text::join;
use crate::page::{Lines, Page};
use crate::table::Align::{Whole, Words};
use crate::table::{Table, grouped, percent};
use crate::text::shortened;
use goheap_model::process::Collector;
use std::io::{self, Write};

/// Characters of a setting that are shown.
const SHOWN: usize = 160;

/// The section of the overview; nothing where nothing is known.
pub(crate) fn write(gc: &Collector, out: &mut Lines<impl Write>) -> io::Result<()> {
    let page = out.page();
    let mut table = Table::new(2, &[Whole, Words]);
    let mut row = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            table.row([name, &text]);
        }
    };
    row("GOGC", gc.gogc.map(gogc));
    row("GOMEMLIMIT", limit(gc, page));
    // The collector's own count of what is allocated: garbage since its last look is among it.
    row("allocated", allocated(gc, page));
    row("next at", next(gc, page));
    row("collections", collections(gc));
    for setting in &gc.settings {
        row(&setting.source, Some(format!("{}={}", setting.name, shortened(&setting.value, SHOWN))));
    }
    if gc.gogc.is_none() && gc.cycles.is_none() && gc.settings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\ngarbage collection")?;
    table.write(out)
}

fn limit(gc: &Collector, page: Page) -> Option<String> {
    let Some(limit) = gc.memory_limit else { return gc.memory_in_use.map(|_| "none".to_owned()) };
    let used = gc.memory_in_use.map(|used| {
        let left = match limit.checked_sub(used) {
            Some(left) => format!("{} left", page.bytes(left)),
            None => format!("{} OVER", page.bytes(used - limit)),
        };
        format!("{} in use ({}), {left}", page.bytes(used), percent(used, limit))
    });
    join([Some(page.bytes(limit)), used], ", ")
}

fn allocated(gc: &Collector, page: Page) -> Option<String> {
    let live = gc.live?;
    let since = gc.marked.map(|marked| {
        let since = live.saturating_sub(marked);
        format!("{} that the last collection found reachable and {} since", page.bytes(marked), page.bytes(since))
    });
    join([Some(page.bytes(live)), since], ": ")
}

fn next(gc: &Collector, page: Page) -> Option<String> {
    let Some(goal) = gc.goal else {
        return gc.gogc.filter(|&percent| percent < 0).map(|_| "no goal: collection is off".to_owned());
    };
    let by = match (gc.goal_by_gogc, gc.goal_by_limit) {
        (Some(gogc), Some(limit)) if limit < gogc => Some(format!("by the limit (by GOGC {})", page.bytes(gogc))),
        (Some(_), Some(limit)) => Some(format!("by GOGC (by the limit {})", page.bytes(limit))),
        (None, Some(_)) => Some("by the limit".to_owned()),
        (_, None) => Some("by GOGC".to_owned()),
    };
    let away = gc.live.map(|live| match goal.checked_sub(live) {
        Some(left) => format!("{} away", page.bytes(left)),
        None => format!("passed by {}", page.bytes(live - goal)),
    });
    join([join([Some(page.bytes(goal)), by], " "), away], ", ")
}

fn collections(gc: &Collector) -> Option<String> {
    let forced =
        gc.forced_cycles.filter(|&forced| forced > 0).map(|forced| format!("{} forced", grouped(forced.into())));
    let since = gc.seconds_since_last.map(|seconds| format!("at least {} before the end", duration(seconds)));
    let last = gc.last.as_ref().map(|last| format!("the last {last}"));
    let pauses = gc.pause_seconds.filter(|&seconds| seconds > 0.0);
    let pauses = pauses.map(|seconds| format!("{} of pauses in all", duration(seconds)));
    join([Some(grouped(gc.cycles?.into())), forced, join([last, since], ", "), pauses], ", ")
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
        assert_eq!(limit(&collector, Page::default()).unwrap(), "64.0 MiB, 66.0 MiB in use (103.12 %), 2.0 MiB OVER");
        assert_eq!(
            next(&collector, Page::default()).unwrap(),
            "62.0 MiB by the limit (by GOGC 90.0 MiB), 2.0 MiB away"
        );
        collector.goal_by_limit = None;
        (collector.goal, collector.memory_limit) = (Some(50 << 20), None);
        assert_eq!(limit(&collector, Page::default()).unwrap(), "none");
        assert_eq!(next(&collector, Page::default()).unwrap(), "50.0 MiB by GOGC, passed by 10.0 MiB");
        (collector.goal, collector.gogc) = (None, Some(-1));
        assert_eq!(next(&collector, Page::default()).unwrap(), "no goal: collection is off");
    }
}
