//! Why a heap cannot be read, or a question not answered.

use goheap_ask::AskError;
use goheap_ask::holding::Selected;
use goheap_heap::HeapError;
use goheap_image::ImageError;
use goheap_model::Refusal;
use goheap_runtime::{GoFile, RuntimeError};
use std::path::PathBuf;

/// Why [`open`](crate::open) or a question fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The files cannot be read, or are of no Go program.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The Go runtime cannot be read.
    #[error(transparent)]
    Runtime(RuntimeError),
    /// The heap cannot be read.
    #[error(transparent)]
    Heap(HeapError),
    /// The observer ended the work.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing in the heap is called so.
    #[error("no object, type, variable or goroutine is {what:?}")]
    NotFound {
        /// What was asked.
        what: String,
        /// What there is instead.
        found: Selected,
    },
    /// The heap was read without what the question needs.
    #[error(transparent)]
    Ask(AskError),
}

/// Why files make no process that is Go.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The files cannot be read, or do not belong together.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Neither the program nor the one library that it had loaded is Go.
    #[error("{} is no Go program", program.display())]
    NotGo {
        /// The program.
        program: PathBuf,
        /// The files of Go that it had loaded: none, several, or one that was not found.
        files: Vec<GoFile>,
    },
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::Refused(refusal) => Error::Refused(refusal),
            error => Error::Runtime(error),
        }
    }
}

impl From<HeapError> for Error {
    fn from(error: HeapError) -> Self {
        match error {
            HeapError::Refused(refusal) => Error::Refused(refusal),
            error => Error::Heap(error),
        }
    }
}

impl From<AskError> for Error {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => Error::Refused(refusal),
            error => Error::Ask(error),
        }
    }
}
