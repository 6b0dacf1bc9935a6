//! Where the runtime's structs keep their fields: from the executable's DWARF, or from the built-in table.
//!
//! A field that some release lacks is an `Option`; whether it is there decides what is read, not the release's number.

mod source;
mod table;

pub use source::{FieldSource, LayoutSource, TableSource};

use crate::dwarf::Dwarf;
use crate::version::GoVersion;
use goheap_image::Machine;

/// A field or a struct that the release must have was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Neither DWARF nor the table knows it.
    #[error("the layout of runtime.{structure} lacks {field}")]
    Missing {
        /// The struct without `runtime.`.
        structure: &'static str,
        /// The field's spellings, newest first, or `size()`.
        field: &'static str,
    },
    /// The release is outside the table and the executable has no DWARF.
    #[error("no built-in layout for {version}, and the executable carries no DWARF to read it from")]
    UnknownRelease {
        /// The version string as found.
        version: String,
    },
    /// The experiments change structures of which only DWARF tells the layout, and there is none.
    #[error("GOEXPERIMENT={} changes the runtime's structures, whose layout only DWARF tells, and there is none", names.join(","))]
    Experiment {
        /// Those of the program's experiments that do.
        names: Vec<String>,
    },
}

/// Experiments that change structures for which there is one table a release only (internal/buildcfg/exp.go).
const LAYOUT_EXPERIMENTS: [&str; 1] = ["staticlockranking"];

macro_rules! layouts {
    ($( $(#[$doc:meta])* $layout:ident = $structure:literal {
        required { $( $required:ident: $required_name:literal, )* }
        optional { $( $optional:ident: $optional_name:literal, )* }
    } )*) => {
        $(
            $(#[$doc])*
            #[allow(missing_docs, reason = "the fields are named as the runtime names them")]
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $layout { $( pub $required: u64, )* $( pub $optional: Option<u64>, )* }

            impl $layout {
                fn load(source: &dyn FieldSource) -> Result<Self, LayoutError> {
                    Ok($layout {
                        $( $required: source.offset($structure, $required_name).ok_or(
                            LayoutError::Missing { structure: $structure, field: $required_name })?, )*
                        $( $optional: source.offset($structure, $optional_name), )*
                    })
                }
            }
        )*

        /// Every struct and field that is read, as the table and DWARF name them.
        pub const FIELDS: &[(&str, &str)] = &[
            $( $( ($structure, $required_name), )* $( ($structure, $optional_name), )* )*
        ];
    };
}

layouts! {
    /// `runtime.mheap` (mheap.go).
    MheapLayout = "mheap" {
        required { size: "size()", sweepgen: "sweepgen", allspans: "allspans", pages_in_use: "pagesInUse",
            arenas: "arenas", heap_arenas: "heapArenas/allArenas", spanalloc: "spanalloc", cachealloc: "cachealloc",
            specialfinalizeralloc: "specialfinalizeralloc", specialprofilealloc: "specialprofilealloc", }
        optional { user_arena_arenas: "userArenaArenas", summary: "pages.summary", chunks: "pages.chunks",
            scavenge_index: "pages.scav.index.chunks", }
    }
    /// `runtime.mspan` (mheap.go).
    MspanLayout = "mspan" {
        required { size: "size()", start_addr: "startAddr", npages: "npages", freeindex: "freeindex", nelems: "nelems",
            alloc_bits: "allocBits", gcmark_bits: "gcmarkBits", sweepgen: "sweepgen", alloc_count: "allocCount",
            spanclass: "spanclass", state: "state", elemsize: "elemsize", limit: "limit", specials: "specials", }
        optional { free_index_for_scan: "freeIndexForScan", is_user_arena_chunk: "isUserArenaChunk",
            large_type: "largeType", }
    }
    /// `runtime.heapArena` (mheap.go).
    HeapArenaLayout = "heapArena" {
        required { size: "size()", spans: "spans", }
        optional { bitmap: "bitmap/heapArenaPtrScalar.bitmap", no_more_ptrs: "noMorePtrs/heapArenaPtrScalar.noMorePtrs",
            page_use_span_inline_mark_bits: "pageUseSpanInlineMarkBits", }
    }
    /// `runtime.moduledata` (symtab.go).
    ModuledataLayout = "moduledata" {
        required { size: "size()", pc_header: "pcHeader", funcnametab: "funcnametab", cutab: "cutab", filetab: "filetab", pctab: "pctab",
            pclntable: "pclntable", ftab: "ftab", minpc: "minpc", text: "text", etext: "etext",
            noptrdata: "noptrdata", data: "data", edata: "edata", bss: "bss", ebss: "ebss", noptrbss: "noptrbss",
            enoptrbss: "enoptrbss", types: "types", etypes: "etypes", textsectmap: "textsectmap",
            gcdatamask: "gcdatamask", gcbssmask: "gcbssmask", next: "next", }
        optional { typedesclen: "typedesclen", itaboffset: "itaboffset", itabsize: "itabsize", rodata: "rodata",
            gofunc: "gofunc", typelinks: "typelinks", itablinks: "itablinks", }
    }
    /// `runtime.g` (runtime2.go).
    GLayout = "g" {
        required { size: "size()", stack: "stack", panic: "_panic", defer: "_defer", m: "m", sched: "sched",
            syscallsp: "syscallsp", syscallpc: "syscallpc", atomicstatus: "atomicstatus", goid: "goid",
            waitsince: "waitsince", waitreason: "waitreason", async_safe_point: "asyncSafePoint", gopc: "gopc",
            startpc: "startpc", waiting: "waiting", ancestors: "ancestors", labels: "labels", lockedm: "lockedm",
            sig: "sig", sigcode0: "sigcode0", sigcode1: "sigcode1", sigpc: "sigpc", }
        optional { parent_goid: "parentGoid", x_regs: "xRegs", bubble: "bubble/syncGroup",
            running_cleanups: "runningCleanups", }
    }
    /// `runtime.gobuf` (runtime2.go).
    GobufLayout = "gobuf" {
        required { sp: "sp", pc: "pc", g: "g", ctxt: "ctxt", lr: "lr", }
        optional {}
    }
    /// `runtime.m` (runtime2.go).
    MLayout = "m" {
        required { g0: "g0", procid: "procid", gsignal: "gsignal", curg: "curg", id: "id", alllink: "alllink",
            vdso_sp: "vdsoSP", vdso_pc: "vdsoPC", }
        optional { createstack: "createstack", }
    }
    /// `runtime.p` (runtime2.go).
    PLayout = "p" {
        required { size: "size()", id: "id", status: "status", m: "m", mcache: "mcache", }
        optional { sched_when: "sysmontick.schedwhen", pcache: "pcache", }
    }
    /// `runtime.mcache` (mcache.go).
    McacheLayout = "mcache" {
        required { size: "size()", tiny: "tiny", }
        optional {}
    }
    /// `runtime.sudog` (runtime2.go).
    SudogLayout = "sudog" {
        required { size: "size()", g: "g", next: "next", elem: "elem", waitlink: "waitlink", c: "c", }
        optional { elem_word: "elem.vu", c_word: "c.maybeTraceablePtr.vu", }
    }
    /// `runtime.synctestGroup` (synctest.go, 1.24).
    SynctestGroupLayout = "synctestGroup" {
        required {}
        optional { root: "root", }
    }
    /// `runtime.synctestBubble` (synctest.go, since 1.25).
    SynctestBubbleLayout = "synctestBubble" {
        required {}
        optional { id: "id", }
    }
    /// `runtime.schedt` (runtime2.go).
    SchedLayout = "schedt" {
        required {}
        optional { lastpoll: "lastpoll", }
    }
    /// `runtime.hchan` (chan.go).
    HchanLayout = "hchan" {
        required { size: "size()", qcount: "qcount", dataqsiz: "dataqsiz", buf: "buf", elemsize: "elemsize",
            elemtype: "elemtype", sendx: "sendx", recvx: "recvx", closed: "closed", sendq: "sendq", }
        optional { timer: "timer", }
    }
    /// `runtime._defer` (runtime2.go).
    DeferLayout = "_defer" {
        required { heap: "heap", sp: "sp", pc: "pc", func: "fn", link: "link", }
        optional {}
    }
    /// `runtime._panic` (runtime2.go).
    PanicLayout = "_panic" {
        required { arg: "arg", link: "link", recovered: "recovered", goexit: "goexit", }
        optional { aborted: "aborted", repanicked: "repanicked", }
    }
    /// `runtime.special` and the records that begin with one (mheap.go).
    SpecialLayout = "special" {
        required { size: "size()", next: "next", offset: "offset", kind: "kind", }
        optional {}
    }
    /// `runtime.specialfinalizer` (mheap.go).
    SpecialFinalizerLayout = "specialfinalizer" {
        required { size: "size()", func: "fn", fint: "fint", ot: "ot", }
        optional {}
    }
    /// `runtime.specialWeakHandle` (mheap.go, since 1.23).
    SpecialWeakHandleLayout = "specialWeakHandle" {
        required {}
        optional { handle: "handle", }
    }
    /// `runtime.specialCleanup` (mheap.go, since 1.24): a funcval up to 1.25, then a `cleanupFn` of three words.
    SpecialCleanupLayout = "specialCleanup" {
        required {}
        optional { func: "fn", cleanup: "cleanup", }
    }
    /// `runtime.specialprofile` (mheap.go).
    SpecialProfileLayout = "specialprofile" {
        required { bucket: "b", }
        optional {}
    }
    /// `runtime.bucket` (mprof.go): what one stack allocated; the words of the stack and a record follow it.
    BucketLayout = "bucket" {
        required { size: "size()", allnext: "allnext", typ: "typ", hash: "hash", object_size: "size", nstk: "nstk", }
        optional {}
    }
    /// `runtime.memRecord` (mprof.go).
    MemRecordLayout = "memRecord" {
        required { size: "size()", active: "active", future: "future", }
        optional {}
    }
    /// `runtime.memRecordCycle` (mprof.go); bytes are counted up to 1.26.
    MemRecordCycleLayout = "memRecordCycle" {
        required { size: "size()", allocs: "allocs", frees: "frees", }
        optional { alloc_bytes: "alloc_bytes", free_bytes: "free_bytes", }
    }
    /// `runtime.blockRecord` (mprof.go): what follows the stack of a bucket of the profiles of blocked goroutines and of mutexes.
    BlockRecordLayout = "blockRecord" {
        required { count: "count", cycles: "cycles", }
        optional {}
    }
    /// `runtime.ticksType` (runtime.go): how fast the processor's clock goes.
    TicksLayout = "ticksType" {
        required {}
        optional { val: "val", }
    }
    /// `runtime._func` (runtime2.go); pclntab's records of functions.
    FuncLayout = "_func" {
        required { size: "size()", entry: "entryOff/entryoff/entry", name_off: "nameOff/nameoff", args: "args",
            deferreturn: "deferreturn", pcsp: "pcsp", pcfile: "pcfile", pcln: "pcln", npcdata: "npcdata", cu_offset: "cuOffset",
            func_id: "funcID", flag: "flag",
            nfuncdata: "nfuncdata", }
        optional { start_line: "startLine", }
    }
    /// `runtime.stackObjectRecord` (stack.go).
    StackObjectRecordLayout = "stackObjectRecord" {
        required { size: "size()", off: "off", object_size: "size", ptr_bytes: "_ptrdata/ptrBytes",
            gcdata: "gcdataoff/gcdata", }
        optional {}
    }
    /// `runtime.gcControllerState` (mgcpacer.go).
    GcControllerLayout = "gcControllerState" {
        required { heap_live: "heapLive", heap_marked: "heapMarked", gc_percent: "gcPercent",
            heap_goal: "gcPercentHeapGoal/heapGoal", }
        optional { heap_in_use: "heapInUse", heap_released: "heapReleased", total_alloc: "totalAlloc", total_free: "totalFree",
            memory_limit: "memoryLimit", heap_free: "heapFree", mapped_ready: "mappedReady", }
    }
    /// `runtime.mstats` (mstats.go).
    MstatsLayout = "mstats" {
        required { numgc: "numgc", numforcedgc: "numforcedgc", last_gc_unix: "last_gc_unix",
            last_gc_nanotime: "last_gc_nanotime", pause_total_ns: "pause_total_ns", }
        optional { heap_stats: "heapStats", stacks_sys: "stacks_sys", mspan_sys: "mspan_sys", mcache_sys: "mcache_sys",
            buckhash_sys: "buckhash_sys", gc_misc_sys: "gcMiscSys", other_sys: "other_sys", }
    }
    /// `runtime.heapStatsDelta` (mstats.go).
    HeapStatsLayout = "heapStatsDelta" {
        required {}
        optional { size: "size()", committed: "committed", released: "released", in_heap: "inHeap", in_stacks: "inStacks",
            in_work_bufs: "inWorkBufs", in_ptr_scalar_bits: "inPtrScalarBits", }
    }
    /// `runtime.fixalloc` (mfixalloc.go).
    FixallocLayout = "fixalloc" {
        required {}
        optional { inuse: "inuse", }
    }
    /// `runtime.atomicScavChunkData` (mgcscavenge.go, since 1.21): an entry of the index, a byte before.
    ScavengeIndexLayout = "atomicScavChunkData" {
        required {}
        optional { size: "size()", }
    }
}

macro_rules! runtime_layout {
    ($( $field:ident: $layout:ident, )*) => {
        /// The offsets in bytes of every field that goheap reads, for one executable.
        #[allow(missing_docs, reason = "each field is the struct of its name")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct RuntimeLayout { $( pub $field: $layout, )* }

        impl RuntimeLayout {
            /// Reads every struct's layout from `source`.
            pub fn load(source: &dyn FieldSource) -> Result<Self, LayoutError> {
                Ok(RuntimeLayout { $( $field: $layout::load(source)?, )* })
            }
        }
    };
}

runtime_layout! {
    mheap: MheapLayout, mspan: MspanLayout, heap_arena: HeapArenaLayout, moduledata: ModuledataLayout, g: GLayout,
    gobuf: GobufLayout, m: MLayout, sched: SchedLayout, synctest_group: SynctestGroupLayout,
    synctest_bubble: SynctestBubbleLayout, p: PLayout, mcache: McacheLayout, sudog: SudogLayout, hchan: HchanLayout,
    defer: DeferLayout, panic: PanicLayout, special: SpecialLayout, special_finalizer: SpecialFinalizerLayout,
    special_weak_handle: SpecialWeakHandleLayout, special_cleanup: SpecialCleanupLayout,
    special_profile: SpecialProfileLayout, bucket: BucketLayout, mem_record: MemRecordLayout,
    mem_record_cycle: MemRecordCycleLayout, block_record: BlockRecordLayout, ticks: TicksLayout, func: FuncLayout, stack_object_record: StackObjectRecordLayout,
    gc_controller: GcControllerLayout, mstats: MstatsLayout, heap_stats: HeapStatsLayout, fixalloc: FixallocLayout,
    scavenge_index: ScavengeIndexLayout,
}

impl RuntimeLayout {
    /// The layout from DWARF where there is any, else from the table of the release.
    ///
    /// # Errors
    /// The release is outside the table and there is no DWARF, or DWARF lacks a struct that the runtime always has.
    pub fn choose(
        version: &GoVersion,
        machine: Machine,
        dwarf: Option<&Dwarf<'_>>,
    ) -> Result<(Self, LayoutSource), LayoutError> {
        if let Some(dwarf) = dwarf
            && let Ok(layout) = Self::load(dwarf)
        {
            return Ok((layout, LayoutSource::Dwarf));
        }
        let unknown = LAYOUT_EXPERIMENTS.iter().filter(|name| version.has_experiment(name));
        let names: Vec<String> = unknown.map(|name| (*name).to_owned()).collect();
        if !names.is_empty() {
            return Err(LayoutError::Experiment { names });
        }
        let table = TableSource::new(version.minor, machine)
            .ok_or_else(|| LayoutError::UnknownRelease { version: version.text.clone() })?;
        let mut layout = Self::load(&table)?;
        // 1.22 could still be built with the arenas' bitmaps, which lie where 1.21 had them.
        if version.minor == 22
            && version.has_experiment("noallocheaders")
            && let Some(before) = TableSource::new(21, machine)
        {
            layout.heap_arena = HeapArenaLayout::load(&before)?;
        }
        Ok((layout, LayoutSource::Table))
    }
}
