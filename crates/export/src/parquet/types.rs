//! Types of objects: each has a number, in the order in which they are met.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use goheap_ask::{Grouping, Histogram, RetainedHistogram, Selection, histogram, retained_histogram};
use goheap_model::names::package_of;
use goheap_model::{Heap, Observer, Part, Slot, TextKey, TypeId, UNKNOWN_TYPE};
use rustc_hash::FxHashMap;
use std::io::Write;

/// The number of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeNumber(pub(super) u32);

/// Types that were met.
///
/// # Overhead
/// Their names, and some 100 bytes each.
#[derive(Debug, Default)]
pub(super) struct Types {
    by_key: FxHashMap<Option<(Part, TypeId, u64)>, TypeNumber>,
    by_name: FxHashMap<String, TypeNumber>,
    met: Vec<Met>,
}

#[derive(Debug)]
struct Met {
    name: String,
    whole: String,
    package: String,
}

impl Types {
    /// The number of an object's type, and the elements of an array.
    pub(super) fn of(&mut self, heap: &Heap, slot: Slot) -> (TypeNumber, u64) {
        let key = heap.text_key(slot);
        let elements = key.map_or(0, |key| heap.elements(key));
        let key = key.map(TextKey::family);
        let identity = key.map(TextKey::identity);
        if let Some(&number) = self.by_key.get(&identity) {
            return (number, elements);
        }
        let met = Met::new(heap, key);
        let next = TypeNumber(self.met.len() as u32);
        let number = *self.by_name.entry(met.name.clone()).or_insert(next);
        if number == next {
            self.met.push(met);
        }
        self.by_key.insert(identity, number);
        (number, elements)
    }

    /// How many were met.
    pub(super) fn len(&self) -> usize {
        self.met.len()
    }

    /// The name of the type with that number.
    pub(super) fn name(&self, number: usize) -> &str {
        self.met.get(number).map_or(UNKNOWN_TYPE, |met| &met.name)
    }
}

impl Met {
    fn new(heap: &Heap, key: Option<TextKey>) -> Met {
        let text = key.map(|key| heap.text_of(key)).filter(|text| !text.is_empty());
        let (Some(key), Some(name)) = (key, text) else {
            return Met { name: UNKNOWN_TYPE.to_owned(), whole: UNKNOWN_TYPE.to_owned(), package: String::new() };
        };
        let whole = heap.whole_text(key).unwrap_or_else(|| name.clone());
        let named = if key.part == Part::Closure { name.strip_prefix("func ").unwrap_or(&name) } else { &name };
        let package = package_of(named).into_owned();
        Met { name, whole, package }
    }
}

pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    types: Types,
    mut table: TableWriter<W>,
    observer: &dyn Observer,
) -> Result<(), ExportError> {
    observer.begin("types written");
    let heap = rows.graph.heap();
    let request = RetainedHistogram {
        grouping: Grouping::Type,
        selection: Selection::Allocated,
        is_wanted: |_: &str| true,
        exact: 0,
    };
    let retained = by_name(retained_histogram(rows.graph, rows.dominance, request));
    let reachable = by_name(histogram(heap, Grouping::Type, Selection::Reachable, |_| true));
    for (met, number) in types.met.iter().zip(0_i64..) {
        let all = retained.get(&met.name).copied().unwrap_or_default();
        let reached = reachable.get(&met.name).copied().unwrap_or_default();
        let row = [
            Cell::Number(number),
            table.text(&met.name),
            table.text(&met.whole),
            table.text(&met.package),
            Cell::count(all.objects),
            Cell::of(all.bytes),
            Cell::count(reached.objects),
            Cell::of(reached.bytes),
            Cell::count(all.elements),
            Cell::of(all.retained),
        ];
        table.row(row)?;
    }
    table.finish()
}

#[derive(Clone, Copy, Default)]
struct Sums {
    objects: u64,
    bytes: u64,
    elements: u64,
    retained: u64,
}

fn by_name(histogram: Histogram) -> FxHashMap<String, Sums> {
    let rows = histogram.rows.into_iter().map(|row| {
        let retained = row.retained.unwrap_or(0);
        let sums = Sums { objects: row.share.objects, bytes: row.share.bytes, elements: row.elements, retained };
        (row.name, sums)
    });
    rows.collect()
}
