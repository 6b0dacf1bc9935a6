//! Scan plans: for each type, what stands at each pointer word of a value, compiled once.

use crate::containers::structs::{self, Inside};
use crate::promoted::is_promoted;
use crate::rules::{atomic_pointer, known_field};
use goheap_runtime::{Field, Kind, TypeId, TypeTable};

/// A value with more pointer words than this is resolved by walking its type instead.
pub(crate) const MAX_ENTRIES: usize = 4096;
const MAX_DEPTH: u32 = 64;

/// What a pointer word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointerWord {
    /// A pointer to one value of a type.
    Pointer(TypeId),
    /// A pointer to values of a type in a row.
    Row(TypeId),
    /// A pointer of which the type says nothing.
    Untyped,
    /// A func value.
    Func,
    /// A string's bytes.
    String,
    /// A slice's elements; length and capacity follow.
    Slice(TypeId),
    /// The second word of an interface, whose first has an itab if true. The first is no pointer to the collector.
    InterfaceData(bool),
    /// The second word of a `reflect.Value`, between its type and its flags.
    Reflected,
    /// A map of this map type.
    Map(TypeId),
    /// A channel of this channel type.
    Chan(TypeId),
    /// A node of a hash trie, which tells itself whether it is a branch or an entry.
    TrieNode {
        /// The type of branches.
        branch: TypeId,
        /// That of entries.
        entry: TypeId,
    },
    /// The box of a value of this type, in a `sync.Map` up to 1.23.
    BoxedValue(TypeId),
}

impl PointerWord {
    /// True if only what the word holds, or what stands beside it or where it leads, tells what it leads to.
    pub(crate) fn is_told_by_contents(self) -> bool {
        matches!(
            self,
            PointerWord::InterfaceData(_) | PointerWord::Func | PointerWord::Reflected | PointerWord::TrieNode { .. }
        )
    }
}

/// One pointer word of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanEntry {
    /// Bytes from the start of the value.
    pub(crate) offset: u64,
    /// What the word means.
    pub(crate) word: PointerWord,
    /// The type of the field or element that the word is in: the slice, not its element.
    pub(crate) field: TypeId,
    /// The way to it: `.a.b`, `.list[i].x`; empty where the value itself is meant.
    pub(crate) path: Box<str>,
    /// What it is to a container that is made of structs.
    pub(crate) inside: Inside,
}

impl PlanEntry {
    fn new(types: &TypeTable, offset: u64, word: PointerWord, field: TypeId, path: &str) -> Self {
        PlanEntry { offset, word, field, path: path.into(), inside: structs::inside(types, word) }
    }

    /// True if what the word holds tells more than its declared type.
    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(self.word, PointerWord::InterfaceData(_) | PointerWord::Func)
    }
}

/// The pointer words of a type in order of offset.
pub(crate) type Plan = Box<[PlanEntry]>;

/// The plan of a type; cut after about [`MAX_ENTRIES`] words.
pub(crate) fn compile(types: &TypeTable, ty: TypeId) -> Plan {
    let mut entries = Vec::new();
    expand(types, ty, 0, "", MAX_DEPTH, &mut entries);
    entries.sort_by_key(|entry: &PlanEntry| entry.offset);
    entries.dedup_by_key(|entry| entry.offset);
    entries.into()
}

/// Adds the pointer words of a value of `ty` at `base`, until there are [`MAX_ENTRIES`].
fn expand(types: &TypeTable, ty: TypeId, base: u64, path: &str, depth: u32, entries: &mut Vec<PlanEntry>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &types.get(ty).kind {
        Kind::Array(elem, len) => {
            let stride = types.get(*elem).size;
            let path = format!("{path}[i]");
            for index in 0..if stride == 0 { 0 } else { *len } {
                let before = entries.len();
                if before >= MAX_ENTRIES {
                    return;
                }
                expand(types, *elem, base.saturating_add(index * stride), &path, depth, entries);
                if entries.len() == before {
                    return;
                }
            }
        }
        Kind::Struct(fields) => {
            if let Some((word, field)) = atomic_pointer(types, ty, fields) {
                entries.push(PlanEntry::new(types, base.saturating_add(field.offset), word, ty, path));
                return;
            }
            let (name, first) = (&*types.get(ty).name, entries.len());
            for field in fields.iter().filter(|field| types.get(field.ty).size > 0) {
                if entries.len() >= MAX_ENTRIES {
                    return;
                }
                let (at, inner) = (base.saturating_add(field.offset), field_path(path, name, field));
                match known_field(types, ty, field) {
                    Some(word) => entries.push(PlanEntry::new(types, at, word, field.ty, &inner)),
                    None if is_passed_over(types, fields, field) => expand(types, field.ty, at, path, depth, entries),
                    None => expand(types, field.ty, at, &inner, depth, entries),
                }
            }
            as_container(types, ty, path, entries.get_mut(first..).unwrap_or_default());
        }
        _ => {
            for (offset, word) in words(types, ty) {
                entries.push(PlanEntry::new(types, base.saturating_add(offset), word, ty, path));
            }
        }
    }
}

/// The path of a field of the struct type `owner`.
fn field_path(path: &str, owner: &str, field: &Field) -> String {
    match structs::item(owner, &field.name) {
        Some(item) => format!("{path}{item}"),
        None => format!("{path}.{}", short(&field.name)),
    }
}

/// Makes the words of a struct what they are in a container.
fn as_container(types: &TypeTable, ty: TypeId, path: &str, entries: &mut [PlanEntry]) {
    let name = &*types.get(ty).name;
    for entry in entries {
        entry.word = structs::word_of(types, name, entry.word);
        if entry.inside == Inside::No {
            entry.inside = structs::inside(types, entry.word);
        }
        if entry.inside != Inside::No && structs::is_whole(name) {
            (entry.inside, entry.field, entry.path) = (Inside::Whole, ty, path.into());
        }
    }
}

/// The same for one offset, by walking down the type: for those too large for a plan.
pub(crate) fn resolve(types: &TypeTable, ty: TypeId, offset: u64) -> Option<PlanEntry> {
    let (mut ty, mut rest, mut path) = (ty, offset, String::new());
    // The containers on the way, the outermost first, with the way to each; and the struct before.
    let (mut containers, mut owner) = (Vec::new(), None);
    let found = |word, field, path: &str, containers: &[(TypeId, String)], owner: Option<TypeId>| {
        let mut entry = [PlanEntry::new(types, offset, word, field, path)];
        owner.into_iter().for_each(|owner| as_container(types, owner, path, &mut entry));
        containers.iter().rev().for_each(|(whole, path)| as_container(types, *whole, path, &mut entry));
        let [entry] = entry;
        entry
    };
    for _ in 0..MAX_DEPTH {
        match &types.get(ty).kind {
            Kind::Array(elem, len) => {
                let stride = types.get(*elem).size;
                if rest.checked_div(stride)? >= *len {
                    return None;
                }
                (ty, rest) = (*elem, rest % stride);
                path.push_str("[i]");
            }
            Kind::Struct(fields) => {
                if let Some((word, field)) = atomic_pointer(types, ty, fields) {
                    return (field.offset == rest).then(|| found(word, ty, &path, &containers, owner));
                }
                if structs::is_whole(&types.get(ty).name) {
                    containers.push((ty, path.clone()));
                }
                let holds = |field: &&Field| {
                    rest.checked_sub(field.offset).is_some_and(|inner| inner < types.get(field.ty).size)
                };
                let field = fields.iter().find(holds)?;
                let inner = field_path(&path, &types.get(ty).name, field);
                if let Some(word) = known_field(types, ty, field) {
                    return Some(found(word, field.ty, &inner, &containers, Some(ty)));
                }
                if !is_passed_over(types, fields, field) {
                    path = inner;
                }
                owner = Some(ty);
                (ty, rest) = (field.ty, rest - field.offset);
            }
            _ => {
                let (_, word) = words(types, ty).into_iter().find(|&(at, _)| at == rest)?;
                return Some(found(word, ty, &path, &containers, owner));
            }
        }
    }
    None
}

/// True if the way through the field needs no name: its own fields are promoted. A single atomic pointer stands for the struct that
/// it is in.
fn is_passed_over(types: &TypeTable, fields: &[Field], field: &Field) -> bool {
    field.is_embedded
        && is_promoted(types, fields, field)
        && !matches!(&types.get(field.ty).kind, Kind::Struct(inner) if atomic_pointer(types, field.ty, inner).is_some())
}

/// DWARF qualifies unexported fields of struct types without a name by their package.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The pointer words of a type that has no parts.
fn words(types: &TypeTable, ty: TypeId) -> Vec<(u64, PointerWord)> {
    match &types.get(ty).kind {
        // Generic code takes every pointer for `go.shape.*uint8`.
        Kind::Pointer(_) if types.get(ty).name.starts_with("go.shape.") => vec![(0, PointerWord::Untyped)],
        Kind::Pointer(elem) => vec![(0, structs::pointer_to(types, *elem))],
        Kind::UnsafePointer => vec![(0, PointerWord::Untyped)],
        Kind::Func => vec![(0, PointerWord::Func)],
        Kind::String => vec![(0, PointerWord::String)],
        Kind::Slice(elem) => vec![(0, PointerWord::Slice(*elem))],
        Kind::Interface(methods) => vec![(8, PointerWord::InterfaceData(*methods))],
        Kind::Map(..) => vec![(0, PointerWord::Map(ty))],
        Kind::Chan(_) => vec![(0, PointerWord::Chan(ty))],
        Kind::Scalar | Kind::Opaque | Kind::Array(..) | Kind::Struct(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_runtime::GoType;

    fn add(table: &mut TypeTable, name: &str, size: u64, kind: Kind) -> TypeId {
        table.add(GoType { name: name.into(), size, kind, descriptor: None })
    }

    #[test]
    fn plans_and_walks_agree() {
        let mut table = TypeTable::default();
        let string = add(&mut table, "string", 16, Kind::String);
        let any = add(&mut table, "any", 16, Kind::Interface(false));
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let pair = Kind::Struct(Box::new([field("s", 0, string), field("x", 16, any)]));
        let pair = add(&mut table, "pair", 32, pair);
        let small = add(&mut table, "[2]pair", 64, Kind::Array(pair, 2));
        let large = add(&mut table, "[5000]pair", 160_000, Kind::Array(pair, 5000));
        let plan = compile(&table, small);
        let planned = |offset| plan.iter().find(|entry| entry.offset == offset).cloned();
        for offset in (0..64).step_by(8) {
            assert_eq!(planned(offset), resolve(&table, large, offset), "at {offset}");
        }
        let entry = planned(56).unwrap();
        assert_eq!((&*entry.path, entry.word), ("[i].x", PointerWord::InterfaceData(false)));
        assert_eq!(planned(8), None);
        assert!(compile(&table, large).len() >= MAX_ENTRIES);
    }

    /// `sync.Map` of Go 1.24 and the parts of its trie.
    fn trie(table: &mut TypeTable) -> [TypeId; 4] {
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let of = |kind: &str| format!("internal/sync.{kind}[interface {{}},interface {{}}]");
        let any = add(table, "interface {}", 16, Kind::Interface(false));
        let bool = add(table, "bool", 1, Kind::Scalar);
        let raw = add(table, "unsafe.Pointer", 8, Kind::UnsafePointer);
        let node = add(table, &of("node"), 1, Kind::Struct(Box::new([field("isEntry", 0, bool)])));
        let atomic = |table: &mut TypeTable, elem: TypeId| {
            let name = table.get(elem).name.to_string();
            let pointer = add(table, &format!("*{name}"), 8, Kind::Pointer(elem));
            let none = add(table, &format!("[0]*{name}"), 0, Kind::Array(pointer, 0));
            let fields = Kind::Struct(Box::new([field("_", 0, none), field("v", 0, raw)]));
            add(table, &format!("sync/atomic.Pointer[{name}]"), 8, fields)
        };
        let child = atomic(table, node);
        let children = add(table, "[16]child", 128, Kind::Array(child, 16));
        let branch = Kind::Struct(Box::new([field("node", 0, node), field("children", 32, children)]));
        let branch = add(table, &of("indirect"), 160, branch);
        let entry = [field("node", 0, node), field("key", 16, any), field("value", 32, any)];
        let entry = add(table, &of("entry"), 48, Kind::Struct(Box::new(entry)));
        let root = atomic(table, branch);
        let whole = add(table, &of("HashTrieMap"), 40, Kind::Struct(Box::new([field("root", 16, root)])));
        let map = add(table, "sync.Map", 40, Kind::Struct(Box::new([field("m", 0, whole)])));
        [map, branch, entry, node]
    }

    #[test]
    fn a_hash_trie_reads_as_a_map() {
        let mut table = TypeTable::default();
        let [map, branch, entry, _] = trie(&mut table);
        let root = compile(&table, map);
        assert_eq!((&*root[0].path, root[0].field, root[0].inside), ("", map, Inside::Whole));
        let children = compile(&table, branch);
        let node = PointerWord::TrieNode { branch, entry };
        assert!(children.iter().all(|child| child.word == node && child.inside == Inside::Part));
        assert_eq!(children.len(), 16);
        let items: Vec<_> = compile(&table, entry).iter().map(|item| (item.path.to_string(), item.inside)).collect();
        assert_eq!(items, [("[key]".to_owned(), Inside::No), ("[value]".to_owned(), Inside::No)]);
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let shard = add(&mut table, "shard", 48, Kind::Struct(Box::new([field("items", 8, map)])));
        let small = add(&mut table, "[2]shard", 96, Kind::Array(shard, 2));
        let planned = &compile(&table, small)[1];
        assert_eq!((&*planned.path, planned.field, planned.inside), ("[i].items", map, Inside::Whole));
        assert_eq!(resolve(&table, small, planned.offset).as_ref(), Some(planned));
        assert_eq!(resolve(&table, entry, 40).unwrap().path, compile(&table, entry)[1].path);
        assert_eq!(resolve(&table, branch, 40).unwrap().word, node);
    }

    #[test]
    fn an_old_sync_map_reads_as_a_map() {
        let mut table = TypeTable::default();
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let any = add(&mut table, "interface {}", 16, Kind::Interface(false));
        let raw = add(&mut table, "unsafe.Pointer", 8, Kind::UnsafePointer);
        let entry = add(&mut table, "sync.entry", 8, Kind::Struct(Box::new([field("p", 0, raw)])));
        let pointer = add(&mut table, "*sync.entry", 8, Kind::Pointer(entry));
        let inner = add(&mut table, "map[interface {}]*sync.entry", 8, Kind::Map(any, pointer));
        let read = add(&mut table, "sync.readOnly", 16, Kind::Struct(Box::new([field("m", 0, inner)])));
        let value = add(&mut table, "sync/atomic.Value", 16, Kind::Struct(Box::new([field("v", 0, any)])));
        let map = Kind::Struct(Box::new([field("read", 8, value), field("dirty", 24, inner)]));
        let map = add(&mut table, "sync.Map", 40, map);
        let whole: Vec<_> = compile(&table, map).iter().map(|entry| (entry.word, entry.field, entry.inside)).collect();
        let expected = [PointerWord::Pointer(read), PointerWord::Map(inner)].map(|word| (word, map, Inside::Whole));
        assert_eq!(whole, expected);
        for (offset, entry) in [(16, 0), (24, 1)] {
            assert_eq!(resolve(&table, map, offset).as_ref(), compile(&table, map).get(entry));
        }
        assert_eq!(compile(&table, read)[0].inside, Inside::Part);
        assert_eq!(compile(&table, pointer)[0].inside, Inside::Part);
        assert_eq!(compile(&table, entry)[0].word, PointerWord::BoxedValue(any));
        assert_eq!(resolve(&table, entry, 0).unwrap().word, PointerWord::BoxedValue(any));
    }
}
