//! The executable that died, or a library it had mapped.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use goblin::elf64::header::{ET_CORE, ET_DYN, ET_EXEC};
use goblin::elf64::section_header::{SHF_EXECINSTR, SHT_DYNSYM, SHT_NOTE, SHT_SYMTAB};

use crate::build_ids::BuildIds;
use crate::core_file::{OpenOptions, checked_program_headers, elf_header};
use crate::elf::{ElfHeader, ProgramHeader};
use crate::error::Role;
use crate::map::ByteStore;
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

/// A symbol of `.symtab` or `.dynsym`.
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
    ids: BuildIds,
    /// Where the debug sections and symbols are that this file has not.
    debug: Option<Box<Executable>>,
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
            ids: BuildIds::default(),
            debug: None,
            damage,
        };
        executable.ids = executable.read_build_ids();
        Ok(executable)
    }

    /// From the note segments, and the note sections where a linker made no segment of them.
    fn read_build_ids(&self) -> BuildIds {
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

    /// The bytes of a section, unpacked (zlib, zstd, `.zdebug_*`); a `.debug_*` that the file has not comes from its separate debug
    /// file, where one was found. `None` when there is no such section, it has no bytes in
    /// the file (`.bss`), or they are damaged. Unpacks at every call: keep the result.
    pub fn section_data(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.try_section_data(name).ok().flatten()
    }

    /// As [`Executable::section_data`], telling damage from absence.
    pub fn try_section_data(&self, name: &str) -> Result<Option<Cow<'_, [u8]>>, SectionError> {
        match (self.section(name), &self.debug) {
            (Some(section), _) => sections::contents(&self.bytes, section),
            (None, Some(debug)) if name.starts_with(".debug_") => debug.try_section_data(name),
            _ => Ok(None),
        }
    }

    /// The symbols of `.symtab`, its own or of its separate debug file; none when it was stripped and there is no such file.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'_>> {
        let own = self.symbol_table().map(|table| (self, table));
        let found = own.or_else(|| self.debug.as_deref().and_then(|debug| Some((debug, debug.symbol_table()?))));
        let (file, table) = found.map_or((self, None), |(file, table)| (file, Some(table)));
        file.symbols_of(table)
    }

    /// The symbols of `.dynsym`: those that other files see, which stripping leaves.
    pub fn dynamic_symbols(&self) -> impl Iterator<Item = Symbol<'_>> {
        self.symbols_of(self.sections.iter().find(|section| section.kind == SHT_DYNSYM))
    }

    fn symbols_of(&self, table: Option<&SectionHeader>) -> impl Iterator<Item = Symbol<'_>> {
        let names = table.and_then(|table| self.sections.get(table.link as usize));
        let raw = |section: &SectionHeader| le::available(&self.bytes, section.file_offset, section.size);
        let (table, names) = (table.map(raw).unwrap_or_default(), names.map(raw).unwrap_or_default());
        table.chunks_exact(24).skip(1).filter_map(move |symbol| parse_symbol(symbol, names))
    }

    fn symbol_table(&self) -> Option<&SectionHeader> {
        self.sections.iter().find(|section| section.kind == SHT_SYMTAB)
    }

    /// True for what `objcopy --only-keep-debug` and its like make of an executable: its code has no bytes in the file.
    pub fn is_debug_file(&self) -> bool {
        let is_code = |section: &&SectionHeader| section.flags & u64::from(SHF_EXECINSTR) != 0 && section.size > 0;
        self.sections.iter().filter(is_code).any(SectionHeader::is_nobits)
    }

    /// The separate debug file in use.
    pub fn debug_file(&self) -> Option<&Executable> {
        self.debug.as_deref()
    }

    pub(crate) fn set_debug_file(&mut self, debug: Executable) {
        self.debug = Some(Box::new(debug));
    }

    pub(crate) fn build_ids(&self) -> &BuildIds {
        &self.ids
    }

    /// `NT_GNU_BUILD_ID`.
    pub fn gnu_build_id(&self) -> Option<&[u8]> {
        self.ids.gnu.as_deref()
    }

    /// The Go build id: note `Go`, type 4.
    pub fn go_build_id(&self) -> Option<&str> {
        self.ids.go.as_deref()
    }

    /// The build id to show: GNU's in hexadecimal, else Go's in quotes.
    pub fn build_id_text(&self) -> Option<String> {
        Some(self.build_ids().text("")).filter(|id| !id.is_empty())
    }

    /// True for a program packed with UPX: it has no sections, and UPX's mark behind its program headers.
    pub fn is_packed_by_upx(&self) -> bool {
        const LOOKED_AT: usize = 4096;
        let start = self.bytes.get(..LOOKED_AT.min(self.bytes.len())).unwrap_or_default();
        self.sections.is_empty() && start.windows(4).any(|bytes| bytes == b"UPX!")
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

/// Names of instantiated functions have some thousand bytes. What a symbol of a broken table has to its end may be all of the table.
const LONGEST_SYMBOL: usize = 1 << 16;

fn parse_symbol<'a>(symbol: &[u8], names: &'a [u8]) -> Option<Symbol<'a>> {
    const STT_OBJECT: u8 = 1;
    const STT_FUNC: u8 = 2;
    let name = le::text(names.get(le::u32(symbol, 0)? as usize..)?, LONGEST_SYMBOL);
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
