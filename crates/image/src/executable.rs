//! The executable that died, or a library it had mapped.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use goblin::elf64::header::{ET_CORE, ET_DYN, ET_EXEC};
use goblin::elf64::section_header::{SHT_NOTE, SHT_SYMTAB};

use crate::core_file::{OpenOptions, checked_program_headers, elf_header};
use crate::elf::{ElfHeader, ProgramHeader};
use crate::error::Role;
use crate::map::ByteStore;
use crate::notes::notes;
use crate::sections::{self, SectionError, SectionHeader};
use crate::source::Source;
use crate::{Address, ImageError, Machine, SegmentFlags, le};

/// A `PT_LOAD` of an executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadSegment {
    /// `p_vaddr`, at link time.
    pub address: Address,
    /// `p_memsz`, bytes.
    pub memory_size: u64,
    /// `p_filesz`, bytes, as far as the file holds them.
    pub file_size: u64,
    /// `p_offset`.
    pub file_offset: u64,
    /// `p_flags`.
    pub flags: SegmentFlags,
}

/// What a symbol names: `st_info & 15`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum SymbolKind {
    /// `STT_OBJECT`: data.
    Object,
    /// `STT_FUNC`: code.
    Function,
    /// Anything else.
    Other,
}

/// A symbol of `.symtab`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol<'a> {
    /// Its name; up to the first byte that is not UTF-8.
    pub name: &'a str,
    /// `st_value`, at link time.
    pub address: Address,
    /// `st_size`, bytes.
    pub size: u64,
    /// What it names.
    pub kind: SymbolKind,
    /// `st_shndx`; 0 for an undefined symbol.
    pub section: u16,
}

/// An opened executable or shared object. All addresses are as linked: add the load bias for those of the process.
pub struct Executable {
    pub(crate) bytes: Arc<ByteStore>,
    path: PathBuf,
    header: ElfHeader,
    program_headers: Vec<ProgramHeader>,
    sections: Vec<SectionHeader>,
    gnu_build_id: Option<Vec<u8>>,
    go_build_id: Option<String>,
    /// Why unpacking it stopped early, when it did.
    pub(crate) damage: Option<String>,
}

impl Executable {
    /// Opens an executable or shared object, plain or compressed.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Executable, ImageError> {
        Self::parse(path, Source::open(path, Role::Executable, options)?)
    }

    /// An executable from bytes in memory, for tests and fuzzing.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Executable, ImageError> {
        Self::parse(Path::new("executable"), Source::from_bytes(bytes))
    }

    fn parse(path: &Path, source: Source) -> Result<Executable, ImageError> {
        let Source { store, damage, .. } = source;
        let header = elf_header(path, Role::Executable, &store)?;
        match header.kind {
            ET_EXEC | ET_DYN => {}
            ET_CORE => return Err(ImageError::CoreAsExecutable { path: path.to_owned() }),
            kind => return Err(ImageError::WrongElfType { path: path.to_owned(), role: Role::Executable, kind }),
        }
        let table = checked_program_headers(path, Role::Executable, &store, &header)?;
        let sections = sections::section_headers(&store, &header);
        let mut executable = Executable {
            bytes: Arc::new(store),
            path: path.to_owned(),
            header,
            program_headers: table.headers,
            sections,
            gnu_build_id: None,
            go_build_id: None,
            damage,
        };
        let ids = executable.build_ids();
        (executable.gnu_build_id, executable.go_build_id) = (ids.gnu, ids.go);
        Ok(executable)
    }

    /// From the note segments, and the note sections where a linker made no segment of them.
    fn build_ids(&self) -> BuildIds {
        let segments = self.program_headers.iter().filter(|header| header.is_note());
        let segments = segments.map(|header| (header.offset, header.file_size, header.alignment));
        let sections = self.sections.iter().filter(|section| section.kind == SHT_NOTE);
        let sections = sections.map(|section| (section.file_offset, section.size, 4));
        let mut ids = BuildIds::default();
        for (offset, size, alignment) in segments.chain(sections) {
            ids.read(le::available(&self.bytes, offset, size), alignment);
        }
        ids
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its machine.
    pub fn machine(&self) -> Machine {
        self.header.machine
    }

    /// `e_entry`, at link time.
    pub fn entry(&self) -> Address {
        Address(self.header.entry)
    }

    /// True for `ET_DYN`: a position independent executable or a shared object.
    pub fn is_pie(&self) -> bool {
        self.header.kind == ET_DYN
    }

    /// Size of the file, bytes, unpacked.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The whole file.
    pub fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// The `PT_LOAD` segments.
    pub fn load_segments(&self) -> impl Iterator<Item = LoadSegment> {
        let loads = self.program_headers.iter().filter(|header| header.is_load());
        loads.map(|header| LoadSegment {
            address: Address(header.address),
            memory_size: header.memory_size,
            file_size: le::available(&self.bytes, header.offset, header.file_size).len() as u64,
            file_offset: header.offset,
            flags: header.flags,
        })
    }

    /// Every section, in the order of the file.
    pub fn sections(&self) -> &[SectionHeader] {
        &self.sections
    }

    /// The section of this name. `.debug_info` finds `.zdebug_info` too.
    pub fn section(&self, name: &str) -> Option<&SectionHeader> {
        let named = |wanted: &str| self.sections.iter().find(|section| section.name == wanted);
        named(name).or_else(|| named(&format!(".zdebug_{}", name.strip_prefix(".debug_")?)))
    }

    /// The bytes of a section, unpacked (zlib, zstd, `.zdebug_*`); `None` when there is no such section, it has no bytes in
    /// the file (`.bss`), or they are damaged. Unpacks at every call: keep the result.
    pub fn section_data(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.try_section_data(name).ok().flatten()
    }

    /// As [`Executable::section_data`], telling damage from absence.
    pub fn try_section_data(&self, name: &str) -> Result<Option<Cow<'_, [u8]>>, SectionError> {
        self.section(name).map_or(Ok(None), |section| sections::contents(&self.bytes, section))
    }

    /// The symbols of `.symtab`; none when it was stripped.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'_>> {
        let table = self.sections.iter().find(|section| section.kind == SHT_SYMTAB);
        let names = table.and_then(|table| self.sections.get(table.link as usize));
        let raw = |section: &SectionHeader| le::available(&self.bytes, section.file_offset, section.size);
        let (table, names) = (table.map(raw).unwrap_or_default(), names.map(raw).unwrap_or_default());
        table.chunks_exact(24).skip(1).filter_map(move |symbol| parse_symbol(symbol, names))
    }

    /// `NT_GNU_BUILD_ID`.
    pub fn gnu_build_id(&self) -> Option<&[u8]> {
        self.gnu_build_id.as_deref()
    }

    /// The Go build id: note `Go`, type 4.
    pub fn go_build_id(&self) -> Option<&str> {
        self.go_build_id.as_deref()
    }

    /// `e_type`.
    pub(crate) fn elf_type(&self) -> u16 {
        self.header.kind
    }

    /// Where the program headers lie in memory, at link time.
    pub(crate) fn program_headers_address(&self) -> Option<Address> {
        let offset = self.header.program_offset;
        let holds = |segment: &LoadSegment| {
            offset.checked_sub(segment.file_offset).is_some_and(|skipped| skipped < segment.file_size)
        };
        let segment = self.load_segments().find(holds)?;
        Some(segment.address + (offset - segment.file_offset))
    }
}

/// The build ids found in notes of a file or of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildIds {
    pub(crate) gnu: Option<Vec<u8>>,
    pub(crate) go: Option<String>,
}

impl BuildIds {
    /// Looks through one note segment; the first of each id counts.
    pub(crate) fn read(&mut self, segment: &[u8], alignment: u64) {
        const NT_GNU_BUILD_ID: u32 = 3;
        const GO_BUILD_ID: u32 = 4;
        const LIMIT: usize = 256;
        for note in notes(segment, alignment).0 {
            match (note.name, note.kind) {
                (b"GNU", NT_GNU_BUILD_ID) if note.contents.len() <= LIMIT => {
                    self.gnu.get_or_insert_with(|| note.contents.to_vec());
                }
                (b"Go", GO_BUILD_ID) if note.contents.len() <= LIMIT => {
                    self.go.get_or_insert_with(|| String::from_utf8_lossy(note.contents).into_owned());
                }
                _ => {}
            }
        }
    }
}

fn parse_symbol<'a>(symbol: &[u8], names: &'a [u8]) -> Option<Symbol<'a>> {
    const STT_OBJECT: u8 = 1;
    const STT_FUNC: u8 = 2;
    let name = names.get(le::u32(symbol, 0)? as usize..)?;
    let name = name.split(|&byte| byte == 0).next()?;
    let name = name.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    Some(Symbol {
        name,
        kind: match symbol.get(4)? & 15 {
            STT_OBJECT => SymbolKind::Object,
            STT_FUNC => SymbolKind::Function,
            _ => SymbolKind::Other,
        },
        section: le::u16(symbol, 6)?,
        address: Address(le::u64(symbol, 8)?),
        size: le::u64(symbol, 16)?,
    })
}
