//! The notes of a core, as the kernel writes them (fs/binfmt_elf.c).

use crate::{Machine, pad};

pub(crate) const NT_PRSTATUS: u32 = 1;
pub(crate) const NT_PRPSINFO: u32 = 3;
pub(crate) const NT_AUXV: u32 = 6;
pub(crate) const NT_SIGINFO: u32 = 0x5349_4749;
pub(crate) const NT_FILE: u32 = 0x4649_4c45;

/// One note record with its padding.
pub(crate) fn note(name: &[u8], kind: u32, contents: &[u8], alignment: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // Delve alone leaves it out, with its NUL.
    let nul: &[u8] = if name.is_empty() { &[] } else { &[0] };
    out.extend(((name.len() + nul.len()) as u32).to_le_bytes());
    out.extend((contents.len() as u32).to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend(name);
    out.extend(nul);
    pad(&mut out, alignment);
    out.extend(contents);
    pad(&mut out, alignment);
    out
}

/// `elf_prstatus` with `pr_reg` as given, padded with zeros.
pub(crate) fn prstatus(machine: Machine, tid: u32, signal: u32, registers: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(signal.to_le_bytes());
    out.extend([0; 8]);
    out.extend((signal as u16).to_le_bytes());
    out.resize(32, 0);
    out.extend(tid.to_le_bytes());
    out.resize(112, 0);
    for index in 0..machine.register_words() {
        out.extend(registers.get(index).copied().unwrap_or(0).to_le_bytes());
    }
    out.extend([0; 8]);
    out
}

/// `elf_prpsinfo`.
pub(crate) fn prpsinfo(pid: u32, name: &str, arguments: &str) -> Vec<u8> {
    let mut out = vec![0; 24];
    out.extend(pid.to_le_bytes());
    out.resize(40, 0);
    out.extend(name.bytes().take(15));
    out.resize(56, 0);
    out.extend(arguments.bytes().take(79));
    out.resize(136, 0);
    out
}

/// `siginfo_t`: `value` is `si_addr` or `si_pid`.
pub(crate) fn siginfo(number: u32, code: i32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(number.to_le_bytes());
    out.extend([0; 4]);
    out.extend(code.to_le_bytes());
    out.extend([0; 4]);
    out.extend(value.to_le_bytes());
    out.resize(128, 0);
    out
}

/// `NT_AUXV` with its closing `AT_NULL`.
pub(crate) fn auxv(pairs: &[(u64, u64)]) -> Vec<u8> {
    let words = pairs.iter().chain(&[(0, 0)]).flat_map(|&(key, value)| [key, value]);
    words.flat_map(u64::to_le_bytes).collect()
}

/// A mapping for `NT_FILE`.
#[derive(Clone, Debug)]
pub(crate) struct FileMapping {
    pub(crate) path: Vec<u8>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Bytes; a multiple of the page size.
    pub(crate) offset: u64,
}

/// `NT_FILE`.
pub(crate) fn file(mappings: &[FileMapping], page_size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend((mappings.len() as u64).to_le_bytes());
    out.extend(page_size.to_le_bytes());
    for mapping in mappings {
        for word in [mapping.start, mapping.end, mapping.offset / page_size] {
            out.extend(word.to_le_bytes());
        }
    }
    for mapping in mappings {
        out.extend(&mapping.path);
        out.push(0);
    }
    out
}
