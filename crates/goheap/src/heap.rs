//! A heap that was read, and the questions that most people ask.

use crate::Error;
use goheap_ask::holding::{Exclusions, Holding, Owners, Selected, Walk, select};
use goheap_ask::{
    AskError, Grouping, Histogram, HistogramRow, RetainedHistogram, RootGrouping, RootGroups, Selection,
    retained_histogram, root_groups,
};
use goheap_model::{Diagnostic, Dominance, Graph, Observer, TableFields, Totals, Unobserved};
use serde::Serialize;
use std::cmp::Reverse;
use std::sync::{Arc, Mutex, PoisonError};

/// The heap of a dead process. It owns all that it knows, and any number of threads may ask it at once.
///
/// # Overhead
/// That of [`goheap_model::Heap`]; once somebody has asked what is retained, that of [`Dominance`], which is kept.
#[derive(Debug)]
pub struct Heap {
    data: goheap_model::Heap,
    dominance: Mutex<Option<Arc<Dominance>>>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Object {
    /// First byte of its slot.
    pub address: u64,
    /// Bytes of the slot.
    pub size: u64,
    /// Its type as Go writes it; empty where it is not known.
    pub ty: String,
    /// True if a root leads to it.
    pub is_reachable: bool,
    /// Bytes that would be freed with it.
    pub retained: u64,
}

impl Heap {
    pub(crate) fn new(data: goheap_model::Heap) -> Self {
        Heap { data, dominance: Mutex::default() }
    }

    /// All that is known, as columns.
    pub fn data(&self) -> &goheap_model::Heap {
        &self.data
    }

    /// How much there is, and how it reconciles.
    pub fn totals(&self) -> &Totals {
        &self.data.totals
    }

    /// What was absent, unreadable or guessed, and may make an answer wrong.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.data.diagnostics
    }

    /// How much there is of each type, package or kind; more bytes first.
    ///
    /// ```
    /// use goheap::{Grouping, Selection};
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable).references(false))?;
    /// let packages = heap.histogram(Grouping::Package, Selection::Reachable);
    /// assert_eq!(packages.total.share, heap.totals().reachable());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    pub fn histogram(&self, grouping: Grouping, selection: Selection) -> Histogram {
        goheap_ask::histogram(&self.data, grouping, selection, |_| true)
    }

    /// What the reachable objects of each type retain at least together, the insides of maps and channels with them; more first.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references.
    pub fn retained_by_type(&self) -> Result<Vec<HistogramRow>, Error> {
        self.retained_by_type_observed(&Unobserved)
    }

    /// The same; `observer` may end it.
    ///
    /// # Errors
    /// Those of [`Heap::retained_by_type`], and [`Error::Refused`].
    pub fn retained_by_type_observed(&self, observer: &dyn Observer) -> Result<Vec<HistogramRow>, Error> {
        let (graph, dominance) = (self.graph()?, self.dominance(observer)?);
        let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
        let request = RetainedHistogram { grouping, selection, is_wanted: |_: &str| true, exact: 0 };
        let mut rows = retained_histogram(graph, &dominance, request).rows;
        rows.sort_by(|a, b| (Reverse(a.retained), &a.name).cmp(&(Reverse(b.retained), &b.name)));
        Ok(rows)
    }

    /// What each variable, group of goroutines and the like retains, or each package; more first. With what is shared it is all that is
    /// reachable.
    ///
    /// ```
    /// use goheap::RootGrouping;
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// let roots = heap.retained_by_root(RootGrouping::Root)?;
    /// let sum = roots.groups.iter().map(|group| group.retained.bytes).sum::<u64>() + roots.shared.bytes;
    /// assert_eq!(sum, heap.totals().reachable().bytes);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references.
    pub fn retained_by_root(&self, grouping: RootGrouping) -> Result<RootGroups, Error> {
        let (graph, dominance) = (self.graph()?, self.dominance(&Unobserved)?);
        Ok(root_groups(graph, &dominance, grouping, |_| true))
    }

    /// The allocated object that holds an address; None where none does.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references.
    pub fn object_at(&self, address: u64) -> Result<Option<Object>, Error> {
        let Some(slot) = self.data.objects.find_allocated(address) else { return Ok(None) };
        let dominance = self.dominance(&Unobserved)?;
        Ok(Some(Object {
            address: self.data.objects.address(slot),
            size: self.data.objects.size(slot),
            ty: self.data.type_text(slot),
            is_reachable: self.data.is_reachable(slot.id),
            retained: dominance.retained.of(slot.id.0),
        }))
    }

    /// Who, in the program's own code, keeps the objects that a text means, as the command `owners` takes it: a type, a variable's field,
    /// an address, a goroutine.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// for owner in heap.owners("main.Session")?.owned {
    ///     println!("{} keeps {} bytes by {}", owner.name, owner.keeps.bytes, owner.by[0].path);
    /// }
    /// # assert!(!heap.owners("main.Session")?.owned.is_empty());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Ask`] where the heap was read without references.
    pub fn owners(&self, what: &str) -> Result<Owners, Error> {
        self.with_holding(|holding| {
            let objects = selected(holding, what)?;
            Ok(holding.owners(&objects, &|_| false, &Unobserved)?)
        })
    }

    /// The shortest paths from roots to an object of those that a text means, the first of them; the shortest first, at most so many.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// for step in &heap.paths("main.Session", 1)?[0].steps {
    ///     println!("{} {}", step.reference, step.retained);
    /// }
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Heap::owners`].
    pub fn paths(&self, what: &str, most: usize) -> Result<Vec<Walk>, Error> {
        self.with_holding(|holding| {
            let objects = selected(holding, what)?;
            let turned = holding.turned(&Unobserved)?;
            let nothing = Exclusions::new(None);
            let first = objects.first().copied().into_iter();
            Ok(first
                .flat_map(|node| holding.paths_to(&turned, node, &nothing).take(most).collect::<Vec<_>>())
                .collect())
        })
    }

    /// Hands all that can be asked of who holds what to `ask`.
    ///
    /// # Errors
    /// Those of `ask`, and [`Error::Ask`] where the heap was read without references.
    pub fn with_holding<T>(&self, ask: impl FnOnce(&Holding<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let graph = self.graph()?;
        let fields = TableFields::new(&self.data).ok_or(AskError::NoReferences)?;
        ask(&Holding::with(graph, &fields, self.dominance(&Unobserved)?))
    }

    /// Who refers to whom.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references.
    pub fn graph(&self) -> Result<Graph<'_>, Error> {
        Ok(Graph::new(&self.data).ok_or(AskError::NoReferences)?)
    }

    /// Who dominates whom, worked out by the first who asks; others wait.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and the observer's refusal, which leaves it to the next who asks.
    pub fn dominance(&self, observer: &dyn Observer) -> Result<Arc<Dominance>, Error> {
        let graph = self.graph()?;
        let mut known = self.dominance.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(graph.dominance(observer)?);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }
}

fn selected(holding: &Holding<'_>, what: &str) -> Result<Vec<u32>, Error> {
    match select(holding.graph(), holding.fields(), what, None) {
        Selected::Objects(_, objects, _) => Ok(objects),
        found => Err(Error::NotFound { what: what.to_owned(), found }),
    }
}
