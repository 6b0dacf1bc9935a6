//! A folder that appears whole or not at all.

use crate::say::errors::Failure;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How names begin that are gone at the end.
const PREFIX: &str = ".goheap-";

/// A folder that becomes another one once it is full. It is made beside that when its first file is: what ends the run before leaves
/// nothing behind, and only what ends it at once while files are written leaves a folder.
pub(super) struct WholeFolder {
    /// As the user named it.
    named: PathBuf,
    target: PathBuf,
    /// The name that it has meanwhile; None before it has one, and once it has its own.
    filling: Option<PathBuf>,
}

impl WholeFolder {
    /// One that becomes `named`. What is there already may be an empty folder, or one that holds nothing but files that `is_ours`
    /// says are such as come into it. That a folder can be made there is known before the work is done.
    pub(super) fn beside(named: &Path, is_ours: impl Fn(&str) -> bool) -> Result<WholeFolder, Failure> {
        let refused = |source| Failure::Output { path: named.to_owned(), source };
        if named.as_os_str() == "-" {
            return Err(refused(io::Error::other("tables are a folder of files, so they cannot go to stdout")));
        }
        let target = absolute(named).map_err(refused)?;
        check(&target, is_ours).map_err(refused)?;
        let mut folder = WholeFolder { named: named.to_owned(), target, filling: None };
        folder.begin().map_err(refused)?;
        folder.remove();
        Ok(folder)
    }

    /// A new file in it.
    pub(super) fn file(&mut self, name: &str) -> io::Result<File> {
        let folder = self.begin()?;
        File::options().write(true).create_new(true).open(folder.join(name))
    }

    fn begin(&mut self) -> io::Result<PathBuf> {
        if let Some(filling) = &self.filling {
            return Ok(filling.clone());
        }
        let folder = self.target.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let made = tempfile::Builder::new().prefix(PREFIX).make_in(folder, |path| fs::create_dir(path))?;
        let filling = made.into_temp_path().keep().map_err(|error| error.error)?;
        self.filling = Some(filling.clone());
        Ok(filling)
    }

    fn remove(&mut self) {
        if let Some(filling) = self.filling.take() {
            // Nothing is to be done where it does not go.
            let _ = fs::remove_dir_all(filling);
        }
    }

    /// Gives it its name; what had that is gone then.
    pub(super) fn put(mut self) -> Result<(), Failure> {
        let Some(filling) = self.filling.clone() else { return Ok(()) };
        let put = || -> io::Result<()> {
            for entry in fs::read_dir(&filling)? {
                File::open(entry?.path())?.sync_all()?;
            }
            replace(&filling, &self.target)
        };
        put().map_err(|source| Failure::Output { path: self.named.clone(), source })?;
        self.filling = None;
        Ok(())
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A rename puts a folder in the place of none or of an empty one; of a full one the two change places first.
fn replace(filling: &Path, target: &Path) -> io::Result<()> {
    match fs::rename(filling, target) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
        done => return done,
    }
    match renameat_with(CWD, filling, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => fs::remove_dir_all(filling),
        // File systems that cannot, such as NFS.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::remove_dir_all(target)?;
            fs::rename(filling, target)
        }
        Err(error) => Err(error.into()),
    }
}

/// The path with its parent's links followed: a folder is made there.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    let path = match fs::canonicalize(path) {
        Ok(there) => return Ok(there),
        Err(_) => std::path::absolute(path)?,
    };
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    Ok(fs::canonicalize(parent)?.join(name))
}

fn check(target: &Path, is_ours: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let is_one = entry.file_type()?.is_file() && entry.file_name().to_str().is_some_and(&is_ours);
        if !is_one {
            let name = entry.file_name();
            return Err(io::Error::other(format!("it holds {name:?}, which is no table: give another folder")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;

    fn is_ours(name: &str) -> bool {
        name == "a.parquet"
    }

    fn fill(target: &Path, text: &str) -> Result<(), Failure> {
        let mut folder = WholeFolder::beside(target, is_ours)?;
        folder.file("a.parquet").unwrap().write_all(text.as_bytes()).unwrap();
        folder.put()
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_is_new_or_takes_the_place_of_an_empty_one_or_of_one_of_ours() {
        let above = tempfile::tempdir().unwrap();
        let target = above.path().join("rows");
        for text in ["first", "second"] {
            fill(&target, text).unwrap();
            assert_eq!(fs::read_to_string(target.join("a.parquet")).unwrap(), text);
        }
        let empty = above.path().join("empty");
        fs::create_dir(&empty).unwrap();
        fill(&empty, "third").unwrap();
        assert_eq!(fs::read_to_string(empty.join("a.parquet")).unwrap(), "third");
        assert_eq!(names(above.path()).len(), 2);
    }

    #[test]
    fn others_folders_and_files_stay_as_they_are() {
        let above = tempfile::tempdir().unwrap();
        let (folder, file) = (above.path().join("folder"), above.path().join("file"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("letter"), "dear").unwrap();
        fs::write(&file, "x").unwrap();
        for target in [&folder, &file, &PathBuf::from("-"), &above.path().join("none/rows")] {
            assert!(matches!(fill(target, "y"), Err(Failure::Output { .. })), "{target:?}");
        }
        assert_eq!((names(&folder), names(above.path()).len()), (vec!["letter".to_owned()], 2));
    }

    #[test]
    fn what_is_not_put_leaves_nothing() {
        let above = tempfile::tempdir().unwrap();
        let mut folder = WholeFolder::beside(&above.path().join("rows"), is_ours).unwrap();
        assert!(names(above.path()).is_empty(), "it is made when it is needed");
        folder.file("a.parquet").unwrap();
        assert!(folder.file("a.parquet").is_err());
        drop(folder);
        assert!(names(above.path()).is_empty());
    }
}
