//! Which garbage arrays grew out of.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::GoProcess;

/// An array of twice as many pointers as the old ones, which have its first words; how many bytes are told of the old.
fn outgrown(
    old: &[u64],
    fill: impl Fn(&mut GoProcess, u64, u64),
    was_there: impl Fn(&[u64]) -> Vec<u64>,
) -> Option<u64> {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    let nodes: Vec<u64> = (0..64).map(|_| go.object("main.Node")).collect();
    let array = go.row("*main.Node", 64);
    go.set(array, &nodes);
    go.variable("main.list", "[]*main.Node", &[array, 64, 64]);
    let arrays: Vec<u64> = old
        .iter()
        .map(|count| {
            let at = go.row("*main.Node", *count);
            go.set(at, &nodes[..*count as usize]);
            fill(&mut go, at, *count);
            at
        })
        .collect();
    go.take(|snapshot| {
        let mut there = IdBitSet::with_room_for(snapshot.objects.len());
        was_there(&arrays).iter().for_each(|at| _ = there.insert(snapshot.id(*at).0));
        snapshot.outgrown(&[snapshot.id(array)], &there)[0]
    })
}

#[test]
fn garbage_that_has_the_first_words_of_an_array_is_what_it_grew_out_of() {
    let as_it_is = |_: &mut GoProcess, _, _| {};
    let none = |_: &[u64]| Vec::new();
    assert_eq!(outgrown(&[32], as_it_is, none), Some(256));
    assert_eq!(outgrown(&[], as_it_is, none), None);
    assert_eq!(outgrown(&[8], as_it_is, none), None, "of so few words many are alike");
    assert_eq!(outgrown(&[64], as_it_is, none), None, "it is no smaller");
    assert_eq!(outgrown(&[32], |go, at, _| go.set(at + 80, &[0x1234]), none), None, "another word in its midst");
    assert_eq!(outgrown(&[32], |go, at, _| go.set(at + 248, &[0]), none), Some(256), "room at its end");
    assert_eq!(
        outgrown(&[32], |go, at, _| _ = go.variable("main.old", "[]*main.Node", &[at, 32, 32]), none),
        None,
        "held"
    );
}

#[test]
fn of_several_the_largest_that_was_there_before_is_told_else_the_smallest() {
    let as_it_is = |_: &mut GoProcess, _, _| {};
    assert_eq!(outgrown(&[16, 32, 48], as_it_is, |_| Vec::new()), Some(128));
    assert_eq!(outgrown(&[16, 32, 48], as_it_is, |all| all[..2].to_vec()), Some(256));
}

#[test]
fn an_array_whose_words_are_all_alike_tells_nothing() {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    let node = go.object("main.Node");
    let (array, old) = (go.row("*main.Node", 64), go.row("*main.Node", 32));
    go.set(array, &[node; 64]);
    go.set(old, &[node; 32]);
    go.variable("main.list", "[]*main.Node", &[array, 64, 64]);
    go.take(|snapshot| {
        assert_eq!(snapshot.outgrown(&[snapshot.id(array)], &IdBitSet::default()), [None]);
    });
}
