//! A handler of SIGBUS. With `map.rs` the only `unsafe` of this crate: neither std nor rustix has a safe call for it.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use libc::{c_int, c_void, siginfo_t};

/// Why the signal came, `si_code`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The kernel had no memory for this address.
    At(usize),
    /// The kernel found memory that went bad.
    Hardware,
}

static END: OnceLock<fn(Fault) -> !> = OnceLock::new();

/// Calls `end` on SIGBUS, on the thread that it hits. `end` may do only what a signal handler may: not allocate, and not wait for a lock that
/// the thread itself may hold. The first that is given stays.
pub(crate) fn install(end: fn(Fault) -> !) {
    let _ = END.set(end);
    // SAFETY: `sigaction` is a C struct of integers, a set and addresses, for which zeros are values. All calls get pointers to it
    // that are valid while they run, or null where null is allowed. `handle` has the signature that SA_SIGINFO asks for. Rust's
    // own handler of SIGBUS, which is replaced, tells overflows of the stack; on Linux those are SIGSEGV. The
    // handler runs on the stack for signals (SA_ONSTACK) that std gives its threads, where there is one.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handle as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut());
    }
}

/// Ends the process at once: nothing is flushed, no destructor runs.
pub fn exit(status: u8) -> ! {
    // SAFETY: `_exit` takes a number and is allowed in signal handlers.
    unsafe { libc::_exit(c_int::from(status)) }
}

/// Memory that went bad and was met (`BUS_MCEERR_AR`), or was found by the way (`BUS_MCEERR_AO`).
const MEMORY_ERRORS: [c_int; 2] = [4, 5];

extern "C" fn handle(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel hands a handler of SA_SIGINFO a `siginfo_t` that is valid until it returns; every SIGBUS of the kernel has an address.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr().addr()) };
    match (fault(code, address), END.get()) {
        (Some(fault), Some(end)) => end(fault),
        // A process sent it: it has its way once this returns, for meanwhile the signal is held back.
        _ => {
            // SAFETY: both calls take numbers and are allowed in signal handlers.
            unsafe {
                libc::signal(libc::SIGBUS, libc::SIG_DFL);
                libc::raise(libc::SIGBUS);
            }
        }
    }
}

/// None for a signal that is not of the kernel's own making.
fn fault(code: c_int, address: usize) -> Option<Fault> {
    match code {
        ..=0 => None,
        code if MEMORY_ERRORS.contains(&code) => Some(Fault::Hardware),
        _ => Some(Fault::At(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_who_is_to_blame() {
        const BUS_ADRERR: c_int = 2;
        assert_eq!(fault(BUS_ADRERR, 0x1000), Some(Fault::At(0x1000)));
        assert_eq!(fault(MEMORY_ERRORS[0], 0x1000), Some(Fault::Hardware));
        assert_eq!(fault(libc::SI_USER, 0x1000), None);
        assert_eq!(fault(libc::SI_TKILL, 0x1000), None);
    }
}
