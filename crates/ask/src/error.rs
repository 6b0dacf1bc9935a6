//! Why a question has no answer.

use goheap_model::Refusal;

/// The one error of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The question is one of who holds whom, and the references were not read.
    #[error("the heap was read without its references")]
    NoReferences,
    /// The observer refused: the memory that the run may use does not do, or nobody wants the answer any more.
    #[error(transparent)]
    Refused(#[from] Refusal),
}
