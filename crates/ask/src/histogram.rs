//! How much of the heap is of which type, package or kind.

use crate::recent::Recent;
use foldhash::HashMap;
use goheap_model::names::package_of;
use goheap_model::{
    Evidence, Heap, Kind, ObjectId, Part, Share, Slot, Standing, TextKey, TypeId, UNKNOWN_TYPE, is_wanted_text,
};
use serde::Serialize;
use std::cmp::Reverse;

/// What objects are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The type; arrays of every length are one.
    Type,
    /// The type, of which the insides of its maps and channels are a part: the parts of a map retain the same again and again.
    Whole,
    /// The package of the type.
    Package,
    /// What the type is made of: struct, array, string, map, ...
    Kind,
}

/// Which objects are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Every allocated one.
    #[default]
    Allocated,
    /// Those that a root reaches.
    Reachable,
    /// Those that no root reaches.
    Unreachable,
    /// Those that no word leads to which is there, and that an absent one may have led to.
    NotKnown,
}

const UNKNOWN_KIND: &str = "unknown";

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HistogramRow {
    /// The type, package or kind.
    pub name: String,
    /// Its objects and the bytes of their slots.
    pub share: Share,
    /// Elements of those that are arrays, as many as their slots have room for.
    pub elements: u64,
    /// These bytes by how the types are known, in the order of [`Evidence::ALL`].
    pub by_evidence: [u64; Evidence::ALL.len()],
    /// What the objects retain together, where that was asked for.
    pub retained: Option<u64>,
    /// Of that, what is referred to at most, where that was asked for and is known.
    pub referred: Option<u64>,
    /// Its number before groups were sorted.
    pub(crate) group: usize,
}

impl HistogramRow {
    fn add(&mut self, bytes: u64, elements: u64, evidence: Evidence) {
        self.share.bytes += bytes;
        self.elements = self.elements.saturating_add(elements);
        self.share.objects += 1;
        self.by_evidence[evidence as usize] += bytes;
    }
}

/// Groups with more bytes first, then by name; and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// The groups.
    pub rows: Vec<HistogramRow>,
    /// All of them together.
    pub total: HistogramRow,
}

impl Selection {
    /// True if an object of `heap` is one of them.
    pub fn contains(self, heap: &Heap, slot: Slot) -> bool {
        match self {
            Selection::Allocated => true,
            Selection::Reachable => heap.is_reachable(slot.id),
            Selection::Unreachable => heap.standing(slot.id) == Standing::Unreachable,
            Selection::NotKnown => heap.standing(slot.id) == Standing::NotKnown,
        }
    }
}

/// Counts the objects of `selection` of whose type `is_wanted` says so; it is given the type's text
/// ([`Heap::family_text`], of wholes [`Heap::whole_text`]) once for each type, empty for what is not known; of an array also its
/// element's.
pub fn histogram(
    heap: &Heap,
    grouping: Grouping,
    selection: Selection,
    is_wanted: impl FnMut(&str) -> bool,
) -> Histogram {
    group_objects(heap, grouping, selection, is_wanted).finish()
}

/// The same before it is sorted.
pub(crate) fn group_objects(
    heap: &Heap,
    grouping: Grouping,
    selection: Selection,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> Groups {
    let (mut groups, mut recent) = (Groups::default(), Recent::default());
    for slot in heap.objects.allocated().filter(|&slot| selection.contains(heap, slot)) {
        let (group, elements) = recent.of_slot(heap, slot, || {
            let key = heap.text_key(slot);
            let elements = key.map_or(0, |key| heap.elements(key));
            let key = key.map(TextKey::family);
            let known = groups.of_key.get(&key.map(TextKey::identity)).copied();
            let group = known.unwrap_or_else(|| {
                let text = key.map_or_else(String::new, |key| heap.text_of(key));
                // Parts of a map or channel are wanted as it is, and told with it.
                let whole = key.filter(|_| grouping == Grouping::Whole).and_then(|key| heap.whole_text(key));
                let is_wanted = is_wanted_text(whole.as_ref().unwrap_or(&text), &mut is_wanted);
                let name = is_wanted.then(|| whole.unwrap_or_else(|| group_name(heap, grouping, key, text)));
                groups.insert(key, name)
            });
            (group, elements)
        });
        if let Some(group) = group {
            let evidence = heap.object_types.of(slot.id).evidence();
            groups.rows[group].add(heap.objects.size(slot), elements, evidence);
        }
    }
    groups
}

fn group_name(heap: &Heap, grouping: Grouping, key: Option<TextKey>, text: String) -> String {
    let Some(key) = key.filter(|_| !text.is_empty()) else {
        return if grouping == Grouping::Kind { UNKNOWN_KIND } else { UNKNOWN_TYPE }.to_owned();
    };
    match grouping {
        Grouping::Type | Grouping::Whole => text,
        Grouping::Package => match key.part {
            Part::Closure => package_of(text.strip_prefix("func ").unwrap_or(&text)).into_owned(),
            Part::StringData => package_of("string").into_owned(),
            _ => package_of(&heap.types.get(key.ty).name).into_owned(),
        },
        Grouping::Kind => kind_name(heap, key.part, key.ty).to_owned(),
    }
}

fn kind_name(heap: &Heap, part: Part, ty: TypeId) -> &'static str {
    match part {
        Part::Elements => "array",
        Part::StringData => "string",
        Part::ChanHeader | Part::ChanBuffer => "chan",
        Part::Closure => "func",
        Part::Value => match heap.types.get(ty).kind {
            Kind::Struct(_) => "struct",
            Kind::Array(..) => "array",
            Kind::String => "string",
            Kind::Map(..) => "map",
            Kind::Chan(_) => "chan",
            Kind::Func => "func",
            Kind::Pointer(_) | Kind::UnsafePointer => "pointer",
            Kind::Interface(_) => "interface",
            Kind::Slice(_) => "slice",
            Kind::Scalar => "number",
            Kind::Opaque => UNKNOWN_KIND,
        },
        _ => "map",
    }
}

/// Groups being filled.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) rows: Vec<HistogramRow>,
    /// None: not wanted.
    of_key: HashMap<Option<(Part, TypeId, u64)>, Option<usize>>,
    of_name: HashMap<String, usize>,
}

impl Groups {
    fn insert(&mut self, key: Option<TextKey>, name: Option<String>) -> Option<usize> {
        let rows = &mut self.rows;
        let group = name.map(|name| {
            *self.of_name.entry(name.clone()).or_insert_with(|| {
                rows.push(HistogramRow { name, group: rows.len(), ..HistogramRow::default() });
                rows.len() - 1
            })
        });
        self.of_key.insert(key.map(TextKey::identity), group);
        group
    }

    /// The group of an object; None of what is not wanted.
    pub(crate) fn of(&self, heap: &Heap, id: ObjectId, recent: &mut Recent<Option<usize>>) -> Option<usize> {
        recent.of(heap, id, || {
            let key = heap.text_key(heap.objects.slot(id));
            self.of_key.get(&key.map(|key| key.family().identity())).copied().flatten()
        })
    }

    pub(crate) fn finish(mut self) -> Histogram {
        let mut total = HistogramRow::default();
        for row in &self.rows {
            total.share.bytes += row.share.bytes;
            total.share.objects += row.share.objects;
            total.elements = total.elements.saturating_add(row.elements);
            total.by_evidence.iter_mut().zip(row.by_evidence).for_each(|(sum, bytes)| *sum += bytes);
        }
        self.rows.sort_by(|a, b| (Reverse(a.share.bytes), &a.name).cmp(&(Reverse(b.share.bytes), &b.name)));
        Histogram { rows: self.rows, total }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::HeapBuilder;

    fn heap() -> Heap {
        let mut heap = HeapBuilder::default();
        let root = heap.object("main.Root", 8);
        let derived = (Part::Elements, Evidence::Derived);
        let parts = [(32, derived), (64, derived), (48, (Part::Value, Evidence::Candidate))];
        for (bytes, (part, evidence)) in parts {
            let part = heap.part("net/http.Header", bytes, part, evidence);
            heap.refer(root, part);
        }
        let unknown = heap.object("", 16);
        heap.refer(root, unknown);
        heap.variable("main.root *main.Root", root);
        heap.build().unwrap()
    }

    fn names(grouping: Grouping, is_wanted: impl FnMut(&str) -> bool) -> Vec<(String, u64)> {
        let rows = histogram(&heap(), grouping, Selection::Allocated, is_wanted).rows;
        rows.into_iter().map(|row| (row.name, row.share.bytes)).collect()
    }

    #[test]
    fn arrays_of_every_length_are_one_type() {
        let all = names(Grouping::Type, |_| true);
        let row = |name: &str, bytes| (name.to_owned(), bytes);
        let expected =
            [row("[...]net/http.Header", 96), row("net/http.Header", 48), row("(unknown)", 16), row("main.Root", 8)];
        assert_eq!(all, expected);
        assert_eq!(names(Grouping::Package, |_| true), [row("net/http", 144), row("(unknown)", 16), row("main", 8)]);
        let kinds = [row("array", 96), row("struct", 56), row("unknown", 16)];
        assert_eq!(names(Grouping::Kind, |_| true), kinds);
    }

    #[test]
    fn who_asks_for_a_type_gets_arrays_of_it_too() {
        assert_eq!(
            names(Grouping::Kind, |text| text == "net/http.Header"),
            [("array".to_owned(), 96), ("struct".to_owned(), 48)]
        );
    }

    /// A map of a named type, with its parts, and a channel with its buffer.
    fn containers() -> Heap {
        let mut builder = HeapBuilder::default();
        let parts = [(Part::MapHeader, 48), (Part::MapTable, 32), (Part::MapGroups, 512), (Part::Machinery, 16)];
        for (part, bytes) in parts {
            builder.part("main.Index", bytes, part, Evidence::Exact);
        }
        builder.part("chan main.Item", 96, Part::ChanHeader, Evidence::Exact);
        builder.part("chan main.Item", 256, Part::ChanBuffer, Evidence::Exact);
        builder.part("string", 64, Part::StringData, Evidence::Derived);
        builder.part("func()", 24, Part::Closure, Evidence::Exact);
        let mut heap = builder.build().unwrap();
        let ty = |name: &str, size, kind| goheap_model::GoType { name: name.into(), size, kind, descriptor: None };
        let [string, item] =
            [("string", 16), ("main.Item", 64)].map(|(name, size)| heap.types.add(ty(name, size, Kind::Opaque)));
        let map = heap.types.add(ty("main.Index", 8, Kind::Map(string, item)));
        let chan = heap.types.add(ty("chan main.Item", 8, Kind::Chan(item)));
        let kinds = (0..8).map(|id| {
            let kind = heap.object_types.of(ObjectId(id));
            let ty = match id {
                0..4 => map,
                4 | 5 => chan,
                _ => return kind,
            };
            goheap_model::ObjectType::new(kind.part(), ty, kind.evidence())
        });
        heap.object_types = kinds.collect();
        heap.closures =
            goheap_model::ClosureFunctions::new([(ObjectId(7), 0x10)], |_| Some("net/http.serve.func1".into()));
        heap
    }

    fn rows(heap: &Heap, grouping: Grouping) -> Vec<(String, u64, u64)> {
        let rows = histogram(heap, grouping, Selection::Allocated, |_| true).rows.into_iter();
        rows.map(|row| (row.name, row.share.bytes, row.elements)).collect()
    }

    #[test]
    fn the_insides_of_a_map_are_the_map_where_wholes_are_asked_for() {
        let row = |name: &str, bytes, elements| (name.to_owned(), bytes, elements);
        let whole = rows(&containers(), Grouping::Whole);
        let expected = [
            row("map[string]main.Item", 48 + 32 + 512 + 16, 0),
            row("chan main.Item", 96 + 256, 4),
            row("string", 64, 0),
            row("func net/http.serve.func1", 24, 0),
        ];
        assert_eq!(whole, expected);
        let map = |text: &str| text == "map[string]main.Item";
        let found = histogram(&containers(), Grouping::Whole, Selection::Allocated, map).rows;
        assert_eq!((found.len(), found[0].share.bytes), (1, 608), "all parts are what is wanted");
        let types = rows(&containers(), Grouping::Type);
        assert_eq!(types[0], row("map[string]main.Item groups", 512, 0));
        assert!(types.contains(&row("[...]main.Item", 256, 4)), "a buffer is an array: {types:?}");
        assert!(types.contains(&row("map[string]main.Item internals", 16, 0)));
    }

    #[test]
    fn parts_have_the_kind_of_what_they_are_parts_of() {
        let kinds: Vec<_> = rows(&containers(), Grouping::Kind).into_iter().map(|row| (row.0, row.1)).collect();
        let row = |name: &str, bytes| (name.to_owned(), bytes);
        assert_eq!(kinds, [row("map", 608), row("chan", 352), row("string", 64), row("func", 24)]);
    }

    #[test]
    fn closures_are_of_the_package_of_their_function() {
        let packages: Vec<_> = rows(&containers(), Grouping::Package).into_iter().map(|row| (row.0, row.1)).collect();
        assert!(packages.contains(&("net/http".to_owned(), 24)), "{packages:?}");
        assert!(
            packages.contains(&("main".to_owned(), 608 + 352)),
            "maps and channels are of their type's: {packages:?}"
        );
    }

    #[test]
    fn what_an_absent_word_may_lead_to_is_neither_reachable_nor_garbage() {
        let mut heap = heap();
        heap.reached = goheap_graph::IdBitSet::default();
        heap.reached.insert(0);
        heap.unreached.lacks = true;
        heap.unreached.dead.insert(4);
        let bytes = |selection| histogram(&heap, Grouping::Type, selection, |_| true).total.share.bytes;
        assert_eq!((bytes(Selection::Reachable), bytes(Selection::Unreachable)), (8, 16));
        assert_eq!(bytes(Selection::NotKnown), 32 + 64 + 48);
        assert_eq!(bytes(Selection::Allocated), 8 + 16 + 32 + 64 + 48);
    }

    #[test]
    fn groups_of_as_many_bytes_stand_by_name() {
        let mut heap = HeapBuilder::default();
        ["main.B", "main.A", "main.C"].into_iter().for_each(|name| _ = heap.object(name, 32));
        let heap = heap.build().unwrap();
        let names = rows(&heap, Grouping::Type).into_iter().map(|row| row.0);
        assert!(names.eq(["main.A", "main.B", "main.C"]));
    }

    #[test]
    fn bytes_are_summed_by_evidence_and_elements_by_room() {
        let found = histogram(&heap(), Grouping::Type, Selection::Allocated, |_| true);
        assert_eq!(found.total.by_evidence, [16, 48, 96, 8]);
        assert_eq!((found.total.share.objects, found.total.elements), (5, 1 + 2));
    }
}
