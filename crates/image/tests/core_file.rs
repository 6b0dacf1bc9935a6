//! Cores of every layout that is read.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_image::{Address, CoreFile, ImageError, Machine};
use goheap_synth::{CoreBuilder, Machine as Synth, R, RW, RX};

fn builder() -> CoreBuilder {
    CoreBuilder::new(Synth::X86_64)
}

#[test]
fn reads_the_notes_of_a_kernel_core() {
    let registers: Vec<u64> = (100..127).collect();
    let mut core = builder();
    core.thread(11, 6, &registers).thread(12, 0, &registers).process(10, "prog", "./prog -v ");
    core.signal(11, 1, 0xdead0000).auxv(9, 0x401000).auxv(6, 4096);
    core.file(b"/bin/prog", 0x400000, 0x402000, 0).file(b"/lib/x (deleted)", 0x7000000, 0x7001000, 0x3000);
    core.memory(0x1000, RW, |m| {
        m.word(1);
    });
    let core = CoreFile::from_bytes(core.build()).unwrap();
    assert_eq!(core.machine(), Machine::X86_64);
    let thread = &core.threads()[0];
    assert_eq!((thread.tid, thread.signal, core.threads()[1].tid), (11, 6, 12));
    // user_regs_struct: rip is word 16, rsp 19, fs_base 21, r14 1, rax 10.
    let r = &thread.registers;
    assert_eq!(
        (r.pc(), r.sp(), r.go_g(), thread.fs_base),
        (Address(116), Address(119), Address(101), Some(Address(121)))
    );
    assert_eq!(
        (r.general()[0], r.general().len(), r.dwarf(7), r.dwarf(16), r.dwarf(17)),
        (110, 16, Some(119), Some(116), None)
    );
    let process = core.process().unwrap();
    assert_eq!((process.pid, process.name.as_str(), process.arguments.as_str()), (10, "prog", "./prog -v"));
    let signal = core.signal().unwrap();
    assert_eq!((signal.number, signal.code, signal.address, signal.pid), (11, 1, Some(Address(0xdead0000)), None));
    assert_eq!((core.aux_vector().entry(), core.aux_vector().page_size()), (Some(Address(0x401000)), Some(4096)));
    let file = &core.mapped_files()[1];
    assert_eq!((file.path_lossy().as_ref(), file.file_offset), ("/lib/x (deleted)", 0x3000));
    assert_eq!((core.missing_bytes(), core.diagnostics().messages()), (0, vec![]));
}

#[test]
fn reads_an_aarch64_core_with_its_thread_pointer() {
    let registers: Vec<u64> = (0..34).collect();
    let mut core = CoreBuilder::new(Synth::Aarch64);
    core.thread(1, 0, &registers).note(b"LINUX", 0x401, &0x7777u64.to_le_bytes()).segment(0x1000, 8, R, &[0; 8]);
    let core = CoreFile::from_bytes(core.build()).unwrap();
    let thread = &core.threads()[0];
    let r = &thread.registers;
    assert_eq!(
        (r.sp(), r.pc(), r.lr(), r.go_g(), r.fp()),
        (Address(31), Address(32), Some(Address(30)), Address(28), Address(29))
    );
    assert_eq!((r.general().len(), r.dwarf(31), thread.fs_base), (31, Some(31), Some(Address(0x7777))));
}

#[test]
fn a_signal_sent_by_a_process_has_a_sender_and_no_address() {
    let mut core = builder();
    core.signal(6, -6, 4242).segment(0x1000, 8, R, &[0; 8]);
    let core = CoreFile::from_bytes(core.build()).unwrap();
    let signal = core.signal().unwrap();
    assert_eq!((signal.address, signal.pid), (None, Some(4242)));
}

#[test]
fn notes_padded_to_eight() {
    let mut core = builder();
    core.note_alignment(8).process(7, "p", "p").signal(6, 0, 1).thread(3, 6, &[]).segment(0x1000, 8, R, &[0; 8]);
    let core = CoreFile::from_bytes(core.build()).unwrap();
    assert_eq!((core.process().unwrap().pid, core.threads()[0].tid), (7, 3));
}

#[test]
fn a_prstatus_of_another_size_is_counted_and_left_out() {
    let mut core = builder();
    core.note(b"CORE", 1, &[0; 144]).segment(0x1000, 8, R, &[0; 8]);
    let core = CoreFile::from_bytes(core.build()).unwrap();
    assert_eq!((core.threads().len(), core.diagnostics().unknown_notes), (0, 1));
}

/// `count` segments of 8 bytes, 8 bytes apart.
fn many_segments(count: u64) -> CoreBuilder {
    let mut core = builder();
    for i in 0..count {
        core.segment(0x10000 + i * 16, 8, RW, &i.to_le_bytes());
    }
    core
}

#[test]
fn more_segments_than_a_u16_counts() {
    let core = CoreFile::from_bytes(many_segments(70_000).build()).unwrap();
    assert_eq!(core.segments().len(), 70_000);
    assert_eq!(core.segments()[69_999].address, Address(0x10000 + 69_999 * 16));
}

#[test]
fn the_extended_count_may_be_small() {
    let bytes = many_segments(3).extended_count(true).build();
    assert_eq!(CoreFile::from_bytes(bytes).unwrap().segments().len(), 3);
}

#[test]
fn a_truncated_core_has_lost_the_extended_count_but_not_the_segments() {
    let mut bytes = many_segments(70_000).build();
    bytes.truncate(bytes.len() - 64);
    let core = CoreFile::from_bytes(bytes).unwrap();
    assert_eq!(core.segments().len(), 70_000);
    assert!(core.diagnostics().inferred_segment_count);
}

#[test]
fn odd_segments_are_counted() {
    let mut core = builder();
    core.segment(0x5000, 8, RW, &[1; 8]).segment(0x1000, 4, RX, &[2; 8]).segment(u64::MAX - 3, 8, R, &[3; 8]);
    let core = CoreFile::from_bytes(core.build()).unwrap();
    let d = core.diagnostics();
    assert_eq!((core.segments().len(), d.unsorted_segments, d.oversized_segments, d.wrapped_segments), (2, 1, 1, 1));
    let at = |address| vec![Address(address)];
    let firsts = &d.firsts;
    assert_eq!((&firsts.unsorted, &firsts.oversized), (&at(0x1000), &at(0x1000)));
    assert_eq!(firsts.wrapped, at(u64::MAX - 3));
    assert_eq!((core.segments()[1].file_size, core.segments()[1].missing), (4, 0));
    assert_eq!(d.messages().len(), 3);
}

#[test]
fn truncation_is_counted_to_the_byte() {
    let mut core = builder();
    core.thread(1, 6, &[]).segment(0x1000, 0x1000, RW, &[1; 0x1000]).segment(0x2000, 0x1000, RW, &[2; 0x1000]);
    let whole = core.build();
    for cut in [1, 0x7ff, 0x1000, 0x1001, 0x2000] {
        let core = CoreFile::from_bytes(whole[..whole.len() - cut].to_vec()).unwrap();
        assert_eq!(core.missing_bytes(), cut as u64);
        assert_eq!(core.segments().iter().map(|segment| segment.missing).sum::<u64>(), cut as u64);
        assert_eq!(core.diagnostics().truncated_segments, if cut > 0x1000 { 2 } else { 1 });
    }
}

fn refusal(bytes: Vec<u8>) -> ImageError {
    CoreFile::from_bytes(bytes).err().unwrap()
}

#[test]
fn what_is_no_core_is_refused_by_name() {
    let good = {
        let mut core = builder();
        core.segment(0x1000, 8, R, &[0; 8]);
        core.build()
    };
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    assert!(matches!(refusal(vec![]), ImageError::Empty { .. }));
    assert!(matches!(refusal(b"#!/bin/sh\n".to_vec()), ImageError::ForeignFormat { format: "a script", .. }));
    assert!(matches!(refusal(b"Dear core,\n".to_vec()), ImageError::NotElf { .. }));
    assert!(matches!(refusal(b"\x7fELF".to_vec()), ImageError::HeadersCut { size: 4, .. }));
    assert!(matches!(refusal(good[..100].to_vec()), ImageError::HeadersCut { .. }));
    assert!(matches!(refusal(with(4, 1)), ImageError::Elf32 { .. }));
    assert!(matches!(refusal(with(5, 2)), ImageError::BigEndian { .. }));
    assert!(matches!(refusal(with(18, 21)), ImageError::UnsupportedMachine { machine: 21, .. }));
    assert!(matches!(refusal(with(16, 2)), ImageError::ExecutableAsCore { .. }));
    assert!(matches!(refusal(with(16, 3)), ImageError::ExecutableAsCore { .. }));
    assert!(matches!(refusal(with(16, 1)), ImageError::WrongElfType { kind: 1, .. }));
    assert!(matches!(refusal(with(56, 0)), ImageError::HeadersCut { .. }));
    for bytes in [vec![], with(5, 2), with(18, 21), with(16, 3)] {
        let message = refusal(bytes).to_string();
        assert!(!message.contains('\n') && message.len() < 200, "{message}");
    }
}

#[test]
fn a_claim_of_billions_of_segments_is_refused() {
    let mut core = builder();
    core.segment(0x1000, 8, R, &[0; 8]).extended_count(true);
    let mut bytes = core.build();
    let info = bytes.len() - 64 + 44;
    bytes[info..info + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(refusal(bytes), ImageError::TooManySegments { count, .. } if count == u64::from(u32::MAX)));
}

/// What delve calls its own notes.
const DLVE: u32 = 0x444c_5645;
const DLVT: u32 = 0x444c_5654;

/// The notes of delve's `dump`: no owner and no NUL behind a name, arguments apart by NULs.
#[test]
fn reads_the_notes_of_delve() {
    let registers: Vec<u64> = (0..27).collect();
    let mut core = builder();
    core.owner(b"").note(b"Delve Header", DLVE, b"linux/amd64\nVersion: 1.20.2\nTarget Pid: 70\nEntry Point: 0x1\n");
    core.process(70, "server", "/srv/server\0-p\080").auxv(9, 0x45_e760).thread(71, 0, &registers);
    core.memory(0x1000, RW, |memory| {
        memory.word(1);
    });
    let core = CoreFile::from_bytes(core.build()).unwrap();
    let process = core.process().unwrap();
    assert_eq!((process.pid, &*process.name, &*process.arguments), (70, "server", "/srv/server -p 80"));
    assert_eq!(core.threads().len(), 1);
    assert_eq!((core.threads()[0].tid, core.threads()[0].registers.pc()), (71, Address(16)));
    assert_eq!(core.aux_vector().entry(), Some(Address(0x45_e760)));
    assert_eq!(core.diagnostics().unknown_notes, 0);
}

/// Where delve has no kernel's form for threads: on arm64, and after `dump -p`.
#[test]
fn reads_threads_that_delve_describes_itself() {
    for (machine, names) in [(Synth::Aarch64, ["X28", "X30"]), (Synth::X86_64, ["R14", "Rax"])] {
        let mut note: Vec<u8> = [42, 0x1000, 0x2000, 0x3000, 0x4000].map(u64::to_le_bytes).concat();
        note.push(1);
        note.extend(0x5000_u64.to_le_bytes());
        note.extend(3_u32.to_le_bytes());
        for (name, value) in [(names[0], &[7, 0, 0, 0, 0, 0, 0, 0][..]), ("V0", &[1; 16]), (names[1], &[9; 8])] {
            note.extend((name.len() as u16).to_le_bytes());
            note.extend(name.as_bytes());
            note.extend((value.len() as u16).to_le_bytes());
            note.extend(value);
        }
        let mut core = CoreBuilder::new(machine);
        core.memory(0x1000, RW, |memory| {
            memory.word(1);
        });
        core.note(b"Delve Header", DLVE, b"linux/arm64\nTarget Pid: 41\nEntry Point: 0x9000\n");
        core.note(b"", DLVT, &note);
        core.note(b"", DLVT, &note[..40]);
        let core = CoreFile::from_bytes(core.build()).unwrap();
        assert_eq!(core.diagnostics().unknown_notes, 1, "the one that is cut");
        assert_eq!((core.process().unwrap().pid, core.aux_vector().entry()), (41, Some(Address(0x9000))));
        let thread = &core.threads()[0];
        assert_eq!((core.threads().len(), thread.tid, thread.fs_base), (1, 42, Some(Address(0x4000))));
        let registers = &thread.registers;
        assert_eq!(
            (registers.pc(), registers.sp(), registers.fp()),
            (Address(0x1000), Address(0x2000), Address(0x3000))
        );
        assert_eq!(registers.go_g(), Address(7));
        assert_eq!(
            registers.general().last().copied(),
            Some(if machine == Synth::X86_64 { 0 } else { 0x0909_0909_0909_0909 })
        );
    }
}

#[test]
fn vector_registers_are_of_the_thread_before_them() {
    for (machine, words, start, size, count) in [(Synth::X86_64, 27, 160, 512, 16), (Synth::Aarch64, 34, 0, 528, 32)] {
        let registers: Vec<u64> = (0..words).collect();
        let mut note = vec![0; size];
        for number in 0..count {
            note[start + number * 16..start + number * 16 + 8].copy_from_slice(&(100 + number as u64).to_le_bytes());
        }
        let mut core = CoreBuilder::new(machine);
        core.thread(1, 0, &registers).thread(2, 0, &registers).note(b"CORE", 2, &note).segment(0x1000, 8, R, &[0; 8]);
        let core = CoreFile::from_bytes(core.build()).unwrap();
        let expected: Vec<u64> = (100..100 + count as u64).collect();
        // As the kernel does, the builder writes it behind the first thread.
        assert_eq!(core.threads()[1].vectors, []);
        assert_eq!((&core.threads()[0].vectors, core.diagnostics().unknown_notes), (&expected, 0));
    }
    let mut core = builder();
    core.thread(1, 0, &(0..27).collect::<Vec<u64>>()).note(b"CORE", 2, &[0; 100]).segment(0x1000, 8, R, &[0; 8]);
    assert_eq!(CoreFile::from_bytes(core.build()).unwrap().diagnostics().unknown_notes, 1, "cut short");
}
