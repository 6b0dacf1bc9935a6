//! What the executable fills in, and what nothing holds.

use super::*;
use goheap_image::{Address, RangeSource};

#[test]
fn the_executable_fills_what_was_not_dumped() {
    let exe = exe(BASE);
    let p = assemble(&core(&exe, BASE, 0), &exe).unwrap();
    assert_eq!(p.load_bias, 0);
    assert_eq!(p.memory.bytes(Address(CODE), 0x1000).unwrap().as_ref(), page(1));
    assert_eq!(p.memory.slice(Address(RODATA), 0x2000).unwrap(), [page(3), page(4)].concat());
    // Code and rodata follow each other in memory and file: one piece.
    let code = p.memory.ranges().find(|range| range.start == Address(CODE)).unwrap();
    assert_eq!((code.source, code.writable, code.end()), (RangeSource::File, false, Address(DATA)));
    assert_eq!(p.memory.slice(Address(CODE), 0x4000).map(<[u8]>::len), Some(0x4000));
}

#[test]
fn dumped_bytes_win_over_those_of_the_file() {
    let exe = exe(BASE);
    let p = assemble(&core(&exe, BASE, 0), &exe).unwrap();
    assert_eq!(p.memory.bytes(Address(DATA), 16).unwrap().as_ref(), &page(0x55)[..16]);
}

#[test]
fn what_nothing_holds_is_absent_and_not_zero() {
    let exe = exe(BASE);
    let p = assemble(&core(&exe, BASE, 0), &exe).unwrap();
    for address in [0, 0xc0_0000_0000, 0xc0_0000_8000, DATA + 0x3000, u64::MAX, u64::MAX - 7] {
        assert_eq!(p.memory.read_u64(Address(address)), None, "{address:#x}");
        assert_eq!(p.memory.read_u8(Address(address)), None, "{address:#x}");
    }
}

#[test]
fn written_pages_that_are_missing_are_not_taken_from_the_file() {
    let exe = exe(BASE);
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.auxv(9, CODE).segment(BASE, 0x3000, RX, &exe.header_page()).segment(DATA, 0x3000, RW, &[]);
    let p = assemble(&core, &exe).unwrap();
    assert_eq!(p.memory.read_u64(Address(DATA)), None);
    assert!(p.memory.read_u64(Address(RODATA)).is_some());
}

#[test]
fn bss_that_was_never_touched_is_zero_and_what_was_left_out_is_not() {
    let exe = exe(BASE);
    let bss = DATA + 0x1000;
    let with = |segments: &[(u64, u64)], dumped: u64| {
        let mut core = CoreBuilder::new(Machine::X86_64);
        core.auxv(9, CODE).segment(BASE, 0x3000, RX, &exe.header_page()).memory(DATA, RW, |m| {
            m.bytes(&page(5));
        });
        segments.iter().for_each(|&(at, len)| _ = core.segment(at, len, RW, &[]));
        core.segment(0xc0_0000_0000, 0x1000, RW, &page(1)[..dumped as usize]);
        core.file(b"/opt/prog", BASE, BASE + 0x5000, 0).file(b"/opt/prog", DATA, DATA + 0x1000, 0x5000);
        assemble(&core, &exe).unwrap()
    };
    let p = with(&[(bss, 0x2000)], 0x1000);
    assert_eq!(p.memory.read_u64(Address(bss)), Some(0));
    assert_eq!(p.memory.read_u64(Address(bss + 0x1ff8)), Some(0));
    assert_eq!(p.memory.read_u64(Address(bss + 0x2000)), None);
    assert_eq!(p.memory.ranges().filter(|range| range.source == RangeSource::Untouched).count(), 1);
    for (why, segments, dumped) in [
        ("a part of it that the program asked to leave out", vec![(bss, 0x1000), (bss + 0x1000, 0x1000)], 0x1000),
        ("memory elsewhere", vec![(bss + 0x1_0000, 0x2000)], 0x1000),
        ("more than any variables", vec![(bss, 1 << 40)], 0x1000),
        ("all anonymous memory is left out", vec![(bss, 0x2000)], 0),
    ] {
        let p = with(&segments, dumped);
        assert_eq!(p.memory.read_u64(Address(segments[0].0)), None, "{why}");
    }
}

#[test]
fn a_missing_librarys_bss_is_told_by_the_mapping_before_it() {
    let exe = exe(BASE);
    let mut core = core(&exe, BASE, 0);
    let at = 0x7f00_0000_0000;
    core.segment(at, 0x1000, RX, &[]).memory(at + 0x1000, RW, |m| _ = m.bytes(&page(9)));
    core.segment(at + 0x2000, 0x30_0000, RW, &[]);
    core.file(b"/gone.so", at, at + 0x1000, 0).file(b"/gone.so", at + 0x1000, at + 0x2000, 0x1000);
    // A file of data with memory behind it says nothing.
    core.memory(at + 0x100_0000, RW, |m| _ = m.bytes(&page(9))).segment(at + 0x100_1000, 0x1000, RW, &[]);
    core.file(b"/data", at + 0x100_0000, at + 0x100_1000, 0);
    let p = assemble(&core, &exe).unwrap();
    assert_eq!(p.memory.read_u64(Address(at + 0x2000 + 0x20_0000 - 4)), Some(0));
    assert_eq!(p.memory.readable_len(Address(at + 0x2000), 1 << 30), 0x30_0000);
    assert_eq!(p.memory.read_u64(Address(at + 0x100_1000)), None);
}

#[test]
fn reads_are_stitched_where_bss_straddles_two_segments() {
    let exe = exe(BASE);
    // A gap in the file between the two segments keeps them apart.
    let mut core = core(&exe, BASE, 0);
    core.segment_alignment(0x3000);
    let p = assemble(&core, &exe).unwrap();
    let seam = Address(DATA + 0xffc);
    assert_eq!(p.memory.slice(seam, 8), None);
    assert_eq!(p.memory.read_u64(seam), Some(0x7777_8888_1111_2222));
    assert_eq!(p.memory.bytes(seam, 8).unwrap().as_ref(), &0x7777_8888_1111_2222u64.to_le_bytes());
    assert_eq!(p.memory.readable_len(seam, 100), 100);
    assert_eq!(p.memory.readable_len(Address(DATA + 0x2fff), 100), 1);
}

#[test]
fn a_position_independent_executable_is_found_where_it_was_loaded() {
    const BIAS: u64 = 0x5555_5555_4000;
    let mut exe = exe(0);
    exe.pie();
    let p = assemble(&core(&exe, 0, BIAS), &exe).unwrap();
    assert_eq!(p.load_bias, BIAS);
    assert_eq!(p.memory.bytes(Address(BIAS + 0x3000), 0x1000).unwrap().as_ref(), page(3));
    assert!(!p.diagnostics.executable_unconfirmed);
}

#[test]
fn without_an_auxiliary_vector_the_bias_comes_from_the_dumped_header() {
    const BIAS: u64 = 0x5555_5555_4000;
    let mut exe = exe(0);
    exe.pie();
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.segment(0x1000, 8, R, &[0; 8]).segment(BIAS, 0x3000, RX, &exe.header_page());
    assert_eq!(assemble(&core, &exe).unwrap().load_bias, BIAS);
}

#[test]
fn an_entry_that_is_the_dynamic_linkers_does_not_mislead() {
    const BIAS: u64 = 0x5555_5555_4000;
    let mut exe = exe(0);
    exe.pie();
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.auxv(9, 0x7fff_0001_2345).auxv(3, BIAS + 64).segment(BIAS, 0x3000, RX, &exe.header_page());
    assert_eq!(assemble(&core, &exe).unwrap().load_bias, BIAS);
}

#[test]
fn overlapping_segments_keep_the_first() {
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.segment(0x2000, 0x10, RW, &[2; 16]);
    core.segment(0x1ff8, 0x20, RW, &[1; 32]);
    let p = assemble(&core, &exe(BASE)).unwrap();
    assert_eq!(p.diagnostics.overlapping_segments, 1);
    assert_eq!(p.diagnostics.first_overlap, Some(Address(0x2000)));
    let expected = [vec![1; 8], vec![2; 16], vec![1; 8]].concat();
    assert_eq!(p.memory.bytes(Address(0x1ff8), 32).unwrap().as_ref(), expected);
    let starts: Vec<u64> = p.memory.ranges().take(3).map(|range| range.start.0).collect();
    assert_eq!(starts, [0x1ff8, 0x2000, 0x2010]);
}
