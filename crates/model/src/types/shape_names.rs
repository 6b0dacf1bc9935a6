//! Readable names for shapes that the compiler names by a hash: those whose own text has more than 500 bytes (cmd/compile/internal/noder
//! `shapify`, since Go 1.22).

use super::{GoType, Kind, TypeTable};
use foldhash::HashMap;

const SHAPE: &str = "go.shape.";
/// Hexadecimal digits of SHA-256; no name of a type has so many in a row by chance.
const HASH_DIGITS: usize = 64;

impl TypeTable {
    /// Puts what is known of a shape, `go.shape.struct(136 bytes)`, in the place of its hash, in the names of all types that were added to
    /// this very table; what the one knows that it goes on from counts, too.
    pub fn name_shapes(&mut self) {
        let hashed = |ty: &GoType| first_hash(&ty.name).is_some();
        let ids: Vec<usize> = (0..self.types.len()).filter(|&index| hashed(&self.types[index])).collect();
        if ids.is_empty() {
            return;
        }
        let own = ids.iter().map(|&index| &self.types[index]);
        self.shapes = own.filter_map(|ty| Some((Box::from(hash_of(&ty.name)?), text_of(ty)))).collect();
        let up = std::iter::successors(self.base.as_ref(), |table| table.base.as_ref());
        let mut texts = self.shapes.clone();
        up.for_each(|table| texts.extend(table.shapes.iter().map(|(hash, text)| (hash.clone(), text.clone()))));
        for index in ids {
            let ty = &mut self.types[index];
            let name: Box<str> = renamed(&ty.name, &texts).into();
            self.by_name.remove(&ty.name);
            ty.name = name.clone();
            if self.by_name(&name).is_none() {
                self.by_name.insert(name, super::TypeId(self.first + index as u32));
            }
        }
    }
}

/// The hash that is all of a name.
fn hash_of(name: &str) -> Option<&str> {
    let hash = name.strip_prefix(SHAPE)?;
    (hash_len(hash) == hash.len()).then_some(hash)
}

/// Bytes of the hash that a text begins with; 0 if with none.
fn hash_len(text: &str) -> usize {
    let len = text.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    if len == HASH_DIGITS { len } else { 0 }
}

/// Where the first hash of a name begins.
fn first_hash(name: &str) -> Option<usize> {
    name.match_indices(SHAPE).map(|(at, _)| at + SHAPE.len()).find(|&at| hash_len(&name[at..]) > 0)
}

fn text_of(ty: &GoType) -> String {
    let kind = match &ty.kind {
        Kind::Struct(_) => return format!("struct({} bytes)", ty.size),
        Kind::Array(..) => return format!("array({} bytes)", ty.size),
        Kind::Interface(_) => "interface",
        Kind::Func => "func",
        Kind::Map(..) => "map",
        Kind::Chan(_) => "chan",
        Kind::Slice(_) => "slice",
        Kind::Pointer(_) => "pointer",
        _ => return format!("type({} bytes)", ty.size),
    };
    kind.to_owned()
}

fn renamed(name: &str, texts: &HashMap<Box<str>, String>) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = first_hash(rest) {
        let (before, after) = rest.split_at(at);
        let (hash, after) = after.split_at(HASH_DIGITS);
        out.push_str(before);
        out.push_str(texts.get(hash).map_or("type", String::as_str));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hashes_give_way_to_what_they_stand_for() {
        let hash = "0123456789abcdef".repeat(4);
        let mut types = TypeTable::default();
        let mut add = |name: String, kind| types.add(GoType { name: name.into(), size: 24, kind, descriptor: None });
        let shape = add(format!("go.shape.{hash}"), Kind::Struct([].into()));
        let node = add(format!("*main.Pair[go.shape.{hash},go.shape.{hash}]"), Kind::Pointer(shape));
        let other = add(format!("main.T[go.shape.{}]", "f".repeat(64)), Kind::Scalar);
        let plain = add("go.shape.struct { a int }".to_owned(), Kind::Scalar);
        types.name_shapes();
        let names = [shape, node, other, plain].map(|id| types.get(id).name.to_string());
        assert_eq!(
            names,
            [
                "go.shape.struct(24 bytes)",
                "*main.Pair[go.shape.struct(24 bytes),go.shape.struct(24 bytes)]",
                "main.T[go.shape.type]",
                "go.shape.struct { a int }",
            ]
        );
        assert_eq!(types.by_name("go.shape.struct(24 bytes)"), Some(shape));
        assert_eq!(types.by_name(&format!("go.shape.{hash}")), None);
    }
}
