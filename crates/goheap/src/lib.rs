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
//! | what was the process, how did it die, does its heap add up | [`Heap::overview`] |
//! | what may make an answer wrong | [`Heap::diagnostics`] |
//! | how much is of which type, package or kind | [`Heap::histogram`] |
//! | which types retain most | [`Heap::retained_by_type`] |
//! | which variables, goroutines, packages do | [`Heap::retained_by_root`] |
//! | which objects are there, one by one | [`Heap::objects`] |
//! | what is at an address, and what would go with it | [`Heap::object_at`] |
//! | what points to it, and what does it point to | [`Heap::references_of`] |
//! | who, in the program's own code, keeps the objects of a type | [`Heap::owners`] |
//! | by which references is something held | [`Heap::paths`] |
//! | where does it gather | [`Heap::suspects`] |
//! | where was it allocated | [`Heap::births`] |
//! | what do goroutines do, wait for and keep | [`Heap::goroutines`] |
//! | what is spent on nothing | [`Heap::waste`], [`Heap::rounding`] |
//! | what is the rest of the process's memory | [`Heap::process_memory`] |
//! | what grew since an older core | [`Heap::diff`] |
//! | the same in `go tool pprof` | [`Heap::write_pprof`] |
//! | anything else | [`Heap::data`], [`Heap::graph`], [`Heap::dominance`] |
//!
//! Answers are owned, and `serde::Serialize`. Nothing is printed. How a long question goes on is told to an [`Observer`], which may also end
//! it: see [`Heap::observed`].
//!
//! A core that is asked more than once is read in a fraction of the time with an index, which the command `goheap CORE index` makes
//! beside it: [`open`] uses it when it is of that core and the user's own. What it says stays the same.

mod births;
mod build;
mod core_options;
mod diff;
mod error;
mod goroutines;
mod heap;
mod how_much;
pub mod index_file;
mod options;
mod overview;
mod process;
pub mod profile;
mod reading;
mod who_holds;
mod worth_a_look;

pub use births::{AllocationSite, HeldAllocations};
pub use build::VERSION;
pub use error::{Error, ProcessError};
pub use goheap_ask::diff::{Change, Difference, Entries, Grown, LifeCounts, NamedChange, Relation, WrongPair};
pub use goheap_ask::holding::{
    Cut, CutTogether, Exclusions, Held, Holding, Neighbour, ObjectReferences, Owner, OwnerKind, Owners, Selected,
    Sharer, Sharing, Step, Walk,
};
pub use goheap_ask::{
    Beside, Gathered, GoroutineList, GoroutineSort, GoroutinesWanted, Grouping, HeapSums, Histogram, HistogramRow,
    ListedGoroutines, ListedObject, ObjectList, ObjectsWanted, Overview, RootGroup, RootGrouping, RootGroups, Rounding,
    Selection, SiteGrouping, Suspect, SuspectKind, SuspectRoot, TypeSums,
};
pub use goheap_heap::process_memory::{MemoryPart, ProcessMemory};
pub use goheap_heap::waste::Waste;
pub use goheap_model::contents::Listed;
pub use goheap_model::names::{Dynamic, FoundType, FrameName, FrameRole};
pub use goheap_model::{
    BirthCount, Claim, Diagnostic, Dominance, Evidence, Graph, Observer, OverBudget, ProcessMark, Refusal, Share,
    StackCall, Standing, Totals, Unobserved,
};
pub use heap::Heap;
pub use how_much::Object;
pub use index_file::IndexUse;
pub use options::Options;
pub use process::open_process;

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

/// Reads the heap of a core dump; `observer` is told of the stages, asked for memory, and may end it.
///
/// # Errors
/// See [`Error`].
pub fn open_observed(core: impl AsRef<Path>, options: &Options, observer: &dyn Observer) -> Result<Heap, Error> {
    reading::read(core.as_ref(), options, observer)
}

/// The example of the package's page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
