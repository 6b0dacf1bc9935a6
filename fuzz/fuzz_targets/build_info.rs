//! What tells the release: the build information in its section, in a segment and in memory, and the heads of function tables.
#![no_main]

use goheap_fuzz::{Cursor, bounded};
use goheap_image::{CoreFile, Executable, Process};
use goheap_runtime::{MappedElf, ModelOptions, RuntimeModel, go_files, stamped_version};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW};
use libfuzzer_sys::fuzz_target;

const BASE: u64 = 0x40_0000;
const TABLES: u64 = 0x50_0000;
const DATA: u64 = 0x60_0000;

/// A process whose executable has `tables` as read-only data, `data` as variables, and `section` as its build information.
fn process(tables: &[u8], section: &[u8], data: &[u8], is_named: bool) -> Process {
    let mut exe = ExeBuilder::new(Machine::X86_64, BASE);
    exe.gnu_build_id(b"one build").load(TABLES, R, tables).load(DATA, RW, data);
    if is_named {
        exe.section(".go.buildinfo", DATA, section).section(".gopclntab", TABLES, tables);
    }
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.segment(BASE, 4096, R, &exe.header_page()).segment(DATA, data.len() as u64, RW, data);
    let executable = Executable::from_bytes(exe.build()).expect("an executable");
    Process::assemble(CoreFile::from_bytes(core.build()).expect("a core"), executable).expect("they fit")
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let mut input = Cursor::new(input);
    let is_named = input.byte() & 1 == 0;
    let (tables, section) = (input.piece(), input.piece());
    let process = process(tables, section, input.rest(), is_named);
    let file = MappedElf::of(&process);
    file.is_go();
    stamped_version(&file);
    go_files(&process);
    let _ = RuntimeModel::open(&process, ModelOptions::default());
}));
