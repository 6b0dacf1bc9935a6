//! Code, the tables of functions and the moduledata.

use super::{DATA, MHEAP, RODATA, TEXT, TEXT_BYTES, World, heap, types};
use goheap_synth::Machine;

/// Read-only data: function tables at its start, then what else is read-only.
const FTAB: u64 = RODATA + 0x100;
const FUNCTIONS: u64 = RODATA + 0x400;
const NAMES: u64 = RODATA + 0x1000;
const PCTAB: u64 = RODATA + 0x1800;
/// What funcdata's offsets count from.
const GOFUNC: u64 = RODATA + 0x2000;
/// The moduledata, and the variables behind it.
pub(super) const MODULEDATA: u64 = DATA + 0x100;
pub(super) const VARIABLES: u64 = DATA + 0x800;
const VARIABLE_WORDS: u64 = 32;
pub(super) const BSS: u64 = DATA + 0xa00;
/// Slices and pointers of the runtime.
pub(super) const ANCHORS: u64 = DATA + 0xc00;

/// Bytes from one function to the next.
const STRIDE: u64 = 0x100;

/// Functions by their place in [`FUNCTION_NAMES`].
pub(super) const MAIN: usize = 1;
pub(super) const LEAF: usize = 2;
pub(super) const GOPARK: usize = 3;
pub(super) const GOEXIT: usize = 0;
pub(super) const SIGTRAMP: usize = 4;
pub(super) const SIGPANIC: usize = 6;

const FUNCTION_NAMES: [&str; 10] = [
    "runtime.goexit",
    "main.main",
    "main.(*T).leaf",
    "runtime.gopark",
    "runtime.sigtramp",
    "runtime.sighandler",
    "runtime.sigpanic",
    "runtime.gopanic",
    "main.main.func1",
    "runtime.newobject",
];

/// Bytes of each function's frame, without the return address.
pub(super) const FRAME: u64 = 0x40;

/// First instruction of a function.
pub(super) const fn entry(function: usize) -> u64 {
    TEXT + function as u64 * STRIDE
}

impl World {
    pub(super) fn variables(&self) -> Vec<(&'static str, u64, u64)> {
        vec![
            ("runtime.firstmoduledata", MODULEDATA, 0x300),
            ("runtime.mheap_", MHEAP, self.layout.mheap.size),
            ("runtime.allgs", ANCHORS, 24),
            ("runtime.allp", ANCHORS + 0x20, 24),
            ("runtime.allm", ANCHORS + 0x40, 8),
            ("runtime.allfin", ANCHORS + 0x48, 8),
            ("runtime.gcphase", ANCHORS + 0x50, 4),
            ("sync.allPools", ANCHORS + 0x58, 24),
            ("sync.oldPools", ANCHORS + 0x70, 24),
            // The head of the list lies behind two cache lines.
            ("runtime.gcCleanups", ANCHORS + 0x100, 0x180),
            ("runtime.gcController", ANCHORS + 0x300, 0x100),
            ("runtime.memstats", ANCHORS + 0x400, 0x100),
            ("runtime.printBacklog", ANCHORS + 0x600, 512),
            ("runtime.printBacklogIndex", ANCHORS + 0x900, 8),
            ("runtime.reflectOffs", ANCHORS + 0x980, 48),
            ("main.cache", VARIABLES, 8),
            ("main.any", VARIABLES + 8, 16),
            ("main.list", VARIABLES + 24, 24),
            ("main.table", VARIABLES + 48, 8),
            ("main.queue", VARIABLES + 56, 8),
            ("main.call", VARIABLES + 64, 8),
        ]
    }

    pub(super) fn module(&mut self) {
        self.places.piece(TEXT, TEXT_BYTES, false);
        self.places.piece(RODATA, 0x8000, false);
        self.places.piece(DATA, 0x2000, true);
        self.places.piece(MHEAP, self.layout.mheap.size, true);
        self.code();
        self.function_tables();
        self.moduledata();
    }

    /// Calls of each function to the next, and the address of a type before the call of newobject.
    fn code(&mut self) {
        for function in 0..FUNCTION_NAMES.len() {
            let at = entry(function);
            let code: &[u8] = match self.machine {
                // lea rax, [rip+…]; call; mov [rsp+8], rax; ret
                Machine::X86_64 => &[
                    0x48, 0x8d, 0x05, 0xf9, 0xff, 0x0f, 0x00, 0xe8, 0xf4, 0x00, 0x00, 0x00, 0x48, 0x89, 0x44, 0x24,
                    0x08, 0xc3,
                ],
                // adrp x0; add x0, x0, #0x100; bl; str x0, [sp, #8]; ret
                Machine::Aarch64 => &[
                    0x00, 0x08, 0x00, 0xb0, 0x00, 0x00, 0x04, 0x91, 0x3e, 0x00, 0x00, 0x94, 0xe0, 0x07, 0x00, 0xf9,
                    0xc0, 0x03, 0x5f, 0xd6,
                ],
            };
            self.places.bytes(at, code);
        }
    }

    fn function_tables(&mut self) {
        let magic = match self.minor() {
            ..18 => 0xffff_fffa_u32,
            18..20 => 0xffff_fff0,
            _ => 0xffff_fff1,
        };
        let quantum = if self.machine == Machine::X86_64 { 1 } else { 4 };
        self.places.half(RODATA, magic);
        self.places.bytes(RODATA + 4, &[0, 0, quantum, 8]);
        self.places.words(RODATA + 8, &[FUNCTION_NAMES.len() as u64, 1, TEXT]);
        // Frame of FRAME bytes from the first instruction on; map 0 everywhere; line 1.
        let steps = (STRIDE / u64::from(quantum)) as u8;
        let varint = |value: u8| if value < 0x80 { vec![value] } else { vec![value & 0x7f | 0x80, value >> 7] };
        let table = |zigzag: u8| [varint(zigzag), vec![0x80, 0x02], vec![0]].concat();
        let _ = steps;
        self.places.bytes(PCTAB, &[0]);
        self.places.bytes(PCTAB + 1, &table(2 * (FRAME as u8 + 1)));
        self.places.bytes(PCTAB + 16, &table(2));
        let mut name_at = NAMES + 1;
        for (index, name) in FUNCTION_NAMES.iter().enumerate() {
            self.places.bytes(name_at, &[name.as_bytes(), b"\0"].concat());
            self.function(index, (name_at - NAMES) as u32);
            name_at += name.len() as u64 + 1;
        }
        self.ftab_entry(FUNCTION_NAMES.len(), TEXT + FUNCTION_NAMES.len() as u64 * STRIDE, 0);
        // runtime.stackmap of eight bits, one map; and a stack object.
        self.places.half(GOFUNC, 1);
        self.places.half(GOFUNC + 4, 8);
        self.places.bytes(GOFUNC + 8, &[0b0101_0101]);
        self.places.word(GOFUNC + 0x20, 1);
        let record = self.layout.stack_object_record.clone();
        let at = GOFUNC + 0x28;
        self.places.half(at + record.off, (-0x20_i32) as u32);
        self.places.half(at + record.object_size, 16);
        self.places.half(at + record.ptr_bytes, 16);
        if self.minor() <= 17 {
            self.places.word(at + record.gcdata, types::MASK);
        } else {
            self.places.half(at + record.gcdata, (types::MASK - RODATA) as u32);
        }
    }

    fn ftab_entry(&mut self, index: usize, pc: u64, record: u32) {
        let index = index as u64;
        if self.minor() <= 17 {
            self.places.words(FTAB + index * 16, &[pc, u64::from(record)]);
        } else {
            self.places.half(FTAB + index * 8, (pc - TEXT) as u32);
            self.places.half(FTAB + index * 8 + 4, record);
        }
    }

    fn function(&mut self, index: usize, name: u32) {
        const RECORD: u64 = 0x80;
        let (at, fields) = (FUNCTIONS + index as u64 * RECORD, self.layout.func.clone());
        self.ftab_entry(index, entry(index), (at - RODATA) as u32);
        if self.minor() <= 17 {
            self.places.word(at + fields.entry, entry(index));
        } else {
            self.places.half(at + fields.entry, (entry(index) - TEXT) as u32);
        }
        self.places.half(at + fields.name_off, name);
        self.places.half(at + fields.args, 16);
        self.places.half(at + fields.pcsp, (1) as u32);
        self.places.half(at + fields.pcfile, 16);
        self.places.half(at + fields.pcln, 16);
        self.places.half(at + fields.npcdata, 2);
        // FuncID_goexit, FuncID_sigpanic and others have numbers that move; the name tells most.
        self.places.bytes(at + fields.func_id, &[index as u8]);
        self.places.bytes(at + fields.flag, &[u8::from(index == GOEXIT)]);
        self.places.bytes(at + fields.nfuncdata, &[3]);
        let fixed = if self.minor() <= 17 { fields.nfuncdata + 1 } else { fields.size };
        self.places.half(at + fixed, 0);
        self.places.half(at + fixed + 4, 16);
        let list = at + fixed + 8;
        if self.minor() <= 17 {
            let list = RODATA + (list - RODATA).next_multiple_of(8);
            self.places.words(list, &[GOFUNC, GOFUNC, GOFUNC + 0x20]);
        } else {
            for (slot, offset) in [0, 0, 0x20].into_iter().enumerate() {
                self.places.half(list + slot as u64 * 4, offset);
            }
        }
    }

    fn moduledata(&mut self) {
        let fields = self.layout.moduledata.clone();
        let mut set = |at: u64, value: u64| self.places.word(MODULEDATA + at, value);
        set(fields.pc_header, RODATA);
        set(fields.minpc, TEXT);
        set(fields.text, TEXT);
        set(fields.etext, TEXT + TEXT_BYTES);
        set(fields.noptrdata, ANCHORS);
        set(fields.noptrdata + 8, ANCHORS + 0xc00);
        set(fields.data, VARIABLES);
        set(fields.edata, VARIABLES + VARIABLE_WORDS * 8);
        set(fields.bss, BSS);
        set(fields.ebss, BSS + 64);
        set(fields.noptrbss, DATA + 0x1800);
        set(fields.enoptrbss, DATA + 0x1900);
        set(fields.types, types::TYPES);
        set(fields.etypes, types::TYPES + types::TYPES_BYTES);
        set(fields.types - 16, types::PROGRAM);
        set(fields.types - 8, types::PROGRAM);
        let optional = [
            (fields.rodata, RODATA),
            (fields.gofunc, GOFUNC),
            (fields.typedesclen, types::DESCRIPTOR_BYTES),
            (fields.itaboffset, types::ITAB - types::TYPES),
            (fields.itabsize, 0x40),
        ];
        optional.into_iter().filter_map(|(at, value)| Some((at?, value))).for_each(|(at, value)| set(at, value));
        let slices = [
            (fields.funcnametab, NAMES, 0x400),
            (fields.cutab, RODATA + 0x3800, 4),
            (fields.filetab, RODATA + 0x3880, 16),
            (fields.pctab, PCTAB, 0x100),
            (fields.pclntable, RODATA, 0x3000),
            (fields.ftab, FTAB, FUNCTION_NAMES.len() as u64 + 1),
        ];
        for (at, data, len) in slices {
            self.places.slice(MODULEDATA + at, data, len);
        }
        self.places.bytes(RODATA + 0x3880, b"/src/main.go\0");
        if let Some(at) = fields.typelinks {
            self.places.slice(MODULEDATA + at, types::LINKS, 3);
        }
        // {n int32, bytedata *uint8}
        self.places.half(MODULEDATA + fields.gcdatamask, VARIABLE_WORDS as u32);
        self.places.word(MODULEDATA + fields.gcdatamask + 8, types::EVERY_WORD);
        self.globals();
    }

    fn globals(&mut self) {
        let object = heap::object(heap::SCANNED, 1);
        let (itab, pointer) = (types::ITAB, types::descriptor(types::POINTER));
        let words = [
            object,
            itab,
            object,
            heap::object(heap::HEADERS, 0),
            2,
            2,
            heap::object(heap::SCANNED, 3),
            self.kept(heap::CHAN),
            heap::object(heap::SCANNED, 5),
            pointer,
            object,
            types::descriptor(types::CHAN),
            self.kept(heap::CHAN),
        ];
        self.places.words(VARIABLES, &words);
        self.places.words(BSS, &[object, pointer, object]);
    }
}
