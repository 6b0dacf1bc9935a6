//! GC programs and the masks that they make, of a module's data and bss.
#![no_main]

use goheap_fuzz::table_memory::{version, with_module};
use goheap_fuzz::{Cursor, bounded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let mut input = Cursor::new(input);
    let version = version(input.byte());
    with_module(&version, &mut input, |module, _| {
        for (mask, range) in [(&module.data_mask, &module.data), (&module.bss_mask, &module.bss)] {
            let Some(mask) = mask else { continue };
            let words = ((range.end - range.start) / 8) as usize;
            assert!(mask.count() <= words && mask.ones().all(|index| index < words));
        }
    });
}));
