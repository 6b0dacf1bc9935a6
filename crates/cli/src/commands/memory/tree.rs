//! The parts of a process's memory as a tree: groups, and what they are made of.

use goheap_heap::process_memory::{MemoryPart, ProcessMemory, Total};
use goheap_report::answer::{Cell, Column, Section};

/// What scripts and people call a part.
const NAMES: [(MemoryPart, &str, &str); 39] = {
    use MemoryPart::*;
    [
        (HeapReachable, "heap_reachable", "reachable objects"),
        (HeapNotKnown, "heap_not_known", "objects not known to be reachable"),
        (HeapUnreachable, "heap_unreachable", "garbage"),
        (HeapFreeSlots, "heap_free_slots", "free slots"),
        (HeapTails, "heap_tails", "ends of spans"),
        (HeapInUse, "heap_partly_mapped", "spans that the core maps in part"),
        (HeapIdle, "heap_idle", "kept for new objects"),
        (HeapIdleNotKnown, "heap_idle_not_known", "kept or returned: not known"),
        (HeapReleased, "heap_released", "returned to the system"),
        (StacksInUse, "stacks_in_use", "in use"),
        (StacksCached, "stacks_cached", "free ones"),
        (GcWork, "gc_work", "the collector's work"),
        (SpanRecords, "span_records", "records of spans"),
        (SpanList, "span_list", "list of spans"),
        (Caches, "caches", "caches of processors"),
        (MarkBits, "mark_bits", "allocation and mark bits"),
        (ArenaIndex, "arena_index", "index of arenas"),
        (ArenaRecords, "arena_records", "records of arenas"),
        (PageSummaries, "page_summaries", "summaries of free pages"),
        (PageBitmaps, "page_bitmaps", "bitmaps of pages"),
        (ScavengeIndex, "scavenge_index", "index of pages to return"),
        (ProfileTable, "profile_table", "table of profile buckets"),
        (Persistent, "persistent", "profile buckets, specials and the like"),
        (ReservedHeap, "reserved_heap", "for the heap"),
        (ReservedIndexes, "reserved_indexes", "for indexes"),
        (Executable, "executable", "the executable"),
        (ExecutableBss, "executable_bss", "its zeroed variables"),
        (Libraries, "libraries", "libraries"),
        (LibrariesBss, "libraries_bss", "their zeroed variables"),
        (OtherFiles, "other_files", "other files"),
        (MainStack, "main_stack", "of the first thread"),
        (ThreadStacks, "thread_stacks", "of threads that C made"),
        (Kernel, "kernel", "the kernel's pages"),
        (MallocInUse, "malloc_in_use", "in use, in arenas"),
        (MallocMapped, "malloc_mapped", "in use, a mapping each"),
        (MallocFree, "malloc_free", "free"),
        (MallocOther, "malloc_other", "records of arenas, and what is broken"),
        (MallocReserved, "malloc_reserved", "reserved by C's malloc"),
        (Anonymous, "anonymous", "anonymous memory of nobody known"),
    ]
};

/// Those that stand alone.
const REST: [(MemoryPart, &str, &str); 2] = [
    (MemoryPart::NoAccess, "no_access", "without access or read only, of nobody known"),
    (MemoryPart::Overlap, "overlap", "counted twice: segments of the core overlap"),
];

/// A group: its key, its name and what is in it.
type Group = (&'static str, &'static str, fn(MemoryPart) -> bool);

const GROUPS: [Group; 11] = [
    ("heap_in_use", "Go heap in use", MemoryPart::is_heap_in_use),
    ("heap_idle", "Go heap idle", MemoryPart::is_heap_idle),
    ("stacks", "goroutine stacks", MemoryPart::is_go_stacks),
    ("runtime", "Go runtime's own", MemoryPart::is_runtime),
    ("malloc", "C's malloc", MemoryPart::is_malloc),
    ("anonymous", "anonymous memory of nobody known", |part| part == MemoryPart::Anonymous),
    ("files", "files", MemoryPart::is_file),
    ("threads", "thread stacks", MemoryPart::is_thread_stack),
    ("kernel", "the kernel's pages", |part| part == MemoryPart::Kernel),
    ("reserved", "address space that is only reserved", MemoryPart::is_reserved),
    ("overlap", "counted twice", |part| part == MemoryPart::Overlap),
];

fn names() -> impl Iterator<Item = &'static (MemoryPart, &'static str, &'static str)> {
    NAMES.iter().chain(&REST)
}

/// A part's name by itself.
pub(super) fn name(part: MemoryPart) -> &'static str {
    names().find(|known| known.0 == part).map_or("", |known| known.1)
}

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
    for (key, name, is_in) in GROUPS {
        let total = memory.total(is_in);
        if total.bytes == 0 {
            continue;
        }
        section.row(cells(total, name, key));
        let parts = memory.parts.iter().filter(|(part, total)| is_in(*part) && total.bytes > 0);
        for (part, total) in parts {
            let named = names().find(|known| known.0 == *part);
            let Some((_, part_key, part_name)) = named.filter(|named| named.1 != key || named.2 != name) else {
                continue;
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_name_and_one_group() {
        let keys: std::collections::BTreeSet<&str> = names().map(|known| known.1).collect();
        assert_eq!(keys.len(), NAMES.len() + REST.len());
        for (part, key, _) in names() {
            assert_eq!(GROUPS.iter().filter(|group| group.2(*part)).count(), 1, "{key}");
        }
    }
}
