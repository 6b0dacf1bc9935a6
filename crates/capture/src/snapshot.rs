//! A copy of the process that never runs: made by a `clone` that one of its threads is made to call, and read at leisure.
//!
//! The kernel copies page tables alone; pages are copied when the process writes to them. The copy is traced from its first moment, ends when
//! this process does, and is waited for by its parent, which is made to call `wait4`: else it would stay as a zombie.

use crate::error::CaptureError;
use crate::maps::Mapping;
use crate::memory::Live;
use crate::proc_files::ProcFolder;
use crate::process::{Errno, Injected, Stop, Stopped, Tid, next_stop, own_site, site_in, system_call};
use nix::sys::signal::{Signal, kill};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Numbers of system calls of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).
const CLONE: u64 = 56;
const WAIT4: u64 = 61;
/// `WNOHANG | __WALL`.
const ALL_NOW: u64 = 0x4000_0001;
/// An address where nothing is ever mapped (`vm.mmap_min_addr`).
const NO_STACK: u64 = 8;
/// Longest that the kernel may take to free a copy.
const PATIENCE: Duration = Duration::from_secs(10);

/// A copy that stands still. Dropped, it ends and nothing of it is left.
pub(crate) struct Snapshot {
    parent: ProcFolder,
    child: ProcFolder,
    /// The parent's.
    memory: Live,
    kernels: Option<u64>,
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
        let kernels = site_of_kernel(mappings, live);
        let (thread, site) =
            caller(&stopped.threads().collect::<Vec<_>>(), kernels, live).ok_or(failed(Errno::ENOEXEC))?;
        // No signal tells its end, and nothing is shared. Its stack is nowhere: should it ever run, it ends at once.
        let arguments = [0, NO_STACK, 0, 0, 0, 0];
        let Injected { result, child } = system_call(thread, site, CLONE, arguments).map_err(failed)?;
        match child {
            Some(child) => {
                let memory = Live::open(parent)?;
                Ok(Snapshot { parent: parent.clone(), child: ProcFolder::of(child.0)?, memory, kernels })
            }
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
        let _ = self.reap(child);
    }
}

impl Snapshot {
    /// Has the process wait for the copy that has ended, by a thread that sleeps, else by the first.
    fn reap(&self, child: Tid) -> Result<(), CaptureError> {
        let threads = self.parent.threads()?;
        let mut sleeper = None;
        for &tid in &threads {
            let stopped = Stopped::stop_one(&self.parent, tid)?;
            let site = stopped.threads().next().and_then(|tid| own_site(tid, |at, into| self.memory.read(at, into)));
            if let Some(site) = site {
                sleeper = Some((stopped, tid, site));
                break;
            }
        }
        let (_stopped, tid, site) = match (sleeper, threads.first(), self.kernels) {
            (Some(sleeper), ..) => sleeper,
            (None, Some(&tid), Some(site)) => (Stopped::stop_one(&self.parent, tid)?, tid, site),
            _ => return Ok(()),
        };
        let failed = |source| CaptureError::Fork { pid: self.parent.pid, source };
        system_call(tid, site, WAIT4, [child.0 as u64, 0, ALL_NOW, 0, 0, 0]).map(drop).map_err(failed)
    }
}

/// A thread that makes a call for us, and by which instruction: one that sleeps by its own, else the first by the kernel's.
fn caller(threads: &[Tid], kernels: Option<u64>, live: &Live) -> Option<(Tid, u64)> {
    let own = |tid: &Tid| own_site(*tid, |at, into| live.read(at, into)).map(|site| (*tid, site));
    threads.iter().find_map(own).or_else(|| Some((*threads.first()?, kernels?)))
}

/// Where the kernel's own code in the process has the instruction; no code of the program is changed.
fn site_of_kernel(mappings: &[Mapping], live: &Live) -> Option<u64> {
    let vdso = mappings.iter().find(|mapping| mapping.path == b"[vdso]" && mapping.executable)?;
    let mut code = vec![0; vdso.len().min(64 << 10) as usize];
    live.read(vdso.start, &mut code);
    Some(vdso.start + site_in(&code)? as u64)
}
