//! Where results go: a file that appears whole or not at all, or stdout.

use crate::say::errors::Failure;
use goheap_export::ExportError;
use goheap_image::WholeFile;
use goheap_report::ReportError;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A place to write to.
pub(crate) enum Output {
    /// Stdout.
    Stdout,
    /// A regular file that is there or not; links are followed.
    File {
        /// As the user named it.
        named: PathBuf,
        /// Where it is.
        target: PathBuf,
        /// Whether it is for its owner's eyes alone, whatever was there before.
        is_for_owner: bool,
    },
    /// A pipe, a device, or a file that is open in this process (`/dev/stdout`): it is written to, not replaced.
    Special(PathBuf),
}

impl Output {
    /// Where `path` leads, `-` being stdout, and whether it can be written: that is known before the work is done.
    pub(crate) fn new(path: &Path, inputs: &[&Path]) -> Result<Output, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Output::Stdout);
        }
        let named = path.to_owned();
        let refused = |source| Failure::Output { path: path.to_owned(), source };
        // Follows links as writing does: /dev/stdout leads to a pipe, whose path (pipe:[1]) is none.
        let Ok(there) = fs::metadata(path) else {
            return Output::File { target: end_of_links(path).map_err(refused)?, named, is_for_owner: false }.tried();
        };
        // Opened anew, a file that `>>` opened would be written from its beginning, and a socket not at all.
        if is_open_already(path) && is_stdout(&there) {
            return Ok(Output::Stdout);
        }
        if inputs.iter().any(|input| fs::metadata(input).is_ok_and(|input| is_same(&input, &there))) {
            return Err(Failure::OutputIsInput(named));
        }
        if there.is_dir() {
            return Err(refused(io::ErrorKind::IsADirectory.into()));
        }
        if !there.is_file() || is_open_already(path) {
            return Ok(Output::Special(named));
        }
        Output::File { target: fs::canonicalize(path).map_err(refused)?, named, is_for_owner: false }.tried()
    }

    /// The same for its owner's eyes alone, where it is a file.
    pub(crate) fn for_owner(self) -> Output {
        match self {
            Output::File { named, target, .. } => Output::File { named, target, is_for_owner: true },
            other => other,
        }
    }

    /// Makes a file beside the target and removes it again.
    fn tried(self) -> Result<Output, Failure> {
        if let Output::File { named, target, .. } = &self {
            WholeFile::beside(target).map_err(|source| Failure::Output { path: named.clone(), source })?;
        }
        Ok(self)
    }

    /// Writes what `write` writes.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, ReportError>) -> Result<T, Failure> {
        self.written(write)
    }

    /// The same of what other tools read.
    pub(crate) fn export<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, ExportError>) -> Result<T, Failure> {
        self.written(write)
    }

    fn written<T, E: OfWriting>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, E>) -> Result<T, Failure> {
        match self {
            Output::Stdout => all_to_stdout(write),
            Output::Special(path) => {
                let refused = |source| Failure::Output { path: path.clone(), source };
                let mut file = File::options().write(true).open(path).map_err(refused)?;
                write(&mut file).map_err(|error| failure(error, refused))
            }
            Output::File { named, target, is_for_owner } => {
                let refused = |source| Failure::Output { path: named.clone(), source };
                let file = if *is_for_owner { WholeFile::for_owner(target) } else { WholeFile::beside(target) };
                let mut file = file.map_err(refused)?;
                let result = write(file.file()).map_err(|error| failure(error, refused))?;
                file.put().map_err(refused)?;
                Ok(result)
            }
        }
    }
}

/// Writes to stdout what `write` writes.
pub(crate) fn to_stdout<T>(write: impl FnOnce(&mut dyn Write) -> Result<T, ReportError>) -> Result<T, Failure> {
    all_to_stdout(write)
}

fn all_to_stdout<T, E: OfWriting>(write: impl FnOnce(&mut dyn Write) -> Result<T, E>) -> Result<T, Failure> {
    let mut stdout = io::stdout().lock();
    let result = write(&mut stdout).map_err(|error| failure(error, Failure::Stdout))?;
    stdout.flush().map_err(Failure::Stdout)?;
    Ok(result)
}

/// Why something could not be written: because of the file, or of what was to be written.
pub(crate) trait OfWriting {
    fn parted(self) -> Result<io::Error, Failure>;
}

impl OfWriting for ReportError {
    fn parted(self) -> Result<io::Error, Failure> {
        match self {
            ReportError::Io(source) => Ok(source),
            other => Err(Failure::Report(other)),
        }
    }
}

impl OfWriting for ExportError {
    fn parted(self) -> Result<io::Error, Failure> {
        match self {
            ExportError::Write(source) => Ok(source),
            ExportError::Refused(refusal) => Err(refusal.into()),
            other => Err(Failure::Export(other)),
        }
    }
}

pub(crate) fn failure(error: impl OfWriting, refused: impl FnOnce(io::Error) -> Failure) -> Failure {
    error.parted().map_or_else(|failure| failure, refused)
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

fn is_stdout(there: &Metadata) -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|stdout| (stdout.st_dev, stdout.st_ino) == (there.dev(), there.ino()))
}

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// The names that `path` leads by, itself first, as far as they are links.
fn links(path: &Path) -> impl Iterator<Item = PathBuf> {
    let next = |path: &PathBuf| {
        let target = fs::read_link(path).ok()?;
        Some(path.parent().unwrap_or(Path::new("")).join(target))
    };
    std::iter::successors(Some(path.to_owned()), next).take(MAX_LINKS + 1)
}

/// The file that a link with no file behind it would make; a path that is no link itself.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let end = links(path).last().filter(|end| !end.is_symlink());
    end.ok_or_else(|| io::Error::other("too many links"))
}

/// True for the names of what this process has open: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/3`.
pub(crate) fn is_open_already(path: &Path) -> bool {
    links(path).any(|step| step.starts_with("/proc") || step.starts_with("/dev/fd"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn broken(out: &mut dyn Write) -> Result<(), ReportError> {
        out.write_all(b"half")?;
        Err(ReportError::TooManyFrames)
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.svg");
        fs::write(&path, "before").unwrap();
        let output = Output::new(&path, &[]).unwrap();
        assert!(output.write(broken).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"before");
        output.write(|out| Ok(out.write_all(b"after")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.svg"), folder.path().join("link.svg"));
        fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink("file.svg", &link).unwrap();
        Output::new(&link, &[]).unwrap().write(|out| Ok(out.write_all(b"after")?)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"after");
    }

    #[test]
    fn a_link_without_a_file_makes_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.svg"), folder.path().join("link.svg"));
        std::os::unix::fs::symlink("file.svg", &link).unwrap();
        Output::new(&link, &[]).unwrap().write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let ring = folder.path().join("ring");
        std::os::unix::fs::symlink("ring", &ring).unwrap();
        assert!(matches!(Output::new(&ring, &[]), Err(Failure::Output { .. })));
    }

    #[test]
    fn what_is_open_is_written_to_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let opened = File::create(&path).unwrap();
        let name = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened));
        let before = fs::metadata(&path).unwrap().ino();
        let link = folder.path().join("stdout");
        std::os::unix::fs::symlink(name, &link).unwrap();
        Output::new(&link, &[]).unwrap().write(|out| Ok(out.write_all(b"through")?)).unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), fs::metadata(&path).unwrap().ino()),
            (b"through".as_slice(), before)
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn an_input_a_folder_and_a_device_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let core = folder.path().join("core");
        fs::write(&core, "core").unwrap();
        let spelled_otherwise = folder.path().join(".").join("core");
        assert!(matches!(Output::new(&spelled_otherwise, &[&core]), Err(Failure::OutputIsInput(_))));
        assert!(matches!(Output::new(folder.path(), &[]), Err(Failure::Output { .. })));
        assert!(matches!(Output::new(Path::new("/dev/null"), &[]), Ok(Output::Special(_))));
    }
}
