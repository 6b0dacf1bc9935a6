//! Hostile input: nothing panics, and what is there is still read.
#![allow(clippy::unwrap_used)]

use goheap_image::{Address, CoreFile, Executable, Process};
use goheap_synth::mutate::{XorShift, flip};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW, SectionCompression};

fn exe() -> ExeBuilder {
    let mut exe = ExeBuilder::new(Machine::X86_64, 0x40_0000);
    exe.gnu_build_id(&[7; 20]).go_build_id("a/b").load(0x40_1000, R, &[9; 0x1000]).symbol("main.x", 0x40_2000, 8, 1);
    exe.packed_section(".debug_info", SectionCompression::Standard(1, 64), &[0x78, 0x9c, 3, 0]);
    exe.packed_section(".zdebug_line", SectionCompression::Zdebug(64), &[0x78, 0x9c, 3, 0])
        .nobits(".bss", 0x40_2000, 64);
    exe
}

fn core() -> CoreBuilder {
    let exe = exe();
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.thread(1, 6, &[1; 27]).thread(2, 0, &[2; 27]).process(1, "prog", "./prog").signal(6, 0, 1);
    core.auxv(9, 0x40_1000).auxv(31, 0xc0_0000_0000).file(b"/opt/prog", 0x40_0000, 0x40_2000, 0);
    core.segment(0x40_0000, 0x2000, R, &exe.header_page());
    core.memory(0xc0_0000_0000, RW, |m| {
        m.bytes(b"./prog\0\0").zeros(0x3f8).label("end").pointer("end");
    });
    core.segment(0xc0_0000_0400, 0x1000, RW, &[3; 0x800]);
    core
}

/// Everything a caller may ask.
fn exercise(core: CoreFile, executable: Executable) -> u64 {
    for section in executable.sections() {
        let _ = executable.try_section_data(&section.name);
    }
    let symbols = executable.symbols().map(|symbol| symbol.name.len() as u64).sum::<u64>();
    let registers: u64 = core.threads().iter().map(|thread| thread.registers.pc().0 & 1).sum();
    let _ = core.diagnostics().messages();
    let Ok(process) = Process::assemble(core, executable) else { return symbols };
    let mut readable = 0u64;
    let mut last = Address(0);
    for range in process.memory.ranges() {
        assert!(range.len > 0 && range.start >= last, "pieces overlap or are empty");
        last = range.end();
        readable += range.len;
        for address in [range.start, range.start + range.len / 2, Address(range.end().0.wrapping_sub(4))] {
            let _ = process.memory.read_u64(address);
            let _ = process.memory.bytes(address, usize::MAX / 2);
            let _ = process.memory.c_string(address, 1 << 20);
        }
    }
    let _ = process.diagnostics.messages();
    readable + registers
}

#[test]
fn a_core_cut_anywhere_yields_what_is_there() {
    let whole = core().build();
    let headers = 64 + 56 * 4;
    let mut before = 0;
    for cut in (0..=whole.len()).step_by(64).chain([whole.len()]) {
        match CoreFile::from_bytes(whole[..cut].to_vec()) {
            Ok(core) => {
                if cut >= headers {
                    assert_eq!(core.missing_bytes() > 0, cut < whole.len(), "cut at {cut}");
                }
                let readable = exercise(core, Executable::from_bytes(exe().build()).unwrap());
                assert!(readable >= before, "cut at {cut}: {readable} bytes, {before} before");
                before = readable;
            }
            Err(error) => assert!(cut < 64 + 56, "cut at {cut}: {error}"),
        }
    }
}

#[test]
fn an_executable_cut_anywhere_is_read_or_refused() {
    let whole = exe().build();
    for cut in (0..whole.len()).step_by(64) {
        if let Ok(executable) = Executable::from_bytes(whole[..cut].to_vec()) {
            exercise(CoreFile::from_bytes(core().build()).unwrap(), executable);
        } else {
            assert!(cut < 64 + 56);
        }
    }
}

#[test]
fn flipped_bytes_in_headers_and_notes_of_the_core() {
    let whole = core().build();
    let mut random = XorShift::new(0x9e37_79b9);
    let end = whole.len() - 0x1c00;
    let mut opened = 0;
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            flip(&mut bytes, 4, end, &mut random);
        }
        if let Ok(core) = CoreFile::from_bytes(bytes) {
            exercise(core, Executable::from_bytes(exe().build()).unwrap());
            opened += 1;
        }
    }
    assert!(opened > 1500, "only {opened} of 3000 opened");
}

#[test]
fn flipped_bytes_in_headers_and_sections_of_the_executable() {
    let whole = exe().build();
    let mut random = XorShift::new(0x51ed_270b);
    let mut opened = 0;
    for round in 0..3000 {
        let mut bytes = whole.clone();
        let (start, end) = if round % 2 == 0 { (4, 0x200) } else { (0x2000, whole.len()) };
        flip(&mut bytes, start, end, &mut random);
        if let Ok(executable) = Executable::from_bytes(bytes) {
            exercise(CoreFile::from_bytes(core().build()).unwrap(), executable);
            opened += 1;
        }
    }
    assert!(opened > 2000, "only {opened} of 3000 opened");
}

#[test]
fn the_same_memory_claimed_by_many_segments_takes_no_longer() {
    let mut core = CoreBuilder::new(Machine::X86_64);
    for i in 0..20_000u64 {
        core.segment(0x10_0000 + (i % 1000) * 8, 16, RW, &[i as u8; 16]);
    }
    let core = CoreFile::from_bytes(core.build()).unwrap();
    let process = Process::assemble(core, Executable::from_bytes(exe().build()).unwrap()).unwrap();
    assert_eq!(process.memory.readable_len(Address(0x10_0000), 1 << 20), 8008);
}
