//! Calls of ptrace(2) that safe crates lack: register sets whose size only the kernel knows, signal masks, signals by number.
//!
//! nix has registers of fixed size alone, and its signals have no real-time ones, so a thread that glibc or Go had sent one could
//! not be resumed with it.
//!
//! The proof for each `unsafe`: the kernel is given the address and the size of a buffer that lives longer than the call and
//! that nobody else holds, and writes or reads no more of it than that size; the other calls pass numbers alone. A thread that
//! is not traced and stopped is refused by the kernel (ESRCH).
#![allow(unsafe_code)]
#![allow(clippy::unnecessary_cast, reason = "requests are of another type with musl")]

use super::Tid;
use libc::{c_long, c_void, iovec};
use std::ptr::null_mut;

/// `PTRACE_GETSIGMASK` and `PTRACE_SETSIGMASK` (include/uapi/linux/ptrace.h), which libc does not name.
const GET_SIGNAL_MASK: u32 = 0x420a;
const SET_SIGNAL_MASK: u32 = 0x420b;
/// Larger than any register set: AMX's tiles take 8 KiB of the state of x86-64.
const MOST: usize = 64 << 10;

/// What the kernel answers when it refuses.
pub(crate) type Errno = nix::errno::Errno;

/// The set of registers that notes of cores call `kind` (`NT_PRSTATUS`, `NT_X86_XSTATE`).
pub(super) fn registers(thread: Tid, kind: u32) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0_u8; MOST];
    let len = register_set(libc::PTRACE_GETREGSET as u32, thread, kind, &mut bytes)?;
    bytes.truncate(len);
    // Kept for each thread.
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// Gives the thread these registers.
pub(super) fn set_registers(thread: Tid, kind: u32, bytes: &[u8]) -> Result<(), Errno> {
    register_set(libc::PTRACE_SETREGSET as u32, thread, kind, &mut bytes.to_vec()).map(drop)
}

/// Either of the two; how many bytes there are.
fn register_set(request: u32, thread: Tid, kind: u32, bytes: &mut [u8]) -> Result<usize, Errno> {
    let mut part = iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: as above; the kernel writes or reads at most `iov_len` bytes at `iov_base`, and writes to `iov_len` how many.
    let result =
        unsafe { libc::ptrace(request as _, thread.0, kind as usize as *mut c_void, (&raw mut part).cast::<c_void>()) };
    Errno::result(result)?;
    Ok(part.iov_len)
}

/// The signals that the thread blocks, a bit each.
pub(super) fn signal_mask(thread: Tid) -> Result<u64, Errno> {
    let mut mask = 0_u64;
    // SAFETY: as above; 8 bytes are written.
    let result =
        unsafe { libc::ptrace(GET_SIGNAL_MASK as _, thread.0, 8 as *mut c_void, (&raw mut mask).cast::<c_void>()) };
    Errno::result(result)?;
    Ok(mask)
}

/// Makes the thread block these signals.
pub(super) fn set_signal_mask(thread: Tid, mask: u64) -> Result<(), Errno> {
    // SAFETY: as above; 8 bytes are read.
    let result = unsafe {
        libc::ptrace(SET_SIGNAL_MASK as _, thread.0, 8 as *mut c_void, (&raw const mask).cast_mut().cast::<c_void>())
    };
    Errno::result(result).map(drop)
}

/// Resumes the thread, which gets that signal; 0 for none.
pub(super) fn resume(thread: Tid, signal: i32) -> Result<(), Errno> {
    by_number(libc::PTRACE_CONT as u32, thread, signal)
}

/// Lets go of the thread, which gets that signal; 0 for none.
pub(super) fn release(thread: Tid, signal: i32) -> Result<(), Errno> {
    by_number(libc::PTRACE_DETACH as u32, thread, signal)
}

fn by_number(request: u32, thread: Tid, signal: i32) -> Result<(), Errno> {
    // SAFETY: numbers alone are passed.
    let result: c_long =
        unsafe { libc::ptrace(request as _, thread.0, null_mut::<c_void>(), signal as usize as *mut c_void) };
    Errno::result(result).map(drop)
}
