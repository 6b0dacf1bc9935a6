//! A file that appears whole or not at all.
//!
//! It has no name until it is whole (`O_TMPFILE`), so that whatever ends the run leaves nothing behind. Where the file system has
//! no such files, it has a name of its own beside the target, which a signal may leave.

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// How names begin that are gone at the end.
const PREFIX: &str = ".goheap-";

/// What becomes the contents of `target`.
pub struct WholeFile {
    file: File,
    target: PathBuf,
    /// The name that it has meanwhile, where it needs one.
    named: Option<TempPath>,
}

impl WholeFile {
    /// A new file in the folder of `target`, of the mode and owner that the target has or a plain new file gets.
    ///
    /// # Errors
    /// The system's, where no file can be made there.
    pub fn beside(target: &Path) -> io::Result<WholeFile> {
        let replaced = fs::metadata(target).ok();
        // What is replaced may be for few eyes: nobody else looks in meanwhile.
        let mode = if replaced.is_some() { 0o600 } else { 0o666 };
        let WholeFile { file, named, .. } = Self::of_mode(target, mode)?;
        if let Some(replaced) = replaced {
            // Only root may give files away; another's file that may be replaced becomes one's own, as with every editor.
            let _ = fchown(&file, Some(replaced.uid()), Some(replaced.gid()));
            file.set_permissions(Permissions::from_mode(replaced.mode() & 0o7777))?;
        }
        Ok(WholeFile { file, target: target.to_owned(), named })
    }

    /// A new file in the folder of `target`, for its owner's eyes alone whatever was there before.
    ///
    /// # Errors
    /// The system's, where no file can be made there.
    pub fn for_owner(target: &Path) -> io::Result<WholeFile> {
        Self::of_mode(target, 0o600)
    }

    /// A new file that is given its place by [`WholeFile::put_as`], on the file system of `folder`.
    ///
    /// # Errors
    /// The system's, where no file can be made there.
    pub fn within(folder: &Path) -> io::Result<WholeFile> {
        Self::of_mode(&folder.join(PREFIX), 0o666)
    }

    fn of_mode(target: &Path, mode: u32) -> io::Result<WholeFile> {
        let (file, named) = match nameless(folder(target), mode)? {
            Some(file) => (file, None),
            None => named(folder(target), mode)?,
        };
        Ok(WholeFile { file, target: target.to_owned(), named })
    }

    /// To be written to.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it in the place of `target`, whatever it was made beside; on the same file system.
    ///
    /// # Errors
    /// The system's: the target is as it was.
    pub fn put_as(self, target: &Path) -> io::Result<()> {
        WholeFile { target: target.to_owned(), ..self }.put()
    }

    /// Puts it in the place of the target.
    ///
    /// # Errors
    /// The system's: the target is as it was.
    pub fn put(self) -> io::Result<()> {
        // Else a crash soon after could leave a file of the right name and no contents.
        self.file.sync_all()?;
        if let Some(named) = self.named {
            return named.persist(&self.target).map_err(|error| error.error);
        }
        match link(&self.file, &self.target) {
            Err(Errno::EXIST) => {
                // A link replaces nothing, a rename does: the name between them lasts for two system calls.
                let between = tempfile::Builder::new()
                    .prefix(PREFIX)
                    .make_in(folder(&self.target), |path| link(&self.file, path).map_err(io::Error::from))?;
                between.into_temp_path().persist(&self.target).map_err(|error| error.error)
            }
            result => Ok(result?),
        }
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `None` where such files cannot be made, or not be given a name later.
fn nameless(folder: &Path, mode: u32) -> io::Result<Option<File>> {
    if !Path::new("/proc/self/fd").exists() {
        return Ok(None);
    }
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, folder, flags, Mode::from_raw_mode(mode)) {
        Ok(file) => Ok(Some(File::from(file))),
        // A file system without them; a kernel before 3.11.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn named(folder: &Path, mode: u32) -> io::Result<(File, Option<TempPath>)> {
    let file = tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(mode)).tempfile_in(folder);
    let (file, path) = file.map_err(|error| io::Error::from(error.kind()))?.into_parts();
    Ok((file, Some(path)))
}

/// Gives a file without a name one.
fn link(file: &File, path: &Path) -> Result<(), Errno> {
    let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, opened, CWD, path, AtFlags::SYMLINK_FOLLOW)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;

    fn write(mut file: WholeFile, text: &str) {
        file.file().write_all(text.as_bytes()).unwrap();
        file.put().unwrap();
    }

    #[test]
    fn both_kinds_replace_and_keep_the_mode() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        fs::write(&target, "before").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        write(WholeFile::beside(&target).unwrap(), "after");
        assert_eq!(fs::read_to_string(&target).unwrap(), "after");
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o640);
        let (file, path) = named(folder.path(), 0o600).unwrap();
        write(WholeFile { file, target: target.clone(), named: path }, "later");
        assert_eq!(fs::read_to_string(&target).unwrap(), "later");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_seen_before_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut file = WholeFile::beside(&target).unwrap();
        file.file().write_all(b"half").unwrap();
        let nameless = file.named.is_none();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(!nameless));
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
