//! Goroutines: what each does, and which of them stand at the same place.

use crate::InlineFrame;
use foldhash::HashMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Goroutines that stand at the same place.
#[derive(Clone, Debug, Default)]
pub struct GoroutineGroup {
    /// Its number in [`RootKind::GoroutineGroup`](crate::RootKind).
    pub number: u32,
    /// Indexes in the runtime's list, in order: the oldest first.
    pub members: Vec<u32>,
    /// The calls, innermost first: those that a traceback shows, or all where it would show none.
    pub calls: Vec<Arc<InlineFrame>>,
    /// Of these the one that says what they do; None where there is none.
    pub speaking: Option<usize>,
    /// The go statement that made them; None of goroutine 1.
    pub creator: Option<InlineFrame>,
    /// True if tracebacks hide them: the runtime's own.
    pub is_system: bool,
}

impl GoroutineGroup {
    /// The call that says what they do.
    pub fn speaking_call(&self) -> Option<&InlineFrame> {
        self.calls.get(self.speaking?).map(|call| &**call)
    }
}

/// What is known of one goroutine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoroutineState {
    /// The number that people know.
    pub id: u64,
    /// Its state, by the number of [`GoroutineGroups::states`].
    pub state: u32,
    /// True if it waits for a time that the runtime would note.
    pub waits: bool,
    /// Since when, in nanoseconds of the monotonic clock; 0 where no collection saw it wait.
    pub since: u64,
    /// Its stack: first byte, and first address past it.
    pub stack: (u64, u64),
    /// True if it is bound to a thread.
    pub is_locked: bool,
    /// Its profiler labels, by the number of [`GoroutineGroups::labels`].
    pub labels: u32,
}

impl GoroutineState {
    /// Bytes of its stack.
    pub fn stack_bytes(&self) -> u64 {
        self.stack.1.saturating_sub(self.stack.0)
    }

    /// Since when it waits, where a collection saw it wait.
    pub fn waits_since(&self) -> Option<u64> {
        Some(self.since).filter(|&since| self.waits && since != 0)
    }
}

/// All goroutines, and those that are alive in groups.
///
/// # Overhead
/// 48 bytes a goroutine and 4 for one that is alive; some 100 a call of each different stack.
#[derive(Clone, Debug, Default)]
pub struct GoroutineGroups {
    /// By number.
    pub groups: Vec<GoroutineGroup>,
    /// By index in the runtime's list, those that ended among them.
    pub each: Vec<GoroutineState>,
    /// What goroutines do, as tracebacks say it.
    pub states: Vec<Box<str>>,
    /// Profiler labels, which are contents of memory: key and value.
    pub labels: Vec<Vec<(String, String)>>,
    /// The newest time that the runtime noted, by the clock of [`GoroutineState::since`].
    pub now: Option<u64>,
    /// Entries of the runtime's list that could not be read.
    pub broken: u64,
}

/// What goroutines have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelFacts {
    /// Goroutines that have it.
    pub goroutines: u64,
    /// Its values, contents of memory, and how many have each; more first.
    pub values: Vec<(String, u64)>,
}

impl GoroutineGroups {
    /// The number of a goroutine that people know; None where there is none.
    pub fn id(&self, goroutine: u32) -> Option<u64> {
        self.each.get(goroutine as usize).map(|one| one.id)
    }

    /// What a goroutine does, as tracebacks say it; empty where there is none.
    pub fn state(&self, goroutine: u32) -> &str {
        let state = self.each.get(goroutine as usize).and_then(|one| self.states.get(one.state as usize));
        state.map_or("", |text| text)
    }

    /// What the goroutines with these indexes have in common.
    pub fn facts(&self, members: &[u32]) -> GoroutineFacts {
        let mut facts = GoroutineFacts::default();
        let mut states: HashMap<u32, u64> = HashMap::default();
        let mut sets: HashMap<u32, u64> = HashMap::default();
        for goroutine in members.iter().filter_map(|&index| self.each.get(index as usize)) {
            *states.entry(goroutine.state).or_default() += 1;
            *sets.entry(goroutine.labels).or_default() += 1;
            match goroutine.waits_since() {
                Some(since) => facts.oldest_wait = Some(facts.oldest_wait.map_or(since, |oldest| oldest.min(since))),
                None => facts.unknown_waits += u64::from(goroutine.waits),
            }
            facts.stack_bytes = facts.stack_bytes.saturating_add(goroutine.stack_bytes());
            facts.locked += u64::from(goroutine.is_locked);
        }
        let text = |(state, count): (u32, u64)| Some((self.states.get(state as usize)?.to_string(), count));
        facts.states = most_first(states.into_iter().filter_map(text));
        facts.labels = self.label_facts(sets);
        facts
    }

    /// Of labels by number, and how many goroutines have each.
    fn label_facts(&self, sets: HashMap<u32, u64>) -> BTreeMap<String, LabelFacts> {
        let mut labels: BTreeMap<&str, HashMap<&str, u64>> = BTreeMap::new();
        for (set, count) in sets {
            for (key, value) in self.labels.get(set as usize).into_iter().flatten() {
                *labels.entry(key).or_default().entry(value).or_default() += count;
            }
        }
        let of_key = |(key, values): (&str, HashMap<&str, u64>)| {
            let goroutines = values.values().sum();
            let values = most_first(values.into_iter().map(|(value, count)| (value.to_owned(), count)));
            (key.to_owned(), LabelFacts { goroutines, values })
        };
        labels.into_iter().map(of_key).collect()
    }
}

fn most_first(counts: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.collect();
    counts.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goroutine(state: u32, since: u64, labels: u32) -> GoroutineState {
        GoroutineState { state, since, labels, waits: true, stack: (4096, 8192), ..GoroutineState::default() }
    }

    #[test]
    fn facts_count_states_waits_and_labels() {
        let label = |value: &str| ("tenant".to_owned(), value.to_owned());
        let groups = GoroutineGroups {
            each: vec![goroutine(1, 70, 1), goroutine(0, 50, 2), goroutine(1, 0, 1)],
            states: vec!["select".into(), "chan receive".into()],
            labels: vec![Vec::new(), vec![label("a")], vec![label("b")]],
            ..GoroutineGroups::default()
        };
        let facts = groups.facts(&[0, 1, 2, 9]);
        assert_eq!(facts.states, [("chan receive".to_owned(), 2), ("select".to_owned(), 1)]);
        assert_eq!((facts.oldest_wait, facts.unknown_waits, facts.stack_bytes), (Some(50), 1, 3 * 4096));
        let tenants = &facts.labels["tenant"];
        assert_eq!((tenants.goroutines, tenants.values[0].clone()), (3, ("a".to_owned(), 2)));
        assert_eq!((groups.state(1), groups.state(9), groups.id(9)), ("select", "", None));
    }
}
