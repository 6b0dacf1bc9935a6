//! Types of objects: each has a number, in the order in which they are met.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use foldhash::HashMap;
use goheap_ask::Recent;
use goheap_model::names::package_of;
use goheap_model::{Dominance, Graph, Heap, Part, Share, Slot, TextKey, TypeId, UNKNOWN_TYPE};
use std::io::Write;

/// The number of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeNumber(pub(super) u32);

/// Types that were met.
///
/// # Overhead
/// Their names, and some 100 bytes each.
pub(super) struct Types {
    /// Answers for the objects that were met last.
    recent: Recent<(TypeNumber, u64)>,
    known: Known,
}

#[derive(Debug, Default)]
struct Known {
    by_key: HashMap<Option<(Part, TypeId, u64)>, TypeNumber>,
    /// By name and by what it is a part of: the buffer of a channel is named as an array is.
    by_name: HashMap<(String, String), TypeNumber>,
    met: Vec<Met>,
}

#[derive(Debug, Default)]
struct Met {
    name: String,
    whole: String,
    package: String,
    all: Share,
    reachable: Share,
    elements: u64,
}

impl Types {
    /// None yet.
    pub(super) fn new() -> Self {
        Types { recent: Recent::default(), known: Known::default() }
    }

    /// The number of an object's type, and the elements of an array.
    pub(super) fn of(&mut self, heap: &Heap, slot: Slot) -> (TypeNumber, u64) {
        self.recent.of_slot(heap, slot, || self.known.asked(heap, slot))
    }

    /// Counts an object of the type with that number.
    pub(super) fn count(&mut self, number: TypeNumber, bytes: u64, elements: u64, is_reachable: bool) {
        self.known.count(number, bytes, elements, is_reachable);
    }

    /// How many were met.
    pub(super) fn len(&self) -> usize {
        self.known.met.len()
    }

    /// The name of the type with that number.
    pub(super) fn name(&self, number: usize) -> &str {
        self.known.met.get(number).map_or(UNKNOWN_TYPE, |met| &met.name)
    }
}

impl Known {
    fn asked(&mut self, heap: &Heap, slot: Slot) -> (TypeNumber, u64) {
        let key = heap.text_key(slot);
        let elements = key.map_or(0, |key| heap.elements(key));
        let key = key.map(TextKey::family);
        let identity = key.map(TextKey::identity);
        if let Some(&number) = self.by_key.get(&identity) {
            return (number, elements);
        }
        let met = Met::new(heap, key);
        let next = TypeNumber(self.met.len() as u32);
        let number = *self.by_name.entry((met.name.clone(), met.whole.clone())).or_insert(next);
        if number == next {
            self.met.push(met);
        }
        self.by_key.insert(identity, number);
        (number, elements)
    }

    fn count(&mut self, number: TypeNumber, bytes: u64, elements: u64, is_reachable: bool) {
        let Some(met) = self.met.get_mut(number.0 as usize) else { return };
        met.elements = met.elements.saturating_add(elements);
        let sums = [Some(&mut met.all), is_reachable.then_some(&mut met.reachable)];
        for sum in sums.into_iter().flatten() {
            *sum = Share { bytes: sum.bytes.saturating_add(bytes), objects: sum.objects + 1 };
        }
    }
}

impl Met {
    fn new(heap: &Heap, key: Option<TextKey>) -> Met {
        let text = key.map(|key| heap.text_of(key)).filter(|text| !text.is_empty());
        let (Some(key), Some(name)) = (key, text) else {
            return Met { name: UNKNOWN_TYPE.to_owned(), whole: UNKNOWN_TYPE.to_owned(), ..Met::default() };
        };
        let whole = heap.whole_text(key).unwrap_or_else(|| name.clone());
        let named = if key.part == Part::Closure { name.strip_prefix("func ").unwrap_or(&name) } else { &name };
        let package = package_of(named).into_owned();
        Met { name, whole, package, ..Met::default() }
    }
}

pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    dominance: &Dominance,
    mut types: Types,
    mut table: TableWriter<'_, W>,
) -> Result<(), ExportError> {
    let retained = retained(rows.graph, dominance, &mut types);
    for ((met, retained), number) in types.known.met.iter().zip(retained).zip(0..) {
        let row = [
            Cell::small(number),
            table.text(&met.name),
            table.text(&met.whole),
            table.text(&met.package),
            Cell::count(met.all.objects),
            Cell::of(met.all.bytes),
            Cell::count(met.reachable.objects),
            Cell::of(met.reachable.bytes),
            Cell::count(met.elements),
            Cell::of(retained),
        ];
        table.row(row)?;
    }
    table.finish()
}

/// What the objects of each type retain at least together: what one of them dominates is counted with the uppermost.
fn retained(graph: Graph<'_>, dominance: &Dominance, types: &mut Types) -> Vec<u64> {
    let (mut retained, mut covered) = (vec![0_u64; types.len()], vec![0_u32; types.len()]);
    for ((node, end), place) in dominance.tree.slices().zip(0..) {
        let Some(slot) = graph.slot_of(node) else { continue };
        let (TypeNumber(number), _) = types.of(graph.heap(), slot);
        let number = number as usize;
        if let (Some(covered), Some(retained)) = (covered.get_mut(number), retained.get_mut(number))
            && place >= *covered
        {
            *covered = end;
            *retained = retained.saturating_add(dominance.retained.at(place));
        }
    }
    retained
}
