//! The notes of a core: threads, process, signal, auxiliary vector, mapped files, of the kernel and of delve.
#![no_main]

use goheap_fuzz::{Cursor, bounded};
use goheap_image::CoreFile;
use libfuzzer_sys::fuzz_target;

/// A core of `machine` whose one segment is `notes`.
fn core(machine: u16, alignment: u64, notes: &[u8]) -> Vec<u8> {
    let mut core = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0".to_vec();
    core.extend(machine.to_le_bytes());
    core.extend([1, 0, 0, 0]);
    [0_u64, 64, 0].iter().for_each(|word| core.extend(word.to_le_bytes()));
    [0_u16, 0, 64, 56, 1, 0, 0, 0].iter().for_each(|half| core.extend(half.to_le_bytes()));
    [4_u64, 64 + 56, 0, 0, notes.len() as u64, 0, alignment].iter().for_each(|word| core.extend(word.to_le_bytes()));
    core.extend(notes);
    core
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let mut input = Cursor::new(input);
    let choice = input.byte();
    let machine = if choice & 1 == 0 { 62 } else { 183 };
    let alignment = if choice & 2 == 0 { 4 } else { 8 };
    let core = CoreFile::from_bytes(core(machine, alignment, input.rest())).expect("the header is sound");
    for thread in core.threads() {
        let registers = &thread.registers;
        let words = [registers.pc(), registers.sp(), registers.fp(), registers.go_g()];
        let _ = (words, registers.dwarf(7), registers.general().len());
    }
    for file in core.mapped_files() {
        assert!(file.to_path().as_os_str().len() + file.path_lossy().len() < 4 * core.size() as usize);
    }
    let vector = core.aux_vector();
    let _ = (vector.program_headers(), vector.page_size(), vector.entry(), vector.exec_fn(), vector.vdso());
    let _ = format!("{:?}{:?}{:?}{:?}", core.threads(), core.process(), core.signal(), core.diagnostics());
    core.mapped_modules();
}));
