//! ELF64 header and program headers, checked, with the extended counts (`PN_XNUM`) that goblin 0.10 cuts at 65,535.

use goblin::elf64::header as eh;
use goblin::elf64::program_header as ph;

use crate::le;

/// The machine of a core or an executable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Machine {
    /// `EM_X86_64`; Go's amd64.
    X86_64,
    /// `EM_AARCH64`; Go's arm64.
    Aarch64,
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Machine::X86_64 => "x86-64",
            Machine::Aarch64 => "aarch64",
        })
    }
}

/// The permissions of a segment: `p_flags`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct SegmentFlags(pub u32);

impl SegmentFlags {
    /// `PF_R`.
    pub const fn readable(self) -> bool {
        self.0 & ph::PF_R != 0
    }

    /// `PF_W`.
    pub const fn writable(self) -> bool {
        self.0 & ph::PF_W != 0
    }

    /// `PF_X`.
    pub const fn executable(self) -> bool {
        self.0 & ph::PF_X != 0
    }
}

/// Why bytes are not an ELF file this crate reads. Callers add the path and the role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderFault {
    NotElf,
    Class32,
    BigEndian,
    Machine(u16),
    Short,
}

/// The fields of `Elf64_Ehdr` that are used, counts as stored (see [`ElfHeader::section_count`]).
#[derive(Clone, Debug)]
pub(crate) struct ElfHeader {
    pub(crate) kind: u16,
    pub(crate) machine: Machine,
    pub(crate) entry: u64,
    pub(crate) program_offset: u64,
    pub(crate) program_size: u16,
    pub(crate) program_count: u16,
    pub(crate) section_offset: u64,
    pub(crate) section_size: u16,
    pub(crate) section_count: u16,
    pub(crate) names_index: u16,
}

/// `e_phnum` when the count lies in `sh_info` of section 0.
const PN_XNUM: u16 = 0xffff;

/// Size of `Elf64_Phdr`.
const PHDR: usize = 56;

impl ElfHeader {
    pub(crate) fn parse(bytes: &[u8]) -> Result<ElfHeader, HeaderFault> {
        if !bytes.starts_with(eh::ELFMAG) {
            return Err(HeaderFault::NotElf);
        }
        if bytes.len() < eh::SIZEOF_EHDR {
            return Err(HeaderFault::Short);
        }
        if bytes.get(eh::EI_CLASS) == Some(&eh::ELFCLASS32) {
            return Err(HeaderFault::Class32);
        }
        if bytes.get(eh::EI_DATA) == Some(&eh::ELFDATA2MSB) {
            return Err(HeaderFault::BigEndian);
        }
        Self::fields(bytes).ok_or(HeaderFault::Short)?
    }

    fn fields(bytes: &[u8]) -> Option<Result<ElfHeader, HeaderFault>> {
        let machine = match le::u16(bytes, 18)? {
            eh::EM_X86_64 => Machine::X86_64,
            eh::EM_AARCH64 => Machine::Aarch64,
            other => return Some(Err(HeaderFault::Machine(other))),
        };
        Some(Ok(ElfHeader {
            kind: le::u16(bytes, 16)?,
            machine,
            entry: le::u64(bytes, 24)?,
            program_offset: le::u64(bytes, 32)?,
            section_offset: le::u64(bytes, 40)?,
            program_size: le::u16(bytes, 54)?,
            program_count: le::u16(bytes, 56)?,
            section_size: le::u16(bytes, 58)?,
            section_count: le::u16(bytes, 60)?,
            names_index: le::u16(bytes, 62)?,
        }))
    }
}

/// `Elf64_Phdr`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramHeader {
    pub(crate) kind: u32,
    pub(crate) flags: SegmentFlags,
    pub(crate) offset: u64,
    pub(crate) address: u64,
    pub(crate) file_size: u64,
    pub(crate) memory_size: u64,
    pub(crate) alignment: u64,
}

impl ProgramHeader {
    pub(crate) fn is_load(&self) -> bool {
        self.kind == ph::PT_LOAD
    }

    pub(crate) fn is_note(&self) -> bool {
        self.kind == ph::PT_NOTE
    }

    fn parse(bytes: &[u8]) -> Option<ProgramHeader> {
        Some(ProgramHeader {
            kind: le::u32(bytes, 0)?,
            flags: SegmentFlags(le::u32(bytes, 4)?),
            offset: le::u64(bytes, 8)?,
            address: le::u64(bytes, 16)?,
            file_size: le::u64(bytes, 32)?,
            memory_size: le::u64(bytes, 40)?,
            alignment: le::u64(bytes, 48)?,
        })
    }
}

/// The program headers of a file, and what was wrong with them.
pub(crate) struct ProgramHeaders {
    pub(crate) headers: Vec<ProgramHeader>,
    /// How many the file says it has.
    pub(crate) declared: u64,
    /// True when the count itself was lost and had to be told from the first headers.
    pub(crate) count_inferred: bool,
}

/// Reads the program headers that lie inside `bytes`, at most `limit` of them.
pub(crate) fn program_headers(bytes: &[u8], header: &ElfHeader, limit: u64) -> ProgramHeaders {
    let stride = u64::from(header.program_size).max(PHDR as u64);
    let (declared, count_inferred) = program_count(bytes, header, stride);
    let table = le::available(bytes, header.program_offset, declared.min(limit).saturating_mul(stride));
    let headers = table.chunks(stride as usize).filter_map(ProgramHeader::parse).collect();
    ProgramHeaders { headers, declared, count_inferred }
}

fn program_count(bytes: &[u8], header: &ElfHeader, stride: u64) -> (u64, bool) {
    if header.program_count != PN_XNUM {
        return (u64::from(header.program_count), false);
    }
    // sh_info of section header 0.
    let extended = le::range(bytes, header.section_offset, 64).and_then(|section| le::u32(section, 44));
    if let Some(count) = extended.filter(|&count| count > 0 && header.section_offset != 0) {
        return (u64::from(count), false);
    }
    // The kernel writes section header 0 at the very end of the core (fs/binfmt_elf.c, elf_core_dump), so a truncated
    // core has lost it. Its first segment, the notes, follows the program headers directly.
    let first = le::range(bytes, header.program_offset, stride).and_then(ProgramHeader::parse);
    let room = first.and_then(|first| first.offset.checked_sub(header.program_offset)).unwrap_or(0);
    ((room / stride).max(u64::from(PN_XNUM)), true)
}
