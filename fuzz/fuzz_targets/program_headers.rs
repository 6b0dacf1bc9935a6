//! ELF headers, program headers, sections and symbols of a core and its executable, and the memory that they make together.
#![no_main]

use goheap_fuzz::{Cursor, bounded};
use goheap_image::{CoreFile, Executable, Process};
use libfuzzer_sys::fuzz_target;

/// Everything that an executable tells.
fn ask(file: &Executable) {
    let names: Vec<String> = file.sections().iter().map(|section| section.name.clone()).collect();
    for name in names.iter().take(64) {
        let _ = file.try_section_data(name);
    }
    file.symbols().chain(file.dynamic_symbols()).for_each(|symbol| drop(format!("{symbol:?}")));
    file.load_segments().for_each(|segment| drop(format!("{segment:?}")));
    let _ = (file.is_debug_file(), file.build_id_text(), file.is_packed_by_upx(), file.entry());
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let mut input = Cursor::new(input);
    let core = CoreFile::from_bytes(input.piece().to_vec());
    let executable = Executable::from_bytes(input.rest().to_vec());
    if let Ok(executable) = &executable {
        ask(executable);
    }
    let (Ok(core), Ok(executable)) = (core, executable) else { return };
    core.mapped_modules();
    let Ok(process) = Process::assemble(core, executable) else { return };
    let memory = &process.memory;
    for range in memory.ranges().take(256) {
        assert!(memory.read_u8(range.start).is_some(), "{range:?}");
        memory.read_u64(range.end());
        memory.present_parts(range.start, range.len.min(1 << 16)).for_each(drop);
        memory.nonzero_parts(range.start, range.len.min(1 << 16)).for_each(drop);
        memory.c_string(range.start, 4096);
        process.native_place(range.start);
        process.native_symbol(range.start);
        process.build_id_in_memory(range.start);
        process.start_block();
    }
}));
