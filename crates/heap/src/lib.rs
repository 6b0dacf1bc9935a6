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
mod closures;
mod code;
mod compiled;
mod containers;
mod describe;
mod error;
pub mod goroutines;
mod histogram;
pub mod holding;
mod infer;
pub mod inspect;
pub mod invariants;
mod kind_plans;
mod label_text;
mod labels;
mod late_names;
mod needs;
mod object;
mod object_type;
mod owners;
mod package;
mod package_names;
mod page_table;
mod plan;
mod pointer_counts;
mod promoted;
pub mod references;
pub mod referred;
mod resolve;
mod root;
mod roots;
mod rules;
mod runtime_records;
mod samples;
mod size_classes;
mod snapshot;
mod span_scan;
mod spelling;
mod standard_library;
mod top_frame;
mod tree;
pub mod waits;
mod word_batch;

pub use absent::{Absent, AbsentHolder, AbsentOf, AbsentSum, Standing};
pub use describe::{TextId, TypeTexts, element_text};
pub use error::HeapError;
pub use histogram::{Grouping, Histogram, HistogramRow, Selection};
pub use infer::{InferenceCounts, Vote};
pub use object::{ObjectId, ObjectTable, Slot};
pub use object_type::{Evidence, ObjectType, Part};
pub use pointer_counts::{PointerCounts, Share};
pub use root::{RootClass, RootCounts};
pub use samples::{Lowest, Sample, Samples};
pub use size_classes::SizeClass;
pub use snapshot::{HeapSnapshot, SnapshotOptions, Totals};
pub use spelling::{Likeness, Spelling, is_of_the_compiler};
pub use top_frame::TopFrame;
