//! An ELF core.

use crate::notes::{self, FileMapping, NT_AUXV, NT_FILE, NT_PRPSINFO, NT_PRSTATUS, NT_SIGINFO};
use crate::{FileHeader, Machine, Memory, PT_LOAD, PT_NOTE, ProgramHeader, SectionHeader, pad};

/// Page size of the cores built here.
pub const PAGE: u64 = 4096;

const ET_CORE: u16 = 4;
const PN_XNUM: u16 = 0xffff;

struct CoreSegment {
    flags: u32,
    memory_size: Option<u64>,
    memory: Memory,
}

/// Builds an ELF core as the kernel lays it out: headers, notes, segments, and section header 0 last where one is needed.
pub struct CoreBuilder {
    machine: Machine,
    segments: Vec<CoreSegment>,
    threads: Vec<Vec<u8>>,
    process: Vec<u8>,
    other_notes: Vec<u8>,
    auxv: Vec<(u64, u64)>,
    files: Vec<FileMapping>,
    owner: Vec<u8>,
    note_alignment: u64,
    segment_alignment: u64,
    extended_count: bool,
}

impl CoreBuilder {
    /// An empty core.
    pub fn new(machine: Machine) -> CoreBuilder {
        CoreBuilder {
            machine,
            segments: Vec::new(),
            threads: Vec::new(),
            process: Vec::new(),
            other_notes: Vec::new(),
            auxv: Vec::new(),
            files: Vec::new(),
            owner: b"CORE".to_vec(),
            note_alignment: 4,
            segment_alignment: 8,
            extended_count: false,
        }
    }

    /// A segment, dumped whole, that `write` fills.
    pub fn memory(&mut self, address: u64, flags: u32, write: impl FnOnce(&mut Memory)) -> &mut CoreBuilder {
        let mut memory = Memory::at(address);
        write(&mut memory);
        self.segments.push(CoreSegment { flags, memory_size: None, memory });
        self
    }

    /// A segment of which only `bytes` were dumped of `memory_size`; `bytes` may be empty.
    pub fn segment(&mut self, address: u64, memory_size: u64, flags: u32, bytes: &[u8]) -> &mut CoreBuilder {
        let mut memory = Memory::at(address);
        memory.bytes(bytes);
        self.segments.push(CoreSegment { flags, memory_size: Some(memory_size), memory });
        self
    }

    /// A thread with `pr_reg` as given (`user_regs_struct` or `user_pt_regs`), the rest of it zero.
    pub fn thread(&mut self, tid: u32, signal: u32, registers: &[u64]) -> &mut CoreBuilder {
        let contents = notes::prstatus(self.machine, tid, signal, registers);
        self.threads.push(contents);
        self
    }

    /// `NT_PRPSINFO`.
    pub fn process(&mut self, pid: u32, name: &str, arguments: &str) -> &mut CoreBuilder {
        let note = notes::note(&self.owner, NT_PRPSINFO, &notes::prpsinfo(pid, name, arguments), self.note_alignment);
        self.process.extend(note);
        self
    }

    /// `NT_SIGINFO`: `value` is the fault's address or the sender's pid.
    pub fn signal(&mut self, number: u32, code: i32, value: u64) -> &mut CoreBuilder {
        self.note(b"CORE", NT_SIGINFO, &notes::siginfo(number, code, value))
    }

    /// A pair of the auxiliary vector.
    pub fn auxv(&mut self, key: u64, value: u64) -> &mut CoreBuilder {
        self.auxv.push((key, value));
        self
    }

    /// A mapped file; `offset` in bytes.
    pub fn file(&mut self, path: &[u8], start: u64, end: u64, offset: u64) -> &mut CoreBuilder {
        self.files.push(FileMapping { path: path.to_vec(), start, end, offset });
        self
    }

    /// Any other note.
    pub fn note(&mut self, name: &[u8], kind: u32, contents: &[u8]) -> &mut CoreBuilder {
        self.other_notes.extend(notes::note(name, kind, contents, self.note_alignment));
        self
    }

    /// Who owns the notes of threads, process, auxiliary vector and files; `CORE` unless told. To be called first.
    pub fn owner(&mut self, owner: &[u8]) -> &mut CoreBuilder {
        self.owner = owner.to_vec();
        self
    }

    /// Pads notes to `alignment` (4 or 8), which the note segment declares. To be called first.
    pub fn note_alignment(&mut self, alignment: u64) -> &mut CoreBuilder {
        self.note_alignment = alignment;
        self
    }

    /// Aligns segments in the file to `alignment`, 8 unless told: the kernel takes a page, which makes tests large.
    pub fn segment_alignment(&mut self, alignment: u64) -> &mut CoreBuilder {
        self.segment_alignment = alignment;
        self
    }

    /// Writes the count of program headers to section header 0 (`PN_XNUM`), however small it is.
    pub fn extended_count(&mut self, on: bool) -> &mut CoreBuilder {
        self.extended_count = on;
        self
    }

    /// The address of a label.
    ///
    /// # Panics
    /// When no memory has that label: the test is wrong.
    #[allow(clippy::panic)]
    pub fn address_of(&self, label: &str) -> u64 {
        let found = self.segments.iter().find_map(|segment| segment.memory.labels().get(label));
        *found.unwrap_or_else(|| panic!("no label {label:?}"))
    }

    fn all_notes(&self) -> Vec<u8> {
        let note = |kind, contents: &[u8]| notes::note(&self.owner, kind, contents, self.note_alignment);
        let mut threads = self.threads.iter().map(|contents| note(NT_PRSTATUS, contents));
        let mut out = threads.next().unwrap_or_default();
        out.extend(&self.process);
        out.extend(&self.other_notes);
        if !self.auxv.is_empty() {
            out.extend(note(NT_AUXV, &notes::auxv(&self.auxv)));
        }
        if !self.files.is_empty() {
            out.extend(note(NT_FILE, &notes::file(&self.files, PAGE)));
        }
        out.extend(threads.flatten());
        out
    }

    /// The program headers, given where the notes begin and how long they are.
    fn program_headers(&self, notes_offset: u64, notes_size: u64, contents: &[Vec<u8>]) -> Vec<ProgramHeader> {
        let note = ProgramHeader {
            kind: PT_NOTE,
            offset: notes_offset,
            file_size: notes_size,
            alignment: self.note_alignment,
            ..ProgramHeader::default()
        };
        let mut headers = vec![note];
        let mut offset = notes_offset + notes_size;
        for (segment, contents) in self.segments.iter().zip(contents) {
            offset = offset.next_multiple_of(self.segment_alignment);
            let file_size = contents.len() as u64;
            headers.push(ProgramHeader {
                kind: PT_LOAD,
                flags: segment.flags,
                offset,
                address: segment.memory.base(),
                file_size,
                memory_size: segment.memory_size.unwrap_or(file_size),
                alignment: PAGE,
            });
            offset += file_size;
        }
        headers
    }

    /// The core.
    pub fn build(&self) -> Vec<u8> {
        let contents: Vec<Vec<u8>> =
            self.segments.iter().map(|segment| segment.memory.resolve(|label| self.address_of(label))).collect();
        let notes = self.all_notes();
        let count = contents.len() as u64 + 1;
        let notes_offset = 64 + count * ProgramHeader::SIZE;
        let headers = self.program_headers(notes_offset, notes.len() as u64, &contents);
        let extended = self.extended_count || count >= u64::from(PN_XNUM);
        let end = headers.last().map_or(0, |last| last.offset + last.file_size).next_multiple_of(8);
        let mut out = Vec::new();
        let header = FileHeader {
            kind: ET_CORE,
            machine: self.machine,
            entry: 0,
            program_offset: 64,
            program_count: if extended { PN_XNUM } else { count as u16 },
            section_offset: if extended { end } else { 0 },
            section_count: u16::from(extended),
            names_index: 0,
        };
        header.write(&mut out);
        headers.iter().for_each(|header| header.write(&mut out));
        out.extend(notes);
        for contents in &contents {
            pad(&mut out, self.segment_alignment);
            out.extend(contents);
        }
        if extended {
            pad(&mut out, 8);
            SectionHeader { size: 1, info: count as u32, ..SectionHeader::default() }.write(&mut out);
        }
        out
    }
}
