//! The fields of a Go type as a Java class has them: in a row, without parts.

use super::java::JavaType;
use goheap_model::{Kind, TypeId, TypeTable};

/// Types do not nest deeper by value.
const MAX_DEPTH: u32 = 64;
/// More fields than this are no class: VisualVM's library takes 32767, and nobody reads them.
pub(super) const MOST_FIELDS: usize = 4096;
/// More parts than this are not looked at for fields.
const MOST_PARTS: usize = 1 << 16;
/// Bytes of a pointer.
pub(super) const WORD: u64 = 8;

/// One field of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Bytes from the first of the value.
    pub(super) offset: u64,
    pub(super) ty: JavaType,
    /// As Go names it, with dots between the names of nested structs.
    pub(super) name: String,
}

impl Leaf {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.ty.bytes())
    }
}

/// The fields of a value, in order and without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) leaves: Vec<Leaf>,
}

impl Layout {
    /// Of a type, in so many bytes; None where it has more parts than a class takes.
    pub(super) fn new(types: &TypeTable, ty: TypeId, bytes: u64) -> Option<Self> {
        let mut finder = Finder { types, leaves: Vec::new(), parts: 0 };
        finder.add(ty, String::new(), 0, MAX_DEPTH)?;
        let Finder { mut leaves, .. } = finder;
        leaves.sort_by_key(|leaf| leaf.offset);
        Layout::filled(leaves, bytes)
    }

    /// Of fields in order, of which none that overlaps another or the end stays; what is between is filled.
    pub(super) fn filled(leaves: Vec<Leaf>, bytes: u64) -> Option<Self> {
        let mut layout = Layout::default();
        let mut end = 0;
        for leaf in leaves {
            if leaf.offset < end || leaf.end() > bytes {
                continue;
            }
            layout.fill(end, leaf.offset)?;
            end = leaf.end();
            layout.leaves.push(leaf);
        }
        layout.fill(end, bytes)?;
        (layout.leaves.len() <= MOST_FIELDS).then_some(layout)
    }

    /// Numbers of the largest sizes that fit where they are.
    fn fill(&mut self, start: u64, end: u64) -> Option<()> {
        let mut at = start;
        while at < end {
            let room = end - at;
            let bytes = [8, 4, 2, 1].into_iter().find(|&bytes| bytes <= room && at.is_multiple_of(bytes))?;
            let ty = JavaType::of_bytes(bytes)?;
            self.leaves.push(Leaf { offset: at, ty, name: format!("+{at}") });
            at += bytes;
            if self.leaves.len() > MOST_FIELDS {
                return None;
            }
        }
        Some(())
    }

    /// True if the word at an offset is a reference.
    pub(super) fn is_reference(&self, offset: u64) -> bool {
        let at = self.leaves.binary_search_by_key(&offset, |leaf| leaf.offset);
        at.is_ok_and(|at| self.leaves[at].ty == JavaType::Object)
    }

    /// The same with a reference of that name at an offset, whatever was there.
    pub(super) fn with_reference(&self, offset: u64, name: String, bytes: u64) -> Option<Self> {
        let end = offset.checked_add(WORD)?;
        let is_beside = |leaf: &&Leaf| leaf.end() <= offset || leaf.offset >= end;
        let mut leaves: Vec<Leaf> = self.leaves.iter().filter(is_beside).cloned().collect();
        let at = leaves.partition_point(|leaf| leaf.offset < offset);
        leaves.insert(at, Leaf { offset, ty: JavaType::Object, name });
        Layout::filled(leaves, bytes)
    }
}

struct Finder<'t> {
    types: &'t TypeTable,
    leaves: Vec<Leaf>,
    /// Parts that were looked at, those without leaves among them.
    parts: usize,
}

impl Finder<'_> {
    fn leaf(&mut self, name: String, offset: u64, ty: JavaType) -> Option<()> {
        self.leaves.push(Leaf { offset, ty, name });
        (self.leaves.len() <= MOST_FIELDS).then_some(())
    }

    /// Adds the fields of a value at `base`; what is left out is filled.
    fn add(&mut self, id: TypeId, name: String, base: u64, depth: u32) -> Option<()> {
        let Some(depth) = depth.checked_sub(1) else { return Some(()) };
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return None;
        }
        let types = self.types;
        let ty = types.get(id);
        let mut parts = |found: &[(&str, u64, JavaType)]| {
            found.iter().try_for_each(|&(part, at, ty)| self.leaf(dotted(&name, part), base.saturating_add(at), ty))
        };
        use JavaType::{Long, Object};
        match &ty.kind {
            Kind::Scalar => match JavaType::of_scalar(&ty.name, ty.size) {
                Some(scalar) => self.leaf(or_value(name), base, scalar),
                None if &*ty.name == "complex128" => {
                    parts(&[("real", 0, JavaType::Double), ("imag", 8, JavaType::Double)])
                }
                None => Some(()),
            },
            Kind::Opaque => Some(()),
            Kind::String => parts(&[("ptr", 0, Object), ("len", 8, Long)]),
            Kind::Slice(_) => parts(&[("ptr", 0, Object), ("len", 8, Long), ("cap", 16, Long)]),
            Kind::Interface(has_methods) => {
                parts(&[(if *has_methods { "itab" } else { "type" }, 0, Long), ("data", 8, Object)])
            }
            Kind::Array(elem, len) => self.add_elements((*elem, *len), &name, base, depth),
            Kind::Struct(fields) => fields.iter().try_for_each(|field| {
                self.add(field.ty, dotted(&name, &field.name), base.saturating_add(field.offset), depth)
            }),
            _ if ty.size == WORD => self.leaf(or_value(name), base, Object),
            _ => Some(()),
        }
    }

    fn add_elements(&mut self, (elem, len): (TypeId, u64), name: &str, base: u64, depth: u32) -> Option<()> {
        let (size, kind) = (self.types.get(elem).size, &self.types.get(elem).kind);
        // Rows of small numbers are filled as words.
        if size == 0 || matches!(kind, Kind::Scalar) && size < WORD {
            return Some(());
        }
        if len > MOST_FIELDS as u64 {
            return None;
        }
        (0..len).try_for_each(|index| {
            let at = base.saturating_add(index.saturating_mul(size));
            self.add(elem, format!("{name}[{index}]"), at, depth)
        })
    }
}

fn dotted(name: &str, part: &str) -> String {
    if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") }
}

/// The field of an object that is no struct.
fn or_value(name: String) -> String {
    if name.is_empty() { "value".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{Field, GoType};

    fn add(types: &mut TypeTable, name: &str, size: u64, kind: Kind) -> TypeId {
        types.add(GoType { name: name.into(), size, kind, descriptor: None })
    }

    fn field(name: &str, offset: u64, ty: TypeId) -> Field {
        Field { name: name.into(), offset, ty, is_embedded: false }
    }

    #[test]
    fn nested_structs_have_dotted_names_and_no_gaps() {
        let mut types = TypeTable::default();
        let bytes = add(&mut types, "uint8", 1, Kind::Scalar);
        let string = add(&mut types, "string", 16, Kind::String);
        let inner = Kind::Struct(Box::new([field("ok", 0, bytes), field("name", 8, string)]));
        let inner = add(&mut types, "main.Inner", 24, inner);
        let array = add(&mut types, "[4]uint8", 4, Kind::Array(bytes, 4));
        let outer = Kind::Struct(Box::new([field("a", 0, array), field("in", 8, inner)]));
        let outer = add(&mut types, "main.Outer", 32, outer);
        let layout = Layout::new(&types, outer, 48).unwrap();
        let told: Vec<String> =
            layout.leaves.iter().map(|leaf| format!("{}:{}:{:?}", leaf.offset, leaf.name, leaf.ty)).collect();
        assert_eq!(
            told,
            [
                "0:+0:Long",
                "8:in.ok:Byte",
                "9:+9:Byte",
                "10:+10:Short",
                "12:+12:Int",
                "16:in.name.ptr:Object",
                "24:in.name.len:Long",
                "32:+32:Long",
                "40:+40:Long"
            ]
        );
        assert!(layout.is_reference(16) && !layout.is_reference(24) && !layout.is_reference(17));
        let learned = layout.with_reference(8, "in".to_owned(), 48).unwrap();
        assert!(learned.is_reference(8) && learned.leaves.iter().map(|leaf| leaf.ty.bytes()).sum::<u64>() == 48);
    }

    #[test]
    fn a_hostile_type_is_no_class() {
        let mut types = TypeTable::default();
        let mut ty = add(&mut types, "unsafe.Pointer", 8, Kind::UnsafePointer);
        for level in 0..40 {
            let both = Kind::Struct(Box::new([field("a", 0, ty), field("b", u64::MAX, ty)]));
            ty = add(&mut types, &format!("doubled{level}"), 8, both);
        }
        assert_eq!(Layout::new(&types, ty, 64), None);
        let huge = add(&mut types, "huge", u64::MAX, Kind::Array(ty, u64::MAX));
        assert_eq!(Layout::new(&types, huge, 64), None);
        assert_eq!(Layout::filled(Vec::new(), 1 << 40), None);
    }
}
