//! Functions, locals, inlined calls, location and range lists.

use super::super::{Local, Piece, Place, StackSlot};
use super::*;

const CFA: (DwAt, Value<'static>) = (DW_AT_frame_base, Value::Block(&[DW_OP_call_frame_cfa.0]));
/// `DW_OP_fbreg -16`
const BELOW_CFA: [u8; 2] = [DW_OP_fbreg.0, 0x70];
const MINUS_16: Place = Place::CfaOffset(-16);

fn name(text: &str) -> (DwAt, Value<'_>) {
    (DW_AT_name, Value::Text(text))
}

fn reference(attribute: DwAt, label: &str) -> (DwAt, Value<'_>) {
    (attribute, Value::Entry(label))
}

fn range(low: u64, high: u64) -> [(DwAt, Value<'static>); 2] {
    [(DW_AT_low_pc, Value::Address(low)), (DW_AT_high_pc, Value::Address(high))]
}

fn with_string(assembler: &mut Assembler) {
    let (size, kind) = ((DW_AT_byte_size, Value::Number(16)), (GO_KIND, Value::Byte(24)));
    assembler.open("string", DW_TAG_structure_type, &[name("string"), size, kind]).end();
}

fn slot(cfa_offset: i64, variable_offset: u64, size: u64) -> StackSlot {
    StackSlot { cfa_offset, variable_offset, size }
}

fn named<'a>(locals: &'a [Local], name: &str) -> &'a Local {
    locals.iter().find(|local| &*local.name == name).unwrap()
}

/// A string in two registers, then half of it in the frame and the other half gone.
fn string_in_registers_then_frame() -> [Vec<u8>; 2] {
    let piece = DW_OP_piece.0;
    let registers = vec![DW_OP_reg0.0, piece, 8, DW_OP_reg3.0, piece, 8];
    let frame = [&BELOW_CFA[..], &[piece, 8, piece, 8]].concat();
    [registers, frame]
}

fn expect_string_in_registers_then_frame(dwarf: &Dwarf) {
    let piece = |place| Piece { size: 8, place };
    let at = |pc| named(&dwarf.locals_of_function(pc), "s").clone();
    let registers = [piece(Some(Place::Register(0))), piece(Some(Place::Register(3)))];
    assert_eq!(at(0x1000).place, Some(Place::Pieces(registers.into())));
    assert_eq!(at(0x1010).place, Some(Place::Pieces([piece(Some(MINUS_16)), piece(None)].into())));
    assert_eq!(at(0x1020).place, None);
    assert_eq!(at(0x1020).slots, [slot(-16, 0, 8)]);
    assert_eq!(at(0x1020).size, 16);
}

#[test]
fn location_list_of_dwarf_4() {
    let mut assembler = Assembler::default();
    let mut list = Bytes::default();
    list.u64(u64::MAX).u64(0x1000);
    for (place, expression) in (0..).zip(string_in_registers_then_frame()) {
        list.u64(0x10 * place).u64(0x10 * (place + 1)).u16(expression.len() as u16).raw(&expression);
    }
    list.u64(0).u64(0);
    let list = assembler.section(".debug_loc", &list);
    assembler.go_unit(4, &[]);
    with_string(&mut assembler);
    let [low, high] = range(0x1000, 0x1040);
    assembler.open("f", DW_TAG_subprogram, &[name("main.f"), low, high, CFA]);
    let location = (DW_AT_location, Value::Section(list));
    assembler.leaf("", DW_TAG_formal_parameter, &[name("s"), reference(DW_AT_type, "string"), location]);
    assembler.end().end_unit();
    expect_string_in_registers_then_frame(&assembler.parse());
}

#[test]
fn location_and_range_lists_of_dwarf_5() {
    let mut assembler = Assembler::default();
    let mut addresses = Bytes::default();
    addresses.u64(0x1000);
    assembler.section(".debug_addr", &addresses);
    let mut list = Bytes::default();
    list.u8(DW_LLE_base_addressx.0).uleb(0);
    for (place, expression) in (0..).zip(string_in_registers_then_frame()) {
        list.u8(DW_LLE_offset_pair.0).uleb(0x10 * place).uleb(0x10 * (place + 1));
        list.uleb(expression.len() as u64).raw(&expression);
    }
    list.u8(DW_LLE_end_of_list.0);
    let list = assembler.section(".debug_loclists", &list);
    let mut ranges = Bytes::default();
    ranges.u8(DW_RLE_base_addressx.0).uleb(0);
    ranges.u8(DW_RLE_offset_pair.0).uleb(8).uleb(0x18).u8(DW_RLE_end_of_list.0);
    let ranges = assembler.section(".debug_rnglists", &ranges);
    assembler.go_unit(5, &[(DW_AT_addr_base, Value::Section(0))]);
    with_string(&mut assembler);
    let (low, high) = ((DW_AT_low_pc, Value::AddressIndex(0)), (DW_AT_high_pc, Value::Number(0x40)));
    assembler.open("f", DW_TAG_subprogram, &[name("main.f"), low, high, CFA]);
    assembler.open("", DW_TAG_lexical_block, &[(DW_AT_ranges, Value::Section(ranges))]);
    let location = (DW_AT_location, Value::Section(list));
    assembler.leaf("", DW_TAG_variable, &[name("s"), reference(DW_AT_type, "string"), location]);
    assembler.end().end().end_unit();

    let dwarf = assembler.parse();
    expect_string_in_registers_then_frame(&dwarf);
    let in_scope = |pc| dwarf.locals_at(pc).len();
    assert_eq!([in_scope(0x1007), in_scope(0x1008), in_scope(0x1017), in_scope(0x1018)], [0, 1, 1, 0]);
}

#[test]
fn functions_are_found_by_address_and_named_by_their_abstract_entry() {
    let mut assembler = Assembler::default();
    assembler.go_unit(4, &[]);
    let inline = (DW_AT_inline, Value::Byte(DW_INL_inlined.0));
    assembler.open("abstract", DW_TAG_subprogram, &[name("main.small"), inline]).end();
    let [low, high] = range(0x2000, 0x2010);
    assembler.open("", DW_TAG_subprogram, &[reference(DW_AT_abstract_origin, "abstract"), low, high, CFA]).end();
    let [low, high] = range(0x1000, 0x1040);
    assembler.open("", DW_TAG_subprogram, &[name("main.f"), low, high, CFA]).end().end_unit();

    let dwarf = assembler.parse();
    let at = |pc| dwarf.function_at(pc).map(|function| &*function.name);
    assert_eq!([at(0xfff), at(0x1000), at(0x103f), at(0x1040)], [None, Some("main.f"), Some("main.f"), None]);
    assert_eq!([at(0x2000), at(0x2010)], [Some("main.small"), None]);
    assert_eq!(dwarf.functions().len(), 2);
}

/// A generic function that captures a variable and has another function inlined at 0x1010.
fn with_inlined_call(assembler: &mut Assembler) {
    assembler.go_unit(4, &[]);
    with_string(assembler);
    let inline = (DW_AT_inline, Value::Byte(DW_INL_inlined.0));
    assembler.open("abstract", DW_TAG_subprogram, &[name("strings.Repeat"), inline]);
    let string = reference(DW_AT_type, "string");
    let result = (DW_AT_variable_parameter, Value::Flag(true));
    assembler.leaf("abstract.r", DW_TAG_formal_parameter, &[name("~r0"), result, string.clone()]).end();
    let [low, high] = range(0x1000, 0x1040);
    assembler.open("", DW_TAG_subprogram, &[name("main.f[go.shape.string]"), low, high, CFA]);
    let dictionary = (GO_DICT_INDEX, Value::Number(3));
    assembler.leaf("parameter", DW_TAG_typedef, &[name(".param3"), string.clone(), dictionary]);
    let cfa = (DW_AT_location, Value::Block(&[DW_OP_call_frame_cfa.0]));
    assembler.leaf("", DW_TAG_formal_parameter, &[name("x"), reference(DW_AT_type, "parameter"), cfa]);
    let below = (DW_AT_location, Value::Block(&BELOW_CFA));
    for (text, offset) in [("moved", 0x68), ("no slot", 0x70)] {
        let expression = [DW_OP_fbreg.0, offset, DW_OP_deref.0];
        let behind = (DW_AT_location, Value::Block(&expression));
        assembler.leaf("", DW_TAG_formal_parameter, &[name(text), string.clone(), behind]);
    }
    let captured = (GO_CLOSURE_OFFSET, Value::Number(8));
    assembler.leaf("", DW_TAG_variable, &[name("&captured"), string, captured, below.clone()]);
    let [low, high] = range(0x1010, 0x1020);
    assembler.open("", DW_TAG_inlined_subroutine, &[reference(DW_AT_abstract_origin, "abstract"), low, high]);
    let origin = reference(DW_AT_abstract_origin, "abstract.r");
    assembler.leaf("", DW_TAG_formal_parameter, &[origin, below]);
    assembler.end().end().end_unit();
}

#[test]
fn inlined_calls_blocks_and_type_parameters() {
    let mut assembler = Assembler::default();
    with_inlined_call(&mut assembler);
    let dwarf = assembler.parse();
    let locals = dwarf.locals_at(0x1010);
    let x = named(&locals, "x");
    assert_eq!((x.ty, x.dict_index), (dwarf.type_by_name("string"), Some(3)));
    assert_eq!((&x.place, x.is_parameter, x.is_result), (&Some(Place::CfaOffset(0)), true, false));
    assert_eq!(&*x.function, "main.f[go.shape.string]");
    let moved = named(&locals, "moved");
    assert_eq!(moved.place, Some(Place::CfaPointer(-24)));
    assert_eq!(moved.slots, []);
    assert_eq!(named(&locals, "no slot").place, None);
    let captured = named(&locals, "&captured");
    assert_eq!((captured.closure_offset, captured.is_parameter), (Some(8), false));
    let inlined = named(&locals, "~r0");
    assert_eq!((&*inlined.function, inlined.is_result), ("strings.Repeat", true));
    assert_eq!((inlined.ty, &inlined.place), (dwarf.type_by_name("string"), &Some(MINUS_16)));
    assert_eq!(dwarf.inlined_at(0x1010), ["strings.Repeat".into()]);

    assert_eq!(dwarf.locals_at(0x1020).len(), 4);
    assert!(dwarf.inlined_at(0x1020).is_empty());
    let elsewhere = dwarf.locals_of_function(0x1020);
    let inlined = named(&elsewhere, "~r0");
    assert_eq!((inlined.in_scope, &inlined.slots[..]), (false, &[slot(-16, 0, 16)][..]));
}
