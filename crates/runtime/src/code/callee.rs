//! What calls of the runtime's functions tell of values: those that are given a type descriptor and pointers to what it describes
//! (malloc.go, slice.go, mbarrier.go, map.go, chan.go, iface.go), and those that are no calls as others are.

use super::instruction::Registers;
use crate::model::RuntimeModel;
use crate::release_record::Release;
use foldhash::HashMap;

/// How an argument or a result goes with the type that the call names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A pointer to one value.
    Value,
    /// A pointer to such elements in a row.
    Elements,
    /// A map of this type.
    Map,
    /// A pointer to an element of a map of this type.
    MapElement,
    /// A channel of this type.
    Chan,
}

/// What a call of a function tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// The integer argument of that index is a type descriptor.
    Typed {
        /// Index of the descriptor.
        descriptor: usize,
        /// Other arguments by index.
        arguments: &'static [(usize, Use)],
        /// The first result.
        result: Option<Use>,
        /// True if argument 0 is the size, and the result one value only where that is the type's.
        is_sized: bool,
    },
    /// Its first result leads to the bytes of a string.
    Text,
    /// Its first result leads to bytes.
    Bytes,
    /// Of all registers it changes only these: write barriers.
    Keeps(Registers),
    /// It writes memory that a register leads to: `duffzero`, `duffcopy`.
    Writes,
    /// It writes the second of these integer arguments to where the first leads.
    Stores(usize, usize),
    /// It does not return to where it is called: `morestack`, `gopanic`.
    Ends,
}

const fn typed(descriptor: usize, arguments: &'static [(usize, Use)], result: Option<Use>) -> Option<Callee> {
    Some(Callee::Typed { descriptor, arguments, result, is_sized: false })
}

/// By the name without `runtime.`.
fn callee(name: &str, release: Release) -> Option<Callee> {
    use Use::{Chan, Elements, Map, MapElement, Value};
    let sized = Some(Callee::Typed { descriptor: 1, arguments: &[], result: Some(Value), is_sized: true });
    match name {
        "newobject" | "convT" | "convTnoptr" => typed(0, &[], Some(Value)),
        "newarray" | "makeslice" | "makeslice64" => typed(0, &[], Some(Elements)),
        "makeslicecopy" => typed(0, &[(3, Elements)], Some(Elements)),
        // growslice(et, old, cap); since 1.20 growslice(oldPtr, newLen, oldCap, num, et).
        "growslice" if release.grows_by_type_first => typed(0, &[(1, Elements)], Some(Elements)),
        "growslice" | "growsliceNoAlias" => typed(4, &[(0, Elements)], Some(Elements)),
        "makemap" | "makemap64" => typed(0, &[], Some(Map)),
        "makechan" | "makechan64" => typed(0, &[], Some(Chan)),
        "mapdelete" | "mapdelete_fast32" | "mapdelete_fast64" | "mapdelete_faststr" | "mapiterinit"
        | "mapIterStart" | "mapclear" => typed(0, &[(1, Map)], None),
        "typedmemmove" | "wbMove" => typed(0, &[(1, Value), (2, Value)], None),
        "typedmemclr" | "wbZero" => typed(0, &[(1, Value)], None),
        "typedslicecopy" => typed(0, &[(1, Elements), (3, Elements)], None),
        "mallocgc" => sized,
        "slicebytetostring" | "slicerunetostring" | "intstring" => Some(Callee::Text),
        "stringtoslicebyte" | "rawbyteslice" => Some(Callee::Bytes),
        "duffzero" | "duffcopy" => Some(Callee::Writes),
        "gopanic" | "goPanicIndex" | "panicIndex" | "panicSliceAcap" | "panicdivide" | "panicshift" | "panicwrap" => {
            Some(Callee::Ends)
        }
        _ if name.starts_with("mapaccess") || name.starts_with("mapassign") => typed(0, &[(1, Map)], Some(MapElement)),
        _ if name.starts_with("concatstring") => Some(Callee::Text),
        _ if name.starts_with("concatbyte") => Some(Callee::Bytes),
        _ if name.starts_with("mallocgcSmall") || name.starts_with("mallocgcTiny") => sized,
        _ if name.starts_with("morestack") => Some(Callee::Ends),
        // On amd64 R11, on arm64 R25 has the buffer; R27 is the linker's.
        _ if name.starts_with("gcWriteBarrier") => Some(Callee::Keeps(1 << 11 | 1 << 25 | 1 << 27)),
        _ => None,
    }
}

/// Functions that write a pointer atomically (sync/atomic, internal/runtime/atomic, runtime/internal/atomic up to 1.22).
fn atomic_store(name: &str) -> Option<Callee> {
    let of_runtime =
        || name.strip_prefix("internal/runtime/atomic.").or_else(|| name.strip_prefix("runtime/internal/atomic."));
    match name.strip_prefix("sync/atomic.").or_else(of_runtime).or_else(|| name.strip_prefix("runtime."))? {
        "StorePointer" | "storePointer" | "SwapPointer" | "StorepNoWB" | "atomicstorep" => Some(Callee::Stores(0, 1)),
        "CompareAndSwapPointer" | "casPointer" | "CasPointer" => Some(Callee::Stores(0, 2)),
        _ => None,
    }
}

/// The functions that are known, by their entries.
pub(super) fn callees(model: &RuntimeModel<'_>) -> HashMap<u64, Callee> {
    let mut found = HashMap::default();
    let release = model.version.release();
    for functions in model.modules.iter().map(|module| &module.functions) {
        for func in functions.iter() {
            let name = functions.name(&func);
            let known = name.strip_prefix("runtime.").and_then(|name| callee(name, release));
            let known = known.or_else(|| atomic_store(&name));
            if let Some(known) = known.or_else(|| (&*name == "gcWriteBarrier").then_some(Callee::Keeps(0))) {
                found.insert(func.entry, known);
            }
        }
    }
    found
}
