//! Functions and their tables, variables, the moduledata.

use super::types::descriptor;
use super::{DATA, GoProcess, RODATA, TEXT, TYPES};

/// Bytes from one function to the next.
pub(super) const STRIDE: u64 = 0x100;
/// The instruction at which callers stand.
pub(super) const CALL: u64 = 0x10;

const LINE_BYTES: u64 = 8;

const FTAB: u64 = RODATA + 0x1000;
const RECORDS: u64 = RODATA + 0x8000;
const RECORD: u64 = 0x80;
const PCTAB: u64 = RODATA + 0x40000;
const NAMES: u64 = RODATA + 0x50000;
/// What funcdata's offsets count from.
const GOFUNC: u64 = RODATA + 0x80000;
const FILES: u64 = RODATA + 0xf0000;
const NO_FUNCDATA: u32 = u32::MAX;

const MODULEDATA: u64 = DATA + 0x1000;
/// Slices and pointers of the runtime.
pub(super) const ANCHORS: u64 = DATA + 0x2000;
pub(super) const VARIABLES: u64 = DATA + 0x10000;
const VARIABLE_BYTES: u64 = 0x10000;
pub(super) const MHEAP: u64 = DATA + 0x40000;

/// The words of a slice.
pub(super) fn slice(data: u64, len: u64) -> [u64; 3] {
    [data, len, len]
}

#[derive(Clone)]
pub(super) struct Function {
    pub(super) name: String,
    /// Words of locals, and which of them are pointers.
    pub(super) words: usize,
    pub(super) pointers: Vec<usize>,
    /// Names, types and words of locals.
    pub(super) locals: Vec<(String, usize, usize)>,
    /// Names, types and offsets of what its closures hold.
    pub(super) captures: Vec<(String, usize, u64)>,
}

#[derive(Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) address: u64,
    pub(super) ty: usize,
}

impl GoProcess {
    /// First instruction of a function, which has no locals unless told.
    pub(crate) fn function(&mut self, name: &str) -> u64 {
        let index = self.functions.iter().position(|function| function.name == name).unwrap_or_else(|| {
            let name = name.to_owned();
            let (locals, captures) = (Vec::new(), Vec::new());
            self.functions.push(Function { name, words: 0, pointers: Vec::new(), locals, captures });
            self.functions.len() - 1
        });
        TEXT + index as u64 * STRIDE
    }

    fn function_mut(&mut self, name: &str) -> &mut Function {
        let index = (self.function(name) - TEXT) / STRIDE;
        &mut self.functions[index as usize]
    }

    /// The function's frame has so many words, of which these are pointers.
    pub(crate) fn frame(&mut self, name: &str, words: usize, pointers: &[usize]) {
        let function = self.function_mut(name);
        (function.words, function.pointers) = (words, pointers.to_vec());
    }

    /// The function's code: calls that begin so many bytes behind its entry. Callers stand behind what begins before [`CALL`].
    pub(crate) fn code(&mut self, name: &str, calls: &[(u64, &str)]) {
        let entry = self.function(name);
        // nop; call rel32; ret
        let mut code = vec![0x90; STRIDE as usize];
        code[STRIDE as usize - 1] = 0xc3;
        for (at, callee) in calls {
            let callee = self.function(callee);
            let offset = callee.wrapping_sub(entry + at + 5) as u32;
            let at = *at as usize;
            code[at] = 0xe8;
            code[at + 1..at + 5].copy_from_slice(&offset.to_le_bytes());
        }
        self.put(entry, &code);
    }

    /// A local of the function at a word of its frame: what debug information knows.
    pub(crate) fn local(&mut self, function: &str, name: &str, ty: &str, word: usize) {
        let ty = self.ty(ty);
        self.function_mut(function).locals.push((name.to_owned(), ty, word));
    }

    /// What closures of the function hold, from their second word on: what debug information knows.
    pub(crate) fn captures(&mut self, function: &str, captured: &[(&str, &str)]) {
        let mut at = 8;
        for (name, ty) in captured {
            let ty = self.ty(ty);
            self.function_mut(function).captures.push(((*name).to_owned(), ty, at));
            at += self.types.all[ty].size.next_multiple_of(8);
        }
    }

    /// A package variable with these words; where it lies.
    pub(crate) fn variable(&mut self, name: &str, ty: &str, words: &[u64]) -> u64 {
        let ty = self.ty(ty);
        let address = self.next_variable;
        self.next_variable += self.types.all[ty].size.max(1).next_multiple_of(8);
        assert!(self.next_variable <= VARIABLES + VARIABLE_BYTES, "too many variables");
        self.set(address, words);
        self.variables.push(Variable { name: name.to_owned(), address, ty });
        address
    }

    /// Names, addresses and sizes of all data that symbols tell.
    pub(super) fn symbols(&self) -> Vec<(String, u64, u64)> {
        let runtime = [
            ("runtime.firstmoduledata", MODULEDATA, 0x300),
            ("runtime.mheap_", MHEAP, self.layout.mheap.size),
            ("runtime.allgs", ANCHORS, 24),
            ("runtime.allp", ANCHORS + 0x20, 24),
            ("runtime.allm", ANCHORS + 0x40, 8),
            ("runtime.allfin", ANCHORS + 0x48, 8),
            ("runtime.gcphase", ANCHORS + 0x50, 4),
            ("runtime.mbuckets", ANCHORS + 0x90, 8),
            ("runtime.gcCleanups", ANCHORS + 0x100, 0x180),
            ("runtime.gcController", ANCHORS + 0x300, 0x200),
        ];
        let runtime = runtime.map(|(name, address, size)| (name.to_owned(), address, size));
        let own = self.variables.iter().filter(|variable| !variable.name.is_empty());
        let own = own.map(|variable| (variable.name.clone(), variable.address, self.types.all[variable.ty].size));
        runtime.into_iter().chain(own).collect()
    }

    /// Writes all that the linker does.
    pub(super) fn finish_module(&mut self) {
        let count = self.functions.len() as u64;
        self.put(TEXT + count * STRIDE - 1, &[0]);
        self.put(RODATA, &0xffff_fff1_u32.to_le_bytes());
        self.put(RODATA + 4, &[0, 0, 1, 8]);
        self.set(RODATA + 8, &[count, 1, TEXT]);
        // The stack map at any instruction is the first.
        let mut tables = vec![0];
        let first = Self::table(&mut tables, 0);
        let mut names = vec![0];
        for index in 0..self.functions.len() {
            let function = self.functions[index].clone();
            let delta = if function.words > 0 { function.words as u32 * 8 + 8 } else { 0 };
            let frame = Self::table(&mut tables, delta);
            let line = Self::lines(&mut tables, 100 * (index as u32 + 1));
            self.write_function(index, &function, names.len() as u32, [frame, first, line]);
            names.extend(function.name.bytes().chain([0]));
        }
        self.put(FTAB + count * 8, &((count * STRIDE) as u32).to_le_bytes());
        self.put(PCTAB, &tables);
        self.put(NAMES, &names);
        self.put(FILES, b"/src/main.go\0");
        self.moduledata([names.len() as u64, tables.len() as u64]);
        self.write_goroutines();
        self.set(ANCHORS + 0x90, &[self.buckets]);
    }

    /// A table of one value for all instructions of a function; its offset.
    fn table(tables: &mut Vec<u8>, value: u32) -> u32 {
        let offset = tables.len() as u32;
        for mut number in [2 * (value + 1), STRIDE as u32] {
            while number >= 0x80 {
                tables.push(number as u8 | 0x80);
                number >>= 7;
            }
            tables.push(number as u8);
        }
        tables.push(0);
        offset
    }

    /// A table by which each eight bytes of a function are a line; its offset.
    fn lines(tables: &mut Vec<u8>, first: u32) -> u32 {
        let offset = Self::table(tables, first);
        // The only step becomes the first of many.
        tables.truncate(tables.len() - 3);
        tables.push(LINE_BYTES as u8);
        for _ in 1..STRIDE / LINE_BYTES {
            tables.extend([2, LINE_BYTES as u8]);
        }
        tables.push(0);
        offset
    }

    fn write_function(&mut self, index: usize, function: &Function, name: u32, [frame, first, line]: [u32; 3]) {
        let (at, fields) = (RECORDS + index as u64 * RECORD, self.layout.func.clone());
        let entry = (index as u64 * STRIDE) as u32;
        let mut half = |at: u64, value: u32| self.put(at, &value.to_le_bytes());
        half(FTAB + index as u64 * 8, entry);
        half(FTAB + index as u64 * 8 + 4, (at - RODATA) as u32);
        half(at + fields.entry, entry);
        half(at + fields.name_off, name);
        half(at + fields.pcsp, frame);
        half(at + fields.pcfile, first);
        half(at + fields.pcln, line);
        half(at + fields.npcdata, 2);
        let list = at + fields.size;
        half(list + 4, first);
        let map = GOFUNC + index as u64 * 0x40;
        for (slot, offset) in [NO_FUNCDATA, (map - GOFUNC) as u32, NO_FUNCDATA].into_iter().enumerate() {
            half(list + 8 + slot as u64 * 4, offset);
        }
        half(map, 1);
        half(map + 4, function.words as u32);
        let bits = Self::bits((0..function.words).map(|word| function.pointers.contains(&word)));
        self.put(map + 8, &bits);
        self.put(at + fields.flag, &[u8::from(function.name == "runtime.goexit")]);
        self.put(at + fields.nfuncdata, &[3]);
    }

    fn moduledata(&mut self, [names, tables]: [u64; 2]) {
        let fields = self.layout.moduledata.clone();
        let count = self.functions.len() as u64;
        let end = VARIABLES + VARIABLE_BYTES;
        let words = [
            (fields.pc_header, RODATA),
            (fields.minpc, TEXT),
            (fields.text, TEXT),
            (fields.etext, TEXT + count * STRIDE),
            (fields.noptrdata, ANCHORS),
            (fields.noptrdata + 8, ANCHORS + 0x1000),
            (fields.data, VARIABLES),
            (fields.edata, end),
            (fields.bss, end),
            (fields.ebss, end),
            (fields.noptrbss, end),
            (fields.enoptrbss, end + 0x100),
            (fields.types, TYPES),
            (fields.etypes, TYPES + 0x7_f000),
        ];
        let all = descriptor(self.types.all.len()) - TYPES;
        let optional = [
            (fields.rodata, RODATA),
            (fields.gofunc, GOFUNC),
            (fields.typedesclen, all),
            (fields.itaboffset, 0x3_0000),
            (fields.itabsize, 0x1000),
        ];
        let optional = optional.into_iter().filter_map(|(at, value)| Some((at?, value)));
        for (at, value) in words.into_iter().chain(optional) {
            self.set(MODULEDATA + at, &[value]);
        }
        let slices = [
            (fields.funcnametab, NAMES, names),
            (fields.cutab, FILES + 0x100, 4),
            (fields.filetab, FILES, 16),
            (fields.pctab, PCTAB, tables),
            (fields.pclntable, RODATA, 0x40000),
            (fields.ftab, FTAB, count + 1),
        ];
        for (at, data, len) in slices {
            self.set(MODULEDATA + at, &slice(data, len));
        }
        self.put(RODATA + 0xfffff, &[0]);
        self.write_mask(MODULEDATA + fields.gcdatamask);
        self.put(end + 0x100, &[0]);
    }

    /// The mask of variables: {n int32, bytedata *uint8}.
    fn write_mask(&mut self, header: u64) {
        let mut words = vec![false; (VARIABLE_BYTES / 8) as usize];
        for variable in &self.variables {
            let first = ((variable.address - VARIABLES) / 8) as usize;
            let pointers = self.types.all[variable.ty].pointers.iter();
            pointers.enumerate().for_each(|(word, is_pointer)| words[first + word] = *is_pointer);
        }
        let mask = self.record(VARIABLE_BYTES / 64);
        self.put(mask, &Self::bits(words));
        self.put(header, &((VARIABLE_BYTES / 8) as u32).to_le_bytes());
        self.set(header + 8, &[mask]);
    }
}
