//! A process that is held: every thread stopped by ptrace, and let go whatever happens.
//!
//! `PTRACE_SEIZE` and `PTRACE_INTERRUPT` stop a thread without a signal, so the program sees nothing but time that has passed.
//! When this process dies the kernel lets the threads go.

mod calls;
mod inject;
mod stops;

pub(crate) use calls::Errno;
pub(crate) use inject::{Injected, own_site, site_in, system_call};
pub(crate) use stops::{Stop, next_stop};

use crate::error::CaptureError;
use crate::proc_files::ProcFolder;
use nix::sys::ptrace::{self, Options};
use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The id of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tid(pub(crate) i32);

impl Tid {
    pub(crate) fn nix(self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(self.0)
    }
}

/// A set of registers as the core has it: what its note is called, and whose name it bears.
#[derive(Clone, Debug)]
pub(crate) struct RegisterSet {
    pub(crate) kind: u32,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) const NT_PRSTATUS: u32 = 1;
const NT_FPREGSET: u32 = 2;
/// Sets of registers beside the general ones (include/uapi/linux/elf.h): floating point and vectors, XSAVE's of x86-64, the thread
/// pointer of arm64.
#[cfg(target_arch = "x86_64")]
const OTHER_SETS: [u32; 2] = [NT_FPREGSET, 0x202];
#[cfg(not(target_arch = "x86_64"))]
const OTHER_SETS: [u32; 2] = [NT_FPREGSET, 0x401];

/// A thread as it was stopped.
#[derive(Clone, Debug)]
pub(crate) struct ThreadState {
    pub(crate) tid: Tid,
    /// `pr_reg` of `NT_PRSTATUS`.
    pub(crate) general: Vec<u8>,
    pub(crate) others: Vec<RegisterSet>,
}

/// Where a thread is in being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It was told to stop.
    Running,
    Stopped,
}

/// Longest that threads may take to stop. One that waits in the kernel for memory of its control group does not stop at all.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at a thread that has not stopped yet.
const PAUSE: Duration = Duration::from_micros(50);

/// A process all of whose threads are stopped. Dropped, it goes on.
pub(crate) struct Stopped {
    threads: BTreeMap<Tid, Held>,
    pub(crate) since: Instant,
}

impl Stopped {
    /// Stops every thread of the process.
    pub(crate) fn stop(process: &ProcFolder) -> Result<Stopped, CaptureError> {
        let mut stopped = Stopped { threads: BTreeMap::new(), since: Instant::now() };
        let deadline = stopped.since + PATIENCE;
        // Threads that were started meanwhile are found in the next round: those that are stopped start none.
        loop {
            let new: Vec<Tid> =
                process.threads()?.into_iter().filter(|tid| !stopped.threads.contains_key(tid)).collect();
            if new.is_empty() {
                break;
            }
            for tid in new {
                stopped.seize(process, tid)?;
            }
            stopped.wait(process, deadline)?;
        }
        match stopped.threads.is_empty() {
            true => Err(CaptureError::Gone { pid: process.pid }),
            false => Ok(stopped),
        }
    }

    /// Stops one thread alone; none where it has ended.
    pub(crate) fn stop_one(process: &ProcFolder, tid: Tid) -> Result<Stopped, CaptureError> {
        let mut stopped = Stopped { threads: BTreeMap::new(), since: Instant::now() };
        let deadline = stopped.since + PATIENCE;
        stopped.seize(process, tid)?;
        stopped.wait(process, deadline)?;
        Ok(stopped)
    }

    fn seize(&mut self, process: &ProcFolder, tid: Tid) -> Result<(), CaptureError> {
        match ptrace::seize(tid.nix(), Options::empty()) {
            Ok(()) => {}
            // It has ended since it was listed.
            Err(Errno::ESRCH) => return Ok(()),
            // One that is ending is refused as if it were another's.
            Err(Errno::EPERM) if process.has_ended(tid) => return Ok(()),
            Err(Errno::EPERM) => return Err(process.refused()),
            Err(source) => return Err(CaptureError::Stop { pid: process.pid, source }),
        }
        self.threads.insert(tid, Held::Running);
        match ptrace::interrupt(tid.nix()) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(source) => Err(CaptureError::Stop { pid: process.pid, source }),
        }
    }

    /// Waits until all threads that were told to stop have.
    fn wait(&mut self, process: &ProcFolder, deadline: Instant) -> Result<(), CaptureError> {
        let mut waited_for: Vec<Tid> = self.threads.keys().copied().collect();
        while let Some(&running) = waited_for.last() {
            if self.threads.get(&running) != Some(&Held::Running) {
                waited_for.pop();
                continue;
            }
            match next_stop(running).map_err(|source| CaptureError::Stop { pid: process.pid, source })? {
                Some(Stop::Event) => {
                    self.threads.insert(running, Held::Stopped);
                }
                Some(Stop::Ended) => {
                    self.threads.remove(&running);
                }
                // It is given what it was sent, and stops on the way to its handler.
                Some(Stop::Signal(signal)) => pass_on(running, signal, process)?,
                Some(Stop::SystemCall | Stop::Cloned) => pass_on(running, 0, process)?,
                None if Instant::now() >= deadline => {
                    return Err(CaptureError::DoesNotStop { pid: process.pid, tid: running.0 });
                }
                None => sleep(PAUSE),
            }
        }
        Ok(())
    }

    /// The registers of all threads: the first thread of the process first, the others by id.
    pub(crate) fn states(&self, process: &ProcFolder) -> Result<Vec<ThreadState>, CaptureError> {
        let mut threads: Vec<Tid> = self.threads.keys().copied().collect();
        threads.sort_by_key(|tid| (tid.0 != process.pid, tid.0));
        threads.into_iter().map(|tid| state(tid, process)).collect()
    }

    /// Those that are stopped.
    pub(crate) fn threads(&self) -> impl Iterator<Item = Tid> + '_ {
        self.threads.keys().copied()
    }
}

fn state(tid: Tid, process: &ProcFolder) -> Result<ThreadState, CaptureError> {
    let general = calls::registers(tid, NT_PRSTATUS);
    let general = general.map_err(|source| CaptureError::Stop { pid: process.pid, source })?;
    // A machine without one of the others has none in its cores either.
    let set = |kind| calls::registers(tid, kind).ok().map(|bytes| RegisterSet { kind, bytes });
    Ok(ThreadState { tid, general, others: OTHER_SETS.into_iter().filter_map(set).collect() })
}

fn pass_on(tid: Tid, signal: i32, process: &ProcFolder) -> Result<(), CaptureError> {
    match calls::resume(tid, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(source) => Err(CaptureError::Stop { pid: process.pid, source }),
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for (&tid, &held) in &self.threads {
            let _ = match held {
                Held::Stopped => calls::release(tid, 0),
                // It can be let go when it has stopped. One that never does stays bound to this process until that ends.
                Held::Running => {
                    stops::when_stopped(tid, PATIENCE / 20).map_or(Ok(()), |signal| calls::release(tid, signal))
                }
            };
        }
    }
}
