//! Takes DWARF's types over into the [`TypeTable`], index by index.

use crate::dwarf::{Dwarf, DwarfKind, DwarfTypeId};
use goheap_model::{Field, GoType, Kind, TypeId, TypeTable};

/// A table of every type in `dwarf`, so that `TypeId(n)` is `DwarfTypeId(n)`. `types_start` is `moduledata.types`, from
/// which `DW_AT_go_runtime_type` counts.
pub fn from_dwarf(dwarf: &Dwarf<'_>, types_start: u64) -> TypeTable {
    let mut table = TypeTable::default();
    add_dwarf(&mut table, dwarf, types_start);
    table
}

/// Adds the types of a plugin's `dwarf`, whose module's types begin at `types_start`. Returns how many types were there before:
/// `TypeId(before + n)` is `DwarfTypeId(n)`.
pub(crate) fn add_dwarf(table: &mut TypeTable, dwarf: &Dwarf<'_>, types_start: u64) -> u32 {
    let before = u32::try_from(table.len()).unwrap_or(u32::MAX);
    for ty in dwarf.types() {
        let kind = convert(&ty.kind, before).unwrap_or(Kind::Opaque);
        // 0 says that the linker wrote no descriptor.
        let descriptor = ty.runtime_offset.filter(|&offset| offset != 0);
        let descriptor = descriptor.map(|offset| types_start.wrapping_add(offset));
        table.add(GoType { name: ty.name.clone(), size: ty.size, kind, descriptor });
    }
    before
}

fn convert(kind: &DwarfKind, before: u32) -> Option<Kind> {
    let id = |id: DwarfTypeId| TypeId(before.saturating_add(id.0));
    Some(match kind {
        DwarfKind::Bool | DwarfKind::Int { .. } | DwarfKind::Float | DwarfKind::Complex => Kind::Scalar,
        DwarfKind::Struct { fields } => Kind::Struct(
            fields
                .iter()
                .map(|field| {
                    let ty = id(field.ty?);
                    Some(Field { name: field.name.clone(), offset: field.offset, ty, is_embedded: field.embedded })
                })
                .collect::<Option<_>>()?,
        ),
        DwarfKind::Array { elem, len } => Kind::Array(id((*elem)?), *len),
        DwarfKind::Pointer { elem } => elem.map_or(Kind::UnsafePointer, |elem| Kind::Pointer(id(elem))),
        DwarfKind::Slice { elem } => Kind::Slice(id((*elem)?)),
        DwarfKind::String => Kind::String,
        DwarfKind::Interface { empty } => Kind::Interface(!empty),
        DwarfKind::Map { key, elem, .. } => Kind::Map(id((*key)?), id((*elem)?)),
        DwarfKind::Chan { elem, .. } => Kind::Chan(id((*elem)?)),
        DwarfKind::Func => Kind::Func,
        DwarfKind::UnsafePointer => Kind::UnsafePointer,
        _ => return None,
    })
}
