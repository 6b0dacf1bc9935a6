//! What is on a Go heap, of what type, and who holds it.
//!
//! - To begin: [`HeapSnapshot::take`], which is a [`Heap`](goheap_model::Heap) and the core that it came from.
//! - For the reference flame graph: [`SnapshotOptions::tree`].
//! - For who refers to whom: [`HeapSnapshot::references`].
//! - Without the core: [`HeapSnapshot::into_heap`].
//!
//! The key idea: objects are implicit (a slot of a span), the collector's pointer masks say exactly what is a pointer, and types
//! are only names for what the masks show.

mod absent;
mod births;
mod checks;
mod code;
mod diagnostics;
mod error;
pub mod goroutines;
pub mod index;
mod infer;
mod inspect;
pub mod invariants;
mod meaning;
mod names;
mod needs;
mod objects;
mod outgrown;
pub mod process_facts;
pub mod process_memory;
pub mod profiles;
pub mod redaction;
pub mod references;
pub mod referred;
mod roots;
mod samples;
mod scan;
mod snapshot;
mod sweeps;
#[cfg(test)]
mod testing;
mod tree;
pub mod waits;
pub mod waste;

pub use absent::{Absent, AbsentHolder, AbsentOf, AbsentSum};
pub use births::memory_profile;
pub use error::HeapError;
pub use objects::table::ObjectTable;
pub use samples::{Sample, Samples};
pub use snapshot::{HeapSnapshot, SnapshotOptions};
pub use tree::top_frame::TopFrame;
