//! The notes of a core: threads, process, auxiliary vector, mapped files, and where the core comes from.

use crate::error::CaptureError;
use crate::maps::{Backing, Mapping, PAGE};
use crate::proc_files::ProcFolder;
use crate::process::{NT_PRSTATUS, ThreadState};
use goheap_image::{PROVENANCE_KIND, PROVENANCE_OWNER, number_after};

const NT_PRPSINFO: u32 = 3;
const NT_AUXV: u32 = 6;
/// "FILE".
const NT_FILE: u32 = 0x4649_4c45;
const NT_FPREGSET: u32 = 2;

/// What `/proc/PID/stat` tells (proc(5)).
#[derive(Clone, Debug, Default)]
struct Stat {
    state: u8,
    parent: u32,
    group: u32,
    session: u32,
    flags: u64,
    nice: i8,
}

/// The notes of a process whose threads are stopped.
pub(crate) fn of_process(
    process: &ProcFolder,
    threads: &[ThreadState],
    mappings: &[Mapping],
    provenance: &[u8],
) -> Result<Vec<u8>, CaptureError> {
    let stat = stat(&process.bytes("stat")?);
    let mut out = Vec::new();
    for (index, thread) in threads.iter().enumerate() {
        note(&mut out, b"CORE", NT_PRSTATUS, &prstatus(thread, &stat));
        if index == 0 {
            note(&mut out, b"CORE", NT_PRPSINFO, &prpsinfo(process, &stat)?);
            note(&mut out, b"CORE", NT_AUXV, &process.bytes("auxv")?);
            note(&mut out, b"CORE", NT_FILE, &files(mappings));
            note(&mut out, PROVENANCE_OWNER, PROVENANCE_KIND, provenance);
        }
        for set in &thread.others {
            let owner: &[u8] = if set.kind == NT_FPREGSET { b"CORE" } else { b"LINUX" };
            note(&mut out, owner, set.kind, &set.bytes);
        }
    }
    Ok(out)
}

fn note(out: &mut Vec<u8>, owner: &[u8], kind: u32, contents: &[u8]) {
    for word in [owner.len() as u32 + 1, contents.len() as u32, kind] {
        out.extend(word.to_le_bytes());
    }
    out.extend(owner);
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(contents);
    out.resize(out.len().next_multiple_of(4), 0);
}

/// `elf_prstatus` (include/uapi/linux/elfcore.h): the thread's id and registers; times and pending signals are not asked for.
fn prstatus(thread: &ThreadState, stat: &Stat) -> Vec<u8> {
    const REGISTERS: usize = 112;
    let mut out = vec![0; REGISTERS];
    for (at, word) in [(32, thread.tid.0 as u32), (36, stat.parent), (40, stat.group), (44, stat.session)] {
        out[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    out.extend(&thread.general);
    // pr_fpvalid, and padding.
    out.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    out
}

/// `elf_prpsinfo`: the process in 136 bytes.
fn prpsinfo(process: &ProcFolder, stat: &Stat) -> Result<Vec<u8>, CaptureError> {
    let status = process.text("status")?;
    let id = |name| number_after(&status, name).unwrap_or(0) as u32;
    let name = process.bytes("comm").unwrap_or_default();
    let mut arguments = process.bytes("cmdline").unwrap_or_default();
    arguments.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    let number = b"RSDTZW".iter().position(|state| *state == stat.state).unwrap_or(0) as u8;
    let mut out = vec![number, stat.state, u8::from(stat.state == b'Z'), stat.nice as u8, 0, 0, 0, 0];
    out.extend(stat.flags.to_le_bytes());
    for word in [id("Uid:"), id("Gid:"), process.pid as u32, stat.parent, stat.group, stat.session] {
        out.extend(word.to_le_bytes());
    }
    for (text, size) in [(name.trim_ascii_end(), 16), (arguments.trim_ascii_end(), 80)] {
        let start = out.len();
        // The last byte stays 0.
        out.extend(&text[..text.len().min(size - 1)]);
        out.resize(start + size, 0);
    }
    Ok(out)
}

/// `ID (NAME) STATE PARENT GROUP SESSION TTY TPGID FLAGS …`: the name may hold anything, so its end is the last parenthesis.
fn stat(text: &[u8]) -> Stat {
    let after = text.iter().rposition(|&byte| byte == b')').map_or(text.len(), |at| at + 1);
    let text = String::from_utf8_lossy(&text[after..]).into_owned();
    let fields: Vec<&str> = text.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<i64>().ok()).unwrap_or(0);
    Stat {
        state: fields.first().and_then(|state| state.bytes().next()).unwrap_or(b'R'),
        parent: number(1) as u32,
        group: number(2) as u32,
        session: number(3) as u32,
        flags: number(6) as u64,
        nice: number(16) as i8,
    }
}

/// `NT_FILE` (fs/binfmt_elf.c `fill_files_note`): count, size of a page, and of each mapping of a file start, end and page; then the
/// paths.
fn files(mappings: &[Mapping]) -> Vec<u8> {
    let is_file = |mapping: &&Mapping| matches!(mapping.backing(), Backing::File | Backing::SharedMemory);
    let files: Vec<&Mapping> = mappings.iter().filter(is_file).collect();
    let mut out = Vec::new();
    for word in [files.len() as u64, PAGE] {
        out.extend(word.to_le_bytes());
    }
    for file in &files {
        for word in [file.start, file.end, file.offset / PAGE] {
            out.extend(word.to_le_bytes());
        }
    }
    for file in files {
        out.extend(&file.path);
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::maps;

    #[test]
    fn names_may_hold_parentheses() {
        let stat = stat(b"17 (a) R) 5) S 3 4 5 0 -1 4194304 1 2 3 4 5 6 7 8 20 -5 9 0");
        assert_eq!((stat.state, stat.parent, stat.group, stat.session), (b'S', 3, 4, 5));
        assert_eq!((stat.flags, stat.nice), (4_194_304, -5));
        assert_eq!(super::stat(b"").state, b'R');
    }

    #[test]
    fn notes_have_the_sizes_that_readers_know() {
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        assert_eq!(prpsinfo(&own, &stat(&own.bytes("stat").unwrap())).unwrap().len(), 136);
        let mut out = Vec::new();
        note(&mut out, b"goheap", 1, b"abc");
        assert_eq!(out, b"\x07\0\0\0\x03\0\0\0\x01\0\0\0goheap\0\0abc\0");
        let maps = maps::parse(b"1000-3000 r-xp 00002000 fd:00 7 /a\n5000-6000 rw-p 00000000 00:00 0 \n");
        assert_eq!(files(&maps).len(), 16 + 24 + 3);
    }
}
