//! Foreign, missing, damaged and hostile input.

use super::super::{DwarfDiagnostics, DwarfError, DwarfKind};
use super::*;

fn name(text: &str) -> (DwAt, Value<'_>) {
    (DW_AT_name, Value::Text(text))
}

fn typedef(assembler: &mut Assembler, label: &str, text: &str, target: &str) {
    assembler.leaf(label, DW_TAG_typedef, &[name(text), (DW_AT_type, Value::Entry(target))]);
}

/// Two Go units and one of C between them, with a function, a struct, a list and a variable.
fn sample() -> Assembler {
    let mut assembler = Assembler::default();
    let mut list = Bytes::default();
    list.u64(0).u64(0x40).u16(2).raw(&[DW_OP_fbreg.0, 0]).u64(0).u64(0);
    let list = assembler.section(".debug_loc", &list);
    assembler.go_unit(4, &[(DW_AT_low_pc, Value::Address(0x1000))]);
    assembler.open("T", DW_TAG_structure_type, &[name("main.T"), (DW_AT_byte_size, Value::Number(8))]);
    let offset = (DW_AT_data_member_location, Value::Number(0));
    let ty = (DW_AT_type, Value::Entry("T"));
    assembler.leaf("", DW_TAG_member, &[name("f"), offset, ty.clone()]).end();
    let (low, high) = ((DW_AT_low_pc, Value::Address(0x1000)), (DW_AT_high_pc, Value::Address(0x1040)));
    let frame = (DW_AT_frame_base, Value::Block(&[DW_OP_call_frame_cfa.0]));
    assembler.open("", DW_TAG_subprogram, &[name("main.f"), low, high, frame]);
    let location = (DW_AT_location, Value::Section(list));
    assembler.leaf("", DW_TAG_variable, &[name("v"), ty, location]).end().end_unit();
    let c = (DW_AT_language, Value::Byte(DW_LANG_C11.0 as u8));
    assembler.unit(5).open("", DW_TAG_compile_unit, &[c]);
    assembler.leaf("", DW_TAG_base_type, &[name("unsigned char")]).end_unit();
    assembler.go_unit(5, &[]);
    typedef(&mut assembler, "U", "main.U", "T");
    assembler.end_unit();
    assembler
}

/// Reads whatever can be read.
fn exercise(dwarf: &Dwarf) -> usize {
    let locals = dwarf.functions().iter().map(|function| dwarf.locals_of_function(function.low).len());
    locals.sum::<usize>() + dwarf.inlined_at(0x1000).len() + dwarf.types().len()
}

#[test]
fn without_debug_information() {
    assert!(Dwarf::parse(&Assembled(BTreeMap::new())).unwrap().is_none());
    let mut sections = sample().sections();
    sections.0.remove(".debug_abbrev");
    let error = DwarfError::MissingSection { section: ".debug_abbrev" };
    assert_eq!(Dwarf::parse(&sections).unwrap_err(), error);
}

#[test]
fn units_of_c_are_passed_over() {
    let dwarf = sample().parse();
    let named: Vec<&str> = dwarf.types().iter().map(|ty| &*ty.name).collect();
    assert_eq!(named, ["main.T", "main.U"]);
    // Another name of a struct is a type with the same shape.
    assert_eq!(dwarf.types()[0].kind, dwarf.types()[1].kind);
    assert_eq!(dwarf.diagnostics(), DwarfDiagnostics { foreign_units: 1, ..Default::default() });
    assert_eq!(dwarf.locals_at(0x1000).len(), 1);
}

#[test]
fn damage_costs_the_rest_of_its_unit_only() {
    let mut assembler = sample();
    assembler.go_unit(4, &[]);
    typedef(&mut assembler, "", "main.before", "T");
    assembler.info.uleb(1 << 20);
    typedef(&mut assembler, "", "main.after", "T");
    assembler.end_unit();
    // A version that is not known hides no unit behind it.
    assembler.unit(9).end_unit();
    assembler.go_unit(4, &[]);
    typedef(&mut assembler, "", "main.next", "T");
    assembler.end_unit();

    let dwarf = assembler.parse();
    assert!(dwarf.type_by_name("main.before").is_some());
    assert!(dwarf.type_by_name("main.after").is_none());
    assert!(dwarf.type_by_name("main.next").is_some());
    assert_eq!(dwarf.diagnostics().broken_units, 2);
}

#[test]
fn entries_without_use_and_references_to_nowhere_are_counted() {
    let mut assembler = sample();
    assembler.labels.insert("nowhere".into(), 3);
    assembler.go_unit(4, &[]);
    assembler.leaf("", DW_TAG_variable, &[name("main.v")]);
    assembler.leaf("", DW_TAG_pointer_type, &[name("*nowhere"), (DW_AT_type, Value::Entry("nowhere"))]);
    typedef(&mut assembler, "", "main.lost", "nowhere");
    assembler.end_unit();

    let dwarf = assembler.parse();
    assert_eq!(dwarf.diagnostics().broken_entries, 1);
    assert_eq!(dwarf.diagnostics().dangling_references, 2);
    let kind = |name: &str| dwarf.types()[dwarf.type_by_name(name).unwrap().0 as usize].kind.clone();
    assert_eq!(kind("*nowhere"), DwarfKind::Pointer { elem: None });
    assert_eq!(kind("main.lost"), DwarfKind::Unspecified);
}

#[test]
fn circular_typedefs_end() {
    let mut assembler = Assembler::default();
    assembler.go_unit(4, &[]);
    for (label, target) in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")] {
        typedef(&mut assembler, label, "main.circle", target);
    }
    assembler.end_unit();
    let dwarf = assembler.parse();
    assert!(dwarf.types().iter().all(|ty| ty.kind == DwarfKind::Unspecified));
    assert_eq!(dwarf.types().len(), 4);
}

#[test]
fn hostile_abbreviations_do_not_panic_or_multiply_work() {
    let mut assembler = Assembler::default();
    assembler.go_unit(4, &[]);
    assembler.open("", DW_TAG_subprogram, &[name("main.f"), (DW_AT_low_pc, Value::Address(1))]);
    // Inside a function body, where attributes are skipped: the length must not be added to that of the next one.
    let endless = (DW_AT_location, Value::EndlessBlock);
    assembler.leaf("", DW_TAG_variable, &[endless, (DW_AT_type, Value::Address(0))]);
    assembler.end().end_unit();
    assert_eq!(assembler.parse().diagnostics().broken_units, 1);

    let mut assembler = Assembler::default();
    assembler.go_unit(4, &[]);
    assembler.leaf("", DW_TAG_base_type, &vec![(DW_AT_external, Value::Present); 10_000]).end_unit();
    assert_eq!(assembler.parse().diagnostics().broken_units, 1);
}

#[test]
fn cut_sections_never_panic() {
    let whole = sample().sections();
    for name in [".debug_info", ".debug_abbrev", ".debug_loc"] {
        for length in 0..whole.0[name].len() {
            let mut cut = Assembled(whole.0.clone());
            cut.0.get_mut(name).unwrap().truncate(length);
            if let Some(dwarf) = Dwarf::parse(&cut).unwrap() {
                assert!(exercise(&dwarf) <= 3, "{name} cut at {length}");
            }
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    let whole = sample().sections();
    for name in [".debug_info", ".debug_abbrev", ".debug_loc"] {
        for place in 0..whole.0[name].len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = Assembled(whole.0.clone());
                changed.0.get_mut(name).unwrap()[place] = value;
                assert!(exercise(&changed.parse()) <= 16, "{name}[{place}] = {value}");
            }
        }
    }
}
