//! Executables that did not make the core.

use super::*;
use goheap_image::{Address, MismatchEvidence};

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
    assert_eq!((p.diagnostics.patched_code_pages, &p.diagnostics.firsts.patched), (1, &vec![Address(CODE)]));
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
