//! The executable goes with its core: a copy beside it, for the path may lead to another build by the time the core is read, or nowhere.

use goheap_image::{Executable, ImageError, MemoryImage, OpenOptions, WholeFile, copy_name};
use goheap_runtime::MappedElf;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Whether an executable is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhichExecutables {
    /// That of a process whose path is gone or leads to another file.
    #[default]
    Lost,
    /// Every one.
    All,
}

/// What is known of the executable of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramFile {
    /// Where it was when the process began, without the mark of one that is gone.
    pub path: Option<PathBuf>,
    /// True if nothing is there any more, or another file.
    pub is_lost: bool,
    /// GNU's build id, or Go's.
    pub build_id: Option<String>,
    /// True if Go made it.
    pub is_go: bool,
    /// True for one of 32 bits.
    pub is_32_bit: bool,
}

impl ProgramFile {
    /// Looks at `/proc/PID/exe`; `process` is `/proc/PID`.
    ///
    /// # Errors
    /// The link cannot be read: the process is gone, or another user's.
    pub fn of(process: &Path) -> io::Result<ProgramFile> {
        let exe = process.join("exe");
        let link = fs::read_link(&exe)?;
        let there = fs::metadata(&exe);
        let path = plain(&link);
        // Seen from the process: it may live in a container.
        let by_path = path.strip_prefix("/").map(|path| process.join("root").join(path));
        let by_path = by_path.ok().and_then(|path| fs::metadata(path).ok()).or_else(|| fs::metadata(&path).ok());
        let is_same = there
            .is_ok_and(|there| by_path.is_some_and(|other| (other.dev(), other.ino()) == (there.dev(), there.ino())));
        let mut file = ProgramFile { path: Some(path), is_lost: !is_same, ..ProgramFile::default() };
        match Executable::open(&exe, &OpenOptions::default()) {
            Ok(executable) => {
                let memory = MemoryImage::default();
                file.is_go = MappedElf { executable: &executable, load_bias: 0, memory: &memory }.is_go();
                file.build_id = executable.build_id_text();
            }
            Err(ImageError::Elf32 { .. }) => file.is_32_bit = true,
            // A script's interpreter, or what was packed: no Go.
            Err(_) => {}
        }
        Ok(file)
    }

    /// The name that it gets beside a core, by which it is found there.
    pub fn name(&self) -> Option<String> {
        copy_name(self.path.as_ref()?, self.build_id.as_deref())
    }
}

/// Copies the executable of a process into `folder`, if it is wanted and no copy of that build is there. Returns where the copy is, old or
/// new; None where none is wanted.
///
/// # Errors
/// The system's: it cannot be read, or not be written.
pub fn copy_executable(
    process: &Path,
    file: &ProgramFile,
    folder: &Path,
    which: WhichExecutables,
) -> io::Result<Option<PathBuf>> {
    if which == WhichExecutables::Lost && !file.is_lost {
        return Ok(None);
    }
    let Some(target) = file.name().map(|name| folder.join(name)) else { return Ok(None) };
    let mut from = File::open(process.join("exe"))?;
    let is_there = |there: fs::Metadata| from.metadata().is_ok_and(|from| from.len() == there.len());
    // Without a build id the name may be another build's.
    if file.build_id.is_some() && fs::metadata(&target).is_ok_and(is_there) {
        return Ok(Some(target));
    }
    let mut copy = WholeFile::for_owner(&target)?;
    io::copy(&mut from, copy.file())?;
    copy.file().set_permissions(fs::Permissions::from_mode(0o600))?;
    copy.put()?;
    Ok(Some(target))
}

/// The kernel marks a file that is gone.
fn plain(link: &Path) -> PathBuf {
    let text = link.to_string_lossy();
    text.strip_suffix(" (deleted)").map_or_else(|| link.to_owned(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_that_is_gone_is_marked() {
        assert_eq!(plain(Path::new("/a/b (deleted)")), Path::new("/a/b"));
        assert_eq!(plain(Path::new("/a/b")), Path::new("/a/b"));
    }

    #[test]
    fn our_own_is_copied_once() {
        let (process, folder) = (Path::new("/proc/self"), tempfile::tempdir().unwrap());
        let file = ProgramFile::of(process).unwrap();
        assert!(!file.is_lost && !file.is_go && !file.is_32_bit);
        assert_eq!(copy_executable(process, &file, folder.path(), WhichExecutables::Lost).unwrap(), None);
        let first = copy_executable(process, &file, folder.path(), WhichExecutables::All).unwrap().unwrap();
        let made = fs::metadata(&first).unwrap();
        assert_eq!(made.len(), fs::metadata("/proc/self/exe").unwrap().len());
        let again = copy_executable(process, &file, folder.path(), WhichExecutables::All).unwrap().unwrap();
        let is_kept = file.build_id.is_none() || fs::metadata(&again).unwrap().ino() == made.ino();
        assert!(again == first && is_kept);
    }
}
