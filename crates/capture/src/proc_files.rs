//! The files of `/proc/PID`, and what they say when they are closed to us.

use crate::error::CaptureError;
use crate::process::Tid;
use goheap_image::number_after;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `/proc/PID`.
#[derive(Clone, Debug)]
pub(crate) struct ProcFolder {
    pub(crate) pid: i32,
    path: PathBuf,
}

impl ProcFolder {
    /// Of a process that is there.
    pub(crate) fn of(pid: i32) -> Result<ProcFolder, CaptureError> {
        let folder = ProcFolder { pid, path: PathBuf::from(format!("/proc/{pid}")) };
        match folder.path.is_dir() {
            true => Ok(folder),
            false => Err(CaptureError::Gone { pid }),
        }
    }

    /// The same process as another root folder has it, for tests.
    pub(crate) fn below(&self, root: &Path) -> ProcFolder {
        ProcFolder { pid: self.pid, path: root.join("proc").join(self.pid.to_string()) }
    }

    /// One of its files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The bytes of one of its files.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, CaptureError> {
        let path = self.file(name);
        fs::read(&path).map_err(|source| self.failed(path, source))
    }

    /// The same as text; what is none is replaced.
    pub(crate) fn text(&self, name: &str) -> Result<String, CaptureError> {
        Ok(String::from_utf8_lossy(&self.bytes(name)?).into_owned())
    }

    /// What it means that one of its files cannot be read.
    pub(crate) fn failed(&self, path: PathBuf, source: io::Error) -> CaptureError {
        match source.kind() {
            io::ErrorKind::PermissionDenied => self.refused(),
            _ if !self.path.is_dir() || source.raw_os_error() == Some(libc::ESRCH) => {
                CaptureError::Gone { pid: self.pid }
            }
            _ => CaptureError::Proc { path, source },
        }
    }

    /// Its threads, by id.
    pub(crate) fn threads(&self) -> Result<Vec<Tid>, CaptureError> {
        let path = self.file("task");
        let folder = fs::read_dir(&path).map_err(|_| CaptureError::Gone { pid: self.pid })?;
        let ids = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut threads: Vec<Tid> = ids.map(Tid).collect();
        threads.sort_unstable();
        Ok(threads)
    }

    /// True of a thread that is dead, or gone.
    pub(crate) fn has_ended(&self, tid: Tid) -> bool {
        let Ok(stat) = fs::read(self.file(&format!("task/{}/stat", tid.0))) else { return true };
        // The state stands behind the name, which may hold anything.
        let end = stat.iter().rposition(|&byte| byte == b')').unwrap_or(0);
        matches!(stat.get(end + 2), Some(b'Z' | b'X' | b'x'))
    }

    /// The path of its executable.
    pub(crate) fn executable(&self) -> Result<PathBuf, CaptureError> {
        let path = self.file("exe");
        fs::read_link(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if self.path.is_dir() => CaptureError::NoMemory { pid: self.pid },
            _ => self.failed(path, source),
        })
    }

    /// A number of `status`, such as `VmRSS`, which is in kibibytes.
    pub(crate) fn status_number(&self, name: &str) -> Option<u64> {
        number_after(&self.text("status").ok()?, name)
    }

    /// Why it may not be traced.
    pub(crate) fn refused(&self) -> CaptureError {
        let pid = self.pid;
        match self.status_number("TracerPid:").and_then(|tracer| i32::try_from(tracer).ok()) {
            Some(tracer) if tracer != 0 && tracer != std::process::id() as i32 => {
                return CaptureError::Traced { pid, tracer };
            }
            _ => {}
        }
        let (theirs, ours) = (self.status_number("Uid:"), number_after(&status_of_self(), "Uid:"));
        let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
        let (why, advice) = match (theirs, ours) {
            (Some(theirs), Some(ours)) if theirs != ours && ours != 0 => (
                format!("it is user {theirs}'s, and this is user {ours}"),
                "run goheap as that user or as root, or give it the capability CAP_SYS_PTRACE",
            ),
            (_, Some(0)) => (
                "the capability CAP_SYS_PTRACE is missing, though this is root".to_owned(),
                "give the container that capability (docker --cap-add SYS_PTRACE), or run goheap outside",
            ),
            _ if matches!(yama.trim(), "1" | "2" | "3") => (
                format!("kernel.yama.ptrace_scope is {}", yama.trim()),
                "run goheap as root or with the capability CAP_SYS_PTRACE (3 allows nobody until the next boot)",
            ),
            _ => (
                "it has more privileges than this process, or forbids it (PR_SET_DUMPABLE)".to_owned(),
                "run goheap as root or with the capability CAP_SYS_PTRACE",
            ),
        };
        CaptureError::Refused { pid, why, advice }
    }
}

fn status_of_self() -> String {
    fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default()
}

/// Bytes of memory of the machine, and of these those that can be had; `root` is `/`.
pub(crate) fn machine_memory(root: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let bytes = |name| number_after(&text, name)?.checked_mul(1024);
    Some((bytes("MemTotal:")?, bytes("MemAvailable:")?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_process_is_there_and_no_process_is_not() {
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        assert!(own.threads().unwrap().contains(&Tid(own.pid)));
        assert!(own.executable().unwrap().is_absolute());
        assert!(own.status_number("VmRSS:").unwrap() > 0);
        assert!(matches!(ProcFolder::of(i32::MAX), Err(CaptureError::Gone { .. })));
        assert!(matches!(own.refused(), CaptureError::Refused { .. }));
    }
}
