//! A copy of the process that never runs: made by a `clone` that one of its threads is made to call, and read at leisure.
//!
//! The kernel copies page tables alone; pages are copied when the process writes to them. The copy is traced from its first moment, ends when
//! this process does, and is waited for by its parent, which is made to call `wait4`: else it would stay as a zombie.

use crate::error::CaptureError;
use crate::maps::Mapping;
use crate::memory::Live;
use crate::proc_files::ProcFolder;
use crate::process::{Errno, Injected, Stop, Stopped, Tid, next_stop, system_call};
use nix::sys::signal::{Signal, kill};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Numbers of system calls of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).
const CLONE: u64 = 56;
const WAIT4: u64 = 61;
/// `WNOHANG | __WALL`.
const ALL_NOW: u64 = 0x4000_0001;
/// The instruction `syscall`.
const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// Longest that the kernel may take to free a copy.
const PATIENCE: Duration = Duration::from_secs(10);

/// A copy that stands still. Dropped, it ends and nothing of it is left.
pub(crate) struct Snapshot {
    parent: ProcFolder,
    child: ProcFolder,
    site: u64,
}

impl Snapshot {
    /// Copies a process that is stopped.
    pub(crate) fn take(
        parent: &ProcFolder,
        stopped: &Stopped,
        mappings: &[Mapping],
        live: &Live,
    ) -> Result<Snapshot, CaptureError> {
        let failed = |source| CaptureError::Fork { pid: parent.pid, source };
        if cfg!(not(target_arch = "x86_64")) {
            return Err(CaptureError::ForkNotHere);
        }
        let site = site(mappings, live).ok_or(failed(Errno::ENOEXEC))?;
        let thread = stopped.any_thread(parent).ok_or(CaptureError::Gone { pid: parent.pid })?;
        // No signal tells its end, and nothing is shared.
        let Injected { result, child } = system_call(thread, site, CLONE, [0; 6]).map_err(failed)?;
        match child {
            Some(child) => Ok(Snapshot { parent: parent.clone(), child: ProcFolder::of(child.0)?, site }),
            None => Err(failed(Errno::from_raw((-result).clamp(1, 4095) as i32))),
        }
    }

    /// The files of the copy.
    pub(crate) fn folder(&self) -> &ProcFolder {
        &self.child
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let child = Tid(self.child.pid);
        let _ = kill(child.nix(), Signal::SIGKILL);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !matches!(next_stop(child), Ok(Some(Stop::Ended)) | Err(_)) {
            sleep(Duration::from_micros(200));
        }
        // Where the process has ended meanwhile, init waits for the copy.
        let _ = reap(&self.parent, self.site, child);
    }
}

/// Has the process wait for the copy that has ended.
fn reap(parent: &ProcFolder, site: u64, child: Tid) -> Result<(), CaptureError> {
    let stopped = Stopped::stop_one(parent)?;
    let Some(thread) = stopped.any_thread(parent) else { return Ok(()) };
    let arguments = [child.0 as u64, 0, ALL_NOW, 0, 0, 0];
    system_call(thread, site, WAIT4, arguments)
        .map(drop)
        .map_err(|source| CaptureError::Fork { pid: parent.pid, source })
}

/// Where the kernel's own code in the process has the instruction; no code of the program is looked at or changed.
fn site(mappings: &[Mapping], live: &Live) -> Option<u64> {
    let vdso = mappings.iter().find(|mapping| mapping.path == b"[vdso]" && mapping.executable)?;
    let mut code = vec![0; vdso.len().min(64 << 10) as usize];
    live.read(vdso.start, &mut code);
    let at = code.windows(2).position(|pair| pair == SYSCALL)?;
    Some(vdso.start + at as u64)
}
