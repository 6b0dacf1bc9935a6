//! Whose cores two are, and which of them is the earlier.

use goheap_model::ProcessMark;
use serde::Serialize;
use std::cmp::Ordering;

/// How two cores belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Two moments of one process: objects can be told one by one.
    SameProcess,
    /// Two processes of one build.
    OtherProcess,
    /// Two processes of two builds of one program.
    OtherBuild,
    /// One core, and what of it was there when the last collection ended.
    LastCollection,
}

/// Why two cores are not held against each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongPair {
    /// Neither path nor build of the programs is the same.
    #[error("the cores are of two programs, {before:?} and {after:?}")]
    OtherProgram {
        /// That of the first core.
        before: String,
        /// That of the second.
        after: String,
    },
    /// Both are of the same moment of the same process.
    #[error("both cores are of one moment of one process: nothing can have changed")]
    SameMoment,
    /// The second is the older.
    #[error("the first core is the newer one ({newer} {what}, the second has {older})")]
    NewerFirst {
        /// What is counted.
        what: &'static str,
        /// How much the first core has.
        newer: u64,
        /// How much the second has.
        older: u64,
    },
}

/// How a core belongs to an earlier one.
///
/// # Errors
/// They are of two programs, or in the wrong order, or the same.
pub fn relation(before: &ProcessMark, after: &ProcessMark) -> Result<Relation, WrongPair> {
    let same_build = before.build_id.is_some() && before.build_id == after.build_id;
    if !same_build && before.program != after.program {
        let name = |mark: &ProcessMark| mark.program.clone();
        return Err(WrongPair::OtherProgram { before: name(before), after: name(after) });
    }
    if !is_same_process(before, after) {
        let knows_builds = before.build_id.is_some() && after.build_id.is_some();
        return Ok(if knows_builds && !same_build { Relation::OtherBuild } else { Relation::OtherProcess });
    }
    match order(before, after) {
        Order::Earlier => Ok(Relation::SameProcess),
        Order::Same => Err(WrongPair::SameMoment),
        Order::Later { what, newer, older } => Err(WrongPair::NewerFirst { what, newer, older }),
    }
}

/// The kernel's bytes are drawn anew by each exec, and inherited by fork. Without them the same number at the same places does, where
/// the loader places at random.
fn is_same_process(before: &ProcessMark, after: &ProcessMark) -> bool {
    let is_one_place = before.places == after.places && before.pid == after.pid;
    match (before.random, after.random) {
        (Some(before), Some(after)) => before == after && is_one_place,
        _ => is_one_place && before.pid.is_some() && before.places.1.is_some() && before.build_id == after.build_id,
    }
}

enum Order {
    Earlier,
    Same,
    Later { what: &'static str, newer: u64, older: u64 },
}

/// None of the counters goes back, so the first that differs tells.
fn order(before: &ProcessMark, after: &ProcessMark) -> Order {
    let both = |of: fn(&ProcessMark) -> Option<u64>| Some((of(before)?, of(after)?));
    let counters = [
        ("collections", both(|mark| mark.collections.map(u64::from))),
        ("bytes allocated", both(|mark| mark.allocated)),
        ("goroutines made", both(|mark| Some(mark.last_goroutine))),
        ("ns on the clock", both(|mark| mark.time)),
    ];
    for (what, values) in counters {
        let Some((before, after)) = values else { continue };
        match before.cmp(&after) {
            Ordering::Less => return Order::Earlier,
            Ordering::Greater => return Order::Later { what, newer: before, older: after },
            Ordering::Equal => {}
        }
    }
    Order::Same
}
