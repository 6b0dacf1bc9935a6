//! Why no core was taken. Each message is one line that says what to do.

use crate::process::Errno;
use crate::sink::{SinkError, mebibytes};
use std::io;
use std::path::PathBuf;

/// Why no core was taken.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// There is no such process, or no more.
    #[error("there is no process {pid}, or it has ended; pgrep -a NAME shows which there are")]
    Gone {
        /// Its id.
        pid: i32,
    },
    /// It is a kernel thread, or dead and not yet waited for.
    #[error("process {pid} has no memory: it is a thread of the kernel, or a zombie")]
    NoMemory {
        /// Its id.
        pid: i32,
    },
    /// The system does not let us look into it.
    #[error("process {pid} may not be stopped and read: {why}; {advice}")]
    Refused {
        /// Its id.
        pid: i32,
        /// What stands against it.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// A debugger holds it.
    #[error("process {pid} is traced by process {tracer} already; end that (a debugger, strace) first")]
    Traced {
        /// Its id.
        pid: i32,
        /// The other's.
        tracer: i32,
    },
    /// It is of another kind of machine.
    #[error("process {pid} is a {bits}-bit program; goheap takes cores of 64-bit ones for {machine}")]
    OtherMachine {
        /// Its id.
        pid: i32,
        /// Of its executable.
        bits: u8,
        /// Of this build.
        machine: &'static str,
    },
    /// Pages are of another size.
    #[error("pages are of {bytes} bytes on this machine; goheap takes cores where they are of 4096")]
    PageSize {
        /// Bytes of a page.
        bytes: usize,
    },
    /// It is no Go program.
    #[error("process {pid} ({exe:?}) is no Go program, nor has it loaded one; --any takes its core all the same")]
    NotGo {
        /// Its id.
        pid: i32,
        /// Its executable.
        exe: PathBuf,
    },
    /// A thread did not stop.
    #[error(
        "thread {tid} of process {pid} does not stop: it waits in the kernel (a full control group, a dead file server); try again later"
    )]
    DoesNotStop {
        /// The process.
        pid: i32,
        /// The thread.
        tid: i32,
    },
    /// A call to stop or ask a thread failed.
    #[error("process {pid} cannot be stopped: {source}; has it ended?")]
    Stop {
        /// The process.
        pid: i32,
        /// The system's reason.
        source: Errno,
    },
    /// A file of `/proc` cannot be read.
    #[error("cannot read {path:?}: {source}")]
    Proc {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The process cannot be copied by fork.
    #[error("process {pid} cannot be forked: {source}; use --snapshot copy")]
    Fork {
        /// The process.
        pid: i32,
        /// The system's reason.
        source: Errno,
    },
    /// A copy by fork is of one machine only.
    #[error("--snapshot fork is for x86-64 alone; use --snapshot copy")]
    ForkNotHere,
    /// Copying would bring the kill on.
    #[error(
        "a copy by fork may take {} of memory in the control group of process {pid}, or of the machine, where {} are left; use --snapshot copy",
        mebibytes(*need), mebibytes(*room)
    )]
    NoRoomToFork {
        /// The process.
        pid: i32,
        /// Bytes it may come to.
        need: u64,
        /// Bytes that are left.
        room: u64,
    },
    /// What is waited for cannot be seen.
    #[error("{condition:?} cannot be waited for: {why}")]
    Unseen {
        /// The condition.
        condition: String,
        /// Why.
        why: &'static str,
    },
    /// There is too little memory to work in.
    #[error("{} of memory are left to goheap, and {} are to be (--leave-memory); nothing was taken", mebibytes(*room), mebibytes(*least))]
    LittleMemory {
        /// Bytes that are left.
        room: u64,
        /// Bytes that must be.
        least: u64,
    },
    /// More mappings than a core can have.
    #[error("process {pid} has {count} mappings, more than a core may have segments")]
    TooManySegments {
        /// The process.
        pid: i32,
        /// How many.
        count: usize,
    },
    /// Whoever asked for it has gone.
    #[error("process {pid} was let go: whoever asked for its core has ended")]
    Abandoned {
        /// The process.
        pid: i32,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
