//! What goroutines wait for together, as answers tell it: locks with those that probably have them, waits that nobody seems to
//! end, goroutines that wait for each other.

use crate::StackCall;
use serde::Serialize;

/// All of it, or what concerns one goroutine.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WaitsReport {
    /// Goroutines that wait for what nobody seems to end.
    pub suspected: u64,
    /// What they wait for, more goroutines first.
    pub suspicions: Vec<SuspectedWait>,
    /// Suspicions that are not listed.
    pub suspicions_left_out: u64,
    /// Locks that goroutines wait for, more goroutines first.
    pub locks: Vec<Lock>,
    /// Locks that are not listed.
    pub locks_left_out: u64,
    /// Goroutines that wait for each other.
    pub deadlocks: Vec<Deadlock>,
}

/// What is waited for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Awaited {
    /// `chan`, `sync.Mutex`, `sync.RWMutex`, `sync.WaitGroup`, `sync.Cond`.
    pub kind: &'static str,
    /// Its first byte; of a channel, of its `hchan`.
    pub addr: String,
    /// Its variable with the field, or the type of the object that it is in with the field.
    pub name: String,
    /// True if it lies in static data.
    #[serde(rename = "static", skip_serializing_if = "std::ops::Not::not")]
    pub is_static: bool,
    /// The way to it from the root that is next: `main.app .ix .results`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// What it says of itself, such as `unbuffered`, `locked`, `2 readers have it, a writer waits`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// What is wanted of it and by how many: `send`, `receive`, `lock`, `read`, `drain` (a writer that waits for readers), `wait`.
    pub waiting: Vec<Waiting>,
    /// Ids of some that wait, the oldest first.
    pub ids: Vec<u64>,
    /// How long the one at the least waits that waits longest, in seconds; None where no collection saw any wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_wait_seconds: Option<f64>,
}

/// What is wanted, and by how many goroutines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// See [`Awaited::waiting`].
    pub mode: &'static str,
    /// How many.
    pub goroutines: u64,
}

/// One thing, no lock, of which nobody seems to end the waits for it. This is no proof.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SuspectedWait {
    /// What it is.
    #[serde(flatten)]
    pub awaited: Awaited,
    /// What they would go on by, too: the other cases of a select.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<Awaited>,
    /// Goroutines that wait and would not go on otherwise.
    pub goroutines: u64,
    /// Where most of them stand, in the program's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<StackCall>,
    /// Of them, how many stand there.
    pub at_place: u64,
    /// The go statement that made the first of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<StackCall>,
    /// Why it is suspected, a sentence each.
    pub why: Vec<String>,
}

/// A lock that goroutines wait for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Lock {
    /// What it is.
    #[serde(flatten)]
    pub awaited: Awaited,
    /// Goroutines that wait.
    pub goroutines: u64,
    /// Of them, those that nobody seems to let go on.
    #[serde(skip_serializing_if = "is_none")]
    pub suspected: u64,
    /// Why, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Goroutines that probably have it; none where none looks so.
    pub holders: Vec<ProbableHolder>,
    /// How many more look so.
    pub holders_left_out: u64,
}

/// A goroutine that probably has a lock.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProbableHolder {
    /// Its id.
    pub id: u64,
    /// What it does, as tracebacks say it.
    pub state: String,
    /// The function that has locked it.
    pub function: String,
    /// Its file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The line where it locked.
    pub locked_line: u32,
    /// The line where that call stands now.
    pub line: u32,
    /// References from the call's variables to what the lock is in.
    pub hops: u32,
    /// True if one of the variables, or the call's code, has the address of the lock itself.
    pub exact: bool,
    /// What the goroutine itself waits for, if that is a lock: its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

/// Goroutines of which each waits for the next, and the last for the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deadlock {
    /// The links.
    pub links: Vec<Link>,
}

/// One goroutine of a deadlock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its id.
    pub id: u64,
    /// The lock that it waits for: its address.
    pub addr: String,
    /// And its name.
    pub name: String,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl WaitsReport {
    /// True if there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.suspicions.is_empty() && self.locks.is_empty() && self.deadlocks.is_empty()
    }
}
