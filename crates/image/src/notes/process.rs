//! `NT_PRPSINFO` and `NT_SIGINFO`: which process, and what killed it.

use crate::{Address, le};

/// `elf_prpsinfo`: the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// `pr_pid`.
    pub pid: u32,
    /// `pr_fname`: the first 15 bytes of the program's name.
    pub name: String,
    /// `pr_psargs`: the first 79 bytes of the command line, joined with spaces.
    pub arguments: String,
}

impl ProcessInfo {
    /// True of a core from which contents were taken out: its arguments say so.
    pub fn is_redacted(&self) -> bool {
        self.arguments.as_bytes() == super::redacted::MARK
    }

    pub(crate) fn parse(prpsinfo: &[u8]) -> Option<ProcessInfo> {
        Some(ProcessInfo {
            pid: le::u32(prpsinfo, 24)?,
            name: text(prpsinfo.get(40..56)?),
            arguments: text(&joined(prpsinfo.get(56..136)?)),
        })
    }
}

/// Delve leaves the NULs between arguments; the kernel and gcore write spaces.
fn joined(arguments: &[u8]) -> Vec<u8> {
    let end = arguments.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let (used, _) = arguments.split_at(end);
    used.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect()
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).trim_end().to_owned()
}

/// `siginfo_t`: the signal that killed the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// `si_signo`.
    pub number: u32,
    /// `si_code`: at most 0 when a process sent it, `SI_KERNEL` or the kind of fault above.
    pub code: i32,
    /// `si_addr` of a fault that the machine raised (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP with a positive code).
    pub address: Option<Address>,
    /// `si_pid` of the sender, when a process sent it.
    pub pid: Option<u32>,
}

impl SignalInfo {
    /// Of the bytes of a `siginfo_t`, as the note and the frame of a signal handler have them; None of fewer than 24.
    pub fn parse(siginfo: &[u8]) -> Option<SignalInfo> {
        const SI_KERNEL: i32 = 0x80;
        const FAULTS: [u32; 5] = [4, 5, 7, 8, 11];
        let number = le::u32(siginfo, 0)?;
        let code = le::array(siginfo, 8).map(i32::from_le_bytes)?;
        let fault = code > 0 && code != SI_KERNEL && FAULTS.contains(&number);
        let sent = code <= 0 && number != 0;
        Some(SignalInfo {
            number,
            code,
            address: if fault { Some(Address(le::u64(siginfo, 16)?)) } else { None },
            pid: if sent { Some(le::u32(siginfo, 16)?) } else { None },
        })
    }
}
