//! What frames say: `main.cache *main.Cache`, `.entries map[string]*main.Session`, `[value] *main.Session`.

use crate::plan::{PlanEntry, PointerWord};
use crate::resolve::Resolver;
use goheap_image::Address;
use goheap_runtime::{RuntimeModel, TypeId, TypeTable};

/// A type's name, short of what no frame has room for: the fields of a struct type without a name.
fn shown(types: &TypeTable, ty: TypeId) -> &str {
    let name = &types.get(ty).name;
    if name.starts_with("struct {") { "struct {…}" } else { name }
}

/// A variable and its type.
pub(crate) fn variable_label(types: &TypeTable, name: &str, ty: TypeId) -> String {
    format!("{name} {}", shown(types, ty))
}

/// A field: its path after `prefix`, its type, and what an interface or a func value turned out to hold. The field's word lies
/// at `at` and holds `value`.
pub(crate) fn field_label(
    resolver: &mut Resolver<'_>,
    model: &RuntimeModel<'_>,
    prefix: &str,
    entry: &PlanEntry,
    at: u64,
    value: u64,
) -> String {
    let declared = format!("{prefix}{} {}", entry.path, shown(&resolver.types, entry.field));
    let declared = declared.trim_start().to_owned();
    match entry.word {
        PointerWord::InterfaceData(has_methods) => match resolver.dynamic_type(at, has_methods) {
            Some(dynamic) => format!("{declared} = {}", resolver.types.get(dynamic).name),
            None => declared,
        },
        PointerWord::Func => match function_of(model, value) {
            Some(function) => format!("{declared} = {function}"),
            None => declared,
        },
        _ => declared,
    }
}

/// The function that a func value calls: the first word of its closure is the code's address.
pub(crate) fn function_of(model: &RuntimeModel<'_>, closure: u64) -> Option<String> {
    model.function_name(model.memory().read_u64(Address(closure))?)
}
