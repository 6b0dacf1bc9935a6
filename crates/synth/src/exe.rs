//! An ELF executable.

use crate::notes::note;
use crate::{FileHeader, Machine, PAGE, PT_LOAD, PT_NOTE, ProgramHeader, R, SectionHeader, pad};

const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_NOBITS: u32 = 8;
const SHF_COMPRESSED: u64 = 1 << 11;

/// How a section's bytes, packed by the caller, are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SectionCompression {
    /// `SHF_COMPRESSED` with this `ch_type` (1 zlib, 2 zstd) and unpacked size.
    Standard(u32, u64),
    /// `ZLIB` and the big-endian unpacked size, for `.zdebug_*`.
    Zdebug(u64),
}

#[derive(Clone)]
struct Load {
    address: u64,
    flags: u32,
    memory_size: u64,
    bytes: Vec<u8>,
}

#[derive(Clone)]
struct Section {
    name: String,
    kind: u32,
    flags: u64,
    address: u64,
    size: u64,
    bytes: Vec<u8>,
}

struct Symbol {
    name: String,
    address: u64,
    size: u64,
    kind: u8,
}

/// Builds a small executable. Its first page (ELF header, program headers, notes) is a read-only segment at `base`, the segments follow, each
/// at a page of the file.
pub struct ExeBuilder {
    machine: Machine,
    base: u64,
    pie: bool,
    entry: u64,
    notes: Vec<u8>,
    loads: Vec<Load>,
    sections: Vec<Section>,
    symbols: Vec<Symbol>,
}

impl ExeBuilder {
    /// An executable whose first page is at `base`.
    pub fn new(machine: Machine, base: u64) -> ExeBuilder {
        ExeBuilder {
            machine,
            base,
            pie: false,
            entry: base + PAGE,
            notes: Vec::new(),
            loads: Vec::new(),
            sections: Vec::new(),
            symbols: Vec::new(),
        }
    }

    /// Makes it position independent (`ET_DYN`).
    pub fn pie(&mut self) -> &mut ExeBuilder {
        self.pie = true;
        self
    }

    /// `e_entry`; one page past the base unless told.
    pub fn entry(&mut self, entry: u64) -> &mut ExeBuilder {
        self.entry = entry;
        self
    }

    /// The GNU build id note.
    pub fn gnu_build_id(&mut self, id: &[u8]) -> &mut ExeBuilder {
        self.notes.extend(note(b"GNU", 3, id, 4));
        self
    }

    /// The Go build id note.
    pub fn go_build_id(&mut self, id: &str) -> &mut ExeBuilder {
        self.notes.extend(note(b"Go", 4, id.as_bytes(), 4));
        self
    }

    /// A segment whose memory is its bytes.
    pub fn load(&mut self, address: u64, flags: u32, bytes: &[u8]) -> &mut ExeBuilder {
        self.load_with_bss(address, flags, bytes, bytes.len() as u64)
    }

    /// A segment with more memory than bytes.
    pub fn load_with_bss(&mut self, address: u64, flags: u32, bytes: &[u8], memory_size: u64) -> &mut ExeBuilder {
        self.loads.push(Load { address, flags, memory_size, bytes: bytes.to_vec() });
        self
    }

    /// A section with bytes of its own.
    pub fn section(&mut self, name: &str, address: u64, bytes: &[u8]) -> &mut ExeBuilder {
        let size = bytes.len() as u64;
        let bytes = bytes.to_vec();
        self.sections.push(Section { name: name.to_owned(), kind: SHT_PROGBITS, flags: 0, address, size, bytes });
        self
    }

    /// A section without bytes in the file, such as `.bss`.
    pub fn nobits(&mut self, name: &str, address: u64, size: u64) -> &mut ExeBuilder {
        let bytes = Vec::new();
        self.sections.push(Section { name: name.to_owned(), kind: SHT_NOBITS, flags: 3, address, size, bytes });
        self
    }

    /// A section of bytes that the caller has packed.
    pub fn packed_section(&mut self, name: &str, compression: SectionCompression, packed: &[u8]) -> &mut ExeBuilder {
        let mut bytes = Vec::new();
        let mut flags = 0;
        match compression {
            SectionCompression::Standard(kind, size) => {
                flags = SHF_COMPRESSED;
                bytes.extend(u64::from(kind).to_le_bytes());
                bytes.extend(size.to_le_bytes());
                bytes.extend(1u64.to_le_bytes());
            }
            SectionCompression::Zdebug(size) => {
                bytes.extend(b"ZLIB");
                bytes.extend(size.to_be_bytes());
            }
        }
        bytes.extend(packed);
        self.section(name, 0, &bytes);
        self.sections.iter_mut().rev().take(1).for_each(|section| section.flags = flags);
        self
    }

    /// A symbol of `.symtab`; `kind` is `STT_OBJECT` (1), `STT_FUNC` (2), …
    pub fn symbol(&mut self, name: &str, address: u64, size: u64, kind: u8) -> &mut ExeBuilder {
        self.symbols.push(Symbol { name: name.to_owned(), address, size, kind });
        self
    }

    /// The first page: what a kernel dumps of a mapped ELF file.
    pub fn header_page(&self) -> Vec<u8> {
        let mut page = self.build();
        page.truncate(PAGE as usize);
        page
    }

    fn program_headers(&self) -> Vec<ProgramHeader> {
        let count = self.loads.len() as u64 + 2;
        let notes_offset = 64 + count * ProgramHeader::SIZE;
        let note = ProgramHeader {
            kind: PT_NOTE,
            flags: R,
            offset: notes_offset,
            address: self.base + notes_offset,
            file_size: self.notes.len() as u64,
            memory_size: self.notes.len() as u64,
            alignment: 4,
        };
        let first = ProgramHeader {
            kind: PT_LOAD,
            flags: R,
            address: self.base,
            file_size: PAGE,
            memory_size: PAGE,
            alignment: PAGE,
            ..ProgramHeader::default()
        };
        let mut headers = vec![note, first];
        let mut offset = PAGE;
        for load in &self.loads {
            let file_size = load.bytes.len() as u64;
            let (kind, alignment) = (PT_LOAD, PAGE);
            let Load { address, flags, memory_size, .. } = *load;
            headers.push(ProgramHeader { kind, flags, offset, address, file_size, memory_size, alignment });
            offset = (offset + file_size).next_multiple_of(PAGE);
        }
        headers
    }

    /// The sections, with `.symtab`, `.strtab` and `.shstrtab` appended, and their headers for bytes that begin at `offset`.
    fn section_headers(&self, mut offset: u64) -> (Vec<Section>, Vec<SectionHeader>) {
        let mut sections = self.sections.clone();
        let plain = |name: &str, kind, bytes: Vec<u8>| Section {
            name: name.to_owned(),
            kind,
            flags: 0,
            address: 0,
            size: bytes.len() as u64,
            bytes,
        };
        let (symbols, names) = self.symbol_table();
        sections.push(plain(".symtab", SHT_SYMTAB, symbols));
        sections.push(plain(".strtab", SHT_STRTAB, names));
        let mut section_names = vec![0];
        for section in &sections {
            section_names.extend(section.name.bytes().chain([0]));
        }
        section_names.extend(b".shstrtab\0");
        sections.push(plain(".shstrtab", SHT_STRTAB, section_names));
        let mut headers = vec![SectionHeader::default()];
        let mut name = 1;
        for (index, section) in sections.iter().enumerate() {
            let is_table = section.kind == SHT_SYMTAB;
            headers.push(SectionHeader {
                name,
                kind: section.kind,
                flags: section.flags,
                address: section.address,
                offset,
                size: section.size,
                // .strtab follows .symtab; header 0 is the null section.
                link: if is_table { index as u32 + 2 } else { 0 },
                info: 0,
                entry_size: if is_table { 24 } else { 0 },
            });
            name += section.name.len() as u32 + 1;
            offset += section.bytes.len() as u64;
        }
        (sections, headers)
    }

    fn symbol_table(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut table, mut names) = (vec![0; 24], vec![0]);
        for symbol in &self.symbols {
            table.extend((names.len() as u32).to_le_bytes());
            table.extend([symbol.kind, 0, 1, 0]);
            table.extend(symbol.address.to_le_bytes());
            table.extend(symbol.size.to_le_bytes());
            names.extend(symbol.name.bytes().chain([0]));
        }
        (table, names)
    }

    /// The executable.
    pub fn build(&self) -> Vec<u8> {
        let programs = self.program_headers();
        let loaded_end = programs.iter().map(|header| header.offset + header.file_size).max().unwrap_or(PAGE);
        let (sections, headers) = self.section_headers(loaded_end);
        let sections_size: usize = sections.iter().map(|section| section.bytes.len()).sum();
        let section_offset = (loaded_end + sections_size as u64).next_multiple_of(8);
        let mut out = Vec::new();
        let header = FileHeader {
            kind: if self.pie { ET_DYN } else { ET_EXEC },
            machine: self.machine,
            entry: self.entry,
            program_offset: 64,
            program_count: programs.len() as u16,
            section_offset,
            section_count: headers.len() as u16,
            names_index: headers.len() as u16 - 1,
        };
        header.write(&mut out);
        programs.iter().for_each(|header| header.write(&mut out));
        out.extend(&self.notes);
        for load in &self.loads {
            pad(&mut out, PAGE);
            out.extend(&load.bytes);
        }
        out.resize(loaded_end as usize, 0);
        sections.iter().for_each(|section| out.extend(&section.bytes));
        pad(&mut out, 8);
        headers.iter().for_each(|header| header.write(&mut out));
        out
    }
}
