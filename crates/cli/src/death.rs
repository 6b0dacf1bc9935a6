//! Why and when a process died.

use crate::utc::utc;
use goheap_image::{Process, SignalInfo};
use goheap_report::overview::{Death, HexAddress};

/// Linux signals by number (asm-generic/signal.h): those of x86-64 and aarch64 alike.
#[rustfmt::skip]
const SIGNALS: [&str; 31] = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
    "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN",
    "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
];

/// What the core says of its end: `NT_SIGINFO`, else the signal of the first thread.
pub(crate) fn death(process: &Process) -> Death {
    let core = &process.core;
    let first = core.threads().first().map_or(0, |thread| thread.signal);
    let number = core.signal().map_or(first, |signal| signal.number);
    let mut death = Death {
        when: core.modified().and_then(utc),
        time_source: core.modified().map(|_| "when the core file was last written".to_owned()),
        ..Death::default()
    };
    if writes_core(number) {
        let pid = core.process().map(|process| process.pid);
        death.signal = i32::try_from(number).ok();
        death.name = signal_name(number).map(str::to_owned);
        death.code = core.signal().and_then(|signal| reason(signal, pid));
        death.address = core.signal().and_then(|signal| signal.address).map(|address| HexAddress(address.0));
    } else {
        death.code = Some("not killed: dumped while it lived, as gcore does".to_owned());
    }
    death
}

fn signal_name(number: u32) -> Option<&'static str> {
    SIGNALS.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
}

/// Whether the kernel writes a core at this signal (signal(7)). gcore's core has the SIGSTOP by which gdb stopped the process.
fn writes_core(number: u32) -> bool {
    const CORE: [u32; 10] = [3, 4, 5, 6, 7, 8, 11, 24, 25, 31];
    CORE.contains(&number)
}

/// What `si_code` says (asm-generic/siginfo.h).
fn reason(signal: &SignalInfo, own_pid: Option<u32>) -> Option<String> {
    const SI_KERNEL: i32 = 0x80;
    let name = signal_name(signal.number).unwrap_or_default();
    let text = match (name, signal.code) {
        (_, SI_KERNEL) => "by the kernel",
        ("SIGSEGV", 1) => "nothing mapped",
        ("SIGSEGV", 2) => "access not allowed",
        ("SIGBUS", 1) => "address not aligned",
        ("SIGBUS", 2) => "no memory behind the address",
        ("SIGFPE", 1) => "integer divided by zero",
        ("SIGILL", 1) => "illegal instruction",
        (_, code) if code <= 0 => return Some(sender(signal.pid, own_pid)),
        (_, code) => return Some(format!("code {code}")),
    };
    Some(text.to_owned())
}

fn sender(pid: Option<u32>, own_pid: Option<u32>) -> String {
    match pid {
        // Go's runtime does so after a panic or a fatal error where GOTRACEBACK is crash.
        Some(pid) if Some(pid) == own_pid => "raised by the process itself".to_owned(),
        Some(pid) if pid != 0 => format!("sent by process {pid}"),
        _ => "sent by a process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_numbers() {
        let names = [6, 11, 31].map(signal_name);
        assert_eq!(names, [Some("SIGABRT"), Some("SIGSEGV"), Some("SIGSYS")]);
        assert_eq!([signal_name(0), signal_name(34)], [None, None]);
    }

    #[test]
    fn codes_are_told_by_their_signal() {
        let signal = |number, code, pid| SignalInfo { number, code, address: None, pid };
        let reason = |signal| reason(&signal, Some(7));
        assert_eq!(reason(signal(11, 1, None)), Some("nothing mapped".to_owned()));
        assert_eq!(reason(signal(11, 128, None)), Some("by the kernel".to_owned()));
        assert_eq!(reason(signal(6, -6, Some(7))), Some("raised by the process itself".to_owned()));
        assert_eq!(reason(signal(3, 0, Some(9))), Some("sent by process 9".to_owned()));
        assert_eq!(reason(signal(5, 77, None)), Some("code 77".to_owned()));
    }
}
