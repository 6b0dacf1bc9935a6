//! A Go process in a few lines, for tests: types with fields, variables, objects with words, maps, channels, closures, goroutines with
//! frames. What is built is a core and an executable, which are then read as those of a real process are.
//!
//! ```text
//! let mut go = GoProcess::new();
//! go.define("main.Node", &[("next", "*main.Node"), ("name", "string")]);
//! let (head, tail) = (go.object("main.Node"), go.object("main.Node"));
//! go.set(head, &[tail]);
//! go.variable("main.list", "*main.Node", &[head]);
//! go.take(|snapshot| assert!(snapshot.is_reachable(snapshot.id(tail))));
//! ```
//!
//! Without debug information there are symbols and type descriptors alone: [`GoProcess::with_dwarf`] adds types of variables and of
//! locals, and what closures capture.
#![allow(clippy::unwrap_used, clippy::panic)]

mod asking;
mod containers;
mod dwarf;
mod goroutines;
pub(crate) mod machine_code;
mod module;
mod objects;
mod pieces;
mod profile;
mod start;
mod types;

#[cfg(test)]
mod tests;

pub(crate) use goroutines::Doing;
pub(crate) use start::MAIN_STACK;

use crate::snapshot::{HeapSnapshot, SnapshotOptions};
use dwarf::Debug;
use goheap_image::{CoreFile, Executable, Process};
use goheap_runtime::{GoVersion, ModelOptions, RuntimeLayout, RuntimeModel};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW, RX};
use module::{Function, Variable};
use objects::SpanInMaking;
use pieces::Pieces;
use std::ops::Range;
use types::Types;

const BASE: u64 = 0x40_0000;
const TEXT: u64 = 0x40_1000;
const RODATA: u64 = 0x50_0000;
const TYPES: u64 = 0x60_0000;
const DATA: u64 = 0x80_0000;
const RUNTIME: u64 = 0x7f00_0000_0000;
/// Where the heap begins.
pub(crate) const HEAP: u64 = 0xc0_0000_0000;
const STACKS: u64 = 0xc0_4000_0000;
/// Where `user_regs_struct` has them.
const PC: usize = 16;
const SP: usize = 19;
const ROOM: u64 = 0x10_0000;

/// A process in the making. What is asked of it builds it anew, so that it may be changed and asked again.
#[derive(Clone)]
pub(crate) struct GoProcess {
    version: GoVersion,
    layout: RuntimeLayout,
    has_dwarf: bool,
    pieces: Pieces,
    types: Types,
    spans: Vec<SpanInMaking>,
    next_page: u64,
    functions: Vec<Function>,
    variables: Vec<Variable>,
    next_variable: u64,
    goroutines: Vec<u64>,
    processors: Vec<u64>,
    /// The newest bucket of the memory profile.
    buckets: u64,
    /// The next free byte of the runtime's own memory.
    next_record: u64,
    lost: Vec<Range<u64>>,
    notes: Vec<(u32, i32, u64)>,
    /// Where the only thread of the core stands: its `pc` and `sp`.
    stands: (u64, u64),
    /// The auxiliary vector.
    vector: Vec<(u64, u64)>,
}

impl GoProcess {
    /// An empty process of Go 1.26 without debug information.
    pub(crate) fn new() -> GoProcess {
        GoProcess::of_release("go1.26.1")
    }

    /// The same of a release from 1.22 on.
    pub(crate) fn of_release(version: &str) -> GoProcess {
        let version = GoVersion::parse(version).unwrap();
        let (layout, _) = RuntimeLayout::choose(&version, goheap_image::Machine::X86_64, None).unwrap();
        let mut pieces = Pieces::default();
        pieces.add(TEXT, RODATA - TEXT, RX);
        for (start, flags) in [(RODATA, R), (DATA, RW)] {
            pieces.add(start, ROOM, flags);
        }
        pieces.add(TYPES, 2 * ROOM, R);
        pieces.add(RUNTIME, 16 * ROOM, RW);
        pieces.add(HEAP, 0x4000_0000, RW);
        pieces.add(STACKS, 16 * ROOM, RW);
        let mut go = GoProcess {
            version,
            layout,
            has_dwarf: false,
            pieces,
            types: Types::default(),
            spans: Vec::new(),
            next_page: 0,
            functions: Vec::new(),
            variables: Vec::new(),
            next_variable: module::VARIABLES,
            goroutines: Vec::new(),
            processors: Vec::new(),
            buckets: 0,
            next_record: RUNTIME,
            lost: Vec::new(),
            notes: Vec::new(),
            stands: (0, 0),
            vector: Vec::new(),
        };
        for name in ["runtime.goexit", "runtime.gopark", "runtime.main"] {
            go.function(name);
        }
        go
    }

    /// With debug information: types of variables and locals, what closures capture.
    pub(crate) fn with_dwarf(mut self) -> GoProcess {
        self.has_dwarf = true;
        self
    }

    /// Writes words.
    pub(crate) fn set(&mut self, at: u64, words: &[u64]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.pieces.put(at, &bytes);
    }

    /// Writes bytes.
    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        self.pieces.put(at, bytes);
    }

    /// Takes memory out of the core, whole pages of it.
    pub(crate) fn lose(&mut self, at: u64, bytes: u64) {
        self.lost.push(at..at + bytes);
    }

    /// The signal that ended the process: number, `si_code`, address of the fault or sender.
    pub(crate) fn signal(&mut self, number: u32, code: i32, value: u64) {
        self.notes.push((number, code, value));
    }

    /// The thread stands at that instruction, with that stack pointer.
    pub(crate) fn stands(&mut self, pc: u64, sp: u64) {
        self.stands = (pc, sp);
    }

    /// Maps more memory, which is nobody's.
    pub(crate) fn mapping(&mut self, start: u64, bytes: u64, flags: u32) {
        self.pieces.map(start, bytes, flags);
    }

    /// Memory of the runtime's own for a record.
    pub(crate) fn record(&mut self, bytes: u64) -> u64 {
        let at = self.next_record;
        self.next_record += bytes.next_multiple_of(16);
        self.pieces.put(at + bytes - 1, &[0]);
        at
    }

    /// The bits of `words`, as the runtime keeps masks.
    fn bits(words: impl IntoIterator<Item = bool>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, is_set) in words.into_iter().enumerate() {
            if index % 8 == 0 {
                bytes.push(0);
            }
            bytes[index / 8] |= u8::from(is_set) << (index % 8);
        }
        bytes
    }

    /// The process, read from its core.
    pub(crate) fn process(&self) -> Process {
        let mut go = self.clone();
        go.finish_types();
        go.finish_module();
        go.finish_spans();
        let executable = go.executable();
        let mut core = CoreBuilder::new(Machine::X86_64);
        core.process(7, "tiny", "tiny -all");
        for (key, value) in &go.vector {
            core.auxv(*key, *value);
        }
        for (number, code, value) in &go.notes {
            core.signal(*number, *code, *value);
        }
        core.segment(BASE, 4096, R, &executable.header_page());
        go.pieces.segments(&mut core, &go.lost);
        let mut registers = vec![0; Machine::X86_64.register_words()];
        (registers[PC], registers[SP]) = go.stands;
        core.thread(100, 0, &registers);
        let core = CoreFile::from_bytes(core.build()).unwrap();
        Process::assemble(core, Executable::from_bytes(executable.build()).unwrap()).unwrap()
    }

    fn executable(&self) -> ExeBuilder {
        let mut exe = ExeBuilder::new(Machine::X86_64, BASE);
        let mut stamp = b"\xff Go buildinf:\x08\x02".to_vec();
        stamp.resize(32, 0);
        stamp.push(self.version.text.len() as u8);
        stamp.extend(self.version.text.as_bytes());
        exe.gnu_build_id(b"one build").go_build_id("one/build").load_with_bss(DATA, RW, &stamp, 0x80);
        exe.section(".go.buildinfo", DATA, &stamp);
        for (name, address, size) in self.symbols() {
            exe.symbol(&name, address, size, 1);
        }
        if self.has_dwarf {
            let debug = Debug::of(self);
            exe.section(".debug_info", 0, &debug.info).section(".debug_abbrev", 0, &debug.abbrev);
        }
        exe
    }

    /// Shows `ask` the runtime.
    pub(crate) fn open<R>(&self, ask: impl FnOnce(&RuntimeModel<'_>) -> R) -> R {
        let process = self.process();
        let options = ModelOptions { version: Some(self.version.clone()), ..ModelOptions::default() };
        ask(&RuntimeModel::open(&process, options).unwrap())
    }

    /// Shows `ask` the heap, with its tree, owners and roots.
    pub(crate) fn take<R>(&self, ask: impl FnOnce(&HeapSnapshot<'_, '_>) -> R) -> R {
        let options = SnapshotOptions { tree: true, owners: true, roots: true, full_names: false };
        self.open(|model| ask(&HeapSnapshot::take(model, options).unwrap()))
    }
}
