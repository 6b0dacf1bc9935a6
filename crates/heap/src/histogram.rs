//! How much of the heap is of which type, package or kind.

use crate::absent::Standing;
use crate::names::describe::{TextKey, is_wanted_text};
use crate::names::package::package_of;
use crate::objects::object_type::{Evidence, Part};
use crate::objects::pointer_counts::Share;
use crate::objects::table::Slot;
use crate::snapshot::HeapSnapshot;
use goheap_runtime::{Kind, TypeId};
use rustc_hash::FxHashMap;
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

/// The name of the group of objects whose type is not known.
pub(crate) const UNKNOWN: &str = "(unknown)";
const UNKNOWN_KIND: &str = "unknown";

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Its number before groups were sorted.
    pub(crate) group: usize,
}

impl HistogramRow {
    fn add(&mut self, bytes: u64, elements: u64, evidence: usize) {
        self.share.bytes += bytes;
        self.elements = self.elements.saturating_add(elements);
        self.share.objects += 1;
        self.by_evidence[evidence] += bytes;
    }
}

/// Groups with more bytes first, then by name; and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The groups.
    pub rows: Vec<HistogramRow>,
    /// All of them together.
    pub total: HistogramRow,
}

impl HeapSnapshot<'_, '_> {
    /// Counts the objects of `selection` of whose type `is_wanted` says so; it is given the type's text
    /// ([`HeapSnapshot::family_text`]) once for each type, empty for what is not known; of an array also its element's.
    pub fn histogram(
        &self,
        grouping: Grouping,
        selection: Selection,
        is_wanted: impl FnMut(&str) -> bool,
    ) -> Histogram {
        self.group_objects(grouping, selection, is_wanted).finish()
    }

    /// The same before it is sorted.
    pub(crate) fn group_objects(
        &self,
        grouping: Grouping,
        selection: Selection,
        mut is_wanted: impl FnMut(&str) -> bool,
    ) -> Groups {
        let mut groups = Groups::default();
        for slot in self.objects.allocated().filter(|&slot| self.is_selected(slot, selection)) {
            let key = self.text_key(slot);
            let elements = key.map_or(0, |key| self.elements(key));
            let key = key.map(TextKey::family);
            let group = groups.of_key.get(&key.map(TextKey::identity)).copied().unwrap_or_else(|| {
                let text = key.map_or_else(String::new, |key| self.text_of(key));
                let is_wanted = is_wanted_text(&text, &mut is_wanted);
                let name = is_wanted.then(|| self.group_name(grouping, key, text));
                groups.insert(key, name)
            });
            if let Some(group) = group {
                let evidence = self.object_types[slot.id.0 as usize].evidence();
                let evidence = Evidence::ALL.iter().position(|&one| one == evidence).unwrap_or(0);
                groups.rows[group].add(self.objects.span(slot).elem_size, elements, evidence);
            }
        }
        groups
    }

    pub(crate) fn is_selected(&self, slot: Slot, selection: Selection) -> bool {
        match selection {
            Selection::Allocated => true,
            Selection::Reachable => self.is_reachable(slot.id),
            Selection::Unreachable => self.standing(slot.id) == Standing::Unreachable,
            Selection::NotKnown => self.standing(slot.id) == Standing::NotKnown,
        }
    }

    fn group_name(&self, grouping: Grouping, key: Option<TextKey>, text: String) -> String {
        let Some(key) = key.filter(|_| !text.is_empty()) else {
            return if grouping == Grouping::Kind { UNKNOWN_KIND } else { UNKNOWN }.to_owned();
        };
        match grouping {
            Grouping::Type => text,
            Grouping::Whole => self.whole_text(key).unwrap_or(text),
            Grouping::Package => match key.part {
                Part::Closure => package_of(text.strip_prefix("func ").unwrap_or(&text)).into_owned(),
                Part::StringData => package_of("string").into_owned(),
                _ => package_of(&self.types.get(key.ty).name).into_owned(),
            },
            Grouping::Kind => self.kind_name(key.part, key.ty).to_owned(),
        }
    }

    fn kind_name(&self, part: Part, ty: TypeId) -> &'static str {
        match part {
            Part::Elements => "array",
            Part::StringData => "string",
            Part::ChanHeader | Part::ChanBuffer => "chan",
            Part::Closure => "func",
            Part::Value => match self.types.get(ty).kind {
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
}

/// Groups being filled.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) rows: Vec<HistogramRow>,
    /// None: not wanted.
    of_key: FxHashMap<Option<(Part, TypeId, u64)>, Option<usize>>,
    of_name: FxHashMap<String, usize>,
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

    /// The group of objects of a type, by its key; None of what is not wanted.
    pub(crate) fn of(&self, key: Option<TextKey>) -> Option<usize> {
        self.of_key.get(&key.map(|key| key.family().identity())).copied().flatten()
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
