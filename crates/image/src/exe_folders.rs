//! Folders of executables: one is picked by the build id that the core has of it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use goblin::elf64::header::ELFMAG;

use crate::build_ids::{BuildIds, SameBuild};
use crate::debug_file::in_id_folder;
use crate::error::hex;
use crate::{Executable, OpenOptions};

/// Files and folders looked at in one folder given: an archive of builds, not a whole machine.
const ENTRIES: usize = 100_000;

/// Folders within folders.
const DEPTH: usize = 8;

/// The places where executables of this id are by convention: `.build-id/ab/cdef…` of each folder, and debuginfod's cache.
pub(crate) fn places(folders: &[PathBuf], debuginfod_cache: Option<&Path>, wanted: &BuildIds) -> Vec<PathBuf> {
    let Some(id) = wanted.gnu.as_deref() else { return Vec::new() };
    let mut places: Vec<PathBuf> = folders.iter().filter_map(|folder| in_id_folder(folder, id, "")).collect();
    places.extend(folders.iter().map(|folder| folder.join(hex(id)).join("executable")));
    places.extend(debuginfod_cache.map(|cache| cache.join(hex(id)).join("executable")));
    places
}

/// The first plain ELF file in `folders`, by path, that was built as `wanted`. Links to folders are not followed.
pub(crate) fn scan(folders: &[PathBuf], wanted: &BuildIds, options: &OpenOptions) -> Option<PathBuf> {
    if wanted.is_empty() {
        return None;
    }
    let is_wanted = |path: &PathBuf| {
        let file = is_elf(path).then(|| Executable::open(path, options).ok());
        let same = |file: &Executable| file.build_ids().same_build(wanted) == SameBuild::Yes;
        file.flatten().is_some_and(|file| same(&file) && !file.is_debug_file())
    };
    folders.iter().find_map(|folder| files(folder).into_iter().find(is_wanted))
}

/// The files below a folder, those of each folder before those of the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut level = vec![folder.to_owned()];
    let (mut found, mut seen) = (Vec::new(), 0);
    for _ in 0..DEPTH {
        let mut below = Vec::new();
        for folder in level {
            let Ok(entries) = folder.read_dir() else { continue };
            let mut paths: Vec<PathBuf> = entries.flatten().take(ENTRIES - seen).map(|entry| entry.path()).collect();
            seen += paths.len();
            paths.sort();
            let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
            below.extend(folders.into_iter().filter(|path| !path.is_symlink()));
            found.extend(files.into_iter().filter(|path| path.is_file()));
        }
        level = below;
    }
    found
}

/// True when the file begins as ELF files do.
pub(crate) fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *ELFMAG
}
