//! Why a traced thread has stopped.

use super::{Errno, Tid};
use rustix::process::{Pid, WaitOptions, waitpid};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `__WALL` (include/uapi/linux/wait.h): threads and clones too.
const ALL: u32 = 0x4000_0000;
/// In the third byte of the status (ptrace(2)).
const EVENT_CLONE: i32 = 3;
/// A system call begins or ends, where `PTRACE_O_TRACESYSGOOD` is set.
const SYSTEM_CALL: i32 = libc::SIGTRAP | 0x80;

/// Why a thread stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It was interrupted, or the program was stopped (`PTRACE_EVENT_STOP`), or is about to end.
    Event,
    /// It has made a clone (`PTRACE_EVENT_CLONE`).
    Cloned,
    /// It begins or ends a system call.
    SystemCall,
    /// It is about to be given this signal.
    Signal(i32),
    /// It does not: it has ended.
    Ended,
}

/// What the thread has come to since it was asked last; `None` where it runs on.
pub(crate) fn next_stop(tid: Tid) -> Result<Option<Stop>, Errno> {
    let Some(pid) = Pid::from_raw(tid.0) else { return Ok(Some(Stop::Ended)) };
    let options = WaitOptions::from_bits_retain(ALL) | WaitOptions::NOHANG;
    let status = match waitpid(Some(pid), options) {
        Ok(Some((_, status))) => status.as_raw(),
        Ok(None) => return Ok(None),
        Err(rustix::io::Errno::INTR) => return Ok(None),
        Err(rustix::io::Errno::CHILD) => return Ok(Some(Stop::Ended)),
        Err(error) => return Err(Errno::from_raw(error.raw_os_error())),
    };
    Ok(Some(of_status(status)))
}

fn of_status(status: i32) -> Stop {
    let (is_stopped, signal, event) = (status & 0xff == 0x7f, status >> 8 & 0xff, status >> 16);
    match (is_stopped, event) {
        (false, _) => Stop::Ended,
        (true, 0) if signal == SYSTEM_CALL => Stop::SystemCall,
        (true, 0) => Stop::Signal(signal),
        (true, EVENT_CLONE) => Stop::Cloned,
        (true, _) => Stop::Event,
    }
}

/// Waits until the thread stands still; the signal that it is owed. `None` where it has ended or goes on.
pub(super) fn when_stopped(tid: Tid, patience: Duration) -> Option<i32> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        match next_stop(tid) {
            Ok(Some(Stop::Signal(signal))) => return Some(signal),
            Ok(Some(Stop::Ended)) | Err(_) => return None,
            Ok(Some(_)) => return Some(0),
            Ok(None) => sleep(super::PAUSE),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        let stopped = |signal: i32, event: i32| of_status(event << 16 | signal << 8 | 0x7f);
        assert_eq!(stopped(libc::SIGTRAP, 128), Stop::Event);
        assert_eq!(stopped(libc::SIGSTOP, 128), Stop::Event);
        assert_eq!(stopped(libc::SIGTRAP, 3), Stop::Cloned);
        assert_eq!(stopped(libc::SIGTRAP | 0x80, 0), Stop::SystemCall);
        assert_eq!(stopped(23, 0), Stop::Signal(23));
        assert_eq!(stopped(34, 0), Stop::Signal(34), "real-time signals have no name");
        assert_eq!(of_status(0), Stop::Ended);
        assert_eq!(of_status(9), Stop::Ended);
    }
}
