//! What was odd about the input but did not stop the reading: counted, with one example, never a list as long as a hostile file.

use std::path::PathBuf;

use crate::Address;

/// Examples of a count that are kept.
const EXAMPLES: usize = 5;

/// Keeps `one` if it is among the first five; the caller counts all.
pub fn keep_first<T>(list: &mut Vec<T>, one: T) {
    if list.len() < EXAMPLES {
        list.push(one);
    }
}

/// The first of what some counts count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firsts {
    /// Where segments begin that lack bytes.
    pub truncated: Vec<Address>,
    /// The same of those that do not follow the one before.
    pub unsorted: Vec<Address>,
    /// The same of those that would pass 2^64.
    pub wrapped: Vec<Address>,
    /// The same of those with more bytes in the file than in memory.
    pub oversized: Vec<Address>,
    /// Where in the core's file the notes begin of which a segment ends in the middle of one.
    pub damaged_notes: Vec<u64>,
    /// Types and lengths of notes with an unknown layout.
    pub unknown_notes: Vec<(u32, u64)>,
    /// Pages of code that were patched.
    pub patched: Vec<Address>,
}

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
    /// Some of what is counted above.
    pub firsts: Firsts,
    /// Files passed over while looking for the executable, because they are not the one.
    pub rejected_executables: Vec<PathBuf>,
    /// Mapped ELF files not found, or not the ones mapped; the memory of theirs that was not dumped is absent.
    pub unavailable_files: Vec<PathBuf>,
}

impl Diagnostics {
    /// One line for each thing that was odd, for people; none for a whole core with its own executable.
    pub fn messages(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.truncation(&mut lines);
        self.segments(&mut lines);
        self.files(&mut lines);
        lines
    }

    fn truncation(&self, lines: &mut Vec<String>) {
        if self.missing_bytes > 0 {
            let (bytes, segments) = (self.missing_bytes, self.truncated_segments);
            lines.push(format!("the core is truncated: {bytes} bytes of {segments} segments are missing"));
        }
        if self.missing_program_headers > 0 {
            lines.push(format!("the core is truncated: {} program headers are missing", self.missing_program_headers));
        }
        if self.inferred_segment_count {
            lines.push("the core's end is missing, and with it the number of its segments".to_owned());
        }
        if let Some(reason) = &self.core_unpacking {
            lines.push(format!("the core could not be unpacked to its end: {reason}"));
        }
        if let Some(reason) = &self.executable_unpacking {
            lines.push(format!("the executable could not be unpacked to its end: {reason}"));
        }
    }

    fn segments(&self, lines: &mut Vec<String>) {
        let mut count = |count: u64, what: &str| {
            if count > 0 {
                lines.push(format!("{count} {what}"));
            }
        };
        count(self.unsorted_segments, "segments of the core are out of order");
        count(self.wrapped_segments, "segments of the core pass the end of the address space; left out");
        count(
            self.oversized_segments,
            "segments of the core have more bytes in the file than in memory; the rest is left out",
        );
        count(self.damaged_notes, "note segments of the core are damaged; read up to the damage");
        count(self.unknown_notes, "notes of the core have an unknown layout; left out");
        if let Some(first) = self.first_overlap {
            let segments = self.overlapping_segments;
            lines.push(format!(
                "{segments} segments of the core overlap earlier ones, first at {first}; the earlier count"
            ));
        }
    }

    fn files(&self, lines: &mut Vec<String>) {
        if self.executable_unconfirmed {
            lines.push("nothing in the core confirms that the executable is the one that ran".to_owned());
        }
        if self.load_bias_unknown {
            lines.push("nothing in the core tells where the executable was loaded; 0 is taken".to_owned());
        }
        if self.patched_code_pages > 0 {
            let pages = self.patched_code_pages;
            lines.push(format!("{pages} pages of code differ from the executable in a few bytes (breakpoints?)"));
        }
        for path in &self.rejected_executables {
            lines.push(format!("{path:?} is not the executable that made the core"));
        }
        for path in &self.unavailable_files {
            lines
                .push(format!("the mapped file {path:?} was not found as it was; what was not dumped of it is absent"));
        }
    }
}
