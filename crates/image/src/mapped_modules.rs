//! The ELF files that a process had mapped, by what the core alone says: so that they can be fetched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::build_ids::{self, BuildIds};
use crate::elf::ElfHeader;
use crate::locate::without_deleted;
use crate::memory::MemoryBuilder;
use crate::notes::path_from_bytes;
use crate::{Address, CoreFile, MemoryImage};

/// A mapped ELF file, or the executable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedModule {
    /// Its path when it was mapped; `None` where the core names no files (qemu-user).
    pub path: Option<PathBuf>,
    /// True when the file was gone from that path as the core was written.
    pub is_deleted: bool,
    /// Where its header page lies.
    pub start: Address,
    /// True for the program that was started.
    pub is_executable: bool,
    /// `NT_GNU_BUILD_ID`, where the core holds it.
    pub gnu_build_id: Option<Vec<u8>>,
    /// The Go build id, where the core holds it: only Go's linker writes one.
    pub go_build_id: Option<String>,
}

/// More libraries than any process has.
const LIMIT: usize = 4096;

const PAGE: u64 = 4096;

impl CoreFile {
    /// The executable, then the other ELF files whose header page was dumped, by address.
    pub fn mapped_modules(&self) -> Vec<MappedModule> {
        let memory = dumped(self);
        let executable = executable_start(self, &memory);
        let mut starts: BTreeMap<Address, bool> = executable.into_iter().map(|start| (start, true)).collect();
        let headers = self.mapped_files().iter().filter(|file| file.file_offset == 0);
        for start in headers.map(|file| file.start).filter(|&start| has_header(&memory, start)).take(LIMIT) {
            starts.entry(start).or_insert(false);
        }
        let mut modules: Vec<MappedModule> =
            starts.into_iter().map(|(start, is_executable)| module(self, &memory, start, is_executable)).collect();
        modules.sort_by_key(|module| !module.is_executable);
        modules
    }
}

/// Build ids of the program that was started, where the core holds them.
pub(crate) fn executable_ids(core: &CoreFile, memory: &MemoryImage) -> BuildIds {
    executable_start(core, memory).map(|start| build_ids::in_memory(memory, start)).unwrap_or_default()
}

fn module(core: &CoreFile, memory: &MemoryImage, start: Address, is_executable: bool) -> MappedModule {
    let BuildIds { gnu, go } = build_ids::in_memory(memory, start);
    let mapped = core.mapped_files().iter().find(|file| file.contains(start));
    let plain = mapped.map(|file| without_deleted(&file.path));
    MappedModule {
        path: plain.map(path_from_bytes),
        is_deleted: mapped.is_some_and(|file| plain.is_some_and(|plain| plain.len() < file.path.len())),
        start,
        is_executable,
        gnu_build_id: gnu,
        go_build_id: go,
    }
}

/// The header page of the executable: the program headers that the kernel told it of follow its ELF header.
fn executable_start(core: &CoreFile, memory: &MemoryImage) -> Option<Address> {
    let by_headers = core.aux_vector().program_headers().map(|headers| headers.align_down(PAGE));
    let entry = core.aux_vector().entry();
    let of_entry = entry.and_then(|entry| core.mapped_files().iter().find(|file| file.contains(entry)));
    let by_entry = of_entry.and_then(|holds| {
        core.mapped_files().iter().find(|file| file.path == holds.path && file.file_offset == 0).map(|file| file.start)
    });
    [by_headers, by_entry].into_iter().flatten().find(|&start| has_header(memory, start))
}

/// True when the header page of an ELF file was dumped at `start`.
pub(crate) fn has_header(memory: &MemoryImage, start: Address) -> bool {
    memory.contiguous(start).is_some_and(|page| ElfHeader::parse(page).is_ok())
}

/// What the core alone holds.
fn dumped(core: &CoreFile) -> MemoryImage {
    let mut pieces = MemoryBuilder::default();
    pieces.add_core(core);
    pieces.finish()
}
