//! A core dump: its segments and notes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use goblin::elf64::header::{ET_CORE, ET_DYN, ET_EXEC};

use crate::diagnostic::{Diagnostics, keep_first};
use crate::elf::{ElfHeader, HeaderFault, ProgramHeader, ProgramHeaders, program_headers};
use crate::error::Role;
use crate::foreign::{self, Foreign};
use crate::map::ByteStore;
use crate::notes::CoreNotes;
use crate::source::{Source, Stamp};
use crate::{
    Address, AuxVector, ImageError, Machine, MappedFile, ProcessInfo, Provenance, SegmentFlags, SignalInfo, Thread, le,
};

/// How files are opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The most bytes that a compressed file may unpack to; `None` for [`OpenOptions::DEFAULT_MAX_UNPACKED`].
    pub max_unpacked: Option<u64>,
}

impl OpenOptions {
    /// 256 GiB: zeros compress better than 1000 to 1, so only an absolute size tells a bomb from a core.
    pub const DEFAULT_MAX_UNPACKED: u64 = 256 << 30;
}

/// More mappings than `vm.max_map_count` is ever raised to.
pub(crate) const SEGMENT_LIMIT: u64 = 1 << 22;

/// A `PT_LOAD` of the core.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// `p_vaddr`.
    pub address: Address,
    /// `p_memsz`, bytes.
    pub memory_size: u64,
    /// `p_filesz`, bytes: what was dumped, at most `memory_size`.
    pub file_size: u64,
    /// `p_offset`.
    pub file_offset: u64,
    /// `p_flags`.
    pub flags: SegmentFlags,
    /// How many of the `file_size` bytes the truncated file does not hold.
    pub missing: u64,
}

impl Segment {
    /// First address past the segment.
    pub fn end(&self) -> Address {
        self.address + self.memory_size
    }
}

/// An opened core dump.
pub struct CoreFile {
    pub(crate) bytes: Arc<ByteStore>,
    path: PathBuf,
    machine: Machine,
    segments: Vec<Segment>,
    notes: CoreNotes,
    stamp: Option<Stamp>,
    diagnostics: Diagnostics,
}

impl CoreFile {
    /// Opens a core, plain or compressed. What a truncated file still holds is usable; see [`CoreFile::missing_bytes`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<CoreFile, ImageError> {
        Self::parse(path, Source::open(path, Role::Core, options)?)
    }

    /// A core from bytes in memory, for tests and fuzzing.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<CoreFile, ImageError> {
        Self::parse(Path::new("core"), Source::from_bytes(bytes))
    }

    fn parse(path: &Path, source: Source) -> Result<CoreFile, ImageError> {
        let Source { store, stamp, damage } = source;
        let header = elf_header(path, Role::Core, &store)?;
        match header.kind {
            ET_CORE => {}
            ET_EXEC | ET_DYN => return Err(ImageError::ExecutableAsCore { path: path.to_owned() }),
            kind => return Err(ImageError::WrongElfType { path: path.to_owned(), role: Role::Core, kind }),
        }
        let table = checked_program_headers(path, Role::Core, &store, &header)?;
        let mut diagnostics = Diagnostics {
            missing_program_headers: table.declared - table.headers.len() as u64,
            inferred_segment_count: table.count_inferred,
            core_unpacking: damage,
            ..Diagnostics::default()
        };
        let mut notes = CoreNotes::default();
        for note in table.headers.iter().filter(|header| header.is_note()) {
            let contents = le::available(&store, note.offset, note.file_size);
            let missing = note.file_size - contents.len() as u64;
            diagnostics.missing_bytes = diagnostics.missing_bytes.saturating_add(missing);
            let damaged = diagnostics.damaged_notes;
            notes.read(header.machine, contents, note.alignment, &mut diagnostics);
            if diagnostics.damaged_notes > damaged {
                keep_first(&mut diagnostics.firsts.damaged_notes, note.offset);
            }
        }
        notes.finish();
        let segments = load_segments(&table.headers, store.len() as u64, &mut diagnostics);
        Ok(CoreFile {
            bytes: Arc::new(store),
            path: path.to_owned(),
            machine: header.machine,
            segments,
            notes,
            stamp,
            diagnostics,
        })
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The machine of the process.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The `PT_LOAD` segments, in the order of their program headers.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The threads, in the order of their notes: the one that died first.
    pub fn threads(&self) -> &[Thread] {
        &self.notes.threads
    }

    /// The mapped files; none in the cores of qemu-user.
    pub fn mapped_files(&self) -> &[MappedFile] {
        &self.notes.mapped_files
    }

    /// The process, from `NT_PRPSINFO`.
    pub fn process(&self) -> Option<&ProcessInfo> {
        self.notes.process.as_ref()
    }

    /// True if goheap took the contents out: strings, bytes and numbers are not the process's.
    pub fn is_redacted(&self) -> bool {
        self.process().is_some_and(ProcessInfo::is_redacted)
    }

    /// The signal that killed it, from `NT_SIGINFO`.
    pub fn signal(&self) -> Option<&SignalInfo> {
        self.notes.signal.as_ref()
    }

    /// Where the core comes from, of goheap's own note, where goheap took it of a live process.
    pub fn provenance(&self) -> Option<&Provenance> {
        self.notes.provenance.as_ref()
    }

    /// The auxiliary vector; empty when the core has none.
    pub fn aux_vector(&self) -> &AuxVector {
        &self.notes.aux_vector
    }

    /// Size of the core, bytes, unpacked.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// When the file was last written: about when the process died.
    pub fn modified(&self) -> Option<SystemTime> {
        self.stamp?.modified
    }

    /// True when the file was written or removed since it was opened: what was read of it may not fit together.
    pub fn changed_since_open(&self) -> bool {
        let now = std::fs::metadata(&self.path).map(|metadata| Stamp::of(&metadata)).ok();
        self.stamp.is_some() && now != self.stamp
    }

    /// How many bytes the program headers promise that the file does not hold: more than 0 for a truncated core.
    pub fn missing_bytes(&self) -> u64 {
        self.diagnostics.missing_bytes
    }

    /// What was odd about the file.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }
}

/// The header of an input, or why it is none.
pub(crate) fn elf_header(path: &Path, role: Role, bytes: &[u8]) -> Result<ElfHeader, ImageError> {
    let path = path.to_owned();
    if bytes.is_empty() {
        return Err(ImageError::Empty { path, role });
    }
    ElfHeader::parse(bytes).map_err(|fault| match fault {
        HeaderFault::NotElf => match foreign::detect(bytes) {
            Some(Foreign { format, advice, .. }) => ImageError::ForeignFormat { path, role, format, advice },
            None => ImageError::NotElf { path, role },
        },
        HeaderFault::Class32 => ImageError::Elf32 { path },
        HeaderFault::BigEndian => ImageError::BigEndian { path },
        HeaderFault::Machine(machine) => ImageError::UnsupportedMachine { path, machine },
        HeaderFault::Short => ImageError::HeadersCut { path, role, size: bytes.len() as u64 },
    })
}

/// The program headers of an input: at least one.
pub(crate) fn checked_program_headers(
    path: &Path,
    role: Role,
    bytes: &[u8],
    header: &ElfHeader,
) -> Result<ProgramHeaders, ImageError> {
    let table = program_headers(bytes, header, SEGMENT_LIMIT);
    let path = path.to_owned();
    if table.declared > SEGMENT_LIMIT {
        return Err(ImageError::TooManySegments { path, count: table.declared, limit: SEGMENT_LIMIT });
    }
    if table.headers.is_empty() {
        return Err(ImageError::HeadersCut { path, role, size: bytes.len() as u64 });
    }
    Ok(table)
}

fn load_segments(headers: &[ProgramHeader], size: u64, diagnostics: &mut Diagnostics) -> Vec<Segment> {
    let loads = headers.iter().filter(|header| header.is_load());
    let segments: Vec<Segment> = loads.filter_map(|header| load_segment(header, size, diagnostics)).collect();
    let pairs = segments.iter().zip(segments.iter().skip(1));
    for (_, unsorted) in pairs.filter(|(a, b)| b.address < a.address) {
        diagnostics.unsorted_segments += 1;
        keep_first(&mut diagnostics.firsts.unsorted, unsorted.address);
    }
    segments
}

fn load_segment(header: &ProgramHeader, size: u64, diagnostics: &mut Diagnostics) -> Option<Segment> {
    if header.address.checked_add(header.memory_size.max(header.file_size)).is_none() {
        diagnostics.wrapped_segments += 1;
        keep_first(&mut diagnostics.firsts.wrapped, Address(header.address));
        return None;
    }
    if header.file_size > header.memory_size {
        diagnostics.oversized_segments += 1;
        keep_first(&mut diagnostics.firsts.oversized, Address(header.address));
    }
    let file_size = header.file_size.min(header.memory_size);
    let there = size.saturating_sub(header.offset).min(file_size);
    let missing = file_size - there;
    if missing > 0 {
        diagnostics.truncated_segments += 1;
        keep_first(&mut diagnostics.firsts.truncated, Address(header.address));
    }
    diagnostics.missing_bytes = diagnostics.missing_bytes.saturating_add(missing);
    Some(Segment {
        address: Address(header.address),
        memory_size: header.memory_size,
        file_size,
        file_offset: header.offset,
        flags: header.flags,
        missing,
    })
}
