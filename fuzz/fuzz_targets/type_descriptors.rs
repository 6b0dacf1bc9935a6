//! Type descriptors, their names, fields, methods and masks, where words of them are wrong.
#![no_main]

use goheap_fuzz::bounded;
use goheap_fuzz::world::World;
use goheap_image::Address;
use goheap_model::TypeTable;
use goheap_runtime::{CodeReferences, RuntimeModel};
use libfuzzer_sys::fuzz_target;

/// Descriptors that are asked for each input.
const ASKED: usize = 64;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let (world, process, is_sound) = World::damaged(input);
    let Ok(model) = RuntimeModel::open(&process, world.options()) else { return assert!(!is_sound) };
    let reader = model.descriptors();
    let mut table = TypeTable::default();
    let mut addresses = reader.linked();
    addresses.extend(world.descriptors());
    addresses.truncate(ASKED);
    for address in &addresses {
        let address = *address;
        let _ = (reader.is_plausible(address), reader.is_descriptor(address), reader.itab_type(address));
        if let Some(id) = reader.load(&mut table, address) {
            table.structural_mask(id);
        }
        if let Some(mask) = reader.gc_mask(&mut table, address) {
            mask.count_in(0..4096);
        }
        assert!(reader.full_name(address).len() < 1 << 20);
        reader.methods(address);
        reader.func_types(Address(address));
        let _ = (reader.is_float(address), reader.is_complex(address));
    }
    let names = || table.ids().map(|id| &*table.get(id).name).collect::<Vec<_>>();
    assert!(!is_sound || ["*main.T", "main.T", "[]main.T"].iter().all(|name| names().contains(name)), "{:?}", names());
    table.name_shapes();
    CodeReferences::read(&model, &addresses);
}));
