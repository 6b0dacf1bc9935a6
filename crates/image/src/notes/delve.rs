//! What delve's `dump` writes of its own (pkg/proc/dump.go, pkg/elfwriter, delve 1.6 and later): a header, and threads where it has no
//! kernel's form for them, which is on every machine but amd64 and after `dump -p`.

use crate::{Address, Machine, Registers, Thread, le};

/// "DLVE": the header, text.
pub(super) const NT_DELVE_HEADER: u32 = 0x444c_5645;
/// "DLVT": one thread.
pub(super) const NT_DELVE_THREAD: u32 = 0x444c_5654;

/// What the header says of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) pid: Option<u32>,
    /// Where the program begins, as loaded: `AT_ENTRY`.
    pub(super) entry: Option<Address>,
}

impl Header {
    /// `linux/amd64`, delve's version on one or more lines, `Target Pid: N`, `Entry Point: 0xN`.
    pub(super) fn parse(text: &[u8]) -> Option<Header> {
        let text = std::str::from_utf8(text).ok()?;
        let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let hex = |number: &str| u64::from_str_radix(number.strip_prefix("0x")?, 16).ok();
        Some(Header {
            pid: line("Target Pid: ").and_then(|pid| pid.parse().ok()),
            entry: line("Entry Point: ").and_then(hex).map(Address),
        })
    }
}

/// The names of amd64's general registers, by their DWARF number.
const AMD64: [&str; 16] =
    ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

/// Where a thread's named registers begin.
const REGISTERS: usize = 53;

/// Of the bytes of a thread those that are no contents: what stands before the registers, their names, and the values that are places.
pub(super) fn kept(note: &[u8], is_place: &dyn Fn(u64) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut kept: Vec<_> = std::iter::once(0..REGISTERS).collect();
    let mut at = REGISTERS;
    while let Some((name, _)) = note.get(at..).and_then(counted) {
        let value_at = at + 2 + name.len();
        let Some((value, _)) = note.get(value_at..).and_then(counted) else { break };
        kept.push(at..value_at + 2);
        let end = value_at + 2 + value.len();
        let is_state = [&b"rip"[..], b"rsp", b"eflags", b"pc", b"sp", b"pstate"].contains(&&*name.to_ascii_lowercase());
        if value.len() == 8 && (is_state || le::u64(value, 0).is_some_and(is_place)) {
            kept.push(value_at + 2..end);
        }
        at = end;
    }
    kept
}

/// A thread: id, pc, sp, frame pointer, thread pointer, whether g is known and g, then the number of registers and each with its
/// name. Registers of more than eight bytes are those of vectors.
pub(super) fn thread(machine: Machine, note: &[u8]) -> Option<Thread> {
    let [tid, pc, sp, fp, tls] = [0, 8, 16, 24, 32].map(|at| le::u64(note, at));
    let (tls, fp) = (tls?, fp?);
    let named: Vec<(&[u8], u64)> = named_registers(note.get(REGISTERS..)?);
    let of = |number: usize| {
        let wanted = match machine {
            Machine::X86_64 => (*AMD64.get(number)?).to_owned(),
            Machine::Aarch64 => format!("x{number}"),
        };
        let found = named.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        let frame_pointer = matches!((machine, number), (Machine::X86_64, 6) | (Machine::Aarch64, 29));
        found.map(|&(_, value)| value).or(frame_pointer.then_some(fp))
    };
    Some(Thread {
        tid: u32::try_from(tid?).ok()?,
        signal: 0,
        registers: Registers::new(machine, (pc?, sp?, tls), of),
        fs_base: Some(Address(tls)),
        vectors: Vec::new(),
    })
}

fn named_registers(mut rest: &[u8]) -> Vec<(&[u8], u64)> {
    let mut found = Vec::new();
    while let Some((name, after)) = counted(rest) {
        let Some((value, after)) = counted(after) else { break };
        if let Some(value) = le::u64(value, 0).filter(|_| value.len() == 8) {
            found.push((name, value));
        }
        rest = after;
    }
    found
}

/// Bytes behind their number, of two bytes, and what follows them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.get(2..)?.split_at_checked(usize::from(le::u16(bytes, 0)?))
}
