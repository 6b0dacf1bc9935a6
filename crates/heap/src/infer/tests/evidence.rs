//! Which of two words on one object stands, and what is refused.

use super::*;

/// A process with debug information, a list's node and something as large that has other pointers.
fn nodes() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    go.define("main.Pair", &[("a", "*main.Node"), ("b", "*main.Node")]);
    go
}

#[test]
fn a_declared_variable_is_exact_and_what_its_object_leads_to_is_derived() {
    let mut go = nodes();
    let last = go.object("main.Node");
    let first = go.filled("main.Node", &[last]);
    go.variable("main.list", "*main.Node", &[first]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, first), exact("main.Node"));
        assert_eq!(told(snapshot, last), derived("main.Node"));
    });
}

#[test]
fn an_interface_is_exact_wherever_it_lies_in() {
    let mut go = nodes();
    go.define("main.Box", &[("any", "interface {}")]);
    let node = go.object("main.Node");
    let ty = go.descriptor("*main.Node");
    let held = go.filled("main.Box", &[ty, node]);
    let outer = go.filled("*main.Box", &[held]);
    go.variable("main.outer", "**main.Box", &[outer]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, held), derived("main.Box"));
        assert_eq!(told(snapshot, node), exact("main.Node"));
    });
}

#[test]
fn what_the_runtime_recorded_stands_against_a_pointer_of_another_type() {
    for (recorded, said) in [("main.Big", "main.Other"), ("main.Other", "main.Big")] {
        let mut go = nodes();
        go.define("main.Big", &[("next", "*main.Big"), ("rest", "[100]int")]);
        go.define("main.Other", &[("next", "*main.Other"), ("rest", "[100]int")]);
        let object = go.object(recorded);
        go.variable("main.other", &format!("*{said}"), &[object]);
        assert_eq!(told_of(&go, object), exact(recorded));
    }
}

#[test]
fn a_slice_says_that_what_a_header_records_is_a_row() {
    let mut go = nodes();
    go.define("main.Big", &[("next", "*main.Big"), ("rest", "[100]int")]);
    let alone = go.object("main.Big");
    let row = go.row("main.Big", 2);
    go.variable("main.alone", "[]main.Big", &[alone, 1, 1]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, alone), exact("[1]main.Big"));
        assert_eq!(told(snapshot, row), exact("[2]main.Big"), "garbage, by its size");
    });
}

/// The pointer's type is refused where the slot's size or its pointer bits are not the type's.
#[test]
fn a_type_that_is_not_the_slots_is_refused() {
    for (bytes, pointers, is_taken, why) in [
        (16, &[0][..], true, "as it is"),
        (16, &[1], false, "another word is the pointer"),
        (16, &[0, 1], false, "a pointer too many"),
        (24, &[0], false, "a larger slot"),
        (8, &[0], false, "a smaller slot"),
        (16, &[], false, "no pointer at all"),
    ] {
        let mut go = nodes();
        let at = go.raw(bytes, pointers);
        go.variable("main.node", "*main.Node", &[at]);
        go.take(|snapshot| {
            assert_eq!(snapshot.type_at(at) == "main.Node", is_taken, "{why}");
            assert_eq!(snapshot.totals.inference.refused, u64::from(!is_taken), "{why}");
        });
    }
}

#[test]
fn a_row_is_taken_if_the_bits_are_those_of_whole_values() {
    for (words, pointers, is_taken, why) in [
        (6, &[0, 2, 4][..], true, "three nodes"),
        (6, &[0, 2], true, "room for one more, as append leaves it"),
        (6, &[0, 2, 3], false, "half a node"),
        (6, &[1, 3], false, "another word is the pointer"),
    ] {
        let mut go = nodes();
        let at = go.raw(words * 8, pointers);
        go.variable("main.nodes", "[]main.Node", &[at, 2, 2]);
        go.take(|snapshot| assert_eq!(snapshot.type_at(at) == "[3]main.Node", is_taken, "{why}"));
    }
}

#[test]
fn a_slice_may_begin_at_any_element_and_a_value_at_the_start_alone() {
    let mut go = nodes();
    let row = go.row("main.Node", 4);
    go.variable("main.some", "[]main.Node", &[row + 32, 2, 2]);
    assert_eq!(told_of(&go, row), exact("[4]main.Node"));
    let mut go = nodes();
    let row = go.row("main.Node", 4);
    go.variable("main.cut", "[]main.Node", &[row + 8, 2, 2]);
    assert_eq!(go.take(|snapshot| snapshot.totals.inference.refused), 1, "half of a node before");
    let mut go = nodes();
    let pair = go.object("main.Pair");
    go.variable("main.pair", "*main.Pair", &[pair + 8]);
    assert_ne!(told_of(&go, pair), exact("main.Pair"));
}

#[test]
fn a_string_gives_way_to_the_bytes_that_it_lies_in() {
    for (order, variables) in [("slice first", [0, 1]), ("string first", [1, 0])] {
        let mut go = nodes();
        let bytes = go.data(&[b'a'; 32]);
        for variable in variables {
            match variable {
                0 => go.variable("main.bytes", "[]uint8", &[bytes, 32, 32]),
                _ => go.variable("main.text", "string", &[bytes, 8]),
            };
        }
        assert_eq!(told_of(&go, bytes), exact("[32]uint8"), "{order}");
    }
}

#[test]
fn the_more_certain_of_two_types_stands_in_any_order() {
    for (derived, certain) in [("main.Twin", "main.Node"), ("main.Node", "main.Twin")] {
        for names in [["main.a", "main.b"], ["main.b", "main.a"]] {
            let mut go = nodes();
            go.define("main.Twin", &[("next", "*main.Node"), ("size", "int")]);
            go.define("main.Holder", &[("held", &format!("*{derived}"))]);
            let object = go.object("main.Node");
            let holder = go.filled("main.Holder", &[object]);
            go.variable(names[0], "*main.Holder", &[holder]);
            go.variable(names[1], &format!("*{certain}"), &[object]);
            assert_eq!(told_of(&go, object), exact(certain));
        }
    }
}

#[test]
fn two_certain_types_of_one_object_are_a_conflict() {
    let conflicts = |ty: &str| {
        let mut go = nodes();
        go.define("main.Twin", &[("next", "*main.Node"), ("size", "int")]);
        let node = go.object("main.Node");
        go.variable("main.a", "*main.Node", &[node]);
        go.variable("main.b", ty, &[node]);
        go.take(|snapshot| (snapshot.totals.inference.conflicts, snapshot.samples.conflicts.len()))
    };
    assert_eq!(conflicts("*main.Twin"), (1, 1));
    assert_eq!(conflicts("*main.Node"), (0, 0));
}

#[test]
fn a_pointer_to_a_part_tells_the_only_type_that_has_it_there() {
    let mut go = nodes();
    go.define("main.Inner", &[("p", "*main.Node")]);
    // Of two pointers, so that its shape alone says nothing.
    go.define("main.Outer", &[("n", "int"), ("inner", "main.Inner"), ("c", "*main.Node")]);
    let outer = go.object("main.Outer");
    go.variable("main.inner", "*main.Inner", &[outer + 8]);
    assert_eq!(told_of(&go, outer), guessed("main.Outer"));
    // Another type of that look has it in the same place.
    go.define("main.Second", &[("m", "int"), ("inner", "main.Inner"), ("d", "*main.Pair")]);
    go.descriptor("main.Second");
    assert_eq!(told_of(&go, outer), unknown());
}

#[test]
fn what_no_root_reaches_is_told_too() {
    let mut go = nodes();
    let last = go.object("main.Node");
    let ty = go.descriptor("*main.Node");
    let garbage = go.filled("interface {}", &[ty, last]);
    go.define("main.Holder", &[("any", "interface {}"), ("more", "*main.Holder"), ("text", "string")]);
    let dead = go.filled("main.Holder", &[ty, last]);
    go.define("main.Big", &[("node", "*main.Node"), ("rest", "[100]int")]);
    let of_header = go.object("main.Node");
    go.filled("main.Big", &[of_header]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, of_header), derived("main.Node"), "as what was recorded leads to it");
        assert!(!snapshot.is_reachable(snapshot.id(last)));
        assert_eq!(snapshot.type_at(last), "main.Node");
        assert_eq!(told(snapshot, dead), guessed("main.Holder"), "by its shape");
        assert_eq!(told(snapshot, garbage), guessed("[1]interface {}"), "by what it holds");
    });
}

#[test]
fn a_pointer_to_a_free_slot_is_counted_and_tells_nothing() {
    let mut go = nodes();
    let freed = go.object("main.Node");
    let node = go.filled("main.Node", &[freed]);
    go.object("main.Node");
    go.free(freed);
    go.variable("main.node", "*main.Node", &[node]);
    go.take(|snapshot| {
        assert_eq!(snapshot.totals.pointers.to_free_slots, 1);
        assert!(snapshot.objects.find_allocated(freed).is_none());
    });
    go.variable("main.freed", "*main.Node", &[freed]);
    go.take(|snapshot| {
        assert_eq!(snapshot.totals.pointers.roots_to_free_slots, 1);
        assert_eq!(snapshot.samples.roots_to_free.len(), 1);
    });
}
