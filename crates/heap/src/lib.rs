//! What is on a Go heap, of what type, and who holds it.
//!
//! - To begin: [`HeapSnapshot::take`].
//! - For the reference flame graph: [`HeapSnapshot::tree`].
//! - For the reconciliation: [`Totals`].
//! - For what there is of which type: [`HeapSnapshot::histogram`]; for one object, [`HeapSnapshot::type_text`].
//!
//! The key idea: objects are implicit (a slot of a span), the collector's pointer masks say exactly what is a pointer, and types
//! are only names for what the masks show.

mod absent;
mod code;
mod error;
pub mod goroutines;
mod histogram;
pub mod holding;
mod infer;
pub mod inspect;
pub mod invariants;
mod meaning;
mod names;
mod needs;
mod objects;
pub mod references;
pub mod referred;
mod roots;
mod samples;
mod scan;
mod snapshot;
mod tree;
pub mod waits;

pub use absent::{Absent, AbsentHolder, AbsentOf, AbsentSum, Standing};
pub use error::HeapError;
pub use histogram::{Grouping, Histogram, HistogramRow, Selection};
pub use infer::{InferenceCounts, Vote};
pub use names::describe::{TextId, TypeTexts, is_wanted_text};
pub use names::spelling::{Likeness, Spelling, is_of_the_compiler};
pub use objects::object_type::{Evidence, ObjectType, Part};
pub use objects::pointer_counts::{PointerCounts, Share};
pub use objects::size_classes::SizeClass;
pub use objects::table::{ObjectId, ObjectTable, Slot};
pub use roots::root::{RootClass, RootCounts};
pub use samples::{Lowest, Sample, Samples};
pub use snapshot::{HeapSnapshot, SnapshotOptions, Totals};
pub use tree::top_frame::TopFrame;
