//! Writing down by which fields objects lead to each other, so that the core can go.

use super::ReferenceGraph;
use super::fields::CoreFields;
use foldhash::{HashMap, HashSet};
use goheap_model::{FieldTable, FieldType, Fields, Kind, KnownField, ObjectId, Slot, TypeId, kind_of, offset_of};
use rayon::prelude::*;

/// A kind of object and an offset in its period.
type Place = (u32, u64);

impl ReferenceGraph<'_, '_, '_> {
    /// The fields of all references, of a graph that was made with words; empty of any other.
    pub fn field_table(&self) -> FieldTable {
        let fields = self.fields();
        let periods = self.periods(&fields);
        let examples = self.examples(&periods);
        let known = |slot: Slot, offset: u64| KnownField {
            place: fields.place(slot, offset, false),
            element_bytes: fields.places.element_bytes(slot, offset),
        };
        let places =
            examples.into_iter().map(|(place, (id, offset))| (place, known(self.snapshot.objects.slot(id), offset)));
        let places: HashMap<Place, KnownField> = places.collect();
        let dynamic = self.dynamic_types(&periods, &places);
        let types = &self.snapshot.types;
        FieldTable::new(periods, places, dynamic, types.ids().map(|ty| fields.is_machinery(ty)).collect())
    }

    /// The period of each kind of object that there is.
    fn periods(&self, fields: &CoreFields<'_, '_, '_, '_>) -> HashMap<u32, u64> {
        let (snapshot, mut periods) = (self.snapshot, HashMap::default());
        for slot in snapshot.objects.slots_of(snapshot.reached.iter_ones()) {
            let object = snapshot.object_types.of(slot.id);
            periods.entry(kind_of(object)).or_insert_with(|| fields.places.period(object).unwrap_or(0));
        }
        periods
    }

    /// Of each place an object and the offset of a word there: the first in order.
    fn examples(&self, periods: &HashMap<u32, u64>) -> HashMap<Place, (ObjectId, u64)> {
        let found: Vec<HashMap<Place, (ObjectId, u64)>> = self.each_span(|span| {
            let mut found = HashMap::default();
            self.for_each_word(span, periods, |slot, offset, place, _| {
                _ = found.entry(place).or_insert((slot.id, offset))
            });
            found
        });
        let mut all = HashMap::default();
        for (place, example) in found.into_iter().flatten() {
            let first = all.entry(place).or_insert(example);
            *first = example.min(*first);
        }
        all
    }

    /// What interfaces hold, by the number of the edge that their data words are.
    fn dynamic_types(&self, periods: &HashMap<u32, u64>, places: &HashMap<Place, KnownField>) -> Vec<(u64, TypeId)> {
        let types = &self.snapshot.types;
        let methods = |known: &KnownField| match known.place.field {
            Some(FieldType::Of(ty, _)) => match types.get(ty).kind {
                Kind::Interface(has_methods) => Some(has_methods),
                _ => None,
            },
            _ => None,
        };
        let interfaces: HashMap<Place, bool> =
            places.iter().filter_map(|(place, known)| Some((*place, methods(known)?))).collect();
        let kinds: HashSet<u32> = interfaces.keys().map(|place| place.0).collect();
        let periods: HashMap<u32, u64> =
            periods.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(&kind, &period)| (kind, period)).collect();
        let found = self.each_span(|span| {
            let mut found = Vec::new();
            self.for_each_word(span, &periods, |slot, offset, place, edge| {
                let held = interfaces.get(&place).and_then(|&methods| self.interface_type(slot, offset, methods));
                found.extend(held.map(|ty| (edge, ty)));
            });
            found
        });
        found.into_iter().flatten().collect()
    }

    fn each_span<T: Send>(&self, of_span: impl Fn(u32) -> T + Sync) -> Vec<T> {
        let spans = self.snapshot.objects.spans().par_iter().enumerate();
        spans.filter(|(_, span)| span.has_pointers).map(|(index, _)| of_span(index as u32)).collect()
    }

    /// Shows `visit` the words of the reached objects of a span whose kinds have a period: where each lies, its place, and the number
    /// of its edge.
    fn for_each_word(&self, span: u32, periods: &HashMap<u32, u64>, mut visit: impl FnMut(Slot, u64, Place, u64)) {
        let (snapshot, graph) = (self.snapshot, self.data().edges());
        let slots = &snapshot.objects.spans()[span as usize];
        let (first, header) = (snapshot.objects.first_of(span), u64::from(slots.header_bytes));
        for id in snapshot.reached.ones_in(first..first + slots.slots) {
            let (object, Some(words)) = (snapshot.object_types.of(ObjectId(id)), graph.tags(id)) else { continue };
            let kind = kind_of(object);
            let Some(&period) = periods.get(&kind).filter(|_| object.is_known()) else { continue };
            let slot = snapshot.objects.slot_in(id, span);
            for (&word, edge) in words.iter().zip(graph.edges_before(id)..) {
                let inner = offset_of(word).wrapping_sub(header);
                let place = (kind, if period > 0 { inner % period } else { inner });
                visit(slot, offset_of(word), place, edge);
            }
        }
    }
}
