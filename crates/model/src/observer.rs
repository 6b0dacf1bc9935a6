//! How a long work is watched: who started it is told how it goes on, and asked before it takes much memory.

use crate::SectionError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who watches a long work. Any thread may call any of it; each call costs little where nobody looks.
pub trait Observer: Sync {
    /// The stage of that name begins, and the one before has ended.
    fn begin(&self, stage: &'static str) {
        let _ = stage;
    }

    /// `done` of `total` units of the stage are done, whatever units the stage counts in. To be called once a block of work: some
    /// hundred times a second at the most. [`Meter`] sees to that.
    fn progress(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// The stage is about to allocate. Every long stage asks this first, so that it is also where a work that nobody wants any more ends.
    ///
    /// # Errors
    /// It may not: the work must end with this error.
    fn claim(&self, claim: Claim) -> Result<(), Refusal> {
        let _ = claim;
        Ok(())
    }

    /// Something that was kept in a file cannot be believed, and is worked out anew.
    fn passed_over(&self, why: &SectionError) {
        let _ = why;
    }
}

/// Nobody watches, and memory is not bounded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// Who watches a work that goes on beside another: memory is asked for as always, and of stages only those of the other are told.
#[derive(Clone, Copy)]
pub struct Aside<'o>(pub &'o dyn Observer);

impl Observer for Aside<'_> {
    fn claim(&self, claim: Claim) -> Result<(), Refusal> {
        self.0.claim(claim)
    }

    fn passed_over(&self, why: &SectionError) {
        self.0.passed_over(why);
    }
}

/// Anonymous memory, in bytes, that a stage is about to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// What outlives the stage.
    pub kept: u64,
    /// The most that is freed again before the stage ends.
    pub passing: u64,
}

/// Why a work may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its next stage would take too much memory.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// Who asked does not want the answer any more.
    #[error("cancelled")]
    Cancelled,
}

/// A stage would take more memory than the run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stage \"{stage}\" wants {wanted} bytes of memory beside the {used} in use, and the limit is {limit}")]
pub struct OverBudget {
    /// The stage.
    pub stage: &'static str,
    /// Bytes that it wants, kept and passing.
    pub wanted: u64,
    /// Bytes of anonymous memory in use.
    pub used: u64,
    /// Bytes that the run may use.
    pub limit: u64,
}

/// Counts the units of a stage that many threads work at, and tells the observer when a thousandth more of them is done.
///
/// # Overhead
/// One atomic addition a call: to be called for a block of work rather than for a unit.
pub struct Meter<'o> {
    observer: &'o dyn Observer,
    done: AtomicU64,
    total: u64,
    step: u64,
}

/// In how many steps a stage is told.
const STEPS: u64 = 1000;

impl<'o> Meter<'o> {
    /// A stage of `total` units of which none is done.
    pub fn new(observer: &'o dyn Observer, total: u64) -> Self {
        Meter { observer, done: AtomicU64::new(0), total, step: total / STEPS + 1 }
    }

    /// So many more are done.
    pub fn add(&self, units: u64) {
        let before = self.done.fetch_add(units, Ordering::Relaxed);
        let done = before.saturating_add(units);
        if before / self.step != done / self.step {
            self.observer.progress(done, self.total);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Told(Mutex<Vec<(u64, u64)>>);

    impl Observer for Told {
        fn progress(&self, done: u64, total: u64) {
            self.0.lock().unwrap().push((done, total));
        }
    }

    #[test]
    fn a_meter_tells_a_thousand_times_at_the_most() {
        let told = Told::default();
        let meter = Meter::new(&told, 1_000_000);
        (0..1_000_000).for_each(|_| meter.add(1));
        let told = told.0.into_inner().unwrap();
        assert!((900..=1000).contains(&told.len()), "{}", told.len());
        assert!(told.is_sorted() && told.last().unwrap().0 > 998_000);
    }

    #[test]
    fn a_small_stage_is_told_unit_by_unit_and_an_empty_one_divides_by_nothing() {
        let told = Told::default();
        let meter = Meter::new(&told, 3);
        (0..3).for_each(|_| meter.add(1));
        Meter::new(&told, 0).add(0);
        assert_eq!(told.0.into_inner().unwrap(), [(1, 3), (2, 3), (3, 3)]);
    }
}
