//! The types that shapes stand for. Generic code is compiled once for all type arguments of one shape: their underlying type,
//! `go.shape.struct { … }`, or its hash where that is long; of pointers mostly `go.shape.*uint8` (cmd/compile/internal/noder/reader.go
//! `shapify`; Go 1.18 and 1.19 append `_0`). What such code allocates by itself (variables that escape, literals, `append` of a
//! `make`) has the shape as its type.

use crate::meaning::resolve::Resolver;
use foldhash::{HashMap, HashSet};
use goheap_model::{Field, GoType, Kind, TypeId, TypeTable};
use std::mem::{Discriminant, discriminant};

const SHAPE: &str = "go.shape.";
/// Arrays do not nest deeper.
pub(super) const MAX_NESTED: u32 = 64;
/// Pairs of types that are compared for one answer; what is left then is taken to be alike.
const MAX_PAIRS: usize = 1 << 12;
/// Comparisons for all shapes together: of hostile tables each shape could be like each type.
const MAX_COMPARED: usize = 1 << 22;

/// For each shape the types that it can be.
#[derive(Default)]
pub(super) struct Instances {
    of: HashMap<TypeId, Vec<TypeId>>,
}

impl Instances {
    /// Adds an array type where the elements of one made of a shape turn out to be of just one type.
    pub(super) fn new(resolver: &mut Resolver<'_>) -> Self {
        let shapes: Vec<TypeId> = resolver.types.ids().filter(|&id| is_shape(&resolver.types, id)).collect();
        if shapes.is_empty() {
            return Instances::default();
        }
        let groups = Groups::new(&resolver.types, &shapes);
        let mut compared = 0;
        let of = shapes.iter().map(|&shape| (shape, groups.instances(resolver, shape, &mut compared))).collect();
        let mut instances = Instances { of };
        shapes.iter().for_each(|&shape| instances.add_array(resolver, shape));
        instances
    }

    /// Of shapes that stand for one type each.
    #[cfg(test)]
    pub(super) fn standing_for(pairs: &[(TypeId, TypeId)]) -> Self {
        Instances { of: pairs.iter().map(|&(shape, ty)| (shape, vec![ty])).collect() }
    }

    /// True of a type that generic code is compiled for.
    pub(super) fn is_shape(&self, ty: TypeId) -> bool {
        self.of.contains_key(&ty)
    }

    /// The only type that a shape can be.
    pub(super) fn only(&self, ty: TypeId) -> Option<TypeId> {
        match self.of.get(&ty)?[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The innermost element of an array of shapes; any other type itself.
    pub(super) fn element(&self, types: &TypeTable, ty: TypeId) -> TypeId {
        let mut elem = ty;
        for _ in 0..MAX_NESTED {
            match types.get(elem).kind {
                Kind::Array(inner, _) if types.get(elem).name.starts_with('[') && self.is_shape(inner) => elem = inner,
                _ => break,
            }
        }
        elem
    }

    fn add_array(&mut self, resolver: &mut Resolver<'_>, shape: TypeId) {
        let (Kind::Array(elem, len), Some(true)) =
            (&resolver.types.get(shape).kind, self.of.get(&shape).map(Vec::is_empty))
        else {
            return;
        };
        let (Some(elem), len) = (self.only(*elem), *len) else { return };
        let name = format!("[{len}]{}", resolver.types.get(elem).name);
        let size = resolver.types.get(shape).size;
        let ty = GoType { name: name.into(), size, kind: Kind::Array(elem, len), descriptor: None };
        self.of.insert(shape, vec![resolver.add_type(ty)]);
    }
}

/// Types without shapes that shapes may be, by what is told at a glance.
struct Groups {
    /// Of a generic type, by its name without arguments.
    generic: HashMap<String, Vec<TypeId>>,
    /// What is made of other types, by kind and size.
    composite: HashMap<(Discriminant<Kind>, u64), Vec<TypeId>>,
}

impl Groups {
    fn new(types: &TypeTable, shapes: &[TypeId]) -> Self {
        let mut groups = Groups { generic: HashMap::default(), composite: HashMap::default() };
        for ty in shapes.iter().map(|&id| types.get(id)) {
            match is_generic(&ty.name) {
                true => _ = groups.generic.entry(generic_key(&ty.name)).or_default(),
                false if is_composite(&ty.kind) => _ = groups.composite.entry(look(ty)).or_default(),
                false => {}
            }
        }
        for id in types.ids() {
            let ty = types.get(id);
            if ty.name.contains(SHAPE) {
                continue;
            }
            if let Some(list) = groups.composite.get_mut(&look(ty)) {
                list.push(id);
            }
            if is_generic(&ty.name)
                && let Some(list) = groups.generic.get_mut(&generic_key(&ty.name))
            {
                list.push(id);
            }
        }
        groups
    }

    fn instances(&self, resolver: &Resolver<'_>, shape: TypeId, compared: &mut usize) -> Vec<TypeId> {
        let types = &resolver.types;
        let ty = types.get(shape);
        let is_like = |&id: &TypeId| {
            *compared += 1;
            if *compared >= MAX_COMPARED
                || types.get(id).size != ty.size
                || resolver.small_mask(id) != resolver.small_mask(shape)
            {
                return false;
            }
            let mut comparison = Comparison::new(types);
            let is_alike = comparison.is_alike(shape, id);
            *compared += comparison.looked;
            is_alike
        };
        let is_pure = ty.name.starts_with(SHAPE);
        if is_pure && !matches!(ty.kind, Kind::Struct(_) | Kind::Array(..)) {
            // A type that is not declared stands for every type that is made of it.
            let plain = ty.name.strip_prefix(SHAPE).filter(|_| !matches!(ty.kind, Kind::Pointer(_)));
            return plain.and_then(|plain| types.by_name(without_number(plain))).into_iter().collect();
        }
        let list = match is_generic(&ty.name) {
            true => self.generic.get(&generic_key(&ty.name)),
            false => self.composite.get(&look(ty)),
        };
        let list = list.map_or(&[][..], |list| list);
        let mut like: Vec<TypeId> = list.iter().copied().filter(is_like).collect();
        let mut met = HashSet::default();
        like.retain(|&id| met.insert(&*types.get(id).name));
        // A shape is mostly that of a declared type; `[]go.shape.int` mostly is what it reads like.
        let is_preferred = |id: &TypeId| is_generic(&ty.name) || is_declared(&types.get(*id).name) == is_pure;
        if like.iter().any(is_preferred) {
            like.retain(is_preferred);
        }
        like
    }
}

/// True of what generic code is compiled for and never allocates where its dictionary tells the type. Closures are told by their
/// functions.
fn is_shape(types: &TypeTable, id: TypeId) -> bool {
    let ty = types.get(id);
    let is_made_of_shapes = || is_generic(&ty.name) || is_composite(&ty.kind);
    ty.name.contains(SHAPE) && !is_closure(&ty.name) && (ty.name.starts_with(SHAPE) || is_made_of_shapes())
}

fn is_closure(name: &str) -> bool {
    name.starts_with("struct { F uintptr") || name.starts_with("struct { .F uintptr") || name.starts_with("func ")
}

fn is_composite(kind: &Kind) -> bool {
    matches!(kind, Kind::Struct(_) | Kind::Array(..) | Kind::Slice(_) | Kind::Map(..) | Kind::Chan(_))
}

fn look(ty: &GoType) -> (Discriminant<Kind>, u64) {
    (discriminant(&ty.kind), ty.size)
}

fn is_declared(name: &str) -> bool {
    !name.starts_with(['[', '*']) && !["struct {", "map[", "chan "].iter().any(|start| name.starts_with(start))
}

fn is_generic(name: &str) -> bool {
    !name.starts_with(SHAPE) && name.contains('[') && generic_key(name).len() != name.len()
}

/// `int_0`, as Go 1.18 and 1.19 number shapes.
fn without_number(name: &str) -> &str {
    let start = name.trim_end_matches(|char: char| char.is_ascii_digit());
    if start.len() < name.len() { start.strip_suffix('_').unwrap_or(name) } else { name }
}

/// A type's name without the arguments of generic types: `*main.List[go.shape.int]` and `*main.List[int]` have the same.
fn generic_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut depth = 0_usize;
    for (at, char) in name.char_indices() {
        let opens = char == '[' && {
            let before = &name[..at];
            before.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !before.ends_with("map")
        };
        match char {
            '[' if depth > 0 || opens => depth += 1,
            ']' if depth > 0 => depth -= 1,
            _ if depth == 0 => key.push(char),
            _ => {}
        }
    }
    key
}

/// True if code that is compiled for `shape` can be what handles values of `ty`: their structures are the same.
pub(super) fn stands_for(types: &TypeTable, shape: TypeId, ty: TypeId) -> bool {
    Comparison::new(types).is_alike(shape, ty)
}

struct Comparison<'a> {
    types: &'a TypeTable,
    /// Pairs that were or are being compared: types refer to themselves.
    met: HashSet<(TypeId, TypeId)>,
    /// How often two types were held against each other.
    looked: usize,
}

impl<'a> Comparison<'a> {
    fn new(types: &'a TypeTable) -> Self {
        Comparison { types, met: HashSet::default(), looked: 0 }
    }

    fn is_alike(&mut self, shape: TypeId, ty: TypeId) -> bool {
        self.looked += 1;
        let (one, other) = (self.types.get(shape), self.types.get(ty));
        if shape == ty || one.name == other.name {
            return true;
        }
        if !one.name.contains(SHAPE) || one.size != other.size {
            return false;
        }
        if self.met.len() >= MAX_PAIRS || !self.met.insert((shape, ty)) {
            return true;
        }
        let is_pure = one.name.starts_with(SHAPE);
        if !is_pure && is_generic(&one.name) && generic_key(&one.name) != generic_key(&other.name) {
            return false;
        }
        match (&one.kind, &other.kind) {
            // A pointer's shape is that of `*uint8`, whatever it leads to.
            (Kind::Pointer(_), Kind::Pointer(_)) if is_pure => true,
            (Kind::Pointer(one), Kind::Pointer(other)) | (Kind::Slice(one), Kind::Slice(other)) => {
                self.is_alike(*one, *other)
            }
            (Kind::Chan(one), Kind::Chan(other)) => self.is_alike(*one, *other),
            (Kind::Array(one, len), Kind::Array(other, others)) => len == others && self.is_alike(*one, *other),
            (Kind::Map(key, elem), Kind::Map(other_key, other_elem)) => {
                self.is_alike(*key, *other_key) && self.is_alike(*elem, *other_elem)
            }
            (Kind::Struct(fields), Kind::Struct(others)) => {
                fields.len() == others.len()
                    && fields.iter().zip(others).all(|(one, other)| {
                        one.offset == other.offset && has_name_of(one, other) && self.is_alike(one.ty, other.ty)
                    })
            }
            (Kind::Scalar, Kind::Scalar) => {
                let plain = one.name.strip_prefix(SHAPE).map(without_number);
                plain == Some(&*other.name) || other.name.contains('.')
            }
            (one, other) => discriminant(one) == discriminant(other),
        }
    }
}

/// The names of embedded fields have their arguments; DWARF qualifies fields of structs without a name.
fn has_name_of(one: &Field, other: &Field) -> bool {
    let short = |name: &str| {
        let name = name.split('[').next().unwrap_or_default();
        name.rsplit('.').next().map(str::to_owned)
    };
    one.name == other.name || short(&one.name) == short(&other.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn add(types: &mut TypeTable, name: &str, size: u64, kind: Kind) -> TypeId {
        types.add(GoType { name: name.into(), size, kind, descriptor: None })
    }

    fn pair(types: &mut TypeTable, name: &str, fields: [(&str, TypeId); 2]) -> TypeId {
        let field = |(index, (name, ty)): (usize, (&str, TypeId))| Field {
            name: name.into(),
            offset: index as u64 * 8,
            ty,
            is_embedded: false,
        };
        let fields = fields.into_iter().enumerate().map(field).collect();
        add(types, name, 16, Kind::Struct(fields))
    }

    #[test]
    fn instances_and_shapes_have_one_key() {
        let keys = ["*main.List[go.shape.int]", "*main.List[map[string][]main.Pair[int,string]]"].map(generic_key);
        assert_eq!(keys, ["*main.List", "*main.List"]);
        assert_eq!(generic_key("map[string][]main.T[int]"), "map[string][]main.T");
        assert_eq!(generic_key("main.T[int]·1"), "main.T·1");
    }

    #[test]
    fn shapes_of_1_19_are_numbered() {
        assert_eq!(
            ["int_0", "int64", "[]uint8_12", "uint8_"].map(without_number),
            ["int", "int64", "[]uint8", "uint8_"]
        );
    }

    #[test]
    fn structure_decides() {
        let mut types = TypeTable::default();
        let int = add(&mut types, "int", 8, Kind::Scalar);
        let uint = add(&mut types, "uint", 8, Kind::Scalar);
        let shape_of_int = add(&mut types, "go.shape.int", 8, Kind::Scalar);
        let id = add(&mut types, "main.ID", 8, Kind::Scalar);
        assert!(stands_for(&types, shape_of_int, int) && stands_for(&types, shape_of_int, id));
        assert!(!stands_for(&types, shape_of_int, uint));

        let shape = pair(&mut types, "go.shape.0123", [("a", int), ("b", uint)]);
        let like = pair(&mut types, "main.Like", [("a", int), ("b", uint)]);
        let renamed = pair(&mut types, "main.Renamed", [("a", int), ("c", uint)]);
        let other = pair(&mut types, "main.Other", [("a", uint), ("b", uint)]);
        assert_eq!([like, renamed, other].map(|ty| stands_for(&types, shape, ty)), [true, false, false]);

        let node = pair(&mut types, "main.Node[go.shape.int]", [("a", shape_of_int), ("b", uint)]);
        let of_int = pair(&mut types, "main.Node[int]", [("a", int), ("b", uint)]);
        let of_uint = pair(&mut types, "main.Node[uint]", [("a", uint), ("b", uint)]);
        let leaf = pair(&mut types, "main.Leaf[int]", [("a", int), ("b", uint)]);
        assert_eq!([of_int, of_uint, leaf].map(|ty| stands_for(&types, node, ty)), [true, false, false]);
    }

    #[test]
    fn types_that_refer_to_themselves_end() {
        let mut types = TypeTable::default();
        let int = add(&mut types, "int", 8, Kind::Scalar);
        let shape_of_int = add(&mut types, "go.shape.int", 8, Kind::Scalar);
        let at = types.len() as u32;
        let node = pair(&mut types, "main.T[go.shape.int]", [("v", shape_of_int), ("next", TypeId(at + 1))]);
        add(&mut types, "*main.T[go.shape.int]", 8, Kind::Pointer(node));
        let of_int = pair(&mut types, "main.T[int]", [("v", int), ("next", TypeId(at + 3))]);
        add(&mut types, "*main.T[int]", 8, Kind::Pointer(of_int));
        assert!(stands_for(&types, node, of_int));
    }
}
