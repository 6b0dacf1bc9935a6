//! Sections, symbols and build ids of an executable.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::borrow::Cow;
use std::io::Write;

use flate2::write::ZlibEncoder;
use goheap_image::{Address, Executable, ImageError, Machine, SectionError, SymbolKind};
use goheap_synth::{ExeBuilder, Machine as Synth, R, RW, RX, SectionCompression};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const TEXT: &[u8] = b"debug information debug information debug information";

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn builder() -> ExeBuilder {
    ExeBuilder::new(Synth::X86_64, 0x40_0000)
}

fn parse(builder: &ExeBuilder) -> Executable {
    Executable::from_bytes(builder.build()).unwrap()
}

#[test]
fn headers_and_segments() {
    let mut exe = ExeBuilder::new(Synth::Aarch64, 0x1_0000);
    exe.entry(0x1_1040).load(0x1_1000, RX, &[1; 100]).load_with_bss(0x1_2000, RW, &[2; 8], 0x500);
    let exe = parse(&exe);
    assert_eq!((exe.machine(), exe.entry(), exe.is_pie()), (Machine::Aarch64, Address(0x1_1040), false));
    let segments: Vec<_> = exe.load_segments().collect();
    assert_eq!(segments.len(), 3);
    let data = segments[2];
    assert_eq!((data.address, data.file_size, data.memory_size), (Address(0x1_2000), 8, 0x500));
    assert!(data.flags.writable() && data.flags.readable() && !data.flags.executable());
    assert!(parse(builder().pie()).is_pie());
}

#[test]
fn a_plain_section_is_borrowed_and_a_packed_one_unpacked() {
    let mut exe = builder();
    exe.section(".rodata", 0x40_1000, TEXT).nobits(".bss", 0x40_5000, 0x1000);
    exe.packed_section(".debug_info", SectionCompression::Standard(1, TEXT.len() as u64), &zlib(TEXT));
    let zstd = compress_to_vec(TEXT, CompressionLevel::Fastest);
    exe.packed_section(".debug_str", SectionCompression::Standard(2, TEXT.len() as u64), &zstd);
    exe.packed_section(".zdebug_line", SectionCompression::Zdebug(TEXT.len() as u64), &zlib(TEXT));
    exe.section(".zdebug_ranges", 0, TEXT);
    let exe = parse(&exe);
    assert!(matches!(exe.section_data(".rodata"), Some(Cow::Borrowed(TEXT))));
    for name in [".debug_info", ".debug_str", ".debug_line", ".zdebug_line", ".debug_ranges"] {
        assert_eq!(exe.section_data(name).as_deref(), Some(TEXT), "{name}");
    }
    let bss = exe.section(".bss").unwrap();
    assert_eq!(
        (bss.address, bss.size, bss.end(), bss.is_nobits()),
        (Address(0x40_5000), 0x1000, Address(0x40_6000), true)
    );
    assert_eq!(exe.try_section_data(".bss"), Ok(None));
    assert_eq!(exe.try_section_data(".debug_none"), Ok(None));
}

#[test]
fn damaged_sections_say_why() {
    let size = TEXT.len() as u64;
    let mut exe = builder();
    exe.packed_section(".debug_a", SectionCompression::Standard(1, size + 1), &zlib(TEXT));
    exe.packed_section(".debug_b", SectionCompression::Standard(1, size), &zlib(TEXT)[..10]);
    exe.packed_section(".debug_c", SectionCompression::Standard(9, size), &[]);
    exe.packed_section(".zdebug_d", SectionCompression::Zdebug(u64::MAX), &zlib(TEXT));
    exe.packed_section(".debug_e", SectionCompression::Standard(1, 1 << 30), &[]);
    let exe = parse(&exe);
    let fault = |name: &str| exe.try_section_data(name).unwrap_err();
    assert!(matches!(fault(".debug_a"), SectionError::Damaged { .. }));
    assert!(matches!(fault(".debug_b"), SectionError::Damaged { .. }));
    assert!(matches!(fault(".debug_c"), SectionError::UnknownCompression { kind: 9, .. }));
    assert!(matches!(fault(".debug_d"), SectionError::TooLarge { size: u64::MAX, .. }));
    assert!(matches!(fault(".debug_e"), SectionError::Damaged { .. }));
    assert_eq!(exe.section_data(".debug_a"), None);
}

#[test]
fn symbols_have_names_addresses_and_kinds() {
    let mut exe = builder();
    exe.symbol("main.main", 0x40_1000, 64, 2).symbol("runtime.mheap_", 0x40_5000, 93464, 0x11);
    exe.symbol("type:*main.T", 0x40_3000, 0, 0);
    let exe = parse(&exe);
    let symbols: Vec<_> = exe.symbols().map(|s| (s.name, s.address.0, s.size, s.kind)).collect();
    let expected = [
        ("main.main", 0x40_1000, 64, SymbolKind::Function),
        ("runtime.mheap_", 0x40_5000, 93464, SymbolKind::Object),
        ("type:*main.T", 0x40_3000, 0, SymbolKind::Other),
    ];
    assert_eq!(symbols, expected);
}

#[test]
fn build_ids_come_from_the_notes() {
    let exe = parse(builder().go_build_id("act/con/x/y").gnu_build_id(&[1, 2, 3]).load(0x40_1000, R, &[0; 4]));
    assert_eq!((exe.gnu_build_id(), exe.go_build_id()), (Some([1, 2, 3].as_slice()), Some("act/con/x/y")));
    let none = parse(&builder());
    assert_eq!((none.gnu_build_id(), none.go_build_id(), none.symbols().count()), (None, None, 0));
}

#[test]
fn what_is_no_executable_is_refused() {
    let refusal = |bytes: Vec<u8>| Executable::from_bytes(bytes).err().unwrap();
    let mut core = builder().build();
    core[16] = 4;
    assert!(matches!(refusal(core), ImageError::CoreAsExecutable { .. }));
    let mut object = builder().build();
    object[16] = 1;
    assert!(matches!(refusal(object), ImageError::WrongElfType { kind: 1, .. }));
    assert!(matches!(refusal(b"MZ".to_vec()), ImageError::ForeignFormat { format: "a program of Windows", .. }));
    assert!(matches!(refusal(vec![]), ImageError::Empty { .. }));
}
