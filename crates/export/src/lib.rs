//! A Go heap as files of other tools, one room a format: what the format can carry, and what it cannot is said.
//!
//! Writers take the heap as data ([`goheap_model::Heap`], [`goheap_model::Graph`]) and an `io::Write`, and write as they go. They
//! know no core and no ELF: contents of memory, where they are wanted, come through a handle that may be absent.
//!
//! Names come from a dead process and may hold anything. What a format breaks on is escaped in its own room, in a file `text.rs`.

mod error;
pub mod graph;
pub mod heapsnapshot;
pub mod hprof;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod pprof;
mod varint;
mod word_references;

pub use error::ExportError;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 16;
