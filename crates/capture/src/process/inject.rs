//! A system call made by a stopped thread of the other process, which then is as it was.
//!
//! The thread's signals are blocked meanwhile, and each stop is told apart. Its registers are put back in a `PTRACE_EVENT_STOP`: only then
//! does the kernel begin a call anew that was interrupted (`futex`, `nanosleep`; Linux 6.18).

use super::stops::{Stop, next_stop};
use super::{Errno, NT_PRSTATUS, PAUSE, Tid, calls};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest that a call may take: forking a process of a hundred gigabytes takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where words lie in `user_regs_struct` of x86-64 (arch/x86/include/asm/user_64.h).
mod word {
    pub(super) const R10: usize = 7;
    pub(super) const R9: usize = 8;
    pub(super) const R8: usize = 9;
    pub(super) const RAX: usize = 10;
    pub(super) const RDX: usize = 12;
    pub(super) const RSI: usize = 13;
    pub(super) const RDI: usize = 14;
    pub(super) const ORIG_RAX: usize = 15;
    pub(super) const RIP: usize = 16;
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Injected {
    /// What it returned: a negative errno where it failed.
    pub(crate) result: i64,
    /// The process that it made, which is traced.
    pub(crate) child: Option<Tid>,
}

/// A thread that is used. Dropped, it has its own registers and signals again.
struct Borrowed {
    tid: Tid,
    registers: Vec<u8>,
    mask: u64,
    /// Of this thread of ours: no signal ends it while the other's registers are not its own.
    ours: Option<SigSet>,
}

/// Signals that end this process where they come from outside.
fn endings() -> SigSet {
    let mut endings = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGPIPE] {
        endings.add(signal);
    }
    endings
}

impl Borrowed {
    fn take(tid: Tid) -> Result<Borrowed, Errno> {
        let mut ours = SigSet::empty();
        let is_blocked = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&endings()), Some(&mut ours)).is_ok();
        let registers = calls::registers(tid, NT_PRSTATUS)?;
        let mask = calls::signal_mask(tid)?;
        let borrowed = Borrowed { tid, registers, mask, ours: is_blocked.then_some(ours) };
        ptrace::setoptions(tid.nix(), Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE)?;
        calls::set_signal_mask(tid, u64::MAX)?;
        Ok(borrowed)
    }

    /// Has it make the call by the instruction at `site`.
    fn call(&self, site: u64, number: u64, arguments: [u64; 6]) -> Result<Injected, Errno> {
        let mut registers = self.registers.clone();
        let places = [word::RDI, word::RSI, word::RDX, word::R10, word::R8, word::R9];
        // No call is under way that the kernel could begin anew.
        let others = [(word::RIP, site), (word::RAX, number), (word::ORIG_RAX, u64::MAX)];
        for (place, value) in places.into_iter().zip(arguments).chain(others) {
            let bytes = registers.get_mut(place * 8..place * 8 + 8).ok_or(Errno::ENOSYS)?;
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        calls::set_registers(self.tid, NT_PRSTATUS, &registers)?;
        self.run_to(Stop::SystemCall)?;
        let child = self.through_call()?;
        let registers = calls::registers(self.tid, NT_PRSTATUS)?;
        let result = registers.get(word::RAX * 8..).and_then(|rest| rest.first_chunk()).ok_or(Errno::ENOSYS)?;
        Ok(Injected { result: i64::from_le_bytes(*result), child })
    }

    /// From the beginning of the call to its end; the clone that it made.
    fn through_call(&self) -> Result<Option<Tid>, Errno> {
        ptrace::syscall(self.tid.nix(), None)?;
        let mut child = None;
        loop {
            match self.wait()? {
                Stop::SystemCall => return Ok(child),
                Stop::Cloned => {
                    let made = Tid(ptrace::getevent(self.tid.nix())? as i32);
                    child = Some(made);
                    end_with_us(made).inspect_err(|_| end(made))?;
                    ptrace::syscall(self.tid.nix(), None)?;
                }
                // Blocked as they are, none comes but those that cannot be: it ends.
                Stop::Event | Stop::Signal(_) => ptrace::syscall(self.tid.nix(), None)?,
                Stop::Ended => return Err(Errno::ESRCH),
            }
        }
    }

    fn run_to(&self, wanted: Stop) -> Result<(), Errno> {
        loop {
            match wanted {
                Stop::SystemCall => ptrace::syscall(self.tid.nix(), None)?,
                _ => calls::resume(self.tid, 0)?,
            }
            match self.wait()? {
                Stop::Ended => return Err(Errno::ESRCH),
                stop if stop == wanted => return Ok(()),
                _ => {}
            }
        }
    }

    fn wait(&self) -> Result<Stop, Errno> {
        wait_for(self.tid)
    }

    fn give_back(&self) -> Result<(), Errno> {
        ptrace::interrupt(self.tid.nix())?;
        self.run_to(Stop::Event)?;
        calls::set_registers(self.tid, NT_PRSTATUS, &self.registers)?;
        calls::set_signal_mask(self.tid, self.mask)?;
        ptrace::setoptions(self.tid.nix(), Options::empty())
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        // It fails only where the thread has ended.
        let _ = self.give_back();
        if let Some(ours) = &self.ours {
            let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(ours), None);
        }
    }
}

fn wait_for(tid: Tid) -> Result<Stop, Errno> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match next_stop(tid)? {
            Some(stop) => return Ok(stop),
            None if Instant::now() >= deadline => return Err(Errno::ETIMEDOUT),
            None => sleep(PAUSE),
        }
    }
}

/// A copy of the process must never run: it would use the same sockets and files. It stops before its first instruction, and ends when
/// this process does.
fn end_with_us(child: Tid) -> Result<(), Errno> {
    match wait_for(child)? {
        Stop::Ended => Err(Errno::ESRCH),
        _ => ptrace::setoptions(child.nix(), Options::PTRACE_O_EXITKILL),
    }
}

fn end(child: Tid) {
    // It fails where it has ended.
    let _ = nix::sys::signal::kill(child.nix(), Signal::SIGKILL);
}

/// Makes the stopped thread `tid` call, by the instruction `syscall` at `site`.
pub(crate) fn system_call(tid: Tid, site: u64, number: u64, arguments: [u64; 6]) -> Result<Injected, Errno> {
    Borrowed::take(tid)?.call(site, number, arguments)
}
