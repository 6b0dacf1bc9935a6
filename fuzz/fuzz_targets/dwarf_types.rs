//! Types, variables and constants of debug information, and the table of types that is made of them.
#![no_main]

use goheap_fuzz::{bounded, dwarf::Parts};
use goheap_runtime::dwarf::Dwarf;
use goheap_runtime::types_from_dwarf;
use libfuzzer_sys::fuzz_target;

/// The runtime's types begin here.
const TYPES_START: u64 = 0x50_0000;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(Some(dwarf)) = Dwarf::parse(&Parts::new(input)) else { return };
    for ty in dwarf.types() {
        assert!(dwarf.type_by_name(&ty.name).is_some() || ty.name.is_empty(), "{ty:?}");
        dwarf.struct_size(&ty.name);
        dwarf.struct_member(&ty.name, "a.b");
    }
    for global in dwarf.globals() {
        dwarf.global(&global.name);
    }
    dwarf.go_release();
    let mut table = types_from_dwarf(&dwarf, TYPES_START);
    table.drop_pointers_out_of_heap(true);
    table.name_shapes();
    for id in table.ids() {
        if let Some(mask) = table.structural_mask(id) {
            mask.count_in(0..table.get(id).size);
        }
        table.is_direct_interface(id);
    }
}));
