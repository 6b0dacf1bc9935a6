//! What goes with a core that is taken: its executable, and what is done with its contents.

use crate::args::{CaptureOptions, OfProcess};
use crate::say::errors::Failure;
use crate::say::speaker;
use goheap_capture::{ProgramFile, WhichExecutables, copy_executable};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Copies the process's executable beside `out` where it is wanted; where it is then, or where it was all along. Without it the core is worth
/// having all the same.
pub(super) fn executable(options: &CaptureOptions, out: &Path) -> Option<PathBuf> {
    let process = PathBuf::from(format!("/proc/{}", options.pid));
    let program = ProgramFile::of(&process).ok()?;
    let which = if options.with_exe { WhichExecutables::All } else { WhichExecutables::Lost };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match copy_executable(&process, &program, folder, which) {
        Ok(Some(copy)) => Some(copy),
        Ok(None) => program.path,
        Err(error) => {
            speaker::warning(format_args!("the executable was not copied beside {out:?}: {error}"));
            program.path
        }
    }
}

/// A core with its contents, which is gone in any case when this is.
pub(super) struct Unredacted(PathBuf);

impl Unredacted {
    /// That of which `out` will be made.
    pub(super) fn of(out: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(out.file_name().unwrap_or_default());
        name.push(format!(".{}.unredacted", std::process::id()));
        Unredacted(out.with_file_name(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `out`: in another process, for that takes memory that is not to be held while one waits for the next.
    pub(super) fn redact(&self, executable: Option<&Path>, out: &Path, of: &OfProcess) -> Result<(), Failure> {
        let mut command = Command::new("/proc/self/exe");
        command.arg(&self.0).arg("--no-index").args(of.quiet.then_some("--quiet"));
        command.args(of.max_memory.map(|bytes| format!("--max-memory={bytes}")));
        if let Some(executable) = executable {
            command.arg("--exe").arg(executable);
        }
        let done = command.arg("redact").arg(out).stdin(Stdio::null()).stdout(Stdio::null()).status();
        match done {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(Failure::Said { status: status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1) })
            }
            Err(source) => Err(Failure::Output { path: out.to_owned(), source }),
        }
    }
}

impl Drop for Unredacted {
    fn drop(&mut self) {
        // It may not have been written at all.
        let _ = fs::remove_file(&self.0);
    }
}
