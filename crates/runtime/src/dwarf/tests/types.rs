//! Types, package variables and constants.

use super::super::{DwarfKind, Field, Member};
use super::*;
use crate::layout::FieldSource;

fn name(text: &str) -> (DwAt, Value<'_>) {
    (DW_AT_name, Value::Text(text))
}

fn size(bytes: u64) -> (DwAt, Value<'static>) {
    (DW_AT_byte_size, Value::Number(bytes))
}

fn kind(kind: u8) -> (DwAt, Value<'static>) {
    (GO_KIND, Value::Byte(kind))
}

fn reference(attribute: DwAt, label: &str) -> (DwAt, Value<'_>) {
    (attribute, Value::Entry(label))
}

fn location(bytes: &[u8]) -> (DwAt, Value<'_>) {
    (DW_AT_location, Value::Block(bytes))
}

fn member<'a>(text: &'a str, offset: u64, label: &'a str) -> [(DwAt, Value<'a>); 3] {
    let offset = (DW_AT_data_member_location, Value::Number(offset));
    [name(text), offset, reference(DW_AT_type, label)]
}

/// `int`, in a unit of its own.
fn with_int(assembler: &mut Assembler) {
    let signed = (DW_AT_encoding, Value::Byte(DW_ATE_signed.0));
    let runtime = (GO_RUNTIME_TYPE, Value::Address(0x40));
    assembler.go_unit(4, &[]);
    assembler.leaf("int", DW_TAG_base_type, &[name("int"), signed, size(8), kind(2), runtime]);
    assembler.end_unit();
}

#[test]
fn named_struct_is_one_type_across_units() {
    let mut assembler = Assembler::default();
    with_int(&mut assembler);
    assembler.go_unit(5, &[]);
    // type node struct { next *node; inner }; type inner struct { a, b int }
    let runtime = (GO_RUNTIME_TYPE, Value::Address(0x80));
    assembler.open("node.def", DW_TAG_structure_type, &[name("main.node"), size(24), kind(25), runtime]);
    assembler.leaf("", DW_TAG_member, &member("next", 0, "*node"));
    let embedded = [&member("inner", 8, "inner.def")[..], &[(GO_EMBEDDED, Value::Flag(true))]].concat();
    assembler.leaf("", DW_TAG_member, &embedded).end();
    assembler.leaf("node", DW_TAG_typedef, &[name("main.node"), reference(DW_AT_type, "node.def")]);
    assembler.leaf("*node", DW_TAG_pointer_type, &[name("*main.node"), reference(DW_AT_type, "node"), kind(22)]);
    assembler.open("inner.def", DW_TAG_structure_type, &[name("main.inner"), size(16), kind(25)]);
    assembler.leaf("", DW_TAG_member, &member("a", 0, "int"));
    assembler.leaf("", DW_TAG_member, &member("b", 8, "int")).end();
    assembler.leaf("inner", DW_TAG_typedef, &[name("main.inner"), reference(DW_AT_type, "inner.def")]);
    assembler.end_unit();

    let dwarf = assembler.parse();
    let named: Vec<&str> = dwarf.types().iter().map(|ty| &*ty.name).collect();
    assert_eq!(named, ["int", "main.node", "*main.node", "main.inner"]);
    let node = dwarf.type_by_name("main.node").unwrap();
    let pointer = dwarf.type_by_name("*main.node").unwrap();
    let inner = dwarf.type_by_name("main.inner").unwrap();
    assert_eq!(dwarf.type_by_runtime_offset(0x80), Some(node));
    assert_eq!(dwarf.types()[pointer.0 as usize].kind, DwarfKind::Pointer { elem: Some(node) });
    assert_eq!(dwarf.types()[pointer.0 as usize].size, 8);
    let field = |name: &str, offset, ty, embedded| Field { name: name.into(), offset, ty: Some(ty), embedded };
    let fields = [field("next", 0, pointer, false), field("inner", 8, inner, true)];
    assert_eq!(dwarf.types()[node.0 as usize].kind, DwarfKind::Struct { fields: fields.into() });
    let int = dwarf.type_by_runtime_offset(0x40).unwrap();
    assert_eq!(dwarf.struct_member("main.node", "inner.b"), Some(Member { offset: 16, size: 8, ty: int }));
    assert_eq!(dwarf.struct_member("main.node", "next.inner"), None);
    assert_eq!(dwarf.struct_size("main.node"), Some(24));
    assert_eq!(dwarf.diagnostics(), Default::default());
}

#[test]
fn what_is_larger_than_any_type_has_no_size() {
    let mut assembler = Assembler::default();
    with_int(&mut assembler);
    assembler.go_unit(4, &[]);
    assembler.open("", DW_TAG_structure_type, &[name("runtime.huge"), size(u64::MAX)]).end();
    assembler.open("", DW_TAG_structure_type, &[name("runtime.far"), size(16)]);
    assembler.leaf("", DW_TAG_member, &member("late", u64::MAX - 7, "int")).end();
    assembler.open("", DW_TAG_structure_type, &[name("runtime.large"), size(1 << 40)]).end();
    assembler.end_unit();
    let dwarf = assembler.parse();
    for (name, expected) in [("runtime.huge", 0), ("runtime.far", 0), ("runtime.large", 1 << 40)] {
        assert_eq!(dwarf.struct_size(name), Some(expected), "{name}");
    }
    assert_eq!((dwarf.struct_member("runtime.far", "late"), dwarf.diagnostics().broken_entries), (None, 2));
    assert_eq!(dwarf.offset("large", "size()"), None, "no struct of the runtime is so large");
}

/// Shapes that Go describes by typedefs and structs with `DW_AT_go_kind`.
fn with_built_in_shapes(assembler: &mut Assembler) {
    assembler.go_unit(4, &[]);
    for interface in ["runtime.eface", "runtime.iface"] {
        let definition = format!("{interface}.def");
        assembler.open(&definition, DW_TAG_structure_type, &[name(interface), size(16), kind(25)]).end();
        assembler.leaf(interface, DW_TAG_typedef, &[name(interface), reference(DW_AT_type, &definition)]);
    }
    assembler.open("header", DW_TAG_structure_type, &[name("map<int,int>"), size(48)]).end();
    assembler.leaf("*header", DW_TAG_pointer_type, &[name("*map<int,int>"), reference(DW_AT_type, "header")]);
    let key_elem = [reference(GO_KEY, "int"), reference(GO_ELEM, "int"), reference(DW_AT_type, "*header")];
    let map = [&[name("main.M"), kind(21)], &key_elem[..]].concat();
    assembler.leaf("", DW_TAG_typedef, &map);
    let chan = [name("chan int"), kind(18), key_elem[1].clone(), key_elem[2].clone()];
    assembler.leaf("", DW_TAG_typedef, &chan);
    assembler.open("", DW_TAG_structure_type, &[name("[]int"), size(24), kind(23), reference(GO_ELEM, "int")]).end();
    assembler.open("", DW_TAG_structure_type, &[name("string"), size(16), kind(24)]).end();
    assembler.leaf("any", DW_TAG_typedef, &[name("any"), kind(20), reference(DW_AT_type, "runtime.eface")]);
    // A named interface: plain typedef, typedef with a kind, struct.
    assembler.leaf("I.def", DW_TAG_typedef, &[name("main.I"), kind(20), reference(DW_AT_type, "runtime.iface")]);
    assembler.leaf("I", DW_TAG_typedef, &[name("main.I"), reference(DW_AT_type, "I.def")]);
    assembler.open("", DW_TAG_array_type, &[name("[3]int"), size(24), kind(17), reference(DW_AT_type, "int")]);
    let count = (DW_AT_count, Value::Number(3));
    assembler.leaf("", DW_TAG_subrange_type, &[reference(DW_AT_type, "int"), count]).end();
    assembler.open("", DW_TAG_subroutine_type, &[name("func(int)"), kind(19)]);
    assembler.leaf("", DW_TAG_formal_parameter, &[reference(DW_AT_type, "int")]).end();
    assembler.leaf("", DW_TAG_pointer_type, &[name("unsafe.Pointer")]);
    assembler.end_unit();
}

#[test]
fn built_in_shapes() {
    let mut assembler = Assembler::default();
    with_int(&mut assembler);
    with_built_in_shapes(&mut assembler);
    let dwarf = assembler.parse();
    let id = |name: &str| dwarf.type_by_name(name).unwrap();
    let shape = |name: &str| {
        let ty = &dwarf.types()[id(name).0 as usize];
        (ty.size, ty.kind.clone())
    };
    let (int, header) = (Some(id("int")), Some(id("map<int,int>")));
    assert_eq!(shape("main.M"), (8, DwarfKind::Map { key: int, elem: int, header }));
    assert_eq!(shape("chan int"), (8, DwarfKind::Chan { elem: int, header }));
    assert_eq!(shape("[]int"), (24, DwarfKind::Slice { elem: int }));
    assert_eq!(shape("string"), (16, DwarfKind::String));
    assert_eq!(shape("any"), (16, DwarfKind::Interface { empty: true }));
    assert_eq!(shape("main.I"), (16, DwarfKind::Interface { empty: false }));
    assert_eq!(shape("[3]int"), (24, DwarfKind::Array { elem: int, len: 3 }));
    assert_eq!(shape("func(int)"), (8, DwarfKind::Func));
    assert_eq!(shape("unsafe.Pointer"), (8, DwarfKind::UnsafePointer));
    assert_eq!(shape("int"), (8, DwarfKind::Int { signed: true }));
    assert_eq!(dwarf.diagnostics(), Default::default());
}

/// Many typedefs of one large struct would each have a copy of its fields.
#[test]
fn typedefs_copy_no_more_fields_than_programs_have() {
    const FIELDS: usize = 40_000;
    let mut assembler = Assembler::default();
    with_int(&mut assembler);
    assembler.go_unit(4, &[]);
    assembler.open("large", DW_TAG_structure_type, &[name("main.Large"), size(8), kind(25)]);
    for _ in 0..FIELDS {
        assembler.leaf("", DW_TAG_member, &member("f", 0, "int"));
    }
    assembler.end();
    for other in ["main.First", "main.Second", "main.Third"] {
        assembler.leaf("", DW_TAG_typedef, &[name(other), reference(DW_AT_type, "large")]);
    }
    assembler.end_unit();
    let dwarf = assembler.parse();
    let fields = |name: &str| match &dwarf.types()[dwarf.type_by_name(name).unwrap().0 as usize].kind {
        DwarfKind::Struct { fields } => Some(fields.len()),
        _ => None,
    };
    let found = ["main.Large", "main.First", "main.Second", "main.Third"].map(fields);
    assert_eq!(found, [Some(FIELDS), Some(FIELDS), None, None]);
    assert_eq!(dwarf.diagnostics().dangling_references, 2);
}

#[test]
fn uintptr_of_old_releases_has_an_address_not_an_offset() {
    for (producer, expected) in [("Go cmd/compile go1.22.10; -N", None), ("Go cmd/compile go1.23.1", Some(0x4a_0000))] {
        let mut assembler = Assembler::default();
        assembler.go_unit(4, &[(DW_AT_producer, Value::Text(producer))]);
        let unsigned = (DW_AT_encoding, Value::Byte(DW_ATE_unsigned.0));
        let runtime = (GO_RUNTIME_TYPE, Value::Address(0x4a_0000));
        assembler.leaf("", DW_TAG_base_type, &[name("uintptr"), unsigned, size(8), kind(12), runtime]);
        assembler.end_unit();
        let dwarf = assembler.parse();
        assert_eq!(dwarf.types()[0].runtime_offset, expected, "{producer}");
    }
}

#[test]
fn globals_and_constants_of_both_versions() {
    let mut assembler = Assembler::default();
    let mut addresses = Bytes::default();
    addresses.u64(0).u64(0x2000).u64(0x1000);
    assembler.section(".debug_addr", &addresses);
    with_int(&mut assembler);
    let mut direct = Bytes::default();
    direct.u8(DW_OP_addr.0).u64(0x1800);
    assembler.go_unit(4, &[]);
    assembler.leaf("", DW_TAG_variable, &[name("a.direct"), location(&direct.0), reference(DW_AT_type, "int")]);
    let value = (DW_AT_const_value, Value::Signed(-300));
    assembler.leaf("", DW_TAG_constant, &[name("a.limit"), value]).end_unit();
    assembler.go_unit(5, &[(DW_AT_addr_base, Value::Section(8))]);
    for (index, text) in [(0, "b.first"), (1, "b.second")] {
        let indexed = [DW_OP_addrx.0, index];
        assembler.leaf("", DW_TAG_variable, &[name(text), location(&indexed), reference(DW_AT_type, "int")]);
    }
    assembler.end_unit();

    let dwarf = assembler.parse();
    let found: Vec<_> = dwarf.globals().iter().map(|global| (global.address, &*global.name, global.ty)).collect();
    let int = dwarf.type_by_name("int");
    assert_eq!(found, [(0x1000, "b.second", int), (0x1800, "a.direct", int), (0x2000, "b.first", int)]);
    assert_eq!(dwarf.global("a.direct").unwrap().address, 0x1800);
    assert_eq!(dwarf.global("a.absent"), None);
    assert_eq!(dwarf.constant("a.limit"), Some(-300));
}
