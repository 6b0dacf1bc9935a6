//! A moduledata whose tables are the fuzzer's bytes.

use crate::Cursor;
use goheap_image::{Address, Machine, MemoryImage};
use goheap_runtime::layout::RuntimeLayout;
use goheap_runtime::{GoVersion, ModuleData};

const MODULE: u64 = 0x10_0000;
/// Where the input lies.
pub const BYTES: u64 = 0x20_0000;
/// Where code begins.
pub const TEXT: u64 = 0x40_0000;
const TEXT_BYTES: u64 = 0x1000;

/// The release of a choice, as far as its tables differ.
pub fn version(choice: u8) -> GoVersion {
    const MINORS: [u32; 5] = [17, 18, 20, 23, 27];
    let minor = MINORS[usize::from(choice) % MINORS.len()];
    GoVersion::parse(&format!("go1.{minor}")).expect("a version")
}

/// Reads a module of `version` and hands it to `ask`. The input begins with a word that is xored to each field, where the fuzzer wants it,
/// then offset and length of each table in what follows.
pub fn with_module(version: &GoVersion, input: &mut Cursor<'_>, ask: impl FnOnce(&ModuleData<'_>, &MemoryImage)) {
    let (layout, _) = RuntimeLayout::choose(version, Machine::X86_64, None).expect("a known release");
    let fields = &layout.moduledata;
    let mut module = vec![0; fields.size as usize];
    let mut set = |at: u64, value: u64| {
        let slot = module.get_mut(at as usize..).and_then(|rest| rest.first_chunk_mut::<8>());
        *slot.expect("a field") = value.to_le_bytes();
    };
    let tables = [
        fields.funcnametab,
        fields.cutab,
        fields.filetab,
        fields.pctab,
        fields.pclntable,
        fields.ftab,
        fields.textsectmap,
    ];
    for at in tables {
        let (offset, len) = (u64::from(input.half()), u64::from(input.half()));
        set(at, BYTES + offset);
        set(at + 8, len);
        set(at + 16, len);
    }
    let words = u64::from(input.half());
    let programs = [input.half(), input.half()].map(u64::from);
    set(fields.data, 0x60_0000);
    set(fields.edata, 0x60_0000 + words * 8);
    set(fields.bss, 0x70_0000);
    set(fields.ebss, 0x70_0000 + (u64::from(input.int()) & 0xf_ffff) * 8);
    set(fields.types - 16, BYTES + programs[0]);
    set(fields.types - 8, BYTES + programs[1]);
    set(fields.pc_header, BYTES);
    set(fields.text, TEXT);
    set(fields.etext, TEXT + TEXT_BYTES);
    if let Some(at) = fields.gofunc {
        set(at, BYTES);
    }
    let buffers = [(Address(MODULE), module, true), (Address(BYTES), input.rest().to_vec(), false)];
    let memory = MemoryImage::from_buffers(buffers);
    if let Ok(module) = ModuleData::read(&memory, &layout, version, Address(MODULE)) {
        ask(&module, &memory);
    }
}
