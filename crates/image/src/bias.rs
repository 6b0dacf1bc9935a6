//! The load bias: what to add to the addresses of a position independent file to get those of the process.

use std::path::Path;

use crate::elf::ElfHeader;
use crate::locate::without_deleted;
use crate::notes::path_from_bytes;
use crate::{Address, CoreFile, Executable, MappedFile, MemoryImage};

/// Where a file may have been loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The load bias.
    pub(crate) bias: u64,
    /// True for what the core says of its program, or of a file of this name. Else the place is told by the file's ELF header
    /// alone, which many libraries share but for their build id: all have no entry point.
    pub(crate) named: bool,
}

/// Where the executable may have been loaded, the likeliest first; nothing when nothing in the core tells.
///
/// From `AT_PHDR` and `AT_ENTRY` where they agree. They do not for another executable than this, for a library, nor when the dynamic
/// linker was started by hand (`ld.so ./program`): both are then its own. So next come the mapping of a file of the same name,
/// and headers in memory that have the same entry.
pub(crate) fn of_executable(core: &CoreFile, memory: &MemoryImage, file: &Executable) -> Vec<Placement> {
    let named = |bias| Placement { bias, named: true };
    if !file.is_pie() {
        return vec![named(0)];
    }
    let auxv = core.aux_vector();
    let by_entry = auxv.entry().map(|entry| entry.0.wrapping_sub(file.entry().0));
    let headers = auxv.program_headers().zip(file.program_headers_address());
    let by_headers = headers.map(|(theirs, ours)| theirs.0.wrapping_sub(ours.0));
    if by_entry == by_headers && by_entry.is_some() {
        return by_entry.into_iter().map(named).collect();
    }
    let of_auxv = [by_headers, by_entry].into_iter().flatten().filter(|bias| bias.is_multiple_of(PAGE));
    let mut found: Vec<Placement> = by_name(core, file).map(named).collect();
    found.extend(by_header_in_memory(core, memory, file).map(|bias| Placement { bias, named: false }));
    found.extend(of_auxv.map(named));
    found
}

fn by_name<'a>(core: &'a CoreFile, file: &'a Executable) -> impl Iterator<Item = u64> + 'a {
    let name = plain_name(file.path());
    let same = move |mapped: &&MappedFile| {
        let theirs = path_from_bytes(without_deleted(&mapped.path));
        name.is_some() && plain_name(&theirs) == name
    };
    let mut found: Vec<u64> = core.mapped_files().iter().filter(same).filter_map(|m| of_mapping(file, m)).collect();
    found.dedup();
    found.into_iter()
}

const PAGE: u64 = 4096;

/// The bias of a file whose bytes from `mapped.file_offset` on lie at `mapped.start`.
pub(crate) fn of_mapping(file: &Executable, mapped: &MappedFile) -> Option<u64> {
    let segment = file.load_segments().find(|segment| {
        // The mapping begins at the page that holds the segment's first byte.
        let skipped = segment.file_offset.checked_sub(mapped.file_offset);
        skipped.is_some_and(|skipped| skipped < PAGE)
    })?;
    let skipped = segment.file_offset - mapped.file_offset;
    Some((mapped.start + skipped).0.wrapping_sub(segment.address.0))
}

fn by_header_in_memory<'a>(
    core: &'a CoreFile,
    memory: &'a MemoryImage,
    file: &'a Executable,
) -> impl Iterator<Item = u64> + 'a {
    let first = file.load_segments().find(|segment| segment.file_offset == 0);
    let here = move |start: Address| {
        let header = ElfHeader::parse(memory.contiguous(start)?).ok()?;
        let same = header.kind == file.elf_type() && header.entry == file.entry().0;
        same.then(|| first.map(|first| start.0.wrapping_sub(first.address.0)))?
    };
    core.segments().iter().filter_map(move |segment| here(segment.address))
}

/// The last part of a path, without the ending of a compression.
pub(crate) fn plain_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let plain = crate::locate::PACKED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    Some(plain.map(str::to_owned).unwrap_or(name))
}
