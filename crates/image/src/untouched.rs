//! Zeroed variables (bss) that nobody ever wrote to: zeros, although the core has none of their bytes.
//!
//! The kernel leaves out an anonymous mapping in which no page was ever written, since no page of it exists (fs/coredump.c
//! `vma_dump_size`); so the bss of a plugin or library often has a segment without bytes. It leaves out as well what the program
//! asked it to (`MADV_DONTDUMP`), which does hold something. What tells them apart: the advice is given to some pages, which
//! become a mapping of their own beside the rest, where a loader's mapping for bss is one from the end of the file's to its own.
//! gcore dumps the first and leaves out the second's program header too.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::map::ByteStore;
use crate::memory::{MemoryBuilder, MemoryRange, RangeSource};
use crate::shared_object::files_with_code;
use crate::{Address, CoreFile, Executable, Segment};

const PAGE: u64 = 4096;
/// Zeros that all such ranges share.
const CHUNK: u64 = 1 << 20;
/// Variables have less: what a core claims beyond it stays absent.
const LIMIT: u64 = 4 << 30;

/// Adds zeros where bss was never touched. `files` are those known, with their load biases.
pub(crate) fn add<'f>(pieces: &mut MemoryBuilder, core: &CoreFile, files: impl Iterator<Item = (&'f Executable, u64)>) {
    let starts: BTreeSet<Address> =
        files.flat_map(|(file, bias)| of_file(file, bias)).chain(behind_files(core)).collect();
    let anonymous = Anonymous::of(core);
    let (mut zeros, mut left) = (None, LIMIT);
    for segment in core.segments().iter().filter(|segment| starts.contains(&segment.address)) {
        if !anonymous.is_untouched(segment) || segment.memory_size > left {
            continue;
        }
        left -= segment.memory_size;
        let zeros = zeros.get_or_insert_with(|| Arc::new(ByteStore::Owned(vec![0; CHUNK as usize].into())));
        for at in (0..segment.memory_size).step_by(CHUNK as usize) {
            let len = CHUNK.min(segment.memory_size - at);
            let range =
                MemoryRange { start: segment.address + at, len, writable: true, source: RangeSource::Untouched };
            pieces.add(range, zeros, 0);
        }
    }
}

/// Where a file's zeroed variables begin that share no page with others.
fn of_file(file: &Executable, bias: u64) -> impl Iterator<Item = Address> + '_ {
    let with_bss = file.load_segments().filter(|segment| segment.memory_size > segment.file_size);
    with_bss.filter(|segment| segment.flags.writable()).filter_map(move |segment| {
        let end = segment.address.0.wrapping_add(bias).checked_add(segment.file_size)?;
        end.checked_next_multiple_of(PAGE).map(Address)
    })
}

/// Where the mappings end of files that are code, also of those that are missing.
fn behind_files(core: &CoreFile) -> impl Iterator<Item = Address> + '_ {
    let code = files_with_code(core);
    core.mapped_files().iter().filter(move |file| code.contains(&file.path)).map(|file| file.end)
}

/// The writable segments that are of no file.
struct Anonymous {
    starts: BTreeSet<Address>,
    any_dumped: bool,
}

impl Anonymous {
    fn of(core: &CoreFile) -> Anonymous {
        let mut files: Vec<(Address, Address)> =
            core.mapped_files().iter().map(|file| (file.start, file.end)).collect();
        files.sort_unstable();
        // The furthest end so far, since files of a broken core overlap.
        let mut furthest = Address(0);
        for file in &mut files {
            furthest = furthest.max(file.1);
            file.1 = furthest;
        }
        let is_file = |at: Address| {
            let before = files.partition_point(|(start, _)| *start <= at).checked_sub(1);
            before.and_then(|index| files.get(index)).is_some_and(|(_, end)| at < *end)
        };
        let is_anonymous = |segment: &&Segment| segment.flags.writable() && !is_file(segment.address);
        let mut found = Anonymous { starts: BTreeSet::new(), any_dumped: false };
        for segment in core.segments().iter().filter(is_anonymous) {
            found.starts.insert(segment.address);
            found.any_dumped |= segment.file_size > 0;
        }
        found
    }

    /// True if it is whole, and left out for itself: where the filter of the core (coredump_filter) leaves out all anonymous memory,
    /// nothing is known of this.
    fn is_untouched(&self, segment: &Segment) -> bool {
        let is_left_out = segment.file_size == 0 && segment.memory_size > 0 && self.starts.contains(&segment.address);
        self.any_dumped && is_left_out && !self.starts.contains(&segment.end())
    }
}
