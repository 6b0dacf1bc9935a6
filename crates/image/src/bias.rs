//! The load bias: what to add to the addresses of a position independent file to get those of the process.

use std::path::Path;

use crate::elf::ElfHeader;
use crate::{Address, CoreFile, Executable, MappedFile, MemoryImage};

/// The bias of the executable; `None` when nothing in the core tells.
///
/// From `AT_PHDR` and `AT_ENTRY` where they agree. They do not for another executable than this, nor when the dynamic linker was
/// started by hand (`ld.so ./program`): both are then its own. So next come a header in memory that has the same entry, and the
/// mapping of a file of the same name.
pub(crate) fn of_executable(core: &CoreFile, memory: &MemoryImage, file: &Executable) -> Option<u64> {
    if !file.is_pie() {
        return Some(0);
    }
    let auxv = core.aux_vector();
    let by_entry = auxv.entry().map(|entry| entry.0.wrapping_sub(file.entry().0));
    let headers = auxv.program_headers().zip(file.program_headers_address());
    let by_headers = headers.map(|(theirs, ours)| theirs.0.wrapping_sub(ours.0));
    if by_entry == by_headers && by_entry.is_some() {
        return by_entry;
    }
    let is_page = |bias: &u64| bias.is_multiple_of(PAGE);
    by_header_in_memory(core, memory, file)
        .or_else(|| by_name(core, file))
        .or(by_headers.filter(is_page))
        .or(by_entry.filter(is_page))
}

fn by_name(core: &CoreFile, file: &Executable) -> Option<u64> {
    let name = plain_name(file.path())?;
    let same = |mapped: &&MappedFile| plain_name(&mapped.to_path()).as_deref() == Some(name.as_str());
    core.mapped_files().iter().filter(same).find_map(|mapped| of_mapping(file, mapped))
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

fn by_header_in_memory(core: &CoreFile, memory: &MemoryImage, file: &Executable) -> Option<u64> {
    let first = file.load_segments().find(|segment| segment.file_offset == 0)?;
    let here = |start: Address| {
        let header = ElfHeader::parse(memory.contiguous(start)?).ok()?;
        let same = header.kind == file.elf_type() && header.entry == file.entry().0;
        same.then(|| start.0.wrapping_sub(first.address.0))
    };
    core.segments().iter().find_map(|segment| here(segment.address))
}

/// The last part of a path, without the ending of a compression.
pub(crate) fn plain_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let plain = crate::locate::PACKED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    Some(plain.map(str::to_owned).unwrap_or(name))
}
