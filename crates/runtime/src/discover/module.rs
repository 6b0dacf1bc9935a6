//! The first moduledata: by symbol, by its section, or by the pclntab that its first word points to.

use crate::layout::RuntimeLayout;
use crate::mapped_elf::MappedElf;
use crate::module::ModuleData;
use crate::symbols::Symbols;
use crate::version::GoVersion;
use goheap_image::{Address, Process};

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
        .or_else(|| MappedElf::of(process).pclntabs().find_map(|head| search(process, head.address.0).find(is_module)))
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
