//! Fields of embedded structs by the way that Go promotes them: `.state` for `.Mutex.state` (Go specification, Selectors).

use goheap_model::{Field, Kind, TypeId, TypeTable};

/// Embedded structs are followed so deep; a way that is longer is written out.
const MAX_DEPTH: u32 = 8;
/// Names looked at for one embedded struct; one with more is written out.
const MAX_NAMES: usize = 256;

/// True if every field of the embedded struct `field`, one of the struct's `fields`, is told from all others of the struct without
/// the embedded one's name.
pub(crate) fn is_promoted(types: &TypeTable, fields: &[Field], field: &Field) -> bool {
    let Kind::Struct(inner) = &types.get(field.ty).kind else { return false };
    if !field.is_embedded {
        return false;
    }
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let rest = fields.iter().filter(|other| other.offset != field.offset || other.name != field.name);
    names(types, inner.iter(), MAX_DEPTH, &mut own)
        && names(types, rest, MAX_DEPTH, &mut others)
        && own.iter().all(|name| !others.contains(name))
}

/// The names of the fields and of those of embedded structs among them; false if they are too many.
fn names<'t>(
    types: &'t TypeTable,
    fields: impl Iterator<Item = &'t Field>,
    depth: u32,
    found: &mut Vec<&'t str>,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    for field in fields {
        if found.len() >= MAX_NAMES {
            return false;
        }
        found.push(&field.name);
        if field.is_embedded && !names(types, embedded(types, field.ty).iter(), depth, found) {
            return false;
        }
    }
    true
}

/// The fields of an embedded struct; none of another type.
fn embedded(types: &TypeTable, ty: TypeId) -> &[Field] {
    match &types.get(ty).kind {
        Kind::Struct(fields) => fields,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::GoType;

    #[test]
    fn only_fields_that_are_told_apart_are_promoted() {
        let mut types = TypeTable::default();
        let mut add = |kind| types.add(GoType { name: "T".into(), size: 8, kind, descriptor: None });
        let field = |name: &str, offset, ty, is_embedded| Field { name: name.into(), offset, ty, is_embedded };
        let word = add(Kind::UnsafePointer);
        let mut structure = |fields: Vec<Field>| add(Kind::Struct(fields.into()));
        let mutex = structure(vec![field("state", 0, word, false)]);
        let other = structure(vec![field("Mutex", 0, mutex, true), field("name", 8, word, false)]);
        let fields = [field("Other", 0, other, true), field("size", 16, word, false), field("plain", 24, mutex, false)];
        assert!(is_promoted(&types, &fields, &fields[0]));
        assert!(!is_promoted(&types, &fields, &fields[2]), "not embedded");
        let shadowed = [fields[0].clone(), field("state", 16, word, false)];
        assert!(!is_promoted(&types, &shadowed, &shadowed[0]), "the outer state is another");
        let twice = [fields[0].clone(), field("Mutex", 16, mutex, true)];
        assert!(!is_promoted(&types, &twice, &twice[0]), "two have a state");
        let word_embedded = [field("Pointer", 0, word, true)];
        assert!(!is_promoted(&types, &word_embedded, &word_embedded[0]), "no struct: the name is the field's");
    }
}
