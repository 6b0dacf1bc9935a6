//! Offsets of the runtime's structs in Go 1.17 to 1.27, for executables without DWARF.
//!
//! One row a field, one column a minor release. Where arm64 differs (cache line padding) it has a row of its own.
//! Field names are the newest release's first, older spellings after `/`. Source: `package runtime` of each release
//! (go1.17.13, 1.18.0, 1.19.8, 1.20.4, 1.21.13, 1.22.10, 1.23.9, 1.24.11, 1.25.5, 1.26.6, 1.27.3) under its default
//! experiments, type-checked with the sizes of the gc compiler. A test holds the table against the DWARF of every carried executable.

/// The field does not exist in that release.
pub(super) const NONE: u32 = u32::MAX;

/// First minor release of the table's columns.
pub(super) const FIRST_MINOR: u32 = 17;

/// Columns: Go 1.17, 1.18, ... 1.27.
pub(super) const RELEASES: usize = 11;

/// One field's offsets from the start of its struct in bytes, or the struct's size where the field is `size()`.
pub(super) struct Row {
    pub(super) structure: &'static str,
    pub(super) field: &'static str,
    pub(super) amd64: [u32; RELEASES],
    pub(super) arm64: Option<[u32; RELEASES]>,
}

const fn row(structure: &'static str, field: &'static str, amd64: [u32; RELEASES]) -> Row {
    Row { structure, field, amd64, arm64: None }
}

const fn row2(structure: &'static str, field: &'static str, amd64: [u32; RELEASES], arm64: [u32; RELEASES]) -> Row {
    Row { structure, field, amd64, arm64: Some(arm64) }
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row2("mheap", "size()", [92680, 92672, 92672, 92672, 92792, 92856, 92928, 93008, 93320, 93464, 93464],
        [92680, 92672, 92672, 101376, 101496, 101624, 101696, 101776, 102152, 102296, 102296]),
    row("mheap", "sweepgen", [65832, 65840, 65848, 65816, 65856, 65856, 65856, 65856, 65856, 65856, 65856]),
    row("mheap", "allspans", [65848, 65848, 65856, 65824, 65864, 65864, 65864, 65864, 65864, 65864, 65864]),
    row("mheap", "pagesInUse", [65880, 65872, 65880, 65848, 65888, 65888, 65888, 65888, 65888, 65888, 65888]),
    row("mheap", "pages.summary", [8, 8, 16, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("mheap", "pages.chunks", [128, 128, 136, 128, 128, 128, 128, 128, 128, 128, 128]),
    row("mheap", "pages.scav.index.chunks", [NONE, NONE, 65752, 65728, 65728, 65728, 65728, 65728, 65728, 65728, 65728]),
    row2("mheap", "arenas", [65944, 65936, 65936, 65904, 65944, 66008, 66008, 66008, 66008, 66008, 66008],
        [65944, 65936, 65936, 65904, 65944, 66072, 66072, 66072, 66072, 66072, 66072]),
    row2("mheap", "heapArenas/allArenas", [66024, 66016, 66016, 65984, 66032, 66096, 66096, 66096, 66096, 66096, 66096],
        [66024, 66016, 66016, 65984, 66032, 66160, 66160, 66160, 66160, 66160, 66160]),
    row2("mheap", "userArenaArenas", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 66120, 66120, 66120],
        [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 66184, 66184, 66184]),
    row2("mheap", "spanalloc", [92232, 92224, 92224, 92184, 92232, 92296, 92296, 92296, 92320, 92320, 92320],
        [92232, 92224, 92224, 100888, 100936, 101064, 101064, 101064, 101088, 101088, 101088]),
    row2("mheap", "cachealloc", [92304, 92296, 92296, 92256, 92304, 92368, 92368, 92368, 92392, 92464, 92464],
        [92304, 92296, 92296, 100960, 101008, 101136, 101136, 101136, 101160, 101232, 101232]),
    row2("mheap", "specialfinalizeralloc", [92376, 92368, 92368, 92328, 92376, 92440, 92440, 92440, 92464, 92536, 92536],
        [92376, 92368, 92368, 101032, 101080, 101208, 101208, 101208, 101232, 101304, 101304]),
    row2("mheap", "specialprofilealloc", [92448, 92440, 92440, 92400, 92448, 92512, 92512, 92584, 92752, 92824, 92824],
        [92448, 92440, 92440, 101104, 101152, 101280, 101280, 101352, 101520, 101592, 101592]),

    row("mspan", "size()", [136, 136, 144, 160, 168, 160, 160, 160, 160, 160, 160]),
    row("mspan", "startAddr", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("mspan", "npages", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("mspan", "freeindex", [48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48]),
    row("mspan", "nelems", [56, 56, 56, 56, 56, 50, 50, 50, 50, 50, 50]),
    row("mspan", "freeIndexForScan", [NONE, NONE, 136, 152, 160, 52, 52, 52, 52, 52, 52]),
    row("mspan", "allocBits", [72, 72, 72, 72, 72, 64, 64, 64, 64, 64, 64]),
    row("mspan", "gcmarkBits", [80, 80, 80, 80, 80, 72, 72, 72, 72, 72, 72]),
    row("mspan", "sweepgen", [88, 88, 88, 88, 96, 88, 88, 88, 88, 88, 88]),
    row("mspan", "allocCount", [96, 96, 96, 96, 104, 96, 96, 96, 96, 96, 96]),
    row("mspan", "spanclass", [98, 98, 98, 98, 106, 98, 98, 98, 98, 98, 98]),
    row("mspan", "state", [99, 99, 99, 99, 107, 99, 99, 99, 99, 99, 99]),
    row("mspan", "isUserArenaChunk", [NONE, NONE, NONE, 101, 109, 101, 101, 101, 101, 101, 101]),
    row("mspan", "elemsize", [104, 104, 104, 104, 112, 104, 104, 104, 104, 104, 104]),
    row("mspan", "limit", [112, 112, 112, 112, 120, 112, 112, 112, 112, 112, 112]),
    row("mspan", "specials", [128, 128, 128, 128, 136, 128, 128, 128, 128, 128, 128]),
    row("mspan", "largeType", [NONE, NONE, NONE, NONE, NONE, 152, 152, 152, 152, 152, 152]),

    row("heapArena", "size()", [2165776, 2165776, 2165776, 1133584, 1133584, 68624, 68624, 68624, 69648, 69648, 69648]),
    row("heapArena", "bitmap/heapArenaPtrScalar.bitmap", [0, 0, 0, 0, 0, NONE, NONE, NONE, NONE, NONE, NONE]),
    row("heapArena", "noMorePtrs/heapArenaPtrScalar.noMorePtrs", [NONE, NONE, NONE, 1048576, 1048576, NONE, NONE, NONE, NONE, NONE, NONE]),
    row("heapArena", "spans", [2097152, 2097152, 2097152, 1064960, 1064960, 0, 0, 0, 0, 0, 0]),
    row("heapArena", "pageUseSpanInlineMarkBits", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 68608, 68608, 68608]),

    row("moduledata", "size()", [536, 552, 552, 568, 592, 592, 584, 584, 584, 592, 568]),
    row("moduledata", "pcHeader", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("moduledata", "funcnametab", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("moduledata", "cutab", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("moduledata", "filetab", [56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56]),
    row("moduledata", "pctab", [80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80]),
    row("moduledata", "pclntable", [104, 104, 104, 104, 104, 104, 104, 104, 104, 104, 104]),
    row("moduledata", "ftab", [128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128]),
    row("moduledata", "minpc", [160, 160, 160, 160, 160, 160, 160, 160, 160, 160, 160]),
    row("moduledata", "text", [176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176]),
    row("moduledata", "etext", [184, 184, 184, 184, 184, 184, 184, 184, 184, 184, 184]),
    row("moduledata", "noptrdata", [192, 192, 192, 192, 192, 192, 192, 192, 192, 192, 192]),
    row("moduledata", "data", [208, 208, 208, 208, 208, 208, 208, 208, 208, 208, 208]),
    row("moduledata", "edata", [216, 216, 216, 216, 216, 216, 216, 216, 216, 216, 216]),
    row("moduledata", "bss", [224, 224, 224, 224, 224, 224, 224, 224, 224, 224, 224]),
    row("moduledata", "ebss", [232, 232, 232, 232, 232, 232, 232, 232, 232, 232, 232]),
    row("moduledata", "noptrbss", [240, 240, 240, 240, 240, 240, 240, 240, 240, 240, 240]),
    row("moduledata", "enoptrbss", [248, 248, 248, 248, 248, 248, 248, 248, 248, 248, 248]),
    row("moduledata", "types", [280, 280, 280, 296, 296, 296, 296, 296, 296, 296, 296]),
    row("moduledata", "etypes", [288, 288, 288, 304, 304, 304, 304, 304, 304, 304, 312]),
    row("moduledata", "typedesclen", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 304]),
    row("moduledata", "itaboffset", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 320]),
    row("moduledata", "itabsize", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 328]),
    row("moduledata", "rodata", [NONE, 296, 296, 312, 312, 312, 312, 312, 312, 312, 336]),
    row("moduledata", "gofunc", [NONE, 304, 304, 320, 320, 320, 320, 320, 320, 320, 344]),
    row("moduledata", "textsectmap", [296, 312, 312, 328, 328, 328, 328, 328, 328, 336, 360]),
    row("moduledata", "typelinks", [320, 336, 336, 352, 352, 352, 352, 352, 352, 360, NONE]),
    row("moduledata", "itablinks", [344, 360, 360, 376, 376, 376, 376, 376, 376, 384, NONE]),
    row("moduledata", "gcdatamask", [480, 496, 496, 512, 536, 536, 536, 536, 536, 544, 520]),
    row("moduledata", "gcbssmask", [496, 512, 512, 528, 552, 552, 552, 552, 552, 560, 536]),
    row("moduledata", "next", [528, 544, 544, 560, 584, 584, 576, 576, 576, 584, 560]),

    row("g", "size()", [392, 392, 392, 392, 408, 424, 432, 440, 440, 456, 456]),
    row("g", "stack", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("g", "_panic", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("g", "_defer", [40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40]),
    row("g", "m", [48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48]),
    row("g", "sched", [56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56]),
    row("g", "syscallsp", [112, 112, 112, 112, 112, 112, 112, 112, 104, 104, 104]),
    row("g", "syscallpc", [120, 120, 120, 120, 120, 120, 120, 120, 112, 112, 112]),
    row("g", "atomicstatus", [144, 144, 144, 144, 144, 144, 152, 152, 144, 144, 144]),
    row("g", "goid", [152, 152, 152, 152, 152, 152, 160, 160, 152, 152, 152]),
    row("g", "waitsince", [168, 168, 168, 168, 168, 168, 176, 176, 168, 168, 168]),
    row("g", "waitreason", [176, 176, 176, 176, 176, 176, 184, 184, 176, 176, 176]),
    row("g", "asyncSafePoint", [180, 180, 180, 180, 180, 180, 188, 188, 180, 180, 180]),
    row("g", "gopc", [296, 296, 296, 296, 280, 280, 288, 288, 280, 288, 288]),
    row("g", "startpc", [312, 312, 312, 312, 296, 296, 304, 304, 296, 304, 304]),
    row("g", "waiting", [328, 328, 328, 328, 312, 312, 320, 320, 312, 320, 320]),
    row("g", "ancestors", [304, 304, 304, 304, 288, 288, 296, 296, 288, 296, 296]),
    row("g", "labels", [360, 360, 360, 360, 344, 344, 352, 352, 344, 352, 352]),
    row("g", "parentGoid", [NONE, NONE, NONE, NONE, 272, 272, 280, 280, 272, 280, 280]),
    row("g", "xRegs", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 400, 400]),
    row("g", "lockedm", [232, 232, 232, 232, 208, 208, 216, 216, 208, 208, 208]),
    row("g", "sig", [240, 240, 240, 240, 216, 216, 224, 228, 220, 224, 224]),
    row("g", "sigcode0", [272, 272, 272, 272, 248, 248, 256, 256, 248, 256, 256]),
    row("g", "sigcode1", [280, 280, 280, 280, 256, 256, 264, 264, 256, 264, 264]),
    row("g", "sigpc", [288, 288, 288, 288, 264, 264, 272, 272, 264, 272, 272]),
    row("g", "bubble/syncGroup", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, 392, 384, 392, 392]),
    row("g", "runningCleanups", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 218, 220, 220]),

    row("synctestGroup", "root", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, 88, NONE, NONE, NONE]),
    row("synctestBubble", "id", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 72, 72, 72]),

    row("schedt", "lastpoll", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),

    row("gobuf", "sp", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("gobuf", "pc", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("gobuf", "g", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("gobuf", "ctxt", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("gobuf", "lr", [40, 40, 40, 40, 40, 40, 40, 40, 32, 32, 32]),

    row("m", "g0", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("m", "procid", [72, 72, 72, 72, 72, 72, 72, 72, 64, 64, 64]),
    row("m", "gsignal", [80, 80, 80, 80, 80, 80, 80, 80, 72, 72, 72]),
    row("m", "curg", [192, 192, 192, 192, 192, 192, 192, 192, 184, 184, 184]),
    row("m", "id", [232, 232, 232, 232, 232, 232, 232, 232, 224, 232, 232]),
    row("m", "alllink", [344, 336, 336, 336, 336, 328, 328, 352, 344, 352, 352]),
    row("m", "createstack", [368, 360, 360, 360, 360, 352, 352, 376, 368, 376, 376]),
    row("m", "vdsoSP", [832, 800, 800, 800, 808, 1120, 856, 904, 896, 896, 896]),
    row("m", "vdsoPC", [840, 808, 808, 808, 816, 1128, 864, 912, 904, 904, 904]),

    row2("p", "size()", [10000, 8888, 8912, 8904, 8912, 8944, 8944, 8952, 9512, 15920, 15920],
        [10000, 8888, 8912, 8904, 8912, 8944, 8944, 8952, 9512, 14320, 14320]),
    row("p", "id", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("p", "status", [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]),
    row("p", "sysmontick.schedwhen", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("p", "m", [56, 56, 56, 56, 56, 56, 48, 48, 48, 48, 48]),
    row("p", "mcache", [64, 64, 64, 64, 64, 64, 56, 56, 56, 56, 56]),
    row("p", "pcache", [72, 72, 72, 72, 72, 72, 64, 64, 64, 64, 64]),

    row("mcache", "size()", [1200, 1200, 1200, 1200, 1200, 1200, 1200, 1208, 1208, 2296, 2296]),
    row("mcache", "tiny", [16, 16, 16, 16, 16, 16, 16, 24, 24, 24, 24]),

    row("sudog", "size()", [88, 88, 88, 88, 88, 88, 88, 88, 88, 104, 104]),
    row("sudog", "g", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("sudog", "next", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("sudog", "elem.vu", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 32, 32]),
    row("sudog", "c.maybeTraceablePtr.vu", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 96, 96]),
    row("sudog", "elem", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("sudog", "waitlink", [64, 64, 64, 64, 64, 64, 64, 64, 64, 72, 72]),
    row("sudog", "c", [80, 80, 80, 80, 80, 80, 80, 80, 80, 88, 88]),

    row("hchan", "size()", [96, 96, 96, 96, 96, 96, 104, 104, 112, 112, 112]),
    row("hchan", "qcount", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("hchan", "dataqsiz", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("hchan", "buf", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("hchan", "elemsize", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("hchan", "elemtype", [32, 32, 32, 32, 32, 32, 40, 40, 40, 40, 40]),
    row("hchan", "sendx", [40, 40, 40, 40, 40, 40, 48, 48, 48, 48, 48]),
    row("hchan", "recvx", [48, 48, 48, 48, 48, 48, 56, 56, 56, 56, 56]),
    row("hchan", "closed", [28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28]),
    row("hchan", "sendq", [72, 72, 72, 72, 72, 72, 80, 80, 80, 80, 80]),
    row("hchan", "timer", [NONE, NONE, NONE, NONE, NONE, NONE, 32, 32, 32, 32, 32]),

    row("_defer", "heap", [5, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]),
    row("_defer", "sp", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("_defer", "pc", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("_defer", "fn", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("_defer", "link", [40, 40, 40, 40, 40, 32, 32, 32, 32, 32, 32]),

    row("_panic", "arg", [8, 8, 8, 8, 8, 8, 8, 8, 8, 0, 0]),
    row("_panic", "link", [24, 24, 24, 24, 24, 24, 24, 24, 24, 16, 16]),
    row("_panic", "recovered", [48, 48, 48, 48, 48, 96, 96, 96, 96, 88, 88]),
    row("_panic", "aborted", [49, 49, 49, 49, 49, NONE, NONE, NONE, NONE, NONE, NONE]),
    row("_panic", "repanicked", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 97, 89, 89]),
    row("_panic", "goexit", [50, 50, 50, 50, 50, 97, 97, 97, 98, 90, 90]),

    row("special", "size()", [16, 16, 16, 16, 16, 16, 16, 24, 24, 24, 24]),
    row("special", "next", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("special", "offset", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("special", "kind", [10, 10, 10, 10, 10, 10, 10, 16, 16, 16, 16]),

    row("specialfinalizer", "size()", [48, 48, 48, 48, 48, 48, 48, 56, 56, 56, 56]),
    row("specialfinalizer", "fn", [16, 16, 16, 16, 16, 16, 16, 24, 24, 24, 24]),
    row("specialfinalizer", "fint", [32, 32, 32, 32, 32, 32, 32, 40, 40, 40, 40]),
    row("specialfinalizer", "ot", [40, 40, 40, 40, 40, 40, 40, 48, 48, 48, 48]),

    row("specialWeakHandle", "handle", [NONE, NONE, NONE, NONE, NONE, NONE, 16, 24, 24, 24, 24]),

    row("specialCleanup", "fn", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, 24, 24, NONE, NONE]),
    row("specialCleanup", "cleanup", [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 24, 24]),

    row("specialprofile", "b", [16, 16, 16, 16, 16, 16, 16, 24, 24, 24, 24]),

    row("bucket", "size()", [48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48]),
    row("bucket", "allnext", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("bucket", "typ", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("bucket", "hash", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("bucket", "size", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("bucket", "nstk", [40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40]),

    row("memRecord", "size()", [128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 64]),
    row("memRecord", "active", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("memRecord", "future", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 16]),

    row("memRecordCycle", "size()", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 16]),
    row("memRecordCycle", "allocs", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("memRecordCycle", "frees", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("memRecordCycle", "alloc_bytes", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, NONE]),
    row("memRecordCycle", "free_bytes", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, NONE]),

    row("blockRecord", "count", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("blockRecord", "cycles", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),

    row("ticksType", "val", [NONE, NONE, NONE, NONE, NONE, 24, 24, 24, 24, 24, 24]),

    row("_func", "size()", [48, 40, 40, 44, 44, 44, 44, 44, 44, 44, 44]),
    row("_func", "entryOff/entryoff/entry", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("_func", "nameOff/nameoff", [8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]),
    row("_func", "args", [12, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("_func", "deferreturn", [16, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12]),
    row("_func", "pcsp", [20, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("_func", "pcfile", [24, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20]),
    row("_func", "pcln", [28, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("_func", "npcdata", [32, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28]),
    row("_func", "cuOffset", [36, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("_func", "startLine", [NONE, NONE, NONE, 36, 36, 36, 36, 36, 36, 36, 36]),
    row("_func", "funcID", [40, 36, 36, 40, 40, 40, 40, 40, 40, 40, 40]),
    row("_func", "flag", [41, 37, 37, 41, 41, 41, 41, 41, 41, 41, 41]),
    row("_func", "nfuncdata", [43, 39, 39, 43, 43, 43, 43, 43, 43, 43, 43]),

    row("stackObjectRecord", "size()", [24, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("stackObjectRecord", "off", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("stackObjectRecord", "size", [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]),
    row("stackObjectRecord", "_ptrdata/ptrBytes", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("stackObjectRecord", "gcdataoff/gcdata", [16, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12]),

    row("gcControllerState", "heapLive", [48, 120, 136, 80, 104, 104, 104, 104, 104, 104, 104]),
    row("gcControllerState", "heapMarked", [64, 168, 184, 128, 152, 152, 152, 152, 152, 152, 152]),
    row("gcControllerState", "heapInUse", [NONE, NONE, 304, 248, 272, 272, 272, 272, 272, 272, 272]),
    row("gcControllerState", "heapReleased", [NONE, NONE, 312, 256, 280, 280, 280, 280, 280, 280, 280]),
    row("gcControllerState", "totalAlloc", [NONE, NONE, 328, 272, 296, 296, 296, 296, 296, 296, 296]),
    row("gcControllerState", "totalFree", [NONE, NONE, 336, 280, 304, 304, 304, 304, 304, 304, 304]),
    row("gcControllerState", "gcPercent", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("gcControllerState", "memoryLimit", [NONE, NONE, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("gcControllerState", "gcPercentHeapGoal/heapGoal", [32, 104, 104, 48, 72, 72, 72, 72, 72, 72, 72]),
    row("gcControllerState", "heapFree", [NONE, NONE, 320, 264, 288, 288, 288, 288, 288, 288, 288]),
    row("gcControllerState", "mappedReady", [NONE, NONE, 344, 288, 312, 312, 312, 312, 312, 312, 312]),

    row("mstats", "numgc", [4280, 4280, 7704, 7704, 7704, 7704, 7704, 7704, 7680, 7680, 7680]),
    row("mstats", "numforcedgc", [4284, 4284, 7708, 7708, 7708, 7708, 7708, 7708, 7684, 7684, 7684]),
    row("mstats", "last_gc_unix", [168, 168, 3592, 3592, 3592, 3592, 3592, 3592, 3568, 3568, 3568]),
    row("mstats", "last_gc_nanotime", [5944, 5944, 7720, 7720, 7720, 7720, 7720, 7720, 7696, 7696, 7696]),
    row("mstats", "pause_total_ns", [176, 176, 3600, 3600, 3600, 3600, 3600, 3600, 3576, 3576, 3576]),
    row("mstats", "heapStats", [5960, 5960, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("mstats", "stacks_sys", [88, 88, 3544, 3544, 3544, 3544, 3544, 3544, 3520, 3520, 3520]),
    row("mstats", "mspan_sys", [104, 104, 3552, 3552, 3552, 3552, 3552, 3552, 3528, 3528, 3528]),
    row("mstats", "mcache_sys", [120, 120, 3560, 3560, 3560, 3560, 3560, 3560, 3536, 3536, 3536]),
    row("mstats", "buckhash_sys", [128, 128, 3568, 3568, 3568, 3568, 3568, 3568, 3544, 3544, 3544]),
    row("mstats", "gcMiscSys", [152, 152, 3576, 3576, 3576, 3576, 3576, 3576, 3552, 3552, 3552]),
    row("mstats", "other_sys", [160, 160, 3584, 3584, 3584, 3584, 3584, 3584, 3560, 3560, 3560]),

    row("heapStatsDelta", "size()", [1176, 1176, 1176, 1176, 1176, 1176, 1176, 1176, 1168, 1168, 1168]),
    row("heapStatsDelta", "committed", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    row("heapStatsDelta", "released", [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]),
    row("heapStatsDelta", "inHeap", [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
    row("heapStatsDelta", "inStacks", [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]),
    row("heapStatsDelta", "inWorkBufs", [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32]),
    row("heapStatsDelta", "inPtrScalarBits", [40, 40, 40, 40, 40, 40, 40, 40, NONE, NONE, NONE]),

    row("fixalloc", "inuse", [48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48]),

    row("atomicScavChunkData", "size()", [NONE, NONE, NONE, NONE, 8, 8, 8, 8, 8, 8, 8]),
];
