//! Why no snapshot can be made of a heap.

use goheap_runtime::OverBudget;

/// The one error of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeapError {
    /// The ids would not do.
    #[error("the heap has more than 2^32 slots, which is more than goheap can number")]
    TooManySlots,
    /// The memory that the run may use does not do.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}
