//! The bytes of a dead process: its ELF core, its executable, and the memory that the two together describe.
//!
//! - To open a core with its executable: [`Process::open`].
//! - To read memory: [`MemoryImage`]. What neither the core nor a file holds is absent (`None`), never zero.
//! - To tell what to fetch for a core: [`CoreFile::mapped_modules`].
//! - For threads and registers: [`CoreFile::threads`]. For symbols, sections and DWARF: [`Executable`].
//!
//! Reads ELF64 little-endian cores of x86-64 and aarch64 Linux, as written by the kernel, by gcore and by qemu-user,
//! plain or compressed (.zst, .xz, .gz, .lz4), whole or truncated. This crate knows no Go and prints nothing.
#![deny(unsafe_code)]

mod address;
mod bias;
mod build_ids;
mod bus_error;
mod core_file;
mod debug_file;
mod diagnostic;
mod elf;
mod error;
mod exe_folders;
mod executable;
mod file_kind;
mod file_parts;
mod foreign;
mod identity;
mod le;
mod locate;
mod map;
mod mapped_bytes;
mod mapped_modules;
mod memory;
mod memory_group;
mod native;
mod notes;
mod present;
mod process;
mod read_ahead;
mod registers;
mod sections;
mod shared_object;
mod signal_handler;
mod source;
mod start_block;
mod unpack;
mod untouched;
mod whole_file;
mod zeros;

pub use address::Address;
pub use bus_error::end_on_bus_error;
pub use core_file::{CoreFile, OpenOptions, Segment};
pub use diagnostic::{Diagnostics, Firsts, keep_first};
pub use elf::{Machine, SegmentFlags};
pub use error::{ImageError, MismatchEvidence, Role};
pub use exe_folders::copy_name;
pub use executable::{Executable, LoadSegment, Symbol, SymbolKind};
pub use file_kind::FileKind;
pub use file_parts::{FilePart, FilePartKind};
pub use mapped_bytes::MappedBytes;
pub use mapped_modules::MappedModule;
pub use memory::{MemoryImage, MemoryRange, RangeSource};
pub use memory_group::{MemoryGroup, number_after};
pub use native::NativePlace;
pub use notes::{
    AuxVector, FXSAVE_VECTORS, MappedFile, PROVENANCE_KIND, PROVENANCE_OWNER, ProcessInfo, Provenance, SignalInfo,
    Thread, redacted_notes,
};
pub use present::PresentParts;
pub use process::{OpenRequest, Process};
pub use registers::Registers;
pub use sections::{SectionError, SectionHeader};
pub use shared_object::SharedObject;
pub use signal_handler::exit as end_process;
pub use start_block::{StartBlock, StartPlace};
pub use whole_file::WholeFile;
pub use zeros::NonzeroParts;
