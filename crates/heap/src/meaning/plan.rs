//! Scan plans: for each type, what stands at each pointer word of a value, compiled once.

use crate::meaning::containers::structs::{self, Inside};
use crate::meaning::rules::{atomic_pointer, known_field};
use crate::names::promoted::is_promoted;
use goheap_model::{Field, Kind, TypeId, TypeTable};
use std::borrow::Cow;

/// A value with more pointer words than this is resolved by walking its type instead; an array is as large as its element.
const MAX_ENTRIES: usize = 512;
/// The same for values that it has, pointers or not.
const MAX_STEPS: usize = 1 << 14;
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

/// The pointer words of a type.
#[derive(Debug)]
pub(crate) struct Plan {
    /// In order of offset; of an array, those of its first element.
    entries: Box<[PlanEntry]>,
    /// True if these are not all: then [`resolve`] tells.
    is_cut: bool,
}

impl Plan {
    /// What stands at `offset` of a value of `ty`, of which this is the plan.
    pub(crate) fn entry(&self, types: &TypeTable, ty: TypeId, offset: u64) -> Option<Cow<'_, PlanEntry>> {
        if self.is_cut {
            return resolve(types, ty, offset).map(Cow::Owned);
        }
        if self.entries.is_empty() {
            return None;
        }
        let (_, offset, _) = in_element(types, ty, offset)?;
        // Most types have few pointer words, and most of them stand at the start.
        let found = if self.entries.len() <= 8 {
            self.entries.iter().find(|entry| entry.offset == offset)
        } else {
            self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok().map(|index| &self.entries[index])
        };
        found.map(Cow::Borrowed)
    }
}

/// The type whose values an array, or an array of arrays, is a row of; the offset in one of them; and how many arrays there are. None
/// beyond the last of them. Of another type itself.
fn in_element(types: &TypeTable, ty: TypeId, offset: u64) -> Option<(TypeId, u64, usize)> {
    let (mut ty, mut offset) = (ty, offset);
    for arrays in 0..MAX_DEPTH as usize {
        let Kind::Array(elem, len) = types.get(ty).kind else { return Some((ty, offset, arrays)) };
        let stride = types.get(elem).size;
        if offset.checked_div(stride)? >= len {
            return None;
        }
        (ty, offset) = (elem, offset % stride);
    }
    None
}

/// After how many bytes of a value of `ty` its words begin to mean the same anew.
pub(crate) fn period(types: &TypeTable, ty: TypeId) -> u64 {
    let elem = in_element(types, ty, 0).map_or(ty, |(elem, ..)| elem);
    let (whole, elem) = (types.get(ty).size, types.get(elem).size);
    if elem > 0 && elem.is_multiple_of(8) && whole.is_multiple_of(elem) { elem } else { whole }
}

/// The plan of a type.
pub(crate) fn compile(types: &TypeTable, ty: TypeId) -> Plan {
    let Some((elem, _, arrays)) = in_element(types, ty, 0) else {
        return Plan { entries: Box::default(), is_cut: false };
    };
    let mut expansion = Expansion { types, entries: Vec::new(), steps: 0 };
    let is_cut = !expansion.expand(elem, 0, &"[i]".repeat(arrays), MAX_DEPTH);
    let mut entries = if is_cut { Vec::new() } else { expansion.entries };
    entries.sort_by_key(|entry: &PlanEntry| entry.offset);
    entries.dedup_by_key(|entry| entry.offset);
    Plan { entries: entries.into(), is_cut }
}

/// The expansion of a type into its pointer words.
struct Expansion<'t> {
    types: &'t TypeTable,
    entries: Vec<PlanEntry>,
    /// Values looked at: of structs in structs there may be many without a pointer.
    steps: usize,
}

impl Expansion<'_> {
    /// Adds the pointer words of a value of `ty` at `base`; false if they are too many.
    fn expand(&mut self, ty: TypeId, base: u64, path: &str, depth: u32) -> bool {
        let types = self.types;
        self.steps += 1;
        let Some(depth) = depth.checked_sub(1) else { return true };
        if self.steps > MAX_STEPS || self.entries.len() > MAX_ENTRIES {
            return false;
        }
        match &types.get(ty).kind {
            Kind::Array(elem, len) => self.elements(*elem, *len, base, &format!("{path}[i]"), depth),
            Kind::Struct(fields) => self.fields((ty, fields), base, path, depth),
            _ => {
                for (offset, word) in words(types, ty) {
                    self.entries.push(PlanEntry::new(types, base.saturating_add(offset), word, ty, path));
                }
                true
            }
        }
    }

    fn elements(&mut self, elem: TypeId, len: u64, base: u64, path: &str, depth: u32) -> bool {
        let stride = self.types.get(elem).size;
        for index in 0..if stride == 0 { 0 } else { len } {
            let before = self.entries.len();
            if !self.expand(elem, base.saturating_add(index.saturating_mul(stride)), path, depth) {
                return false;
            }
            if self.entries.len() == before {
                return true;
            }
        }
        true
    }

    fn fields(&mut self, (ty, fields): (TypeId, &[Field]), base: u64, path: &str, depth: u32) -> bool {
        let types = self.types;
        if let Some((word, field)) = atomic_pointer(types, ty, fields) {
            self.entries.push(PlanEntry::new(types, base.saturating_add(field.offset), word, ty, path));
            return true;
        }
        let (name, first) = (&*types.get(ty).name, self.entries.len());
        for field in fields.iter().filter(|field| types.get(field.ty).size > 0) {
            let (at, inner) = (base.saturating_add(field.offset), field_path(path, name, field));
            let path = if is_passed_over(types, fields, field) { path } else { &inner };
            match known_field(types, ty, field) {
                Some(word) => self.entries.push(PlanEntry::new(types, at, word, field.ty, &inner)),
                None if !self.expand(field.ty, at, path, depth) => return false,
                None => {}
            }
        }
        as_container(types, ty, path, self.entries.get_mut(first..).unwrap_or_default());
        true
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
fn resolve(types: &TypeTable, ty: TypeId, offset: u64) -> Option<PlanEntry> {
    let (mut ty, offset, arrays) = in_element(types, ty, offset)?;
    let (mut rest, mut path) = (offset, "[i]".repeat(arrays));
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
            Kind::Array(..) => {
                let (elem, inner, arrays) = in_element(types, ty, rest)?;
                (ty, rest) = (elem, inner);
                path.push_str(&"[i]".repeat(arrays));
            }
            Kind::Struct(fields) => {
                if let Some((word, field)) = atomic_pointer(types, ty, fields) {
                    return (field.offset == rest).then(|| found(word, ty, &path, &containers, owner));
                }
                if structs::is_whole(&types.get(ty).name) {
                    containers.push((ty, path.clone()));
                }
                let field = field_at(types, fields, rest)?;
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

/// The field that holds `offset`, of fields in order of offset.
fn field_at<'f>(types: &TypeTable, fields: &'f [Field], offset: u64) -> Option<&'f Field> {
    let end = fields.partition_point(|field| field.offset <= offset);
    let field = fields[..end].iter().rev().find(|field| types.get(field.ty).size > 0)?;
    (offset.checked_sub(field.offset)? < types.get(field.ty).size).then_some(field)
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
mod tests;
