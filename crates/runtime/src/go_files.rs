//! Which of the files that a process had loaded are Go's: a program may hold several Go runtimes, or none of its own.

use crate::buildinfo;
use crate::mapped_elf::MappedElf;
use crate::version::GoVersion;
use goheap_image::{Address, Process};
use std::path::{Path, PathBuf};

/// A file that Go linked, or with Go linked into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoFile {
    /// Its path: as it was opened for the program, else as the core has it; None where the core names no file there.
    pub path: Option<PathBuf>,
    /// Its release, where its build information says it.
    pub version: Option<String>,
    /// Its build id, to show, where its first page was dumped.
    pub build_id: Option<String>,
    /// Which file that is.
    pub place: GoFilePlace,
}

/// Where a [`GoFile`] is among the files of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoFilePlace {
    /// `Process::executable`.
    Executable,
    /// This one of `Process::shared_objects`.
    SharedObject(usize),
    /// It is in the core's memory alone: the file was not found.
    Memory,
}

/// The files of Go: what `process.executable` is first, then those loaded in order of address, then those that were not found.
pub fn go_files(process: &Process) -> Vec<GoFile> {
    let memory = &process.memory;
    let file = |elf: MappedElf<'_>, path: &Path, place| {
        let build_id = elf.executable.build_id_text();
        let version = buildinfo::stamp(&elf).filter(|text| GoVersion::parse(text).is_some());
        elf.is_go().then(|| GoFile { path: Some(path.to_owned()), version, build_id, place })
    };
    let executable = file(MappedElf::of(process), process.executable.path(), GoFilePlace::Executable);
    let objects = process.shared_objects.iter().enumerate().filter_map(|(index, object)| {
        let elf = MappedElf { executable: &object.executable, load_bias: object.load_bias, memory };
        file(elf, &object.mapped_as, GoFilePlace::SharedObject(index))
    });
    executable.into_iter().chain(objects).chain(in_memory(process)).collect()
}

/// More than any process has; the core says how many there are.
const LIMIT: usize = 1000;

/// Those of files that were not found: by the build information among their variables.
fn in_memory(process: &Process) -> Vec<GoFile> {
    let mut found = Vec::new();
    for (address, version) in buildinfo::all_in(&process.memory).take(LIMIT) {
        if is_of_found_file(process, address) {
            continue;
        }
        let mapped = process.core.mapped_files();
        let path = mapped.iter().find(|file| file.contains(address)).map(|file| file.path.clone());
        // Where the core names its files, what lies in none is data that looks like it.
        if path.is_none() && !mapped.is_empty() {
            continue;
        }
        let first = mapped.iter().find(|file| Some(&file.path) == path.as_ref() && file.file_offset == 0);
        let start = first.map_or_else(|| header_before(process, address), |file| Some(file.start));
        let build_id = start.and_then(|start| process.build_id_in_memory(start));
        let path = first.map(goheap_image::MappedFile::to_path);
        let version = GoVersion::parse(&version).map(|version| version.text);
        found.push(GoFile { path, version, build_id, place: GoFilePlace::Memory });
    }
    found
}

fn is_of_found_file(process: &Process, address: Address) -> bool {
    let objects = process.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
    let mut files = std::iter::once((&process.executable, process.load_bias)).chain(objects);
    files.any(|(file, bias)| {
        file.load_segments().any(|segment| {
            let start = segment.address.0.wrapping_add(bias);
            (start..start.saturating_add(segment.memory_size)).contains(&address.0)
        })
    })
}

/// The nearest first page of an ELF file below `address`: delve's cores name no files.
fn header_before(process: &Process, address: Address) -> Option<Address> {
    const ELF: u32 = u32::from_le_bytes(*b"\x7fELF");
    let before = process.core.segments().iter().map(|segment| segment.address).filter(|start| *start < address);
    before.filter(|&start| process.memory.read_u32(start) == Some(ELF)).max()
}
