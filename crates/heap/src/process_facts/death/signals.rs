//! Signals of Linux in words.

use goheap_image::SignalInfo;

/// Linux signals by number (asm-generic/signal.h): those of x86-64 and aarch64 alike.
#[rustfmt::skip]
const SIGNALS: [&str; 31] = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
    "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN",
    "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
];

/// The name of a signal.
pub(super) fn signal_name(number: u32) -> Option<&'static str> {
    SIGNALS.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
}

/// Whether the kernel writes a core at this signal (signal(7)). gcore's core has the SIGSTOP by which gdb stopped the process.
pub(super) fn writes_core(number: u32) -> bool {
    const CORE: [u32; 10] = [3, 4, 5, 6, 7, 8, 11, 24, 25, 31];
    CORE.contains(&number)
}

/// What `si_code` says (asm-generic/siginfo.h).
pub(super) fn reason(signal: &SignalInfo, own_pid: Option<u32>) -> Option<String> {
    const SI_KERNEL: i32 = 0x80;
    let name = signal_name(signal.number).unwrap_or_default();
    let text = match (name, signal.code) {
        // x86: an address that is not canonical, among others; si_addr is 0.
        ("SIGSEGV", SI_KERNEL) => "general protection fault, whose address the processor does not tell",
        (_, SI_KERNEL) => "by the kernel",
        ("SIGSEGV", 1) => "nothing mapped",
        ("SIGSEGV", 2) => "access not allowed",
        ("SIGSEGV", 4) => "forbidden by a protection key",
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
        Some(pid) if Some(pid) == own_pid => "raised by the process itself".to_owned(),
        Some(0) => "sent by a process outside its pid namespace".to_owned(),
        Some(pid) => format!("sent by process {pid}"),
        None => "sent by a process".to_owned(),
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
        assert!(reason(signal(11, 128, None)).is_some_and(|text| text.starts_with("general protection")));
        assert_eq!(reason(signal(4, 128, None)), Some("by the kernel".to_owned()));
        assert_eq!(reason(signal(6, 0, Some(0))), Some("sent by a process outside its pid namespace".to_owned()));
        assert_eq!(reason(signal(6, -6, Some(7))), Some("raised by the process itself".to_owned()));
        assert_eq!(reason(signal(3, 0, Some(9))), Some("sent by process 9".to_owned()));
        assert_eq!(reason(signal(5, 77, None)), Some("code 77".to_owned()));
    }
}
