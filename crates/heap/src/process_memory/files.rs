//! Mapped files, and the variables behind them that begin as zeros.

use super::address_map::{AddressMap, Mapping};
use super::part::MemoryPart;
use foldhash::{HashMap, HashSet};
use goheap_image::{MappedFile, Process};
use std::path::{Path, PathBuf};

/// Pages of the machine, in which a file's last bytes and variables that begin as zeros may share one.
const PAGE: u64 = 4096;

/// Claims files; their paths, and whether there is code beside the program's.
pub(super) fn claim(map: &mut AddressMap<'_>, process: &Process) -> (Vec<String>, bool) {
    let mapped = process.core.mapped_files();
    let entry = process.core.aux_vector().entry();
    let program = mapped.iter().find(|file| entry.is_some_and(|entry| file.contains(entry))).map(|file| &file.path);
    let with_code = with_code(process);
    let mut numbers: HashMap<&[u8], u32> = HashMap::default();
    let mut files = Vec::new();
    for file in mapped {
        let number = *numbers.entry(&file.path).or_insert_with(|| {
            files.push(file.path_lossy().into_owned());
            files.len() as u32 - 1
        });
        let part = if Some(&file.path) == program {
            MemoryPart::Executable
        } else if with_code.contains(file.path.as_slice()) {
            MemoryPart::Libraries
        } else {
            MemoryPart::OtherFiles
        };
        map.claim_by(file.start.0..file.end.0, Some(number), |_| Some(part));
    }
    let has_libraries = with_code.iter().any(|path| program.is_none_or(|program| program != path));
    let program = program.map(|path| String::from_utf8_lossy(path).into_owned());
    segments(map, process, program, &mut files);
    (files, has_libraries)
}

/// The files that hold code: some of which is mapped as such, and those that were looked for as libraries, since a core may lack what was
/// mapped of them as code.
pub(crate) fn with_code(process: &Process) -> HashSet<&[u8]> {
    let segments = process.core.segments().iter().filter(|segment| segment.flags.executable());
    let mut code: Vec<u64> = segments.map(|segment| segment.address.0).collect();
    code.sort_unstable();
    let known = process.shared_objects.iter().map(|object| &object.mapped_as);
    let known: HashSet<&Path> = known.chain(&process.diagnostics.unavailable_files).map(PathBuf::as_path).collect();
    let has_code = |file: &&MappedFile| {
        let first = code.partition_point(|&at| at < file.start.0);
        code.get(first).is_some_and(|&at| at < file.end.0) || known.contains(file.to_path().as_path())
    };
    process.core.mapped_files().iter().filter(has_code).map(|file| file.path.as_slice()).collect()
}

/// What the ELF files say of their segments: what lies past a file's end is no mapping of the file; and cores of qemu-user name none.
fn segments(map: &mut AddressMap<'_>, process: &Process, program: Option<String>, files: &mut Vec<String>) {
    // With a library that is read in the program's stead the program is among the libraries.
    let mapped_as = program.filter(|_| process.host.is_none());
    let own = mapped_as.unwrap_or_else(|| process.executable.path().to_string_lossy().into_owned());
    let own = (&process.executable, process.load_bias, own, MemoryPart::Executable, MemoryPart::ExecutableBss);
    let libraries = process.shared_objects.iter().map(|object| {
        let name = object.mapped_as.to_string_lossy().into_owned();
        (&object.executable, object.load_bias, name, MemoryPart::Libraries, MemoryPart::LibrariesBss)
    });
    for (file, bias, name, part, bss) in std::iter::once(own).chain(libraries) {
        let number = number(files, name);
        for segment in file.load_segments() {
            let start = segment.address.0.wrapping_add(bias);
            let Some(end) = start.checked_add(segment.memory_size) else { continue };
            let of_file =
                start.saturating_add(segment.file_size).checked_next_multiple_of(PAGE).unwrap_or(end).min(end);
            map.claim_by(start & !(PAGE - 1)..of_file, Some(number), |_| Some(part));
            let end = end.checked_next_multiple_of(PAGE).unwrap_or(end);
            map.claim_by(of_file..end, Some(number), |mapping: &Mapping| mapping.is_writable().then_some(bss));
        }
    }
}

fn number(files: &mut Vec<String>, path: String) -> u32 {
    let known = files.iter().position(|known| *known == path);
    known.unwrap_or_else(|| {
        files.push(path);
        files.len() - 1
    }) as u32
}
