//! The runtime's functions that take a type and allocate (runtime/malloc.go, slice.go, map.go, chan.go, iface.go).

use crate::module::ModuleData;
use crate::release_record::Release;
use foldhash::HashMap;

/// What an allocator makes of the type it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// One value.
    Value,
    /// One value that an interface holds: what lies behind it in its slot is left as it was.
    Boxed,
    /// An array of such elements.
    Elements,
    /// A map of this type.
    Map,
    /// A channel of this type.
    Chan,
}

/// The type argument's index among the integer arguments, and what becomes of it, by the function's name without `runtime.`.
fn signature(name: &str, growslice_takes_type_first: bool) -> Option<(usize, Use)> {
    Some(match name {
        "newobject" => (0, Use::Value),
        // mallocgc without needzero: only what the value covers is written.
        "convT" | "convTnoptr" => (0, Use::Boxed),
        "newarray" | "makeslice" | "makeslice64" | "makeslicecopy" | "moveSlice" | "moveSliceNoCap" => {
            (0, Use::Elements)
        }
        "growslice" if growslice_takes_type_first => (0, Use::Elements),
        // growslice(oldPtr, newLen, oldCap, num, et); its variants came with 1.26.
        "growslice" | "growsliceNoAlias" | "growsliceBuf" | "growsliceBufNoAlias" => (4, Use::Elements),
        "makemap" | "makemap64" => (0, Use::Map),
        "makechan" | "makechan64" => (0, Use::Chan),
        _ if name.starts_with("mapassign") => (0, Use::Map),
        // mallocgc(size, typ, needzero) and its specialisations by size class, which the compiler calls since 1.26.
        "mallocgc" => (1, Use::Value),
        _ if ["mallocgcSmallScanNoHeaderSC", "mallocgcSmallNoScanSC", "mallocgcTiny"]
            .iter()
            .any(|start| name.starts_with(start)) =>
        {
            (1, Use::Value)
        }
        _ => return None,
    })
}

/// Where the allocators begin.
pub(super) struct Allocators(HashMap<u64, (usize, Use)>);

impl Allocators {
    /// Finds them by name in pclntab, which stripping leaves.
    ///
    /// Up to Go 1.19 `growslice(et, old, cap)` takes its type first.
    pub(super) fn of(modules: &[ModuleData<'_>], release: Release) -> Self {
        let mut found = HashMap::default();
        for functions in modules.iter().map(|module| &module.functions) {
            for func in functions.iter() {
                let name = functions.name(&func);
                if let Some(known) =
                    name.strip_prefix("runtime.").and_then(|name| signature(name, release.grows_by_type_first))
                {
                    found.insert(func.entry, known);
                }
            }
        }
        Allocators(found)
    }

    /// The type argument's index and what becomes of the type, if the function at `entry` allocates.
    pub(super) fn get(&self, entry: u64) -> Option<(usize, Use)> {
        self.0.get(&entry).copied()
    }
}
