//! Blocks that several small values without pointers share.

use super::*;

fn process() -> (GoProcess, u64) {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Point", &[("x", "int32"), ("y", "int32")]);
    let block = go.data(&[7; 16]);
    (go, block)
}

#[test]
fn a_block_goes_by_the_first_value_that_is_in_use() {
    for (first, second, expected) in
        [(Some(0), Some(8), "main.Point"), (None, Some(8), "string"), (Some(0), None, "main.Point")]
    {
        let (mut go, block) = process();
        if let Some(at) = second {
            go.variable("main.text", "string", &[block + at, 5]);
        }
        if let Some(at) = first {
            go.variable("main.point", "*main.Point", &[block + at]);
        }
        assert_eq!(go.take(|snapshot| snapshot.type_at(block)), expected, "{first:?} {second:?}");
    }
}

#[test]
fn what_only_garbage_leads_to_gives_way_to_what_is_in_use() {
    let (mut go, block) = process();
    go.define("main.Dead", &[("p", "*main.Point"), ("q", "*main.Dead"), ("text", "string")]);
    let dead = go.filled("main.Dead", &[block]);
    let name = go.string("a name of more than sixteen bytes");
    go.set(dead + 16, &name);
    go.variable("main.text", "string", &[block + 8, 5]);
    go.take(|snapshot| {
        assert_eq!(snapshot.type_at(dead), "main.Dead");
        assert_eq!(snapshot.type_at(block), "string");
    });
}

#[test]
fn a_value_that_cannot_lie_there_is_refused() {
    for (ty, offset, is_taken, why) in [
        ("*main.Point", 8, true, "aligned to four bytes"),
        ("*main.Point", 12, false, "not aligned to eight bytes"),
        ("*[2]int", 8, false, "reaches beyond the block"),
        ("*main.Point", 3, false, "not aligned"),
        ("**int", 0, false, "has pointers"),
        ("*uint8", 15, true, "the last byte"),
    ] {
        let (mut go, block) = process();
        go.variable("main.value", ty, &[block + offset]);
        assert_eq!(go.take(|snapshot| snapshot.evidence_at(block)) != Evidence::None, is_taken, "{why}");
    }
}

/// A pointer into the midst of a block may lead to a part of a value that begins before.
#[test]
fn a_pointer_to_what_may_be_a_part_of_another_value_tells_nothing() {
    let evidence = |with_whole: bool| {
        let (mut go, block) = process();
        if with_whole {
            go.define("main.Whole", &[("n", "int64"), ("point", "main.Point")]);
            go.descriptor("main.Whole");
        }
        go.variable("main.point", "*main.Point", &[block + 8]);
        go.take(|snapshot| snapshot.evidence_at(block))
    };
    assert_eq!(evidence(false), Evidence::Exact);
    assert_eq!(evidence(true), Evidence::None);
}

#[test]
fn two_sure_types_of_the_first_value_are_a_conflict() {
    for (ty, conflicts) in [("*main.Other", 1), ("*main.Point", 0)] {
        let (mut go, block) = process();
        go.define("main.Other", &[("n", "int64")]);
        go.variable("main.point", "*main.Point", &[block]);
        go.variable("main.other", ty, &[block]);
        assert_eq!(go.take(|snapshot| snapshot.totals.inference.conflicts), conflicts, "{ty}");
    }
}
