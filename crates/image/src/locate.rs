//! Finding the files that a core names: under the sysroot, where they were, or beside the core.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::bias::plain_name;
use crate::exe_folders::is_elf;
use crate::notes::path_from_bytes;
use crate::process::OpenRequest;
use crate::{CoreFile, MappedFile, MemoryImage};

/// What a file beside the core may be packed with.
pub(crate) const PACKED_ENDINGS: [&str; 4] = [".zst", ".xz", ".gz", ".lz4"];

/// Where the files named by one core are looked for.
pub(crate) struct Places {
    sysroot: Option<PathBuf>,
    /// Folders of executables, then that of the core.
    beside: Vec<PathBuf>,
    /// A library that the user gave for one of this name.
    given: Option<PathBuf>,
}

impl Places {
    pub(crate) fn new(request: &OpenRequest) -> Places {
        let mut beside = request.exe_folders.clone();
        beside.push(request.core.parent().map(Path::to_owned).unwrap_or_default());
        let given = request.module.as_ref().filter(|module| module.is_file()).cloned();
        Places { sysroot: request.sysroot.clone(), beside, given }
    }

    /// The places of a file, in order: under the sysroot, at its own path, by its last name in the folders of executables and beside
    /// the core, plain or packed.
    pub(crate) fn of(&self, name: &Path) -> Vec<PathBuf> {
        let given = self.given.iter().filter(|given| plain_name(given) == plain_name(name));
        let mut places: Vec<PathBuf> = given.cloned().collect();
        if let Some(sysroot) = &self.sysroot {
            // Only plain parts: a core must not lead out of the sysroot.
            let parts = name.components().filter(|part| matches!(part, Component::Normal(_)));
            push_packed(&mut places, sysroot.join(parts.collect::<PathBuf>()));
        }
        places.push(name.to_owned());
        if let Some(last) = name.file_name() {
            self.beside.iter().for_each(|folder| push_packed(&mut places, folder.join(last)));
        }
        places
    }

    /// As [`Places::of`], those that are ELF files or packed beside their plain name. Nothing else is opened: a core may name any
    /// file of the machine it is read on, such as a compressed one of a terabyte.
    pub(crate) fn files(&self, name: &Path) -> Vec<PathBuf> {
        let given = |place: &Path| self.given.as_deref() == Some(place);
        let packed = |place: &Path| place.file_name() != name.file_name() || given(place);
        let mut places = self.of(name);
        places.retain(|place| place.is_file() && (packed(place) || is_elf(place)));
        places
    }

    /// True for a place under the sysroot.
    pub(crate) fn in_sysroot(&self, place: &Path) -> bool {
        self.sysroot.as_ref().is_some_and(|sysroot| place.starts_with(sysroot))
    }
}

fn push_packed(places: &mut Vec<PathBuf>, plain: PathBuf) {
    let packed = PACKED_ENDINGS.map(|ending| {
        let mut name = OsString::from(&plain);
        name.push(ending);
        PathBuf::from(name)
    });
    places.push(plain);
    places.extend(packed);
}

/// The names that the core has for its executable, the surest first: the mapping that holds its entry or its program headers, the
/// path given to execve, the first word of the command line, the first mapping of all, and the short name.
pub(crate) fn executable_names(core: &CoreFile, memory: &MemoryImage) -> Vec<PathBuf> {
    const PATH_MAX: usize = 4096;
    let auxv = core.aux_vector();
    let mapped = core.mapped_files();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for address in [auxv.entry(), auxv.program_headers()].into_iter().flatten() {
        names.extend(mapped.iter().find(|file| file.contains(address)).map(|file| file.path.clone()));
    }
    let exec_fn = auxv.exec_fn().and_then(|address| memory.c_string(address, PATH_MAX));
    names.extend(exec_fn.map(|name| name.into_owned()));
    let first_word = core.process().and_then(|process| process.arguments.split(' ').next());
    names.extend(first_word.map(|word| word.as_bytes().to_vec()));
    names.extend(mapped.first().map(|file| file.path.clone()));
    names.extend(core.process().map(|process| process.name.clone().into_bytes()));
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in names {
        let path = path_from_bytes(without_deleted(&name));
        if !name.is_empty() && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// True when the core says that its executable was gone when it was written: deleted, or replaced by another.
pub(crate) fn executable_was_deleted(core: &CoreFile) -> bool {
    let auxv = core.aux_vector();
    let places: Vec<_> = [auxv.entry(), auxv.program_headers()].into_iter().flatten().collect();
    let holds = |file: &&MappedFile| places.iter().any(|&place| file.contains(place));
    core.mapped_files().iter().filter(holds).any(|file| without_deleted(&file.path).len() < file.path.len())
}

/// The kernel marks a file that was gone when the core was written.
pub(crate) fn without_deleted(path: &[u8]) -> &[u8] {
    path.strip_suffix(b" (deleted)").unwrap_or(path)
}
