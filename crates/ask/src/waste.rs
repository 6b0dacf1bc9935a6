//! What size classes cost: bytes of slots beyond the values in them, by type.

use foldhash::HashMap;
use goheap_model::{Heap, ObjectId, Slot, TextKey};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Slots that small values without pointers share (runtime/malloc.go `maxTinySize`).
const TINY_BLOCK: u64 = 16;

/// The objects of one type, arrays of every length as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rounding {
    /// The type.
    pub ty: String,
    /// Bytes beyond the value, or beyond the whole elements that fit.
    pub rounding_bytes: u64,
    /// Objects that lose any.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
}

/// What is lost in objects that roots reach, by type, the most first; types without a loss are left out.
pub fn rounding(heap: &Heap) -> Vec<Rounding> {
    let of_span = |index: u32| {
        let (span, first) = (&heap.objects.spans()[index as usize], heap.objects.first_of(index));
        let mut found: HashMap<_, (Slot, Rounding)> = HashMap::default();
        // What is left in a block of the tiny allocator (runtime/malloc.go) is no loss: the next small value goes there.
        if !span.has_pointers && span.slot_bytes == TINY_BLOCK {
            return Vec::new();
        }
        for id in heap.reached.ones_in(first..first + span.slots) {
            let lost = heap.types.rounding(heap.object_types.of(ObjectId(id)), span.payload_bytes());
            if lost == 0 {
                continue;
            }
            let slot = heap.objects.slot_in(id, index);
            let Some(key) = heap.text_key(slot).map(TextKey::family) else { continue };
            let (_, sum) = found.entry(key.identity()).or_insert_with(|| (slot, Rounding::default()));
            sum.rounding_bytes += lost;
            (sum.objects, sum.bytes) = (sum.objects + 1, sum.bytes + span.slot_bytes);
        }
        found.into_values().collect::<Vec<_>>()
    };
    let found: Vec<Vec<(Slot, Rounding)>> =
        (0..heap.objects.spans().len() as u32).into_par_iter().map(of_span).collect();
    let mut by_type: BTreeMap<String, Rounding> = BTreeMap::new();
    for (slot, more) in found.into_iter().flatten() {
        let sum = by_type.entry(heap.family_text(slot)).or_default();
        sum.rounding_bytes += more.rounding_bytes;
        sum.objects += more.objects;
        sum.bytes += more.bytes;
    }
    let mut all: Vec<Rounding> = by_type.into_iter().map(|(ty, sum)| Rounding { ty, ..sum }).collect();
    all.sort_by_key(|sum| Reverse(sum.rounding_bytes));
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::HeapBuilder;

    #[test]
    fn what_is_beyond_a_value_is_lost_where_something_reaches_it() {
        let mut heap = HeapBuilder::default();
        // The first of a type says how large its values are.
        let fits = heap.object("main.Small", 40);
        let (one, other) = (heap.object("main.Small", 48), heap.object("main.Small", 64));
        let unreachable = heap.object("main.Small", 80);
        heap.refer(fits, one);
        heap.refer(one, other);
        heap.refer(unreachable, other);
        heap.variable("main.small *main.Small", fits);
        let expected = Rounding { ty: "main.Small".into(), rounding_bytes: 32, objects: 2, bytes: 112 };
        assert_eq!(rounding(&heap.build().unwrap()), [expected]);
    }

    #[test]
    fn arrays_lose_what_is_beyond_their_last_whole_element_and_are_one_row() {
        use goheap_model::{Evidence, Part};
        let mut heap = HeapBuilder::default();
        let first = heap.part("main.Point", 24, Part::Value, Evidence::Exact);
        for bytes in [64, 96] {
            let points = heap.part("main.Point", bytes, Part::Elements, Evidence::Exact);
            heap.refer(first, points);
        }
        heap.variable("main.first *main.Point", first);
        // Of 64 bytes 2 × 24 are points; 96 are four of them.
        let expected = Rounding { ty: "[...]main.Point".into(), rounding_bytes: 16, objects: 1, bytes: 64 };
        assert_eq!(rounding(&heap.build().unwrap()), [expected]);
    }

    #[test]
    fn what_loses_most_stands_first_and_what_has_no_type_loses_nothing_known() {
        let mut heap = HeapBuilder::default();
        let holder = heap.object("", 512);
        for (ty, bytes) in [("main.A", 8), ("main.A", 32), ("main.B", 8), ("main.B", 64)] {
            let object = heap.object(ty, bytes);
            heap.refer(holder, object);
        }
        heap.variable("main.all unsafe.Pointer", holder);
        let told: Vec<_> =
            rounding(&heap.build().unwrap()).into_iter().map(|one| (one.ty, one.rounding_bytes)).collect();
        assert_eq!(told, [("main.B".to_owned(), 56), ("main.A".to_owned(), 24)]);
    }

    #[test]
    fn room_in_a_block_of_tiny_values_is_not_lost() {
        use goheap_model::{Evidence, GoType, Kind, ObjectType, Objects, Part, SlotSpan};
        let told = |has_pointers| {
            let span =
                SlotSpan { start: 0x1000, bytes: 16, slot_bytes: 16, slots: 1, has_pointers, ..SlotSpan::default() };
            let mut heap = Heap::default();
            heap.objects = std::sync::Arc::new(Objects::new(std::iter::once((span, &[1][..]))).unwrap());
            let ty = GoType { name: "main.Flag".into(), size: 1, kind: Kind::Scalar, descriptor: None };
            let ty = heap.types.add(ty);
            heap.object_types = std::iter::once(ObjectType::new(Part::Value, ty, Evidence::Exact)).collect();
            heap.reached.insert(0);
            rounding(&heap).len()
        };
        assert_eq!((told(false), told(true)), (0, 1), "what has pointers is never a tiny block");
    }
}
