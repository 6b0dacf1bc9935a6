//! Core and executable together: what is filled in, what is refused, what is found.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use goheap_image::{Address, CoreFile, Executable, ImageError, MismatchEvidence, OpenRequest, Process, RangeSource};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW, RX};

const BASE: u64 = 0x40_0000;
const CODE: u64 = BASE + 0x1000;
const RODATA: u64 = BASE + 0x3000;
const DATA: u64 = BASE + 0x5000;

fn page(fill: u8) -> Vec<u8> {
    (0..0x1000).map(|i| (i as u8).wrapping_mul(31) ^ fill).collect()
}

/// Code of two pages, rodata of two, data of one with a .bss.
fn exe(base: u64) -> ExeBuilder {
    let mut exe = ExeBuilder::new(Machine::X86_64, base);
    exe.load(base + 0x1000, RX, &[page(1), page(2)].concat());
    exe.load(base + 0x3000, R, &[page(3), page(4)].concat());
    exe.load_with_bss(base + 0x5000, RW, &page(5), 0x3000);
    exe
}

/// A kernel core of it: header page, written pages; code and rodata not dumped.
fn core(exe: &ExeBuilder, base: u64, bias: u64) -> CoreBuilder {
    let at = base.wrapping_add(bias);
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.thread(1, 6, &[]).process(1, "prog", "/opt/prog").auxv(9, at + 0x1000).auxv(3, at + 64);
    core.file(b"/opt/prog", at, at + 0x3000, 0).file(b"/opt/prog", at + 0x3000, at + 0x5000, 0x3000);
    core.segment(at, 0x3000, RX, &exe.header_page());
    core.segment(at + 0x3000, 0x2000, R, &[]);
    core.memory(at + 0x5000, RW, |m| {
        m.label("data").bytes(&page(0x55)[..0xff8]).word(0x1111_2222_3333_4444);
    });
    core.memory(at + 0x6000, RW, |m| {
        m.label("bss").word(0x5555_6666_7777_8888).zeros(0x1ff8);
    });
    core.segment(0xc0_0000_0000, 0x1_0000, 0, &[]);
    core
}

fn assemble(core: &CoreBuilder, exe: &ExeBuilder) -> Result<Process, ImageError> {
    Process::assemble(CoreFile::from_bytes(core.build()).unwrap(), Executable::from_bytes(exe.build()).unwrap())
}

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

fn evidence(core: &CoreBuilder, exe: &ExeBuilder) -> MismatchEvidence {
    match assemble(core, exe) {
        Err(ImageError::ExecutableMismatch { evidence, .. }) => evidence,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken for the one that made the core"),
    }
}

#[test]
fn another_gnu_build_id_is_refused_with_both_named() {
    let (mut ours, mut other) = (exe(BASE), exe(BASE));
    ours.gnu_build_id(&[0xab; 20]);
    other.gnu_build_id(&[0xcd; 20]);
    let evidence = evidence(&core(&ours, BASE, 0), &other);
    assert_eq!(evidence, MismatchEvidence::GnuBuildId { core: vec![0xab; 20], file: vec![0xcd; 20] });
    let text = evidence.to_string();
    assert!(text.contains(&"ab".repeat(20)) && text.contains(&"cd".repeat(20)), "{text}");
}

#[test]
fn another_position_independent_program_is_refused_with_both_named() {
    let (mut ours, mut other) = (exe(0), exe(0));
    ours.pie().gnu_build_id(&[0xab; 20]);
    other.pie().gnu_build_id(&[0xcd; 20]).entry(0x1230);
    let expected = MismatchEvidence::GnuBuildId { core: vec![0xab; 20], file: vec![0xcd; 20] };
    assert_eq!(evidence(&core(&ours, 0, 0x5555_5555_4000), &other), expected);
    let mut fixed = exe(BASE);
    fixed.gnu_build_id(&[0xcd; 20]);
    assert_eq!(evidence(&core(&ours, 0, 0x5555_5555_4000), &fixed), expected);
}

#[test]
fn another_go_build_id_is_refused_with_both_named() {
    let (mut ours, mut other) = (exe(BASE), exe(BASE));
    ours.go_build_id("a/b/c/d");
    other.go_build_id("a/b/c/e");
    let evidence = evidence(&core(&ours, BASE, 0), &other);
    assert_eq!(evidence, MismatchEvidence::GoBuildId { core: "a/b/c/d".into(), file: "a/b/c/e".into() });
}

#[test]
fn without_ids_the_pages_that_both_hold_decide() {
    let ours = exe(BASE);
    let mut dumped = core(&ours, BASE, 0);
    dumped.segment(RODATA, 0x1000, R, &page(3));
    assert!(assemble(&dumped, &ours).is_ok());
    let mut other = page(3);
    other[100] ^= 1;
    let mut dumped = core(&ours, BASE, 0);
    dumped.segment(RODATA, 0x1000, R, &other);
    let MismatchEvidence::Contents { differing, compared, core, file } = evidence(&dumped, &ours) else {
        panic!("other evidence");
    };
    assert_eq!((differing, compared, core.as_str(), file.as_str()), (1, 1, "unknown", "none"));
}

#[test]
fn a_breakpoint_in_the_code_is_no_other_program() {
    let exe = exe(BASE);
    let mut code = page(1);
    code[0x123] = 0xcc;
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.auxv(9, CODE).segment(CODE, 0x1000, RX, &code);
    let p = assemble(&core, &exe).unwrap();
    assert_eq!(p.diagnostics.patched_code_pages, 1);
    assert_eq!(p.memory.read_u8(Address(CODE + 0x123)), Some(0xcc));
}

#[test]
fn another_entry_is_another_program() {
    let mut other = exe(BASE);
    other.entry(CODE + 0x10);
    let mut bare = CoreBuilder::new(Machine::X86_64);
    bare.auxv(9, CODE).segment(0x1000, 8, R, &[0; 8]);
    let expected =
        MismatchEvidence::Entry { core: CODE, file: CODE + 0x10, core_id: "unknown".into(), file_id: "none".into() };
    assert_eq!(evidence(&bare, &other), expected);
    assert_eq!(evidence(&core(&exe(BASE), BASE, 0), &other), expected);
}

#[test]
fn other_segments_are_another_program() {
    let mut other = exe(BASE);
    other.load(BASE + 0x9000, R, &[1; 16]);
    let MismatchEvidence::Segments { core, file } = evidence(&core(&exe(BASE), BASE, 0), &other) else {
        panic!("other evidence");
    };
    assert_eq!((core.as_str(), file.as_str()), ("unknown", "none"));
}

#[test]
fn a_stripped_executable_without_ids_is_taken_but_not_confirmed() {
    let ours = exe(BASE);
    let mut stripped = ours.build();
    stripped[40..48].fill(0);
    stripped[58..64].fill(0);
    let dumped = CoreFile::from_bytes(core(&ours, BASE, 0).build()).unwrap();
    let p = Process::assemble(dumped, Executable::from_bytes(stripped).unwrap()).unwrap();
    assert!(p.diagnostics.executable_unconfirmed);
    assert!(!assemble(&core(&ours, BASE, 0), &ours).unwrap().diagnostics.executable_unconfirmed);
}

#[test]
fn a_core_that_confirms_nothing_says_so() {
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.segment(0xc0_0000_0000, 8, RW, &[0; 8]);
    let p = assemble(&core, &exe(BASE)).unwrap();
    assert!(p.diagnostics.executable_unconfirmed);
    assert_eq!(p.diagnostics.messages().len(), 1);
}

#[test]
fn an_executable_of_another_machine_is_refused() {
    let arm = ExeBuilder::new(Machine::Aarch64, BASE);
    let ours = exe(BASE);
    assert!(matches!(assemble(&core(&ours, BASE, 0), &arm), Err(ImageError::MachineMismatch { .. })));
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

/// A folder with the files given, and a request for its core.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn request(&self) -> OpenRequest {
        OpenRequest { core: self.0.path().join("core"), ..OpenRequest::default() }
    }
}

fn with_id(id: u8) -> ExeBuilder {
    let mut exe = exe(BASE);
    exe.gnu_build_id(&[id; 20]);
    exe
}

#[test]
fn the_executable_is_found_beside_the_core() {
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let beside = folder.put("prog", &exe.build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!(p.executable.path(), beside);
}

#[test]
fn the_executable_is_found_packed_beside_the_core() {
    use std::io::Write;
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&exe.build()).unwrap();
    let beside = folder.put("prog.gz", &packer.finish().unwrap());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!(p.executable.path(), beside);
}

#[test]
fn the_sysroot_comes_first_and_is_not_left() {
    let (folder, exe) = (Folder::new(), with_id(1));
    let mut core = core(&exe, BASE, 0);
    core.file(b"/../../etc/passwd", 0x7000_0000, 0x7000_1000, 0);
    folder.put("core", &core.build());
    folder.put("prog", &exe.build());
    let rooted = folder.put("root/opt/prog", &exe.build());
    let request = OpenRequest { sysroot: Some(folder.0.path().join("root")), ..folder.request() };
    assert_eq!(Process::open(&request).unwrap().executable.path(), rooted);
}

#[test]
fn a_wrong_file_in_one_place_does_not_hide_the_right_one_in_the_next() {
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let right = folder.put("prog", &exe.build());
    let wrong = folder.put("root/opt/prog", &with_id(2).build());
    let request = OpenRequest { sysroot: Some(folder.0.path().join("root")), ..folder.request() };
    let p = Process::open(&request).unwrap();
    assert_eq!(
        (p.executable.path(), p.diagnostics.rejected_executables.as_slice()),
        (right.as_path(), [wrong].as_slice())
    );
}

#[test]
fn a_wrong_executable_alone_is_refused_with_both_ids() {
    let folder = Folder::new();
    folder.put("core", &core(&with_id(1), BASE, 0).build());
    folder.put("prog", &with_id(2).build());
    let error = Process::open(&folder.request()).err().unwrap();
    assert!(matches!(error, ImageError::ExecutableMismatch { .. }), "{error}");
}

#[test]
fn a_missing_executable_is_said_with_the_places_looked_at() {
    let folder = Folder::new();
    folder.put("core", &core(&with_id(1), BASE, 0).build());
    let error = Process::open(&folder.request()).err().unwrap();
    let ImageError::ExecutableNotFound { tried } = error.reason() else { panic!("{error}") };
    assert!(error.to_string().contains("build id 0101010101010101010101010101010101010101"), "{error}");
    assert!(tried.contains(&PathBuf::from("/opt/prog")) && tried.contains(&folder.0.path().join("prog.zst")));
    assert!(error.to_string().contains("--exe"));
}

#[test]
fn a_name_that_a_core_makes_up_is_not_shown_raw() {
    let folder = Folder::new();
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.process(1, "p", "/x\u{1b}[31m/y").segment(0x1000, 8, R, &[0; 8]);
    folder.put("core", &core.build());
    let message = Process::open(&folder.request()).err().unwrap().to_string();
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn core_and_executable_swapped_get_a_hint() {
    let (folder, exe) = (Folder::new(), with_id(1));
    let core_path = folder.put("core", &core(&exe, BASE, 0).build());
    let exe_path = folder.put("prog", &exe.build());
    let request = OpenRequest { core: exe_path.clone(), executable: Some(core_path.clone()), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::ExecutableAsCore { .. })));
    let request = OpenRequest { core: core_path.clone(), executable: Some(core_path), ..Default::default() };
    let error = Process::open(&request).err().unwrap();
    assert!(matches!(error.reason(), ImageError::CoreAsExecutable { .. }), "{error}");
    let request = OpenRequest { core: exe_path.parent().unwrap().to_owned(), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::Unreadable { .. })));
    let request = OpenRequest { core: Path::new("/nonexistent/core").to_owned(), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::Unreadable { .. })));
}

fn library(id: u8) -> ExeBuilder {
    let mut library = ExeBuilder::new(Machine::X86_64, 0);
    library.pie().gnu_build_id(&[id; 20]).load(0x1000, R, &page(9));
    library
}

#[test]
fn libraries_fill_in_too_when_they_are_the_ones_mapped() {
    const AT: u64 = 0x7f00_0000_0000;
    let (folder, exe, library) = (Folder::new(), with_id(1), library(7));
    let mut core = core(&exe, BASE, 0);
    core.file(b"/lib/libx.so", AT, AT + 0x1000, 0).file(b"/lib/libx.so", AT + 0x1000, AT + 0x2000, 0x1000);
    core.file(b"/lib/gone.so", AT + 0x10000, AT + 0x11000, 0);
    core.segment(AT, 0x1000, R, &library.header_page()).segment(AT + 0x1000, 0x1000, R, &[]);
    core.segment(AT + 0x10000, 0x1000, RX, &[]);
    folder.put("core", &core.build());
    folder.put("prog", &exe.build());
    folder.put("libx.so", &library.build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!((p.shared_objects.len(), p.shared_objects[0].load_bias), (1, AT));
    assert_eq!(p.memory.bytes(Address(AT + 0x1000), 0x1000).unwrap().as_ref(), page(9));
    assert_eq!(p.diagnostics.unavailable_files, [PathBuf::from("/lib/gone.so")]);

    folder.put("libx.so", &self::library(8).build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!((p.shared_objects.len(), p.diagnostics.unavailable_files.len()), (0, 2));
    assert_eq!(p.memory.read_u8(Address(AT + 0x1000)), None);
}

/// Two libraries of one process, linked alike but for their ids, and the program that had them loaded.
fn libraries(folder: &Folder) -> [PathBuf; 2] {
    let library = |id: u8| {
        let mut library = exe(0);
        library.pie().entry(0).gnu_build_id(&[id; 20]);
        library
    };
    let (a, b) = (library(7), library(8));
    let mut core = core(&with_id(1), BASE, 0);
    for (name, library, at) in [("b", &b, 0x7f00_0000_0000), ("a", &a, 0x7f00_0010_0000)] {
        let path = folder.0.path().join(format!("lib{name}.so"));
        core.file(path.as_os_str().as_encoded_bytes(), at, at + 0x3000, 0);
        core.segment(at, 0x3000, RX, &library.header_page());
    }
    folder.put("core", &core.build());
    [folder.put("liba.so", &a.build()), folder.put("libb.so", &b.build())]
}

#[test]
fn a_library_is_told_from_another_that_looks_alike() {
    let folder = Folder::new();
    let [a, b] = libraries(&folder);
    for (path, bias) in [(a, 0x7f00_0010_0000), (b, 0x7f00_0000_0000)] {
        let process = Process::open(&OpenRequest { executable: Some(path), ..folder.request() }).unwrap();
        assert_eq!((process.load_bias, process.diagnostics.executable_unconfirmed), (bias, false));
        // By its header alone, where the file has another name than the core gives it.
        let renamed = folder.put("renamed", process.executable.data());
        let process = Process::open(&OpenRequest { executable: Some(renamed), ..folder.request() }).unwrap();
        assert_eq!(process.load_bias, bias);
    }
}

#[test]
fn a_library_is_read_in_its_programs_stead() {
    let folder = Folder::new();
    let [a, b] = libraries(&folder);
    let with = |module: &str, executable: Option<PathBuf>| {
        Process::open(&OpenRequest { module: Some(module.into()), executable, ..folder.request() })
    };
    // Without the program the library does.
    let process = with("libb.so", None).unwrap();
    assert_eq!((process.executable.path(), process.load_bias, process.host), (&*b, 0x7f00_0000_0000, None));
    let program = folder.put("prog", &with_id(1).build());
    for module in ["liba.so", a.to_str().unwrap()] {
        let process = with(module, Some(program.clone())).unwrap();
        assert_eq!((process.executable.path(), process.load_bias), (&*a, 0x7f00_0010_0000));
        assert_eq!(process.host.as_deref(), Some(&*program));
        assert!(process.shared_objects.iter().any(|object| object.executable.path() == program));
    }
    let error = with("libc.so.6", Some(program)).err().unwrap();
    let ImageError::NoSuchModule { files, .. } = &error else { panic!("{error}") };
    assert_eq!(files.len(), 2, "{error}");
}

#[test]
fn what_cannot_be_the_executable_is_said_with_the_id_that_is_wanted() {
    let folder = Folder::new();
    let mut gone = CoreBuilder::new(Machine::X86_64);
    gone.auxv(9, CODE).auxv(3, BASE + 64).file(b"/opt/prog (deleted)", BASE, BASE + 0x3000, 0);
    gone.segment(BASE, 0x3000, RX, &with_id(1).header_page());
    folder.put("core", &gone.build());
    let said = |name: &str, bytes: &[u8]| {
        let path = folder.put(name, bytes);
        Process::open(&OpenRequest { executable: Some(path), ..folder.request() }).err().unwrap().to_string()
    };
    let mut upx = with_id(1).build();
    upx[40..48].fill(0);
    upx[0xff0..0xff4].copy_from_slice(b"UPX!");
    let wanted = "0101010101010101010101010101010101010101";
    for (message, part) in [
        (said("text", b"text"), "is not an ELF file"),
        (said("packed", &upx), "is packed with UPX"),
        (said("other", &with_id(2).build()), "did not make this core"),
        (Process::open(&folder.request()).err().unwrap().to_string(), "was not found"),
    ] {
        assert!(
            message.contains(part) && message.contains(wanted) && message.contains("had been deleted"),
            "{message}"
        );
    }
}
