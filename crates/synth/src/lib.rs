//! Small ELF cores and executables with labels, for tests and fuzz seeds. Tests only: nothing that ships depends on it.
//!
//! - A core: [`CoreBuilder`]. Its memory is written with [`Memory`], where words may point to labels set anywhere.
//! - An executable that fits it: [`ExeBuilder`], whose [`ExeBuilder::header_page`] is what a kernel dumps of it.
//! - Damage: [`mutate`].
//! - Files of a machine that is none: [`write_files`].
//!
//! ```
//! use goheap_synth::{CoreBuilder, Machine};
//!
//! let mut core = CoreBuilder::new(Machine::X86_64);
//! core.memory(0xc0_0000_0000, goheap_synth::RW, |m| {
//!     m.label("head").pointer("node").word(42);
//!     m.align(64).label("node").word(7);
//! });
//! assert_eq!(core.address_of("node"), 0xc0_0000_0040);
//! let bytes = core.build();
//! assert!(bytes.starts_with(b"\x7fELF"));
//! ```

mod core;
mod exe;
mod files;
mod memory;
pub mod mutate;
mod notes;

pub use core::{CoreBuilder, PAGE};
pub use exe::{ExeBuilder, SectionCompression};
pub use files::write_files;
pub use memory::Memory;

/// `PF_R`.
pub const R: u32 = 4;
/// `PF_R | PF_W`.
pub const RW: u32 = 6;
/// `PF_R | PF_X`.
pub const RX: u32 = 5;

/// The machine to build for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Machine {
    /// `EM_X86_64`.
    X86_64,
    /// `EM_AARCH64`.
    Aarch64,
}

impl Machine {
    /// `e_machine`.
    pub const fn e_machine(self) -> u16 {
        match self {
            Machine::X86_64 => 62,
            Machine::Aarch64 => 183,
        }
    }

    /// Words of `pr_reg`.
    pub const fn register_words(self) -> usize {
        match self {
            Machine::X86_64 => 27,
            Machine::Aarch64 => 34,
        }
    }
}

/// The first 64 bytes of an ELF64 file.
#[derive(Clone, Copy)]
struct FileHeader {
    kind: u16,
    machine: Machine,
    entry: u64,
    program_offset: u64,
    program_count: u16,
    section_offset: u64,
    section_count: u16,
    names_index: u16,
}

impl FileHeader {
    fn write(self, out: &mut Vec<u8>) {
        out.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
        out.extend(self.kind.to_le_bytes());
        out.extend(self.machine.e_machine().to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(self.entry.to_le_bytes());
        out.extend(self.program_offset.to_le_bytes());
        out.extend(self.section_offset.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        for field in [64, 56, self.program_count, 64, self.section_count, self.names_index] {
            out.extend(field.to_le_bytes());
        }
    }
}

/// `Elf64_Phdr`.
#[derive(Clone, Copy, Default)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    alignment: u64,
}

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;

impl ProgramHeader {
    const SIZE: u64 = 56;

    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.kind.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        for field in [self.offset, self.address, 0, self.file_size, self.memory_size, self.alignment] {
            out.extend(field.to_le_bytes());
        }
    }
}

/// `Elf64_Shdr`.
#[derive(Clone, Copy, Default)]
struct SectionHeader {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
    info: u32,
    entry_size: u64,
}

impl SectionHeader {
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.name.to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        for field in [self.flags, self.address, self.offset, self.size] {
            out.extend(field.to_le_bytes());
        }
        out.extend(self.link.to_le_bytes());
        out.extend(self.info.to_le_bytes());
        out.extend(1u64.to_le_bytes());
        out.extend(self.entry_size.to_le_bytes());
    }
}

/// Pads with zeros to a multiple of `alignment`.
fn pad(out: &mut Vec<u8>, alignment: u64) {
    out.resize((out.len() as u64).next_multiple_of(alignment) as usize, 0);
}
