//! Why a heap cannot be read, or a question not answered.

use crate::index_file::{IndexError, TakeError};
use goheap_ask::AskError;
use goheap_ask::diff::WrongPair;
use goheap_ask::holding::Selected;
use goheap_export::ExportError;
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
    /// The heap was read without references.
    #[error(transparent)]
    Ask(AskError),
    /// The heap was read without what the question needs.
    #[error("the heap was read without {what}: see Options::{option}")]
    NotRead {
        /// What.
        what: &'static str,
        /// The option that reads it.
        option: &'static str,
    },
    /// The index that was named cannot be used.
    #[error("the index {} cannot be used", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        source: IndexError,
    },
    /// The cores are not held against each other.
    #[error(transparent)]
    Pair(#[from] WrongPair),
    /// It cannot be written.
    #[error(transparent)]
    Export(ExportError),
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

impl From<TakeError> for Error {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Heap(error) => error.into(),
            TakeError::Index { path, source } => Error::Index { path, source },
        }
    }
}

impl From<ExportError> for Error {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Refused(refusal) => Error::Refused(refusal),
            error => Error::Export(error),
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
