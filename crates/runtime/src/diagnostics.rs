//! What was odd about the runtime's structures but did not stop the reading.

use goheap_image::Address;

/// Counts of what was odd. Everything is 0 on a quiescent core of a supported release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// Spans that could not be read or that overlapped another.
    pub broken_spans: u64,
    /// Of these, spans whose own record or allocation bits are absent: what is in them may lead anywhere.
    pub absent_spans: u64,
    /// A module that could not be read, and with it those behind it in the chain: their variables are no roots.
    pub broken_module: Option<Address>,
    /// Entries of `allgs` that could not be read.
    pub broken_goroutines: u64,
    /// The first of these: where their records should be.
    pub first_broken_goroutines: Vec<Address>,
    /// The list of spans is absent: nothing can be said of the heap.
    pub no_heap: bool,
    /// `runtime.allgs` was not found: no stack is a root.
    pub no_goroutines: bool,
    /// `runtime.allp` was not found: the tiny blocks in use are no roots.
    pub no_processors: bool,
    /// Objects whose malloc header names no type.
    pub bad_headers: u64,
    /// The release is newer than the built-in tables; its layout is from DWARF.
    pub is_newer_than_known: bool,
    /// DWARF was there and could not be used: why.
    pub unusable_dwarf: Option<String>,
    /// DWARF entries that were passed over as broken.
    pub broken_dwarf_entries: u64,
    /// The program says that it is of this release; another was given.
    pub overruled_version: Option<String>,
}
