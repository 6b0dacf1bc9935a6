//! Goroutines in groups, as answers tell them.

use goheap_model::StackCall;
use goheap_model::waits::WaitsReport;
use serde::Serialize;

/// Goroutines that stand at the same place.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ListedGoroutines {
    /// How many.
    pub count: u64,
    /// Of these, blocked for ever; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaked: Option<u64>,
    /// Of these, those that wait for what nobody seems to end.
    #[serde(skip_serializing_if = "is_none")]
    pub suspected: u64,
    /// What they do, more first.
    pub states: Vec<StateShare>,
    /// How long the one at the least waits that waits longest, in seconds; None where the runtime recorded no wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_wait_seconds: Option<f64>,
    /// Those that wait the runtime does not know how long.
    pub unknown_waits: u64,
    /// Bytes of their stacks.
    pub stack_bytes: u64,
    /// Bytes of the heap that they alone keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_bytes: Option<u64>,
    /// True if these bytes are only the least that it can be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retained_at_least: bool,
    /// True of the runtime's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub system: bool,
    /// Those bound to a thread.
    pub locked_to_thread: u64,
    /// The ids of some of them, the oldest first.
    pub ids: Vec<u64>,
    /// Index in `frames` of the call that says what they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// The calls, innermost first.
    pub frames: Vec<StackCall>,
    /// The go statement that made them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<StackCall>,
    /// Profiler labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelShare>,
}

/// What some goroutines do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StateShare {
    /// As tracebacks say it: `chan receive`, `runnable`.
    pub state: String,
    /// How many.
    pub goroutines: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One profiler label of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelShare {
    /// Its key.
    pub key: String,
    /// Goroutines that have it.
    pub goroutines: u64,
    /// How many different values it has.
    pub different: u64,
    /// The most frequent values with their numbers, where contents were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<(String, u64)>>,
}

/// Goroutines in groups, in the order of showing, and what they sum to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GoroutineList {
    /// All that are alive.
    pub goroutines: u64,
    /// Of these, the runtime's own.
    pub system: u64,
    /// Of these, blocked for ever; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaked: Option<u64>,
    /// Those that would be blocked for ever, were it not for pointers that are absent from the core and may lead to what they wait for.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub leaked_not_known: Option<u64>,
    /// Blocked on something that could not be found out.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub unknown_blocks: Option<u64>,
    /// Entries of the runtime's list that could not be read.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub broken: Option<u64>,
    /// Those of the groups that were asked for.
    pub selected: u64,
    /// Bytes of their stacks.
    pub stack_bytes: u64,
    /// Groups that were asked for, and are not listed; and goroutines in them.
    pub groups_left_out: u64,
    /// See `groups_left_out`.
    pub goroutines_left_out: u64,
    /// Locks, and waits that nobody seems to end; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitsReport>,
    /// The groups.
    #[serde(skip)]
    pub groups: Vec<ListedGoroutines>,
}

fn is_none_or_zero(count: &Option<u64>) -> bool {
    count.unwrap_or(0) == 0
}

impl ListedGoroutines {
    /// The call that stands for the group.
    pub fn place(&self) -> Option<&StackCall> {
        self.place.and_then(|place| self.frames.get(place)).or_else(|| self.frames.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::InlineFrame;

    #[test]
    fn the_speaking_call_stands_for_a_group_or_the_innermost_one() {
        let call = |name: &str| StackCall::from(&InlineFrame { function: name.into(), ..InlineFrame::default() });
        let frames = vec![call("runtime.gopark"), call("main.work")];
        let group = |place| ListedGoroutines { place, frames: frames.clone(), ..ListedGoroutines::default() };
        let told = |place| group(place).place().map(|call| call.function.clone());
        assert_eq!(told(Some(1)).as_deref(), Some("main.work"));
        assert_eq!(told(None).as_deref(), Some("runtime.gopark"));
        assert_eq!(told(Some(9)).as_deref(), Some("runtime.gopark"), "what is not there does not speak");
        assert_eq!(ListedGoroutines::default().place(), None);
    }

    #[test]
    fn what_is_nothing_is_left_out() {
        assert!(is_none_or_zero(&None) && is_none_or_zero(&Some(0)) && !is_none_or_zero(&Some(1)));
        assert!(is_none(&0) && !is_none(&1));
    }
}
