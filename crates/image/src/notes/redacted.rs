//! Notes of which the contents of the process are taken out: registers that are no addresses, arguments, vectors.

use super::{NT_ARM_TLS, NT_AUXV, NT_FILE, NT_SIGINFO, Note, PROVENANCE_OWNER, delve, notes, nt, owner};
use crate::registers::PRSTATUS_REGISTERS;
use crate::{Machine, le};
use std::ops::Range;

/// What stands in the place of the arguments.
pub(super) const MARK: &[u8] = b"(redacted by goheap)";
/// `pr_psargs` of `elf_prpsinfo`.
const ARGUMENTS: Range<usize> = 56..136;
/// Of `siginfo_t` what says which signal it was and who sent it, or where the fault was.
const SIGNAL_BYTES: usize = 24;
/// Numbers of system calls end before this.
const SYSTEM_CALLS: u64 = 1024;

/// A note segment without contents: of the registers those that are addresses of the process (`is_place`) and those of the machine's
/// state stay, vectors and unknown notes become zeros, and of the arguments a mark is left. Which files were mapped, the auxiliary vector
/// and the program's name stay.
pub fn redacted_notes(machine: Machine, segment: &[u8], alignment: u64, is_place: &dyn Fn(u64) -> bool) -> Vec<u8> {
    let mut out = vec![0; segment.len()];
    let place_of = |part: &[u8]| part.as_ptr().addr().checked_sub(segment.as_ptr().addr());
    let (found, _) = notes(segment, alignment);
    let mut end = 0;
    for note in &found {
        let Some(start) = place_of(note.contents) else { continue };
        // The header of the note with its name, and the padding before both.
        copy(&mut out, end..start, segment);
        if let Some(room) = out.get_mut(start..start + note.contents.len()) {
            redact(machine, note, room, is_place);
        }
        end = start + note.contents.len();
    }
    out
}

fn copy(out: &mut [u8], range: Range<usize>, from: &[u8]) {
    if let (Some(out), Some(from)) = (out.get_mut(range.clone()), from.get(range)) {
        out.copy_from_slice(from);
    }
}

/// Puts into `room`, which is zeros, what stays of the note.
fn redact(machine: Machine, note: &Note<'_>, room: &mut [u8], is_place: &dyn Fn(u64) -> bool) {
    let len = note.contents.len();
    let mut keep = |range: Range<usize>| copy(room, range.start.min(len)..range.end.min(len), note.contents);
    match (owner(note), note.kind) {
        (b"CORE", nt::NT_PRSTATUS) => {
            keep(0..PRSTATUS_REGISTERS);
            let words = len.saturating_sub(PRSTATUS_REGISTERS) / 8;
            for index in 0..words {
                let at = PRSTATUS_REGISTERS + index * 8;
                let value = le::u64(note.contents, at).unwrap_or(0);
                if is_state(machine, index, value) || is_place(value) {
                    keep(at..at + 8);
                }
            }
        }
        (b"CORE", nt::NT_PRPSINFO) => {
            keep(0..ARGUMENTS.start);
            if let Some(arguments) = room.get_mut(ARGUMENTS.start..ARGUMENTS.start + MARK.len()) {
                arguments.copy_from_slice(MARK);
            }
        }
        (b"CORE", NT_SIGINFO) => keep(0..SIGNAL_BYTES),
        (b"CORE", NT_AUXV | NT_FILE) | (b"LINUX", NT_ARM_TLS) | (PROVENANCE_OWNER, _) => keep(0..len),
        (_, delve::NT_DELVE_HEADER) => keep(0..len),
        (_, delve::NT_DELVE_THREAD) => {
            for range in delve::kept(note.contents, is_place) {
                keep(range);
            }
        }
        _ => {}
    }
}

/// Registers that are no contents: pc, sp, flags and selectors, and the number of a system call.
fn is_state(machine: Machine, index: usize, value: u64) -> bool {
    match (machine, index) {
        (Machine::X86_64, 15) => value < SYSTEM_CALLS || value == u64::MAX,
        // Behind the 27 registers stands pr_fpvalid.
        (Machine::X86_64, 16..) | (Machine::Aarch64, 31..) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn note(name: &[u8], kind: u32, contents: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend((name.len() as u32).to_le_bytes());
        out.extend((contents.len() as u32).to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(name);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend(contents);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    #[test]
    fn contents_go_and_addresses_stay() {
        let mut status = vec![7; 336];
        status[PRSTATUS_REGISTERS..PRSTATUS_REGISTERS + 8].copy_from_slice(&0xc000_0000_u64.to_le_bytes());
        let mut process = vec![1; 136];
        process[40..56].copy_from_slice(b"server\0\0\0\0\0\0\0\0\0\0");
        process[56..76].copy_from_slice(b"server --password=ab");
        let segment = [
            note(b"CORE\0", 1, &status),
            note(b"CORE\0", 3, &process),
            note(b"CORE\0", 2, &[9; 512]),
            note(b"CORE\0", NT_AUXV, &[5; 32]),
        ]
        .concat();
        let out = redacted_notes(Machine::X86_64, &segment, 4, &|value| value == 0xc000_0000);
        let (found, damaged) = notes(&out, 4);
        assert!(!damaged && out.len() == segment.len());
        let [status, process, vectors, auxv] = &found[..] else { panic!("{found:?}") };
        assert_eq!(le::u64(status.contents, PRSTATUS_REGISTERS), Some(0xc000_0000));
        assert_eq!(le::u64(status.contents, PRSTATUS_REGISTERS + 8), Some(0));
        assert_eq!(le::u64(status.contents, PRSTATUS_REGISTERS + 16 * 8), Some(0x0707_0707_0707_0707), "rip");
        assert!(process.contents[40..].starts_with(b"server\0") && process.contents[56..].starts_with(MARK));
        assert!(!process.contents.windows(4).any(|four| four == b"pass"));
        assert_eq!((vectors.contents, auxv.contents), (&[0; 512][..], &[5; 32][..]));
    }

    #[test]
    fn damaged_notes_are_zeros_from_there_on() {
        let mut segment = note(b"CORE\0", NT_AUXV, &[5; 32]);
        segment.extend([0xff; 40]);
        let out = redacted_notes(Machine::X86_64, &segment, 4, &|_| true);
        assert_eq!(out[..52], segment[..52]);
        assert_eq!(out[52..], [0; 40]);
    }
}
