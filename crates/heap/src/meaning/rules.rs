//! Fields that the runtime and the standard library declare as `unsafe.Pointer` although they know what is there. A table: the
//! struct, the field, what it leads to. Names as DWARF writes them; a name up to `[` stands for every instance.

use crate::meaning::containers::structs;
use crate::meaning::plan::PointerWord;
use goheap_model::{Field, Kind, TypeId, TypeTable};

/// What such a field leads to.
#[derive(Clone, Copy)]
enum Leads {
    /// One value of the type of that name; the first of the names that exists, as it changed between releases.
    To(&'static [&'static str]),
    /// A row of values of it.
    ToRowOf(&'static str),
    /// The value of an interface whose type is the word before: `_type` if false, itab if true.
    Interface(bool),
    /// What a `reflect.Value` holds.
    Reflected,
}

/// In the order of the packages' names.
const RULES: &[(&str, &str, Leads)] = &[
    // 8 bytes that weak pointers share: go1.23 to 1.25 an atomic.Uintptr, later a box of its own size class.
    ("internal/weak.Pointer[", "u", Leads::To(&WEAK_HANDLE)),
    ("internal/abi.EmptyInterface", "Data", Leads::Interface(false)),
    ("internal/abi.NonEmptyInterface", "Data", Leads::Interface(true)),
    ("reflect.Value", "ptr", Leads::Reflected),
    ("reflect.emptyInterface", "word", Leads::Interface(false)),
    ("reflect.nonEmptyInterface", "word", Leads::Interface(true)),
    ("runtime.eface", "data", Leads::Interface(false)),
    ("runtime.iface", "data", Leads::Interface(true)),
    ("sync.Pool", "local", Leads::ToRowOf("sync.poolLocal")),
    ("sync.Pool", "victim", Leads::ToRowOf("sync.poolLocal")),
    ("sync.eface", "val", Leads::Interface(false)),
    // Up to 1.19; an atomic.Pointer[any] since.
    ("sync.entry", "p", Leads::To(&["interface {}"])),
    ("weak.Pointer[", "u", Leads::To(&WEAK_HANDLE)),
];

/// What a weak pointer's handle was allocated as, the newest first.
pub(crate) const WEAK_HANDLE: [&str; 3] =
    ["runtime.weakHandleBox", "internal/runtime/atomic.Uintptr", "sync/atomic.Uintptr"];

/// Types of which only a prefix is public: a pointer to the first, where the object is no such thing, leads to the second.
pub(crate) const PREFIXES: &[(&str, &str)] =
    &[("time.Timer", "runtime.timeTimer"), ("time.Ticker", "runtime.timeTimer")];

/// What the field `field` of the struct type `ty` holds by a rule of the table.
pub(crate) fn known_field(types: &TypeTable, ty: TypeId, field: &Field) -> Option<PointerWord> {
    if types.get(field.ty).kind != Kind::UnsafePointer {
        return None;
    }
    let owner: &str = &types.get(ty).name;
    let matches = |name: &str| if name.ends_with('[') { owner.starts_with(name) } else { owner == name };
    let (_, _, leads) = RULES.iter().find(|(name, of, _)| *of == &*field.name && matches(name))?;
    Some(match leads {
        Leads::To(names) => PointerWord::Pointer(names.iter().find_map(|name| types.by_name(name))?),
        Leads::ToRowOf(name) => PointerWord::Row(types.by_name(name)?),
        Leads::Interface(has_methods) => PointerWord::InterfaceData(*has_methods),
        Leads::Reflected => PointerWord::Reflected,
    })
}

/// `atomic.Pointer[T]` holds an unsafe.Pointer, and tells T by an array of no `*T` (sync/atomic/type.go) or by its name alone
/// (internal/runtime/atomic/types.go).
pub(crate) fn atomic_pointer<'t>(
    types: &TypeTable,
    ty: TypeId,
    fields: &'t [Field],
) -> Option<(PointerWord, &'t Field)> {
    let name = &types.get(ty).name;
    if !name.contains("atomic.Pointer[") {
        return None;
    }
    let by_array = || {
        fields.iter().find_map(|field| match types.get(field.ty).kind {
            Kind::Array(pointer, 0) => match types.get(pointer).kind {
                Kind::Pointer(elem) => Some(elem),
                _ => None,
            },
            _ => None,
        })
    };
    let by_name = || {
        let (_, argument) = name.split_once('[')?;
        types.by_name(argument.strip_suffix(']')?)
    };
    let elem = by_array().or_else(by_name)?;
    let holds_pointer = |field: &&Field| {
        let kind = &types.get(field.ty).kind;
        *kind == Kind::UnsafePointer || matches!(kind, Kind::Struct(_) if types.get(field.ty).size == 8)
    };
    Some((structs::pointer_to(types, elem), fields.iter().find(holds_pointer)?))
}
