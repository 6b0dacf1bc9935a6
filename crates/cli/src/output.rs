//! Where results go: a file that appears whole or not at all, or stdout.

use crate::errors::Failure;
use goheap_report::ReportError;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
    },
    /// A pipe or device: it cannot be replaced, only written to.
    Special(PathBuf),
}

impl Output {
    /// Where `path` leads, `-` being stdout, and whether it can be written: that is known before the work is done.
    pub(crate) fn new(path: &Path, inputs: &[&Path]) -> Result<Output, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Output::Stdout);
        }
        let named = path.to_owned();
        let Ok(target) = fs::canonicalize(path) else {
            return Output::File { target: named.clone(), named }.tried();
        };
        if inputs.iter().any(|input| fs::canonicalize(input).is_ok_and(|input| input == target)) {
            return Err(Failure::OutputIsInput(named));
        }
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::Output { path: named, source: io::ErrorKind::IsADirectory.into() })
            }
            Ok(metadata) if !metadata.is_file() => Ok(Output::Special(named)),
            _ => Output::File { named, target }.tried(),
        }
    }

    /// Makes a file beside the target and removes it again.
    fn tried(self) -> Result<Output, Failure> {
        if let Output::File { named, target } = &self {
            beside(target).map_err(|source| Failure::Output { path: named.clone(), source })?;
        }
        Ok(self)
    }

    /// Writes what `write` writes.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, ReportError>) -> Result<T, Failure> {
        match self {
            Output::Stdout => to_stdout(write),
            Output::Special(path) => {
                let refused = |source| Failure::Output { path: path.clone(), source };
                let mut file = File::options().write(true).open(path).map_err(refused)?;
                write(&mut file).map_err(|error| failure(error, refused))
            }
            Output::File { named, target } => {
                let refused = |source| Failure::Output { path: named.clone(), source };
                let mut file = beside(target).map_err(refused)?;
                let result = write(&mut file).map_err(|error| failure(error, refused))?;
                // Else a crash soon after could leave a file of the right name and no contents.
                file.as_file().sync_all().map_err(refused)?;
                file.persist(target).map_err(|error| refused(error.error))?;
                Ok(result)
            }
        }
    }
}

/// Writes to stdout what `write` writes.
pub(crate) fn to_stdout<T>(write: impl FnOnce(&mut dyn Write) -> Result<T, ReportError>) -> Result<T, Failure> {
    let mut stdout = io::stdout().lock();
    let result = write(&mut stdout).map_err(|error| failure(error, Failure::Stdout))?;
    stdout.flush().map_err(Failure::Stdout)?;
    Ok(result)
}

fn failure(error: ReportError, refused: impl FnOnce(io::Error) -> Failure) -> Failure {
    match error {
        ReportError::Io(source) => refused(source),
        other => Failure::Report(other),
    }
}

/// A temporary file in the folder of `target`, gone unless it is kept; with the permissions of a plain new file.
fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".goheap-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))?;
    Ok(file)
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
