//! What scripts and people call parts of memory, and groups of them.

use super::part::MemoryPart;
use serde::{Serialize, Serializer};

/// What scripts and people call a part.
const NAMES: [(MemoryPart, &str, &str); 41] = {
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
        (NoAccess, "no_access", "without access or read only, of nobody known"),
        (Overlap, "overlap", "counted twice: segments of the core overlap"),
    ]
};

/// Parts that are told together.
#[derive(Clone, Copy, Debug)]
pub struct MemoryPartGroup {
    /// What scripts know it by.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// Whether a part is in it.
    pub is_in: fn(MemoryPart) -> bool,
}

/// The groups, in the order in which they are told; each part is in one.
pub const MEMORY_GROUPS: [MemoryPartGroup; 11] = [
    MemoryPartGroup { key: "heap_in_use", name: "Go heap in use", is_in: MemoryPart::is_heap_in_use },
    MemoryPartGroup { key: "heap_idle", name: "Go heap idle", is_in: MemoryPart::is_heap_idle },
    MemoryPartGroup { key: "stacks", name: "goroutine stacks", is_in: MemoryPart::is_go_stacks },
    MemoryPartGroup { key: "runtime", name: "Go runtime's own", is_in: MemoryPart::is_runtime },
    MemoryPartGroup { key: "malloc", name: "C's malloc", is_in: MemoryPart::is_malloc },
    MemoryPartGroup {
        key: "anonymous",
        name: "anonymous memory of nobody known",
        is_in: |part| part == MemoryPart::Anonymous,
    },
    MemoryPartGroup { key: "files", name: "files", is_in: MemoryPart::is_file },
    MemoryPartGroup { key: "threads", name: "thread stacks", is_in: MemoryPart::is_thread_stack },
    MemoryPartGroup { key: "kernel", name: "the kernel's pages", is_in: |part| part == MemoryPart::Kernel },
    MemoryPartGroup { key: "reserved", name: "address space that is only reserved", is_in: MemoryPart::is_reserved },
    MemoryPartGroup { key: "overlap", name: "counted twice", is_in: |part| part == MemoryPart::Overlap },
];

impl MemoryPart {
    /// What scripts know it by.
    pub fn key(self) -> &'static str {
        NAMES.iter().find(|known| known.0 == self).map_or("", |known| known.1)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|known| known.0 == self).map_or("", |known| known.2)
    }
}

impl Serialize for MemoryPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_name_and_one_group() {
        let keys: std::collections::BTreeSet<&str> = NAMES.iter().map(|known| known.1).collect();
        assert_eq!(keys.len(), NAMES.len());
        assert!(NAMES.iter().map(|known| &known.0).eq(MemoryPart::ALL));
        for (part, key, _) in NAMES {
            assert_eq!(MEMORY_GROUPS.iter().filter(|group| (group.is_in)(part)).count(), 1, "{key}");
        }
    }
}
