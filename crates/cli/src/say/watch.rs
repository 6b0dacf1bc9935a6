//! Watches a run for the user: its progress, its times, its memory.

use crate::args::Input;
use crate::bounds::allowance;
use crate::bounds::memory::Budget;
use crate::say::progress::Progress;
use crate::say::speaker;
use crate::say::timings::Timings;
use goheap_model::{Claim, Observer, Refusal, SectionError};
use std::sync::{Mutex, PoisonError};

/// The observer of every stage.
pub(crate) struct Watch {
    pub(crate) progress: Progress,
    budget: Budget,
    stages: Mutex<Stages>,
}

struct Stages {
    current: &'static str,
    timings: Timings,
}

impl Watch {
    /// Sets the limit of memory, which is in force from now on.
    pub(crate) fn limit(input: &Input) -> Budget {
        let budget = Budget::new(input.max_memory);
        allowance::set_limit(budget.limit());
        budget
    }

    pub(crate) fn new(input: &Input) -> Self {
        let budget = Self::limit(input);
        let stages = Mutex::new(Stages { current: "", timings: Timings::new(input.timings) });
        Watch { progress: Progress::new(input.quiet), budget, stages }
    }

    /// The work is done and what it found is written.
    pub(crate) fn report(&self) {
        self.begin("report");
        self.progress.end();
    }

    /// What `--timings` tells.
    pub(crate) fn tell(self) {
        self.stages.into_inner().unwrap_or_else(PoisonError::into_inner).timings.tell();
    }
}

impl Observer for Watch {
    fn begin(&self, stage: &'static str) {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.current = stage;
        stages.timings.begin(stage);
        allowance::begin(stage);
        self.progress.begin(stage);
    }

    fn progress(&self, done: u64, total: u64) {
        self.progress.at(done, total);
    }

    fn passed_over(&self, why: &SectionError) {
        self.progress.aside(|| {
            speaker::warning(format_args!("a part of the index is passed over: {}", speaker::chain(why)));
        });
    }

    fn claim(&self, claim: Claim) -> Result<(), Refusal> {
        let stage = self.stages.lock().unwrap_or_else(PoisonError::into_inner).current;
        Ok(self.budget.claim(stage, claim)?)
    }
}
