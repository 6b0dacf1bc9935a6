//! Why no snapshot can be made of a heap.

use goheap_graph::GraphError;
use goheap_model::{Refusal, SectionError};

/// The one error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeapError {
    /// The ids would not do.
    #[error("the heap has more than 2^32 slots, which is more than goheap can number")]
    TooManySlots,
    /// The observer refused: the memory that the run may use does not do, or nobody wants the answer any more.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A graph of references was asked of a snapshot that did not keep its roots.
    #[error("the snapshot was taken without its roots")]
    NoRoots,
    /// The references make no graph: too many objects and roots, or the memory changed while it was read.
    #[error("the references cannot be made a graph: {0}")]
    Graph(#[from] GraphError),
    /// A heap that was kept cannot be believed, or not be kept.
    #[error("the index cannot be used")]
    Index(#[from] SectionError),
}
