//! What was odd about the input but did not stop the reading: counted, with one example, never a list as long as a hostile file.

use std::path::PathBuf;

use crate::Address;

/// Counts of what was odd in one core. [`Diagnostics::messages`] says it in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostics {
    /// Bytes of segments that the file should hold and does not.
    pub missing_bytes: u64,
    /// Segments that lack some.
    pub truncated_segments: u64,
    /// Program headers that the file should hold and does not.
    pub missing_program_headers: u64,
    /// True when the number of program headers was lost with the end of the file and told from the first of them.
    pub inferred_segment_count: bool,
    /// Segments that do not follow the one before in memory.
    pub unsorted_segments: u64,
    /// Segments part of whose memory an earlier segment has.
    pub overlapping_segments: u64,
    /// The first such address.
    pub first_overlap: Option<Address>,
    /// Segments that would pass 2^64.
    pub wrapped_segments: u64,
    /// Segments with more bytes in the file than in memory.
    pub oversized_segments: u64,
    /// Note segments that end in the middle of a note.
    pub damaged_notes: u64,
    /// Notes of a known type with an unknown layout.
    pub unknown_notes: u64,
    /// Set when the core's compressed stream broke off or is damaged: the decoder's reason.
    pub core_unpacking: Option<String>,
    /// The same of the executable.
    pub executable_unpacking: Option<String>,
    /// Set when nothing in the core confirms that the executable is the one that ran.
    pub executable_unconfirmed: bool,
    /// Set when nothing in the core tells where a position independent executable was loaded; 0 is taken.
    pub load_bias_unknown: bool,
    /// Pages of code that differ from the executable in a few bytes (breakpoints, uprobes).
    pub patched_code_pages: u64,
    /// Files passed over while looking for the executable, because they are not the one.
    pub rejected_executables: Vec<PathBuf>,
    /// Mapped ELF files not found, or not the ones mapped; the memory of theirs that was not dumped is absent.
    pub unavailable_files: Vec<PathBuf>,
}
