//! Why a question has no answer.

use goheap_model::OverBudget;

/// The one error of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The question is one of who holds whom, and the references were not read.
    #[error("the heap was read without its references")]
    NoReferences,
    /// The memory that the run may use does not do.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}
