//! What memory can be.

/// The parts are named once: the list of all is made of the same words.
macro_rules! memory_parts {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// What a byte of the process's memory is part of. In the order in which parts are told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MemoryPart {
            $($(#[$doc])+ $name,)+
        }

        impl MemoryPart {
            /// All, in order.
            pub(super) const ALL: &[MemoryPart] = &[$(MemoryPart::$name),+];
        }
    };
}

memory_parts! {
    /// Objects that roots reach.
    HeapReachable,
    /// Objects of which the core does not tell whether roots reach them.
    HeapNotKnown,
    /// Objects that no root reaches.
    HeapUnreachable,
    /// Slots of spans without an object.
    HeapFreeSlots,
    /// Ends of spans: bitmaps and what is left over.
    HeapTails,
    /// Spans of objects that the core maps in part only.
    HeapInUse,
    /// Pages without a span that the runtime keeps.
    HeapIdle,
    /// Pages without a span, of which the core does not tell whether they were returned.
    HeapIdleNotKnown,
    /// Pages without a span that were returned to the system.
    HeapReleased,
    /// Stacks of goroutines and of the runtime's threads.
    StacksInUse,
    /// The rest of spans of stacks: free ones.
    StacksCached,
    /// Spans that hold the collector's work, and pointer bits up to 1.25.
    GcWork,
    /// Records of spans.
    SpanRecords,
    /// The list of all spans.
    SpanList,
    /// Caches of processors.
    Caches,
    /// Allocation and mark bits.
    MarkBits,
    /// The index of arenas.
    ArenaIndex,
    /// Records of arenas, up to 1.21 with the pointer bitmap.
    ArenaRecords,
    /// Summaries of free pages.
    PageSummaries,
    /// Bitmaps of free and returned pages.
    PageBitmaps,
    /// The index of what can be returned.
    ScavengeIndex,
    /// The table of profile buckets.
    ProfileTable,
    /// Small things that are never freed: profile buckets, specials and the like.
    Persistent,
    /// Address space for arenas to come.
    ReservedHeap,
    /// Address space for the runtime's indexes to come.
    ReservedIndexes,
    /// The program's file.
    Executable,
    /// Its variables that begin as zeros.
    ExecutableBss,
    /// Libraries and plugins.
    Libraries,
    /// Their variables that begin as zeros.
    LibrariesBss,
    /// Other files, and memory shared by a file's name.
    OtherFiles,
    /// The first thread's stack.
    MainStack,
    /// Stacks of threads that C made.
    ThreadStacks,
    /// What the kernel maps into every process.
    Kernel,
    /// What `malloc` gave out.
    MallocInUse,
    /// What `malloc` gave out as a mapping each.
    MallocMapped,
    /// What `malloc` holds free.
    MallocFree,
    /// Arenas' own records, and where the chain of chunks is broken.
    MallocOther,
    /// Address space for arenas to come.
    MallocReserved,
    /// Writable memory of which nobody is known.
    Anonymous,
    /// Memory that cannot be written, of no file: guards, and reserved address space.
    NoAccess,
    /// Counted twice, as segments of the core overlap.
    Overlap,
}

impl MemoryPart {
    /// True for spans of objects.
    pub fn is_heap_in_use(self) -> bool {
        self <= MemoryPart::HeapInUse
    }

    /// True for pages of the heap without a span.
    pub fn is_heap_idle(self) -> bool {
        (MemoryPart::HeapIdle..=MemoryPart::HeapReleased).contains(&self)
    }

    /// True for spans of stacks.
    pub fn is_go_stacks(self) -> bool {
        matches!(self, MemoryPart::StacksInUse | MemoryPart::StacksCached)
    }

    /// True for the runtime's own.
    pub fn is_runtime(self) -> bool {
        (MemoryPart::GcWork..=MemoryPart::Persistent).contains(&self)
    }

    /// True for address space that the runtime holds and nothing stands behind.
    pub fn is_go_reserved(self) -> bool {
        matches!(self, MemoryPart::ReservedHeap | MemoryPart::ReservedIndexes)
    }

    /// True for address space behind which no memory stands.
    pub fn is_reserved(self) -> bool {
        self.is_go_reserved() || matches!(self, MemoryPart::MallocReserved | MemoryPart::NoAccess)
    }

    /// True where contents other than zeros tell that a page was resident: files have contents without that.
    pub(super) fn is_told_by_contents(self) -> bool {
        let is_file = matches!(self, MemoryPart::Executable | MemoryPart::Libraries | MemoryPart::OtherFiles);
        !is_file && !self.is_reserved() && self != MemoryPart::Overlap
    }

    /// True for files and the variables behind them.
    pub fn is_file(self) -> bool {
        (MemoryPart::Executable..=MemoryPart::OtherFiles).contains(&self)
    }

    /// True for stacks of the system's threads.
    pub fn is_thread_stack(self) -> bool {
        matches!(self, MemoryPart::MainStack | MemoryPart::ThreadStacks)
    }

    /// True for what C's `malloc` gave out or holds.
    pub fn is_malloc(self) -> bool {
        (MemoryPart::MallocInUse..=MemoryPart::MallocOther).contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stand_in_order() {
        assert!(MemoryPart::ALL.iter().enumerate().all(|(at, &part)| part as usize == at));
    }
}
