//! One ELF file of the process where it was loaded, and what tells that Go made it.

use crate::words::word_at;
use goheap_image::{Address, Executable, LoadSegment, MemoryImage, Process};
use std::borrow::Cow;

/// Names of the section that holds pclntab: of plain executables, and of position-independent ones up to 1.25.
const PCLNTAB_SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];

/// The magics of pclntab (internal/abi/symtab.go `PCLnTabMagic`, before 1.26 runtime/symtab.go), newest first, with the first minor
/// release that writes each.
const PCLNTAB_MAGICS: [(u32, u32); 3] = [(0xffff_fff1, 20), (0xffff_fff0, 18), (0xffff_fffa, 17)];

/// An ELF file at its load bias.
#[derive(Clone, Copy)]
pub struct MappedElf<'a> {
    /// The file.
    pub executable: &'a Executable,
    /// What to add (wrapping) to its addresses.
    pub load_bias: u64,
    /// The process's memory.
    pub memory: &'a MemoryImage,
}

/// The head of a function table: pcHeader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PclntabHead {
    /// Where it lies in the process.
    pub(crate) address: Address,
    /// The first minor release that writes its magic.
    pub(crate) since_minor: u32,
}

impl<'a> MappedElf<'a> {
    /// The file that is read as the process's Go program.
    pub fn of(process: &'a Process) -> Self {
        MappedElf { executable: &process.executable, load_bias: process.load_bias, memory: &process.memory }
    }

    /// Where what was linked at `address` lies in the process.
    pub(crate) fn address(&self, address: Address) -> Address {
        Address(address.0.wrapping_add(self.load_bias))
    }

    /// The segments of variables.
    pub(crate) fn writable_segments(&self) -> impl Iterator<Item = LoadSegment> + use<'a> {
        self.executable.load_segments().filter(|segment| segment.flags.writable())
    }

    /// What the process had of a segment's bytes in the file, else those of the file, whose pointers are those of the linker.
    pub(crate) fn bytes(&self, segment: &LoadSegment) -> Cow<'a, [u8]> {
        let in_file = || {
            let start = usize::try_from(segment.file_offset).ok()?;
            self.executable.data().get(start..start.checked_add(usize::try_from(segment.file_size).ok()?)?)
        };
        let len = usize::try_from(segment.file_size).unwrap_or(0);
        let dumped = self.memory.bytes(self.address(segment.address), len);
        dumped.or_else(|| in_file().map(Cow::Borrowed)).unwrap_or_default()
    }

    /// Heads of function tables, those at the sections' starts first; a program has one. Sections may be missing or have other names.
    pub(crate) fn pclntabs(&self) -> impl Iterator<Item = PclntabHead> + use<'a> {
        let file = *self;
        let named = PCLNTAB_SECTIONS.into_iter().filter_map(move |name| {
            let section = file.executable.section(name)?;
            let address = file.address(section.address);
            let head = file.memory.bytes(address, PCHEADER_BYTES)?;
            Some(PclntabHead { address, since_minor: pcheader(&head)? })
        });
        let scanned = self.executable.load_segments().flat_map(move |segment| file.scan(&segment));
        named.chain(scanned)
    }

    fn scan(&self, segment: &LoadSegment) -> Vec<PclntabHead> {
        let (start, bytes) = (self.address(segment.address), self.bytes(segment));
        let places = (0..bytes.len()).step_by(ALIGNMENT).filter_map(|at| {
            let since_minor = pcheader(&bytes[at..])?;
            Some(PclntabHead { address: start.add(at as u64), since_minor })
        });
        places.collect()
    }

    /// True if the file was linked by Go, or has an archive of Go linked in.
    pub fn is_go(&self) -> bool {
        self.executable.go_build_id().is_some()
            || crate::buildinfo::stamp(self).is_some()
            || self.pclntabs().next().is_some()
    }
}

const ALIGNMENT: usize = 8;
/// What is looked at of pcHeader.
const PCHEADER_BYTES: usize = 24;
/// More functions, and files, than any program has.
const COUNT_LIMIT: u64 = 1 << 32;

/// The first minor release that writes a pcHeader so: magic, two zero bytes, the instruction quantum, the pointer size, how many
/// functions and how many files.
fn pcheader(head: &[u8]) -> Option<u32> {
    let &[a, b, c, d, 0, 0, 1 | 4, 8, ..] = head else { return None };
    let magic = u32::from_le_bytes([a, b, c, d]);
    let (functions, files) = (word_at(head, 8)?, word_at(head, 16)?);
    let counts = (1..COUNT_LIMIT).contains(&functions) && files < COUNT_LIMIT;
    PCLNTAB_MAGICS.iter().find(|known| counts && known.0 == magic).map(|known| known.1)
}
