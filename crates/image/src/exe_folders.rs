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

/// Characters of a build id in the name of a copy.
const MOST_ID: usize = 40;

/// What a copy of an executable that lies beside its core is called: its own name, and the build id as [`Executable::build_id_text`] shows
/// it, of both letters, digits, dots, dashes and underscores. Without an id its own name alone.
pub fn copy_name(path: &Path, build_id: Option<&str>) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let name: String = name.trim_start_matches(['.', '-']).chars().filter(is_fine).collect();
    let id = build_id.map(short_id).filter(|id| !id.is_empty());
    Some(id.map_or(name.clone(), |id| format!("{name}-{id}"))).filter(|name| !name.is_empty())
}

fn is_fine(one: &char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_')
}

fn short_id(id: &str) -> String {
    id.chars().filter(is_fine).take(MOST_ID).collect()
}

/// Copies of the wanted executable in the folder of its core.
pub(crate) fn copies(folder: &Path, wanted: &BuildIds) -> Vec<PathBuf> {
    let id = short_id(&wanted.text(""));
    if id.is_empty() {
        return Vec::new();
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let ending = format!("-{id}");
    let is_copy = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&ending));
    let mut found: Vec<PathBuf> = entries.flatten().take(ENTRIES).map(|entry| entry.path()).filter(is_copy).collect();
    found.retain(|path| path.is_file() && is_elf(path));
    found.sort();
    found
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn copies_are_found_by_their_build_id() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = BuildIds { gnu: None, go: Some("Ab_1/c-2/d".to_owned()) };
        let name = copy_name(Path::new("/usr/bin/my server"), Some(&wanted.text(""))).unwrap();
        assert_eq!(name, "myserver-Ab_1c-2d");
        for file in [&*name, "other-xyz", "server"] {
            std::fs::write(folder.path().join(file), ELFMAG).unwrap();
        }
        std::fs::write(folder.path().join("text-Ab_1c-2d"), "no program").unwrap();
        assert_eq!(copies(folder.path(), &wanted), [folder.path().join(&name)]);
        assert_eq!(copies(folder.path(), &BuildIds::default()), Vec::<PathBuf>::new());
        assert_eq!(copy_name(Path::new("/a/.-x"), None), Some("x".to_owned()));
        assert_eq!(copy_name(Path::new("/"), Some("ab")), None);
    }
}
