//! Where strings, slices, interfaces and pointers to small values stand in each kind of object, and how such a place is called.

use crate::meaning::containers::Role;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Meaning, Resolver};
use crate::scan::kind_plans::{kind_count, kind_index, kinds, period};
use crate::snapshot::HeapSnapshot;
use crate::waste::headers::{HeaderPlace, Shape};
use goheap_graph::TrieNode;
use goheap_model::{Kind, ObjectType, TypeId, TypeTable};

/// A value of more bytes is not looked at: no plan is made of it.
const MAX_BYTES: u64 = 1 << 17;
/// Words in all.
const MAX_WORDS: usize = 1 << 22;
/// A value of more bytes than the slot of an interface's box for it is no small one.
pub(super) const SMALL_VALUE: u64 = 16;

/// What a word of a kind of object is the first of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A string: its length follows.
    Text,
    /// A slice of elements of so many bytes: length and capacity follow.
    Slice(u64),
    /// The data word of an interface, whose type is before; an itab if true.
    Interface(bool),
    /// A pointer to a small value of a type.
    Pointer(TypeId),
    /// A pointer of which the type says nothing, or not how much it needs.
    Whole,
}

impl What {
    fn of(types: &TypeTable, word: PointerWord) -> Option<Self> {
        match word {
            PointerWord::String => Some(What::Text),
            PointerWord::Slice(elem) => Some(types.get(elem).size).filter(|&size| size > 0).map(What::Slice),
            PointerWord::InterfaceData(has_methods) => Some(What::Interface(has_methods)),
            PointerWord::Pointer(elem) if is_small(types, elem) => Some(What::Pointer(elem)),
            PointerWord::Pointer(elem) if matches!(types.get(elem).kind, Kind::Struct(_)) => None,
            PointerWord::Pointer(_) | PointerWord::Row(_) | PointerWord::Untyped => Some(What::Whole),
            _ => None,
        }
    }
}

/// True of numbers, booleans and headers of strings, of which many that are alike could be one.
pub(super) fn is_small(types: &TypeTable, ty: TypeId) -> bool {
    let ty = types.get(ty);
    matches!(ty.kind, Kind::Scalar | Kind::String) && (1..=SMALL_VALUE).contains(&ty.size)
}

/// One such word.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderWord {
    /// From the beginning of the value.
    pub(super) offset: u32,
    /// Its number among all places.
    pub(super) place: u32,
    pub(super) what: What,
}

/// The words of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct KindWords<'p> {
    pub(super) words: &'p [HeaderWord],
    /// After how many bytes they begin anew; None if they do not.
    pub(super) period: Option<u64>,
}

/// Those of all kinds.
///
/// # Overhead
/// 64 bytes a type, 36 a word.
pub(super) struct Places {
    /// By kind: where its words begin and end, and the period.
    of_kind: Vec<u32>,
    kinds: Vec<(u32, u32, Option<u64>)>,
    words: Vec<HeaderWord>,
    /// Of each place: the kind and the offset.
    places: Vec<(ObjectType, u32)>,
}

impl Places {
    pub(super) fn new(snapshot: &HeapSnapshot<'_, '_>, resolver: &Resolver<'_>) -> Self {
        let mut places = Places {
            of_kind: vec![0; kind_count(resolver.types.len())],
            kinds: vec![(0, 0, None)],
            words: Vec::new(),
            places: Vec::new(),
        };
        for kind in kinds(&snapshot.model.heap, &snapshot.objects, &snapshot.object_types) {
            places.add(resolver, kind);
        }
        places
    }

    fn add(&mut self, resolver: &Resolver<'_>, kind: ObjectType) {
        let period = period(resolver, kind.part(), kind.ty());
        let bytes = period.unwrap_or(resolver.types.get(kind.ty()).size);
        let is_planned = bytes <= MAX_BYTES && bytes.is_multiple_of(8) && self.words.len() < MAX_WORDS;
        let first = self.words.len() as u32;
        for offset in (0..if is_planned { bytes } else { 0 }).step_by(8) {
            let Meaning::Entry(_, _, entry) = resolver.meaning(kind, offset) else { continue };
            let Some(what) = What::of(&resolver.types, entry.word) else { continue };
            let place = self.places.len() as u32;
            self.words.push(HeaderWord { offset: offset as u32, place, what });
            self.places.push((kind, offset as u32));
        }
        if let Some(number) = self.of_kind.get_mut(kind_index(kind)) {
            *number = self.kinds.len() as u32;
            self.kinds.push((first, self.words.len() as u32, period));
        }
    }

    /// The words of an object of that type; none of one that is not known.
    #[inline]
    pub(super) fn of(&self, object: ObjectType) -> KindWords<'_> {
        let kind = if object.is_known() { self.of_kind.get(kind_index(object)) } else { None };
        let (first, last, period) = self.kinds[kind.map_or(0, |&kind| kind as usize)];
        KindWords { words: &self.words[first as usize..last as usize], period }
    }
}

/// What places are called.
pub(super) struct Names<'a, 'm, 'p> {
    pub(super) snapshot: &'a HeapSnapshot<'m, 'p>,
    pub(super) resolver: &'a Resolver<'m>,
    pub(super) places: &'a Places,
}

impl Names<'_, '_, '_> {
    /// The holder of a place, with its field, and the type of what stands there: `main.label.name` and `string`.
    pub(super) fn of(&self, place: HeaderPlace) -> (String, String) {
        let types = &self.resolver.types;
        match place.shape {
            Shape::Boxed => {
                let name = types.get(TypeId(place.id)).name.to_string();
                return (name.clone(), name);
            }
            _ if place.is_root => {
                let ty = match place.shape {
                    Shape::Text => "string",
                    Shape::Bytes => "[]uint8",
                    _ => "slice",
                };
                return (self.root_text(place.id), ty.to_owned());
            }
            _ => {}
        }
        let Some(&(kind, offset)) = self.places.places.get(place.id as usize) else { return Default::default() };
        match self.resolver.meaning(kind, offset.into()) {
            Meaning::Entry(role, ty, entry) => {
                let field = &*types.get(entry.field).name;
                (holder(types, kind, (role, ty), &entry.path), field.to_owned())
            }
            _ => Default::default(),
        }
    }
}

impl Names<'_, '_, '_> {
    /// The frames of a root's word: a variable, and where it is in that.
    fn root_text(&self, node: u32) -> String {
        let heap = &**self.snapshot;
        let path = TrieNode::of_index(node as usize).map(|node| heap.tree.path(node)).unwrap_or_default();
        path.into_iter().map(|label| heap.label_text(label)).collect::<Vec<_>>().join(" → ")
    }
}

/// A field by the struct that it is in, wherever that stands; what is no field by its container.
fn holder(types: &TypeTable, kind: ObjectType, (role, ty): (Role, TypeId), path: &str) -> String {
    let (mut ty, mut path) = (ty, path);
    // An array's element is a field's holder like any other.
    while let (Kind::Array(elem, _), Some(rest)) =
        (&types.get(ty).kind, path.strip_prefix("[i]").filter(|rest| !rest.is_empty()))
    {
        (ty, path) = (*elem, rest);
    }
    let name = &*types.get(ty).name;
    match role {
        _ if !path.is_empty() => format!("{name}{path}"),
        Role::Own => name.to_owned(),
        Role::Element => format!("[]{name}[i]"),
        Role::Key | Role::Value | Role::Queued => format!("{}{}", types.get(kind.ty()).name, role.prefix()),
    }
}
