//! Pointers that are none to the collector: to types that never lie in the heap.

use super::{Kind, TypeId, TypeTable};
use foldhash::HashMap;

/// The field that marks them since 1.20 (runtime/internal/sys, internal/runtime/sys since 1.24).
const MARK: &str = "sys.NotInHeap";

/// Those that `//go:notinheap` marked up to 1.19, in the runtime's own package; the compiler left no trace of it.
const MARKED: [&str; 35] = [
    "arenaHint",
    "bucket",
    "checkmarksMap",
    "debugLogBuf",
    "debugLogWriter",
    "dlogger",
    "finblock",
    "fixalloc",
    "gcBits",
    "gcBitsArena",
    "heapArena",
    "mSpanList",
    "mcache",
    "mcentral",
    "mheap",
    "mlink",
    "mspan",
    "notInHeap",
    "notInHeapSlice",
    "pollDesc",
    "special",
    "specialfinalizer",
    "specialprofile",
    "specialReachable",
    "stackObject",
    "stackObjectBuf",
    "stackObjectBufHdr",
    "stackWorkBuf",
    "stackWorkBufHdr",
    "stackpoolItem",
    "traceAllocBlock",
    "traceAllocBlockPtr",
    "traceBuf",
    "traceBufPtr",
    "workbuf",
];
const MAX_DEPTH: u32 = 8;

/// What was found of types, by how much further down was looked: parts that many structs have are looked at once.
type Known = HashMap<(TypeId, u32), bool>;

impl TypeTable {
    /// Makes numbers of the pointers to what never lies in the heap, as the collector takes them. `by_name` says that the release
    /// marked such types without a trace.
    pub fn drop_pointers_out_of_heap(&mut self, by_name: bool) {
        let mut known = Known::default();
        let is_dropped = |id: &TypeId| match self.get(*id).kind {
            Kind::Pointer(elem) => {
                self.get(elem).name.starts_with("runtime.") && self.is_out_of_heap(elem, by_name, MAX_DEPTH, &mut known)
            }
            _ => false,
        };
        let pointees = self.ids().filter(is_dropped);
        for id in pointees.collect::<Vec<_>>() {
            self.replace(id, Kind::Scalar);
        }
    }

    fn is_out_of_heap(&self, id: TypeId, by_name: bool, depth: u32, known: &mut Known) -> bool {
        if let Some(&is_out) = known.get(&(id, depth)) {
            return is_out;
        }
        let is_out = self.has_mark(id, by_name, depth, known);
        known.insert((id, depth), is_out);
        is_out
    }

    fn has_mark(&self, id: TypeId, by_name: bool, depth: u32, known: &mut Known) -> bool {
        let (Some(depth), ty) = (depth.checked_sub(1), self.get(id)) else { return false };
        let is_marked = |name: &str| name.strip_prefix("runtime.").is_some_and(|name| MARKED.contains(&name));
        if ty.name.ends_with(MARK) || by_name && is_marked(&ty.name) {
            return true;
        }
        match &ty.kind {
            Kind::Struct(fields) => fields.iter().any(|field| self.is_out_of_heap(field.ty, by_name, depth, known)),
            Kind::Array(elem, _) => self.is_out_of_heap(*elem, by_name, depth, known),
            _ => false,
        }
    }
}
