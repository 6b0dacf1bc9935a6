//! A heap that was read: what it is made of, and what all questions stand on.

use crate::Error;
use goheap_ask::AskError;
use goheap_ask::holding::Holding;
use goheap_graph::TrieNode;
use goheap_heap::process_memory::ProcessMemory;
use goheap_heap::waste::Waste;
use goheap_model::checks::HeapChecks;
use goheap_model::process::ProcessFacts;
use goheap_model::waits::WaitsReport;
use goheap_model::{
    Claim, Diagnostic, Dominance, DominatorFrames, GoroutineGroups, Graph, Leaks, Observer, ProcessMark, Sweeps,
    TableFields, Totals, Unobserved,
};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The heap of a dead process. It owns all that it knows; a clone is the same heap, and any number of threads may ask it at once.
///
/// # Overhead
/// That of [`goheap_model::Heap`] and of what [`Options`](crate::Options) ask for; once somebody has asked what is retained, that of
/// [`Dominance`], which is kept.
#[derive(Clone)]
pub struct Heap {
    all: Arc<All>,
    observer: Arc<dyn Observer + Send + Sync>,
}

/// What is known, and stays.
struct All {
    data: goheap_model::Heap,
    dominance: Mutex<Option<Arc<Dominance>>>,
    beside: Beside,
}

/// What was read of the core beside objects and references.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) mark: ProcessMark,
    pub(crate) process: ProcessFacts,
    pub(crate) checks: HeapChecks,
    /// Where it was worked out for the frames.
    pub(crate) dominance: Option<Arc<Dominance>>,
    pub(crate) frames: Option<DominatorFrames>,
    pub(crate) places: Option<Places>,
    pub(crate) goroutines: Option<Goroutines>,
    pub(crate) memory: Option<ProcessMemory>,
    pub(crate) waste: Option<Waste>,
    pub(crate) origin: Origin,
}

/// What each object is in.
pub(crate) struct Places {
    /// By slot.
    pub(crate) frames: Vec<TrieNode>,
    pub(crate) sweeps: Sweeps,
}

/// Goroutines, and what the heap told of them.
pub(crate) struct Goroutines {
    pub(crate) groups: GoroutineGroups,
    /// None without references.
    pub(crate) waiting: Option<Waiting>,
}

/// What goroutines wait for.
pub(crate) struct Waiting {
    pub(crate) leaks: Leaks,
    pub(crate) waits: WaitsReport,
    /// The first of them, those of leaked goroutines too.
    pub(crate) first: WaitsReport,
    /// Indexes, in order.
    pub(crate) suspected: Vec<u32>,
}

/// What profiles say of where they come from.
#[derive(Default)]
pub(crate) struct Origin {
    pub(crate) executable: String,
    pub(crate) build_id: String,
    /// When the core was taken, in nanoseconds since 1970; 0 where it does not say.
    pub(crate) time_nanos: i64,
}

impl Heap {
    pub(crate) fn new(data: goheap_model::Heap, mut beside: Beside) -> Self {
        let dominance = Mutex::new(beside.dominance.take());
        Heap { all: Arc::new(All { data, dominance, beside }), observer: Arc::new(Unobserved) }
    }

    /// The same heap, whose questions tell `observer` of their stages, and end where it says so.
    ///
    /// ```
    /// use goheap::{Claim, Error, Observer, Options, Refusal};
    /// use std::sync::Arc;
    ///
    /// struct HungUp;
    ///
    /// impl Observer for HungUp {
    ///     fn claim(&self, _: Claim) -> Result<(), Refusal> {
    ///         Err(Refusal::Cancelled)
    ///     }
    /// }
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// let heap = goheap::open(core, &Options::default().executable(executable).frames(false))?;
    /// let refused = heap.observed(Arc::new(HungUp)).retained_by_type();
    /// assert!(matches!(refused, Err(Error::Refused(Refusal::Cancelled))));
    /// assert!(heap.retained_by_type().is_ok(), "others may ask on");
    /// # Ok::<(), goheap::Error>(())
    /// ```
    #[must_use]
    pub fn observed(&self, observer: Arc<dyn Observer + Send + Sync>) -> Heap {
        Heap { all: Arc::clone(&self.all), observer }
    }

    /// All that is known, as columns.
    pub fn data(&self) -> &goheap_model::Heap {
        &self.all.data
    }

    /// How much there is, and how it reconciles.
    pub fn totals(&self) -> &Totals {
        &self.data().totals
    }

    /// What was absent, unreadable or guessed, and may make an answer wrong.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.data().diagnostics
    }

    /// Whose core it is, and of when.
    pub fn mark(&self) -> &ProcessMark {
        &self.all.beside.mark
    }

    /// Who refers to whom.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references.
    pub fn graph(&self) -> Result<Graph<'_>, Error> {
        Ok(Graph::new(self.data()).ok_or(AskError::NoReferences)?)
    }

    /// Who dominates whom, worked out by the first who asks; others wait.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and the observer's refusal, which leaves it to the next who asks.
    pub fn dominance(&self) -> Result<Arc<Dominance>, Error> {
        let graph = self.graph()?;
        let mut known = self.all.dominance.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(graph.dominance(self.observer())?);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Hands all that can be asked of who holds what to `ask`.
    ///
    /// # Errors
    /// Those of `ask`, and [`Error::Ask`] where the heap was read without references.
    pub fn with_holding<T>(&self, ask: impl FnOnce(&Holding<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let graph = self.graph()?;
        let fields = TableFields::new(self.data()).ok_or(AskError::NoReferences)?;
        ask(&Holding::with(graph, &fields, self.dominance()?))
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    /// A stage of a question begins, unless who asked does not want the answer any more.
    pub(crate) fn go_on(&self, stage: &'static str) -> Result<(), Error> {
        self.observer.begin(stage);
        Ok(self.observer.claim(Claim::default())?)
    }

    pub(crate) fn beside(&self) -> &Beside {
        &self.all.beside
    }

    /// The dominator tree as frames.
    pub(crate) fn frames(&self) -> Result<&DominatorFrames, Error> {
        self.beside()
            .frames
            .as_ref()
            .ok_or(Error::NotRead { what: "the frames of the dominator tree", option: "frames" })
    }

    pub(crate) fn births_read(&self) -> Result<&goheap_model::Births, Error> {
        self.data().births.as_ref().ok_or(Error::NotRead { what: "where objects were allocated", option: "births" })
    }

    pub(crate) fn places(&self) -> Result<&Places, Error> {
        self.beside().places.as_ref().ok_or(Error::NotRead { what: "the frame of each object", option: "places" })
    }

    pub(crate) fn goroutines_read(&self) -> Result<&Goroutines, Error> {
        self.beside().goroutines.as_ref().ok_or(Error::NotRead { what: "goroutines", option: "goroutines" })
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = self.totals();
        out.debug_struct("Heap").field("mark", self.mark()).field("totals", totals).finish_non_exhaustive()
    }
}
