//! A folder that appears whole or not at all.

use crate::say::errors::Failure;
use goheap_image::WholeFile;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How names begin that are gone at the end.
const PREFIX: &str = ".goheap-";

/// A folder that becomes another one once it is full. Its files have no names before all of them are whole, so that whatever ends the run leaves
/// nothing behind; the folder that gets them lasts, under a name of its own, for as long as names are given.
pub(super) struct WholeFolder {
    /// As the user named it.
    named: PathBuf,
    target: PathBuf,
    files: Vec<(String, WholeFile)>,
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
        fs::remove_dir(make(&target).map_err(refused)?).map_err(refused)?;
        Ok(WholeFolder { named: named.to_owned(), target, files: Vec::new() })
    }

    /// A new file in it.
    pub(super) fn file(&mut self, name: &str) -> io::Result<File> {
        let mut whole = WholeFile::within(parent(&self.target)?)?;
        let file = whole.file().try_clone()?;
        self.files.push((name.to_owned(), whole));
        Ok(file)
    }

    /// Gives it its name; what had that is gone then.
    pub(super) fn put(self) -> Result<(), Failure> {
        let WholeFolder { named, target, files } = self;
        if files.is_empty() {
            return Ok(());
        }
        put_all(files, &target).map_err(|source| Failure::Output { path: named, source })
    }
}

fn put_all(mut files: Vec<(String, WholeFile)>, target: &Path) -> io::Result<()> {
    // What takes long comes before anything has a name.
    files.iter_mut().try_for_each(|(_, whole)| whole.file().sync_all())?;
    let filling = make(target)?;
    let named = files.into_iter().try_for_each(|(name, whole)| whole.put_as(&filling.join(name)));
    let put = named.and_then(|()| replace(&filling, target));
    if put.is_err() {
        // Nothing is to be done where it does not go.
        let _ = fs::remove_dir_all(&filling);
    }
    put
}

/// An empty folder beside `target`.
fn make(target: &Path) -> io::Result<PathBuf> {
    let made = tempfile::Builder::new().prefix(PREFIX).make_in(parent(target)?, |path| fs::create_dir(path))?;
    made.into_temp_path().keep().map_err(|error| error.error)
}

fn parent(target: &Path) -> io::Result<&Path> {
    target.parent().ok_or_else(|| io::ErrorKind::InvalidInput.into())
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
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(io::Error::other(
                "tables are a folder of files, and this is none: give a folder, or a new name",
            ));
        }
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
        folder.file("a.parquet").unwrap().write_all(b"half").unwrap();
        assert!(names(above.path()).is_empty(), "nothing has a name before all is whole");
        drop(folder);
        assert!(names(above.path()).is_empty());
    }
}
