//! What is told of some goroutines together: states, waits, stacks, labels.

use goheap_runtime::RuntimeModel;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What goroutines have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoroutineFacts {
    /// What they are doing as tracebacks say it, and how many do; more first.
    pub states: Vec<(String, u64)>,
    /// Since when the one waits that waits longest, in nanoseconds of the monotonic clock; None where no collection saw any wait.
    pub oldest_wait: Option<u64>,
    /// Those that wait, and of which no collection saw it.
    pub unknown_waits: u64,
    /// Bytes of their stacks.
    pub stack_bytes: u64,
    /// Those bound to a thread.
    pub locked: u64,
    /// Profiler labels by key.
    pub labels: BTreeMap<String, LabelFacts>,
}

/// One profiler label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelFacts {
    /// Goroutines that have it.
    pub goroutines: u64,
    /// Its values, contents of memory, and how many have each; more first.
    pub values: Vec<(String, u64)>,
}

/// What the goroutines with these indexes have in common.
pub fn facts(model: &RuntimeModel<'_>, members: &[u32]) -> GoroutineFacts {
    let mut facts = GoroutineFacts::default();
    let mut states: FxHashMap<String, u64> = FxHashMap::default();
    let mut labels: BTreeMap<String, FxHashMap<String, u64>> = BTreeMap::new();
    // Those that one goroutine made share its labels.
    let mut read: FxHashMap<u64, Vec<(String, String)>> = FxHashMap::default();
    for goroutine in members.iter().filter_map(|&index| model.goroutines.get(index as usize)) {
        *states.entry(model.state_text(goroutine)).or_default() += 1;
        if model.wait_class(goroutine).is_some() {
            match goroutine.waitsince {
                0 => facts.unknown_waits += 1,
                since => facts.oldest_wait = Some(facts.oldest_wait.map_or(since, |oldest| oldest.min(since))),
            }
        }
        let (lo, hi) = goroutine.stack;
        facts.stack_bytes = facts.stack_bytes.saturating_add(hi.saturating_sub(lo));
        facts.locked += u64::from(goroutine.is_locked);
        for (key, value) in read.entry(goroutine.labels.0).or_insert_with(|| model.labels(goroutine)) {
            *labels.entry(key.clone()).or_default().entry(value.clone()).or_default() += 1;
        }
    }
    facts.states = most_first(states);
    let of_key = |(key, values): (String, FxHashMap<String, u64>)| {
        let goroutines = values.values().sum();
        (key, LabelFacts { goroutines, values: most_first(values) })
    };
    facts.labels = labels.into_iter().map(of_key).collect();
    facts
}

fn most_first(counts: FxHashMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    counts
}
