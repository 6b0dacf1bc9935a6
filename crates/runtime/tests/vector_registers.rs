//! Where the carried processes saved vector registers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{RELEASES, model, process};
use goheap_image::Address;

/// `runtime.fixalloc`: where it has `size`, `list` and `inuse`.
const SIZE: u64 = 0;
const LIST: u64 = 24;
const IN_USE: u64 = 48;

#[test]
fn all_blocks_of_the_allocator_are_known() {
    for release in RELEASES {
        let process = process(release);
        let with_dwarf = model(&process, false);
        let found = with_dwarf.vector_registers();
        let stripped = model(&process, true).vector_registers();
        assert_eq!(
            (&found.of_goroutines, &found.left_over),
            (&stripped.of_goroutines, &stripped.left_over),
            "{release}"
        );
        let Some(allocator) =
            with_dwarf.symbols.address("runtime.xRegAlloc").filter(|_| with_dwarf.layout.p.x_regs.is_some())
        else {
            assert!(found.left_over.is_empty() && with_dwarf.version.minor < 26, "{release}");
            continue;
        };
        // Behind its lock stands the allocator: the first word that is no zero.
        let memory = with_dwarf.memory();
        let word = |offset: u64| memory.read_u64(Address(allocator.0 + offset)).unwrap();
        let lock = (0..64).step_by(8).find(|&at| word(at + SIZE) == 2112).unwrap();
        let (in_use, list) = (word(lock + IN_USE) / 2112, word(lock + LIST));
        let of_processors = with_dwarf.processors.len();
        let caches = found.left_over.iter().filter(|range| range.end - range.start == 2112).count() - of_processors;
        let free = found.left_over.len() - of_processors - caches;
        assert_eq!((found.of_goroutines.len() + caches) as u64, in_use, "{release}");
        assert_eq!(list == 0, free == 0, "{release}");
    }
}
