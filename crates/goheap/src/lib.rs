//! The heap of a dead Go process as a value: what is on it, of what type, and who holds it.
//!
//! [`open`] reads a core dump and gives a [`Heap`], which borrows nothing, goes into a struct, and may be asked from any number of threads.
//! The ten types that retain most:
//!
//! ```
//! use goheap::Options;
//!
//! # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
//! # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
//! let heap = goheap::open(core, &Options::default().executable(executable))?;
//! for row in heap.retained_by_type()?.iter().take(10) {
//!     println!("{:>12} {}", row.retained.unwrap_or(0), row.name);
//! }
//! # assert!(heap.retained_by_type()?[0].retained > Some(0));
//! # Ok::<(), goheap::Error>(())
//! ```
//!
//! | question | call |
//! |---|---|
//! | how much is there, and how do the sums reconcile | [`Heap::totals`] |
//! | what may make an answer wrong | [`Heap::diagnostics`] |
//! | how much is of which type, package or kind | [`Heap::histogram`] |
//! | which types retain most | [`Heap::retained_by_type`] |
//! | which variables, goroutines, packages do | [`Heap::retained_by_root`] |
//! | what is at an address, and what would go with it | [`Heap::object_at`] |
//! | who, in the program's own code, keeps the objects of a type | [`Heap::owners`] |
//! | by which references is something held | [`Heap::paths`] |
//! | anything else | [`Heap::data`], [`Heap::graph`], [`Heap::dominance`] |
//!
//! Nothing is printed. How a long question goes on is told to an [`Observer`], which may also end it.

mod build;
mod core_options;
mod error;
mod heap;
pub mod index_file;
mod options;
mod process;

pub use build::VERSION;
pub use error::{Error, ProcessError};
pub use goheap_ask::holding::{Exclusions, Held, Holding, Owner, OwnerKind, Owners, Selected, Step, Walk};
pub use goheap_ask::{Grouping, Histogram, HistogramRow, RootGroup, RootGrouping, RootGroups, Selection};
pub use goheap_model::{
    Claim, Diagnostic, Dominance, Evidence, Graph, Observer, OverBudget, Refusal, Share, Totals, Unobserved,
};
pub use heap::{Heap, Object};
pub use options::Options;
pub use process::open_process;

use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::Path;

/// Reads the heap of a core dump.
///
/// ```
/// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
/// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
/// let options = goheap::Options::default().executable(executable).references(false);
/// let heap = goheap::open(core, &options)?;
/// assert!(heap.totals().is_reconciled());
/// # Ok::<(), goheap::Error>(())
/// ```
///
/// # Errors
/// See [`Error`].
pub fn open(core: impl AsRef<Path>, options: &Options) -> Result<Heap, Error> {
    open_observed(core, options, &Unobserved)
}

/// The same; `observer` is told of the stages, asked for memory, and may end it.
///
/// # Errors
/// See [`Error`].
pub fn open_observed(core: impl AsRef<Path>, options: &Options, observer: &dyn Observer) -> Result<Heap, Error> {
    observer.begin("open");
    let process = open_process(&options.request(core.as_ref()))?;
    let model = ModelOptions { no_dwarf: options.no_dwarf, ..ModelOptions::default() };
    let model = RuntimeModel::open_observed(&process, model, observer)?;
    let snapshot = SnapshotOptions { roots: options.references, full_names: true, ..SnapshotOptions::default() };
    let snapshot = HeapSnapshot::take_observed(&model, snapshot, observer)?;
    if !options.references {
        return Ok(Heap::new(snapshot.into_heap(None)));
    }
    let graph = snapshot.references_with(ReferenceOptions { referred: true, words: true }, observer)?;
    let fields = graph.field_table();
    let references = graph.into_references().with_fields(fields);
    Ok(Heap::new(snapshot.into_heap(Some(references))))
}
