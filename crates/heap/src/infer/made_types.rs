//! Type descriptors that reflect makes at run time: what is known of them is mostly that they begin as all do, and which kind of type
//! they describe.

use super::accept::Refused;
use super::engine::Inference;
use super::fit::fits;
use goheap_image::Address;
use goheap_model::{Part, TypeId};

/// What begins every descriptor, by its names in runtime and reflect.
const PREFIXES: [&str; 3] = ["internal/abi.Type", "reflect.rtype", "runtime._type"];
/// `Kind_` (internal/abi/type.go; runtime/type.go up to 1.20), with flags above the kind.
const KIND: u64 = 23;
const KIND_MASK: u8 = 31;

/// Which structs reflect allocates for a kind, by their names in the releases; the first that the program has and that fits is taken
/// (reflect/type.go, map_swiss.go).
const STRUCTS: [(u8, &[&str]); 7] = [
    (17, &["internal/abi.ArrayType", "reflect.arrayType"]),
    (18, &["internal/abi.ChanType", "reflect.chanType"]),
    (
        19,
        &[
            "reflect.funcTypeFixed4",
            "reflect.funcTypeFixed8",
            "reflect.funcTypeFixed16",
            "reflect.funcTypeFixed32",
            "reflect.funcTypeFixed64",
            "reflect.funcTypeFixed128",
        ],
    ),
    (21, &["internal/abi.MapType", "internal/abi.SwissMapType", "internal/abi.OldMapType", "reflect.mapType"]),
    (22, &["reflect.ptrType", "internal/abi.PtrType"]),
    (23, &["reflect.sliceType", "internal/abi.SliceType"]),
    (25, &["reflect.structType", "reflect.structTypeUncommon", "internal/abi.StructType"]),
];

/// The whole descriptor where a pointer says no more than that it is one.
pub(super) fn holder(inference: &Inference<'_, '_, '_>, refused: &Refused<'_, '_>) -> Option<TypeId> {
    let (types, inner) = (&inference.resolver.types, refused.inner);
    let is_prefix = inner.offset == 0 && inner.part == Part::Value && PREFIXES.contains(&&*types.get(inner.ty).name);
    if !is_prefix {
        return None;
    }
    let kind = inference.model.memory().read_u8(Address(refused.address).add(KIND))? & KIND_MASK;
    let (_, names) = STRUCTS.iter().find(|(of, _)| *of == kind)?;
    let known = names.iter().filter_map(|name| types.by_name(name));
    known.into_iter().find(|&ty| fits(inference.resolver, refused.place, Part::Value, ty))
}
