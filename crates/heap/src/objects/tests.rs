//! From addresses to slots, and what is counted of words that lead to none.
#![allow(clippy::unwrap_used)]

use crate::objects::page_table::Slots;
use crate::testing::{GoProcess, HEAP};
use goheap_model::ObjectId;

/// A process with spans of each kind: an object of each, with the bytes of its payload.
fn process(release: &str) -> (GoProcess, [(u64, u64, Slots); 5]) {
    let mut go = GoProcess::of_release(release);
    go.define("main.Node", &[("next", "*main.Node"), ("text", "string")]);
    let small = [go.object("main.Node"), go.object("main.Node"), go.object("main.Node")];
    let tiny = [go.data(&[1; 16]), go.data(&[1; 16])];
    let bytes = [go.data(&[1; 200]), go.data(&[1; 200])];
    let headed = [go.row("main.Node", 30), go.row("main.Node", 30)];
    let large = go.row("main.Node", 2000);
    let objects = [
        (small[1], 24, Slots::WithBits),
        (tiny[1], 16, Slots::Tiny),
        (bytes[1], 208, Slots::NoPointers),
        (headed[1], 760, Slots::Other),
        (large, 49152, Slots::Other),
    ];
    (go, objects)
}

#[test]
fn every_address_of_a_slot_leads_to_it() {
    for release in ["go1.22.1", "go1.26.1"] {
        let (go, objects) = process(release);
        go.take(|snapshot| {
            let table = &snapshot.objects;
            for (at, room, slots) in objects {
                let slot = table.find_allocated(at).unwrap();
                assert_eq!(table.payload(slot), (at, room), "{release} {slots:?}");
                for offset in [0, 1, room / 2, room - 1] {
                    let (found, place) = (table.find(at + offset).unwrap(), table.place(at + offset));
                    assert_eq!(
                        (found.id, found.span, found.slot),
                        (slot.id, slot.span, slot.slot),
                        "{release} +{offset}"
                    );
                    assert_eq!((place.id, place.span, place.offset), (slot.id.0, slot.span, offset), "{release}");
                    assert_eq!(place.slots, slots, "{release}");
                }
                let behind = table.find(at + room).map(|slot| slot.id);
                assert_ne!(behind, Some(slot.id), "{release} {slots:?}");
            }
        });
    }
}

#[test]
fn what_begins_an_object_before_its_payload_is_its_slots() {
    let (go, objects) = process("go1.26.1");
    let (headed, _, _) = objects[3];
    go.take(|snapshot| {
        let (slot, before) = (snapshot.objects.find(headed).unwrap(), snapshot.objects.find(headed - 8).unwrap());
        assert_eq!((slot.id, snapshot.objects.address(slot)), (before.id, headed - 8));
        let place = snapshot.objects.place(headed - 8);
        assert_eq!((place.id, place.offset), (slot.id.0, 8_u64.wrapping_neg()), "it lies before the payload");
    });
}

#[test]
fn where_no_slot_is_nothing_is_found() {
    let (go, objects) = process("go1.26.1");
    let small = objects[0].0;
    go.take(|snapshot| {
        let table = &snapshot.objects;
        let tail = small / 8192 * 8192 + 8192 - 8;
        for at in [0, 8, HEAP - 8, HEAP + 0x100_0000, tail, u64::MAX] {
            assert!(table.find(at).is_none(), "{at:#x}");
            assert_eq!(table.place(at).id, u32::MAX, "{at:#x}");
        }
        let free = small / 8192 * 8192 + 200 * 24;
        let slot = table.find(free).unwrap();
        assert!(table.find_allocated(free).is_none() && !table.is_allocated(slot), "a free slot is found as such");
    });
}

#[test]
fn slots_are_numbered_in_order_of_their_addresses() {
    let (go, _) = process("go1.26.1");
    go.take(|snapshot| {
        let table = &snapshot.objects;
        let mut last: Option<(ObjectId, u64)> = None;
        for slot in table.allocated() {
            let here = (slot.id, table.address(slot));
            assert!(last.is_none_or(|last| last.0 < here.0 && last.1 < here.1));
            assert_eq!(table.slot(slot.id).slot, slot.slot);
            last = Some(here);
        }
        assert_eq!(table.allocated().count(), 10);
        let with_pointers = table.allocated_in(|span| !span.is_noscan());
        assert_eq!(with_pointers.count(), 6);
    });
}

#[test]
fn words_that_lead_to_no_object_are_counted_by_where_they_lead() {
    let mut go = GoProcess::new();
    go.define("main.Node", &[("next", "*main.Node"), ("text", "string")]);
    let (node, freed) = (go.object("main.Node"), go.object("main.Node"));
    go.free(freed);
    go.goroutine(crate::testing::Doing::Runnable, &[("main.work", &[])]);
    let (stack, _) = go.open(|model| model.goroutines[0].stack);
    let tail = node / 8192 * 8192 + 8192 - 16;
    let (code, none) = (go.function("main.work"), HEAP + 0x20_0000);
    let holder = go.raw(64, &[0, 1, 2, 3, 4, 5]);
    go.set(holder, &[node, freed, tail, stack + 0x100, none, code]);
    go.variable("main.holder", "unsafe.Pointer", &[holder]);
    go.take(|snapshot| {
        let counts = &snapshot.totals.pointers;
        assert_eq!((counts.words, counts.to_objects, counts.to_free_slots), (6, 1, 1));
        let rest = [counts.to_span_tails, counts.to_manual_spans, counts.to_free_pages, counts.outside];
        assert_eq!(rest, [1, 1, 1, 1]);
        assert_eq!((counts.absent, counts.roots_to_free_slots), (0, 0));
    });
}
