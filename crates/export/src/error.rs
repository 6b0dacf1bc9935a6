//! Why a heap could not be written.

use goheap_model::Refusal;
use std::io;
use thiserror::Error;

/// Why a heap could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file took no more.
    #[error("the export could not be written")]
    Write(#[from] io::Error),
    /// It was told to stop, or memory was short.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The format has no room for that many.
    #[error("{format} takes at most {most} {what}, and these are {found}")]
    TooMany {
        /// The format's name.
        format: &'static str,
        /// Of what.
        what: &'static str,
        /// How many it takes.
        most: u64,
        /// How many there are.
        found: u64,
    },
    /// A row does not fit its table.
    #[error("the table {table} could not be written: {why}")]
    Rows {
        /// The table.
        table: &'static str,
        /// What is wrong.
        why: String,
    },
}
