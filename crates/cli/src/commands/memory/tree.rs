//! The parts of a process's memory as a tree: groups, and what they are made of.

use goheap_heap::process_memory::{MEMORY_GROUPS, MemoryPart, MemoryPartGroup, ProcessMemory, Total};
use goheap_report::answer::{Cell, Column, Section};

pub(super) fn section(memory: &ProcessMemory) -> Section {
    let columns = [
        Column::bytes("mapped").of(memory.mapped),
        Column::bytes("nonzero").headed("not zero").spare(),
        Column::name("part"),
        Column::name("key").hidden(),
    ];
    let mut section = Section::new("parts", columns);
    let cells = |total: Total, name: &str, key: &str| -> [Cell; 4] {
        let nonzero = if total.nonzero > 0 { total.nonzero.into() } else { Cell::None };
        [total.bytes.into(), nonzero, name.into(), key.into()]
    };
    for MemoryPartGroup { key, name, is_in } in MEMORY_GROUPS {
        let total = memory.total(is_in);
        if total.bytes == 0 {
            continue;
        }
        section.row(cells(total, name, key));
        let parts = memory.parts.iter().filter(|(part, total)| is_in(*part) && total.bytes > 0);
        for (part, total) in parts {
            let (part_key, part_name) = (part.key(), part.name());
            if (part_key, part_name) == (key, name) {
                continue;
            }
            // Which pages hold something is known of arenas and spans as a whole.
            let is_split = matches!(part, MemoryPart::HeapInUse | MemoryPart::MallocInUse);
            let total = Total { nonzero: if is_split { 0 } else { total.nonzero }, ..*total };
            section.row(cells(total, part_name, part_key)).depth = 1;
        }
    }
    let all = memory.total(|_| true);
    section.row(cells(all, "all that the core maps", "all"));
    section
}
