//! The garbage collector's settings and where it stands, for the overview.

use goheap_image::StartBlock;
use goheap_model::process::{Collector, Setting};
use goheap_model::words::utc;
use goheap_runtime::{GcSettings, RuntimeModel};
use std::time::{Duration, UNIX_EPOCH};

/// Variables of the environment that the runtime reads (runtime/extern.go). Others are nobody's business.
const VARIABLES: [&str; 5] = ["GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS", "GOTRACEBACK"];
/// Characters of a value.
const LONGEST: usize = 4096;

/// What is known of the collector.
pub(super) fn collector(model: &RuntimeModel<'_>, start: Option<&StartBlock>) -> Collector {
    let gc = model.gc_settings();
    let seconds = |ns: u64| ns as f64 / 1e9;
    Collector {
        gogc: gc.percent,
        memory_limit: gc.memory_limit.filter(|&limit| limit < i64::MAX as u64),
        memory_in_use: gc.mapped_ready,
        live: gc.heap_live,
        marked: gc.heap_marked,
        goal: gc.goal(),
        goal_by_gogc: gc.percent_goal,
        goal_by_limit: gc.limit_goal,
        cycles: gc.cycles,
        forced_cycles: gc.forced_cycles,
        last: last(&gc),
        seconds_since_last: gc.since_last_ns.map(seconds),
        pause_seconds: gc.pause_total_ns.map(seconds),
        settings: settings(model, start),
    }
}

fn last(gc: &GcSettings) -> Option<String> {
    utc(UNIX_EPOCH.checked_add(Duration::from_nanos(gc.last_unix_ns?))?)
}

fn settings(model: &RuntimeModel<'_>, start: Option<&StartBlock>) -> Vec<Setting> {
    let given = VARIABLES.iter().filter_map(|name| Some((*name, start?.variable(name)?)));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(LONGEST).collect::<String>();
    let setting =
        |name: &str, value: String, source: &str| Setting { name: name.to_owned(), value, source: source.to_owned() };
    let mut found: Vec<Setting> = given.map(|(name, value)| setting(name, text(value), "environment")).collect();
    let told = found.iter().find(|one| one.name == "GODEBUG").map(|one| one.value.clone()).unwrap_or_default();
    let now = model.godebug().map(|now| text(now.as_bytes())).filter(|now| *now != told);
    found.extend(now.map(|value| setting("GODEBUG", value, "program")));
    let of_build = model.default_godebug().filter(|value| !value.is_empty());
    found.extend(of_build.map(|value| setting("GODEBUG", text(value.as_bytes()), "build")));
    found
}
