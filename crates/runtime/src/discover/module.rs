//! The first moduledata: by symbol, by its section, or by the pclntab that its first word points to.

use crate::layout::RuntimeLayout;
use crate::module::ModuleData;
use crate::symbols::Symbols;
use crate::version::GoVersion;
use goheap_image::{Address, Process};

/// Names of the section that holds pclntab: of plain executables, and of position-independent ones up to 1.25.
const PCLNTAB_SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
/// A writable segment is searched this far.
const SEARCHED_BYTES: u64 = 1 << 30;

/// The address of `runtime.firstmoduledata`.
pub(crate) fn find_first_module(
    process: &Process,
    layout: &RuntimeLayout,
    version: &GoVersion,
    symbols: &Symbols,
) -> Option<Address> {
    let is_module = |&address: &Address| is_module(process, layout, version, address);
    let named = || ["runtime.firstmoduledata", "local.moduledata"].iter().find_map(|name| symbols.address(name));
    let section = || {
        let section = process.executable.section(".go.module")?;
        Some(Address(section.address.0.wrapping_add(process.load_bias)))
    };
    named()
        .filter(is_module)
        .or_else(|| section().filter(is_module))
        .or_else(|| pclntabs(process, version).into_iter().find_map(|pclntab| search(process, pclntab).find(is_module)))
}

fn is_module(process: &Process, layout: &RuntimeLayout, version: &GoVersion, address: Address) -> bool {
    ModuleData::read(&process.memory, layout, version, address).is_ok_and(|module| {
        let minpc = process.memory.read_u64(address.add(layout.moduledata.minpc));
        !module.functions.is_empty()
            && minpc.is_some_and(|pc| module.text.contains(&pc))
            && module.text.start < module.text.end
            && module.types.start < module.types.end
    })
}

/// Where pclntab may lie.
fn pclntabs(process: &Process, version: &GoVersion) -> Vec<u64> {
    let by_section = PCLNTAB_SECTIONS.iter().filter_map(|name| process.executable.section(name));
    let mut found: Vec<u64> = by_section.map(|section| section.address.0.wrapping_add(process.load_bias)).collect();
    if found.is_empty() {
        found = process
            .executable
            .load_segments()
            .flat_map(|segment| {
                let start = segment.address.0.wrapping_add(process.load_bias);
                let len = usize::try_from(segment.file_size).unwrap_or(0);
                scan_magic(process, start, len, version)
            })
            .collect();
    }
    found
}

/// pcHeader: magic, two zero bytes, the instruction quantum, the pointer size.
fn scan_magic(process: &Process, start: u64, len: usize, version: &GoVersion) -> Vec<u64> {
    let magic: u32 = match version.minor {
        ..=17 => 0xffff_fffa,
        18 | 19 => 0xffff_fff0,
        _ => 0xffff_fff1,
    };
    let Some(bytes) = process.memory.bytes(Address(start), len) else { return Vec::new() };
    let is_header = |at: &usize| {
        bytes.get(*at..at + 8).is_some_and(|head| {
            head[..4] == magic.to_le_bytes() && head[4..6] == [0, 0] && matches!(head[6], 1 | 4) && head[7] == 8
        })
    };
    (0..len).step_by(8).filter(is_header).map(|at| start + at as u64).collect()
}

/// The words of the writable segments that hold `pclntab`.
fn search(process: &Process, pclntab: u64) -> impl Iterator<Item = Address> + '_ {
    let segments = process.executable.load_segments().filter(|segment| segment.flags.writable());
    segments.flat_map(move |segment| {
        let start = segment.address.0.wrapping_add(process.load_bias).next_multiple_of(8);
        let words = segment.memory_size.min(SEARCHED_BYTES) / 8;
        (0..words)
            .map(move |index| Address(start.wrapping_add(index * 8)))
            .filter(move |&at| process.memory.read_u64(at) == Some(pclntab))
    })
}
