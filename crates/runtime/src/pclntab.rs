//! pclntab: from a program counter to its function, the size of its frame and its stack maps (symtab.go, runtime2.go).

mod arguments;
mod position;

use crate::layout::{FuncLayout, RuntimeLayout};
use crate::version::GoVersion;
use crate::words::{half_at, read_slice, word_at};
use goheap_image::{Address, MemoryImage};
use std::borrow::Cow;

/// Index of the stack map table among a function's pcdata.
pub(crate) const PCDATA_STACK_MAP_INDEX: u32 = 1;
/// Index of the argument stack maps among a function's funcdata.
pub(crate) const FUNCDATA_ARGS_POINTER_MAPS: u32 = 0;
/// Index of the locals' stack maps.
pub(crate) const FUNCDATA_LOCALS_POINTER_MAPS: u32 = 1;
/// Index of the stack object records.
pub(crate) const FUNCDATA_STACK_OBJECTS: u32 = 2;

/// `abi.FuncFlagTopFrame`: the stack ends in this function.
const FLAG_TOP_FRAME: u8 = 1;
/// `abi.FuncFlagSPWrite`: the function moves SP in ways that no table tells.
const FLAG_SP_WRITE: u8 = 2;
/// Frame argument size of assembly and reflect stubs (`abi.ArgsSizeUnknown`).
const ARGS_SIZE_UNKNOWN: u32 = 0x8000_0000;
/// A funcdata that is not there, since 1.18.
const NO_FUNCDATA: u32 = u32::MAX;
/// Changes of SP in one function: more than any has.
const MAX_SP_STEPS: usize = 1 << 20;
/// Tables of this many bytes exist in no executable: a bound on what a broken module can ask for.
const MAX_TABLE_BYTES: u64 = 1 << 32;

/// The function tables of one module.
#[derive(Debug)]
pub struct FuncTable<'p> {
    text: u64,
    sections: Vec<TextSection>,
    /// Steps in which program counters advance: 1 on amd64, 4 on arm64.
    quantum: u64,
    /// Go 1.17 keeps absolute words where later releases keep offsets of four bytes.
    absolute: bool,
    gofunc: u64,
    fields: FuncLayout,
    ftab: Cow<'p, [u8]>,
    entries: usize,
    pclntable: Cow<'p, [u8]>,
    pctab: Cow<'p, [u8]>,
    names: Cow<'p, [u8]>,
    /// Offsets in `files`, a run of them for each compilation unit.
    cutab: Cow<'p, [u8]>,
    files: Cow<'p, [u8]>,
    minor: u32,
}

/// `runtime.textsect`: large programs are linked in several pieces.
#[derive(Clone, Copy, Debug)]
struct TextSection {
    offset: u64,
    end: u64,
    base: u64,
}

/// One function of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    /// First instruction.
    pub entry: u64,
    /// Size in bytes of the arguments and results on the stack; None where only the caller knows.
    pub args: Option<u64>,
    /// Offset from the entry of the call to `deferreturn`; 0 where there is none.
    pub deferreturn: u64,
    /// True if the stack ends here.
    pub is_top_frame: bool,
    /// True if the function writes SP, as `gogo` does.
    pub writes_sp: bool,
    /// `abi.FuncID`: which of the runtime's special functions it is, or a wrapper; the numbers move between releases.
    pub id: u8,
    name: u32,
    pcsp: u32,
    pcfile: u32,
    pcln: u32,
    cu_offset: u32,
    npcdata: u32,
    nfuncdata: u8,
    record: usize,
}

impl<'p> FuncTable<'p> {
    pub(crate) fn read(
        memory: &'p MemoryImage,
        layout: &RuntimeLayout,
        version: &GoVersion,
        module: Address,
    ) -> Option<Self> {
        let fields = &layout.moduledata;
        let absolute = version.release().has_absolute_entries;
        let entry_size = if absolute { 16 } else { 8 };
        let table = |offset: u64, element: u64| -> Option<Cow<'p, [u8]>> {
            let slice = read_slice(memory, module.add(offset))?;
            let size = slice.len.checked_mul(element).filter(|&size| size <= MAX_TABLE_BYTES)?;
            memory.bytes(slice.data, usize::try_from(size).ok()?)
        };
        let header = Address(memory.read_u64(module.add(fields.pc_header))?);
        let ftab = table(fields.ftab, entry_size)?;
        // The last entry marks the end of the text and is no function.
        let entries = (ftab.len() / usize::try_from(entry_size).ok()?).checked_sub(1)?;
        Some(FuncTable {
            text: memory.read_u64(module.add(fields.text))?,
            sections: if absolute { Vec::new() } else { read_sections(memory, module.add(fields.textsectmap)) },
            quantum: u64::from(memory.read_u8(header.add(6))?.max(1)),
            absolute,
            gofunc: fields.gofunc.and_then(|at| memory.read_u64(module.add(at))).unwrap_or(0),
            fields: layout.func.clone(),
            ftab,
            entries,
            pclntable: table(fields.pclntable, 1)?,
            pctab: table(fields.pctab, 1)?,
            names: table(fields.funcnametab, 1)?,
            cutab: table(fields.cutab, 4).unwrap_or_default(),
            files: table(fields.filetab, 1).unwrap_or_default(),
            minor: version.minor,
        })
    }

    /// The table of a module whose own is absent: it knows no function.
    pub(crate) fn absent(layout: &RuntimeLayout, version: &GoVersion) -> Self {
        FuncTable {
            text: 0,
            sections: Vec::new(),
            quantum: 1,
            absolute: version.release().has_absolute_entries,
            gofunc: 0,
            fields: layout.func.clone(),
            ftab: Cow::default(),
            entries: 0,
            pclntable: Cow::default(),
            pctab: Cow::default(),
            names: Cow::default(),
            cutab: Cow::default(),
            files: Cow::default(),
            minor: version.minor,
        }
    }

    /// Number of functions.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// True if the module has no function.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Every function in address order.
    pub fn iter(&self) -> impl Iterator<Item = Func> + '_ {
        (0..self.entries).filter_map(|index| self.func(index))
    }

    /// The function that holds `pc`.
    pub fn find(&self, pc: u64) -> Option<Func> {
        self.func(self.first_above(pc)?.checked_sub(1)?)
    }

    /// The first byte after the function's code: where the next one begins.
    pub fn end_of(&self, func: &Func) -> Option<u64> {
        // The last entry marks the end of the text.
        self.entry_pc(self.first_above(func.entry)?)
    }

    /// Index of the first entry above `pc`.
    fn first_above(&self, pc: u64) -> Option<usize> {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low.midpoint(high);
            if self.entry_pc(middle)? <= pc { low = middle + 1 } else { high = middle }
        }
        Some(low)
    }

    /// True if the table's entries ascend: what every module of a sound core shows.
    pub fn is_sorted(&self) -> bool {
        (1..=self.entries).all(|index| self.entry_pc(index - 1) <= self.entry_pc(index))
    }

    /// The function's full name, as `main.(*Cache).Get`.
    pub fn name(&self, func: &Func) -> Cow<'_, str> {
        position::text_at(&self.names, usize::try_from(func.name).unwrap_or(usize::MAX))
    }

    /// The name as tracebacks print it, type arguments left out: `main.inGenericFrame[...]` (`funcNameForPrint`).
    pub fn print_name(&self, func: &Func) -> String {
        goheap_model::print_form(&self.name(func))
    }

    /// Bytes between SP and the frame's end (on amd64, to the return address) at `pc`.
    pub fn sp_delta(&self, func: &Func, pc: u64) -> Option<i32> {
        if func.pcsp == 0 { None } else { self.pc_value(func.pcsp, func.entry, pc) }
    }

    /// The steps of [`FuncTable::sp_delta`]: from each address on the value beside it, up to the next.
    pub fn sp_steps(&self, func: &Func) -> Vec<(u64, i32)> {
        let mut steps = Vec::new();
        let start = usize::try_from(func.pcsp).ok().filter(|&start| start != 0);
        let Some(mut bytes) = start.and_then(|start| self.pctab.get(start..)) else { return steps };
        let (mut at, mut value) = (func.entry, -1_i32);
        while let Some(step) = varint(&mut bytes) {
            if steps.len() >= MAX_SP_STEPS || step == 0 && !steps.is_empty() {
                break;
            }
            value = value.wrapping_add((step >> 1) as i32 ^ -((step & 1) as i32));
            steps.push((at, value));
            let Some(more) = varint(&mut bytes) else { break };
            at = at.wrapping_add(u64::from(more).wrapping_mul(self.quantum));
        }
        steps
    }

    /// The value of pcdata table `index` at `pc`; None where there is no table.
    pub fn pcdata(&self, func: &Func, index: u32, pc: u64) -> Option<i32> {
        if index >= func.npcdata {
            return None;
        }
        let at = func.record + usize::try_from(self.fixed_size() + u64::from(index) * 4).ok()?;
        match half_at(&self.pclntable, at)? {
            0 => None,
            table => self.pc_value(table, func.entry, pc),
        }
    }

    /// Where funcdata `index` lies; None where the function has none.
    pub fn funcdata(&self, func: &Func, index: u32) -> Option<Address> {
        if index >= u32::from(func.nfuncdata) {
            return None;
        }
        let list = func.record + usize::try_from(self.fixed_size() + u64::from(func.npcdata) * 4).ok()?;
        let index = usize::try_from(index).ok()?;
        if self.absolute {
            let address = word_at(&self.pclntable, list.next_multiple_of(8) + index * 8)?;
            return (address != 0).then_some(Address(address));
        }
        match half_at(&self.pclntable, list + index * 4)? {
            NO_FUNCDATA => None,
            offset => Some(Address(self.gofunc.wrapping_add(u64::from(offset)))),
        }
    }

    /// Bytes of `_func` before its pcdata list. The struct of 1.17 is padded to 48, the list begins at 44.
    fn fixed_size(&self) -> u64 {
        if self.absolute { self.fields.nfuncdata + 1 } else { self.fields.size }
    }

    fn entry_pc(&self, index: usize) -> Option<u64> {
        if self.absolute {
            word_at(&self.ftab, index * 16)
        } else {
            Some(self.text_address(half_at(&self.ftab, index * 8)?))
        }
    }

    /// `moduledata.textAddr`: offsets count as if the text were in one piece.
    pub(crate) fn text_address(&self, offset: u32) -> u64 {
        let offset = u64::from(offset);
        match self.sections.iter().find(|section| section.offset <= offset && offset < section.end) {
            Some(section) => section.base.wrapping_add(offset - section.offset),
            None => self.text.wrapping_add(offset),
        }
    }

    fn func(&self, index: usize) -> Option<Func> {
        let entry = self.entry_pc(index)?;
        let record = if self.absolute {
            usize::try_from(word_at(&self.ftab, index * 16 + 8)?).ok()?
        } else {
            usize::try_from(half_at(&self.ftab, index * 8 + 4)?).ok()?
        };
        let fields = &self.fields;
        let at = |offset: u64| record.checked_add(usize::try_from(offset).ok()?);
        let half = |offset: u64| half_at(&self.pclntable, at(offset)?);
        let byte = |offset: u64| self.pclntable.get(at(offset)?).copied();
        let (args, flag) = (half(fields.args)?, byte(fields.flag)?);
        Some(Func {
            entry,
            args: (args != ARGS_SIZE_UNKNOWN).then_some(u64::from(args)),
            deferreturn: u64::from(half(fields.deferreturn)?),
            is_top_frame: flag & FLAG_TOP_FRAME != 0,
            writes_sp: flag & FLAG_SP_WRITE != 0,
            id: byte(fields.func_id)?,
            name: half(fields.name_off)?,
            pcsp: half(fields.pcsp)?,
            pcfile: half(fields.pcfile)?,
            pcln: half(fields.pcln)?,
            cu_offset: half(fields.cu_offset)?,
            npcdata: half(fields.npcdata)?,
            nfuncdata: byte(fields.nfuncdata)?,
            record,
        })
    }

    /// Decodes a table of (value, pc) steps up to `pc` (`runtime.pcvalue`).
    fn pc_value(&self, table: u32, entry: u64, pc: u64) -> Option<i32> {
        let mut bytes = self.pctab.get(usize::try_from(table).ok()?..)?;
        let (mut at, mut value, mut first) = (entry, -1_i32, true);
        loop {
            let step = varint(&mut bytes)?;
            if step == 0 && !first {
                return None;
            }
            first = false;
            let zigzag = (step >> 1) as i32 ^ -((step & 1) as i32);
            value = value.wrapping_add(zigzag);
            at = at.wrapping_add(u64::from(varint(&mut bytes)?).wrapping_mul(self.quantum));
            if pc < at {
                return Some(value);
            }
        }
    }
}

fn read_sections(memory: &MemoryImage, header: Address) -> Vec<TextSection> {
    let Some(slice) = read_slice(memory, header).filter(|slice| (2..100_000).contains(&slice.len)) else {
        return Vec::new();
    };
    let section = |index: u64| {
        let at = slice.data.add(index * 24);
        Some(TextSection {
            offset: memory.read_u64(at)?,
            end: memory.read_u64(at.add(8))?,
            base: memory.read_u64(at.add(16))?,
        })
    };
    (0..slice.len).map_while(section).collect()
}

fn varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
