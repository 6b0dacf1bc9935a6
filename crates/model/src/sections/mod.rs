//! A file of named sections: columns as they are in memory, and values. What an index is kept in.
//!
//! ```text
//! MAGIC, zeros to 64 bytes
//! sections, each from a multiple of 64 bytes on
//! the table: name, place, length and checksum of each
//! place, length and checksum of the table (8 bytes each), MAGIC
//! ```
//!
//! Numbers have the byte order of the machine that wrote them, which MAGIC tells as well as the version. What begins a file ends it, so that one
//! that was cut off is none. A section is checked in full when it is first asked for; nothing of it is believed before.

mod dominators;
mod reader;
mod writer;

pub use dominators::{read_dominators, write_dominators};
pub use reader::Sections;
pub use writer::SectionWriter;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// What such files begin and end with; the last two bytes are the version of this format.
const MAGIC: u64 = u64::from_be_bytes(*b"goheap\0\x01");
/// What is before the first section, and what each section's place is a multiple of.
const ALIGNMENT: u64 = 64;
/// Bytes of the table's place, length and checksum, and of MAGIC.
const TRAILER: usize = 32;
/// Bytes whose checksum one thread takes at a time.
const CHUNK: usize = 1 << 20;

/// Where a section is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    start: u64,
    len: u64,
    checksum: u64,
}

/// Why a file of sections cannot be written or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// It does not begin or end as such files do.
    #[error("it is no index of this version of goheap, or is cut off")]
    NotSections,
    /// Its bytes are not those that were written.
    #[error("its {0} is damaged")]
    Damaged(String),
    /// It lacks a section.
    #[error("it has no {0}")]
    Missing(String),
    /// The bytes of a value are those that were written, and are no such value.
    #[error("its {0} cannot be read")]
    Unreadable(String, #[source] postcard::Error),
    /// What a section says cannot be so.
    #[error("its {0} cannot be so: {1}")]
    Impossible(&'static str, &'static str),
    /// It could not be written.
    #[error("it could not be written")]
    Write(#[from] std::io::Error),
}

/// The checksum of bytes, taken by all threads.
fn checksum(bytes: &[u8]) -> u64 {
    let sums: Vec<u8> =
        bytes.par_chunks(CHUNK).flat_map_iter(|chunk| XxHash3_64::oneshot(chunk).to_le_bytes()).collect();
    XxHash3_64::oneshot(&sums)
}

#[cfg(test)]
mod tests;
