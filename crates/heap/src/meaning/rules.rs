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

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::GoType;

    struct Table(TypeTable);

    impl Table {
        fn add(&mut self, name: &str, size: u64, kind: Kind) -> TypeId {
            self.0.add(GoType { name: name.into(), size, kind, descriptor: None })
        }

        fn known(&self, owner: TypeId, field: &Field) -> Option<PointerWord> {
            known_field(&self.0, owner, field)
        }
    }

    fn field(name: &str, ty: TypeId) -> Field {
        Field { name: name.into(), offset: 0, ty, is_embedded: false }
    }

    #[test]
    fn fields_of_the_library_lead_to_what_it_knows_is_there() {
        let mut table = Table(TypeTable::default());
        let untyped = table.add("unsafe.Pointer", 8, Kind::UnsafePointer);
        let [pool, value, iface, eface, other] =
            ["sync.Pool", "reflect.Value", "runtime.iface", "runtime.eface", "main.Pool"]
                .map(|name| table.add(name, 16, Kind::Struct([].into())));
        assert_eq!(table.known(pool, &field("local", untyped)), None, "without the type of the parts");
        let part = table.add("sync.poolLocal", 128, Kind::Struct([].into()));
        assert_eq!(table.known(pool, &field("local", untyped)), Some(PointerWord::Row(part)));
        assert_eq!(table.known(pool, &field("victim", untyped)), Some(PointerWord::Row(part)));
        assert_eq!(table.known(pool, &field("noCopy", untyped)), None);
        assert_eq!(table.known(other, &field("local", untyped)), None, "the program's own Pool is another");
        assert_eq!(table.known(value, &field("ptr", untyped)), Some(PointerWord::Reflected));
        assert_eq!(table.known(iface, &field("data", untyped)), Some(PointerWord::InterfaceData(true)));
        assert_eq!(table.known(eface, &field("data", untyped)), Some(PointerWord::InterfaceData(false)));
        let typed = table.add("*main.T", 8, Kind::Pointer(part));
        assert_eq!(table.known(eface, &field("data", typed)), None, "what has a type needs no rule");
    }

    #[test]
    fn weak_pointers_of_every_type_lead_to_the_newest_handle_there_is() {
        let mut table = Table(TypeTable::default());
        let untyped = table.add("unsafe.Pointer", 8, Kind::UnsafePointer);
        let weak = table.add("weak.Pointer[main.T]", 8, Kind::Struct([].into()));
        let old = table.add("sync/atomic.Uintptr", 8, Kind::Struct([].into()));
        assert_eq!(table.known(weak, &field("u", untyped)), Some(PointerWord::Pointer(old)));
        let new = table.add("runtime.weakHandleBox", 8, Kind::Struct([].into()));
        assert_eq!(table.known(weak, &field("u", untyped)), Some(PointerWord::Pointer(new)));
    }

    #[test]
    fn atomic_pointers_tell_their_type_by_an_array_of_none_or_by_their_name() {
        let mut table = Table(TypeTable::default());
        let untyped = table.add("unsafe.Pointer", 8, Kind::UnsafePointer);
        let item = table.add("main.Item", 32, Kind::Struct([].into()));
        let pointer = table.add("*main.Item", 8, Kind::Pointer(item));
        let none = table.add("[0]*main.Item", 0, Kind::Array(pointer, 0));
        let by_array = table.add("sync/atomic.Pointer[main.Alias]", 8, Kind::Struct([].into()));
        let by_name = table.add("internal/runtime/atomic.Pointer[main.Item]", 8, Kind::Struct([].into()));
        let unknown = table.add("sync/atomic.Pointer[main.Gone]", 8, Kind::Struct([].into()));
        let value = table.add("sync/atomic.Value", 16, Kind::Struct([].into()));
        let fields = [field("_", none), field("v", untyped)];
        let told = |ty, fields: &[Field]| {
            atomic_pointer(&table.0, ty, fields).map(|(word, field)| (word, field.name.to_string()))
        };
        let expected = Some((PointerWord::Pointer(item), "v".to_owned()));
        assert_eq!(told(by_array, &fields), expected);
        assert_eq!(told(by_name, &fields[1..]), expected);
        assert_eq!(told(unknown, &fields[1..]), None, "the program has no such type");
        assert_eq!(told(value, &fields), None);
        assert_eq!(told(by_name, &fields[..1]), None, "without the pointer itself");
    }
}
