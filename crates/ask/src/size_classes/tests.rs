#![allow(clippy::unwrap_used)]

use super::*;
use goheap_model::{Evidence, GoType, Kind, Objects, Part, Unreached};
use std::sync::Arc;

const PAGE: u64 = 8192;

/// Spans of so many bytes a slot, with the bits of their slots, and whether the collector looks into them.
fn heap(spans: &[(u64, u8, bool)]) -> Heap {
    let mut start = 0xc0_0000_0000;
    let slots: Vec<(SlotSpan, [u8; 1])> = spans
        .iter()
        .map(|&(slot_bytes, allocated, has_pointers)| {
            let is_large = slot_bytes >= PAGE;
            let bytes = if is_large { slot_bytes } else { PAGE };
            let slots = if is_large { 1 } else { 8 };
            let span = SlotSpan { start, bytes, slot_bytes, slots, has_pointers, is_large, ..SlotSpan::default() };
            start += bytes;
            (span, [allocated])
        })
        .collect();
    let mut heap = Heap::default();
    let slots = slots.iter().map(|(span, bits)| (*span, &bits[..]));
    heap.objects = Arc::new(Objects::new(slots).unwrap());
    heap.object_types = std::iter::repeat_n(ObjectType::UNKNOWN, heap.objects.len() as usize).collect();
    heap
}

#[test]
fn classes_stand_by_size_without_pointers_first_and_large_ones_last() {
    let heap = heap(&[(512, 1, true), (3 * PAGE, 1, true), (64, 1, true), (64, 1, false), (2 * PAGE, 1, false)]);
    let order: Vec<_> = size_classes(&heap, None).iter().map(|class| (class.slot_bytes, class.has_pointers)).collect();
    assert_eq!(order, [(64, false), (64, true), (512, true), (0, false), (0, true)]);
}

#[test]
fn spans_of_one_class_are_one_row_in_which_no_byte_is_lost() {
    let heap = heap(&[(1000, 0b0000_0111, true), (1000, 0b1000_0000, true)]);
    let [class] = size_classes(&heap, None)[..] else { unreachable!("one class") };
    assert_eq!((class.spans, class.slots, class.span_bytes), (2, 16, 2 * PAGE));
    assert_eq!((class.allocated, class.selected), (Share { bytes: 4000, objects: 4 }, class.allocated));
    assert_eq!((class.free_bytes, class.tail_bytes), (12 * 1000, 2 * (PAGE - 8000)));
    assert_eq!(class.allocated.bytes + class.free_bytes + class.tail_bytes, class.span_bytes);
}

#[test]
fn large_objects_of_all_sizes_are_one_row() {
    let heap = heap(&[(2 * PAGE, 1, true), (5 * PAGE, 1, true), (3 * PAGE, 0, true)]);
    let [large] = size_classes(&heap, None)[..] else { unreachable!("one row") };
    assert_eq!((large.spans, large.allocated.bytes, large.free_bytes), (3, 7 * PAGE, 3 * PAGE));
}

#[test]
fn spans_without_a_selected_object_are_left_out() {
    let heap = heap(&[(64, 0b11, true), (512, 0b1, true)]);
    let mut selected = IdBitSet::default();
    selected.insert(1);
    let [class] = size_classes(&heap, Some(&selected))[..] else { unreachable!("one class") };
    assert_eq!((class.slot_bytes, class.selected.objects, class.allocated.objects), (64, 1, 2));
    selected.insert(3);
    assert_eq!(size_classes(&heap, Some(&selected))[0].selected.objects, 1, "a free slot is no object");
    assert_eq!(size_classes(&heap, Some(&IdBitSet::default())), []);
}

#[test]
fn what_rounding_costs_is_told_by_types() {
    let mut heap = heap(&[(64, 0b111, true)]);
    let ty = |size| GoType { name: "main.T".into(), size, kind: Kind::Struct([].into()), descriptor: None };
    let (small, whole) = (heap.types.add(ty(50)), heap.types.add(ty(64)));
    let of = |ty| ObjectType::new(Part::Value, ty, Evidence::Exact);
    let rest = std::iter::repeat_n(ObjectType::UNKNOWN, 6);
    heap.object_types = [of(small), of(whole)].into_iter().chain(rest).collect();
    assert_eq!(size_classes(&heap, None)[0].rounding_bytes, 14, "that of the third is not known");
    let mut selected = IdBitSet::default();
    selected.insert(1);
    assert_eq!(size_classes(&heap, Some(&selected))[0].rounding_bytes, 0);
}

#[test]
fn objects_are_selected_by_type_and_by_standing() {
    let mut heap = heap(&[(64, 0b111, true)]);
    let ty = |name: &str| GoType { name: name.into(), size: 64, kind: Kind::Struct([].into()), descriptor: None };
    let (item, other) = (heap.types.add(ty("main.Item")), heap.types.add(ty("main.Other")));
    let of = |ty| ObjectType::new(Part::Value, ty, Evidence::Exact);
    let rest = std::iter::repeat_n(ObjectType::UNKNOWN, 5);
    heap.object_types = [of(item), of(other), of(item)].into_iter().chain(rest).collect();
    heap.reached.insert(0);
    heap.unreached = Unreached { lacks: true, dead: IdBitSet::default() };
    heap.unreached.dead.insert(2);
    let selected = |selection, wanted: &str| {
        let set = selected_objects(&heap, selection, |text| text == wanted);
        set.iter_ones().collect::<Vec<u32>>()
    };
    assert_eq!(selected(Selection::Allocated, "main.Item"), [0, 2]);
    assert_eq!(selected(Selection::Reachable, "main.Item"), [0]);
    assert_eq!(selected(Selection::Unreachable, "main.Item"), [2], "it is dead for certain");
    assert_eq!(selected(Selection::NotKnown, "main.Other"), [1], "an absent word may lead to it");
    assert_eq!(selected(Selection::NotKnown, "main.Item"), [0_u32; 0]);
}
