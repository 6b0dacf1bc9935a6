//! Objects that no typed pointer explains: by their shape, and by what their words hold.

use super::*;

/// A process without debug information; what a variable without a type leads to is one object of `bytes`, its pointers at `pointers`.
fn lone(bytes: u64, pointers: &[usize]) -> (GoProcess, u64) {
    let mut go = GoProcess::new();
    go.define("main.Leaf", &[("value", "int")]);
    let at = go.raw(bytes, pointers);
    go.variable("main.lone", "unsafe.Pointer", &[at]);
    (go, at)
}

#[test]
fn the_only_struct_of_three_pointers_is_taken_and_one_of_two_is_not() {
    let (mut go, at) = lone(48, &[0, 2, 4]);
    go.define(
        "main.Three",
        &[("a", "*main.Leaf"), ("n", "int"), ("b", "*main.Leaf"), ("m", "int"), ("c", "*main.Leaf"), ("k", "int")],
    );
    assert_eq!(told_of(&go, at), guessed("main.Three"));
    let (mut go, at) = lone(48, &[0, 2]);
    go.define("main.Two", &[("a", "*main.Leaf"), ("n", "int"), ("b", "*main.Leaf"), ("rest", "[3]int")]);
    assert_eq!(told_of(&go, at), unknown(), "another allocation may have such bits by chance");
}

#[test]
fn a_word_that_is_what_a_field_says_confirms_a_type() {
    let (mut go, at) = lone(32, &[0, 2]);
    go.define("main.Named", &[("name", "string"), ("leaf", "*main.Leaf"), ("n", "int")]);
    let text = go.string("a text of more than sixteen bytes");
    go.set(at, &text);
    assert_eq!(told_of(&go, at), guessed("main.Named"));
}

/// What a string field's words must be, else the type is struck off.
#[test]
fn words_that_cannot_be_what_a_field_says_strike_the_type_off() {
    type Words = fn(&mut GoProcess) -> [u64; 3];
    let cases: [(&str, &str, Words, bool); 9] = [
        ("string", "within its object", |go| [go.data(&[1; 40]), 40, 0], true),
        ("string", "longer than its object", |go| [go.data(&[1; 40]), 49, 0], false),
        ("string", "of no length", |go| [go.data(&[1; 40]), 0, 0], false),
        ("string", "in an object with pointers", |go| [go.raw(40, &[3]), 8, 0], false),
        ("[]int", "within its object", |go| [go.row("int", 4), 2, 4], true),
        ("[]int", "longer than its capacity", |go| [go.row("int", 4), 5, 4], false),
        ("[]int", "capacity beyond its object", |go| [go.row("int", 4), 2, 5], false),
        ("[]int", "no array and a length", |_| [0, 1, 1], false),
        ("[]int", "of nothing", |_| [0, 0, 0], true),
    ];
    for (ty, why, words, can_be) in cases {
        let (mut go, at) = lone(48, &[0, 3, 4, 5]);
        let size = if ty == "string" { "int" } else { "struct {}" };
        go.define(
            "main.Held",
            &[("f", ty), ("n", size), ("a", "*main.Leaf"), ("b", "*main.Leaf"), ("c", "*main.Leaf")],
        );
        let words = words(&mut go);
        go.set(at, &words);
        let found = go.take(|snapshot| snapshot.type_at(at) == "main.Held");
        assert_eq!(found, can_be, "a {ty} {why}");
    }
}

#[test]
fn of_two_types_of_one_look_the_one_that_more_words_speak_for_is_taken() {
    let build = |words: fn(&mut GoProcess) -> Vec<u64>| {
        let (mut go, at) = lone(32, &[0, 2]);
        go.define("main.Texts", &[("a", "string"), ("b", "string")]);
        go.define("main.Chain", &[("next", "*main.Leaf"), ("n", "int"), ("up", "*main.Leaf"), ("m", "int")]);
        let words = words(&mut go);
        go.set(at, &words);
        told_of(&go, at)
    };
    // Each word leads to a leaf that an interface tells.
    let leaves = build(|go| {
        let (ty, leaf) = (go.descriptor("*main.Leaf"), go.object("main.Leaf"));
        go.variable("main.any", "interface {}", &[ty, leaf]);
        vec![leaf, 1 << 40, leaf, 1 << 40]
    });
    assert_eq!(leaves, guessed("main.Chain"));
    assert_eq!(build(|_| vec![0, 0, 0, 0]), unknown(), "nothing speaks for either");
}

#[test]
fn what_stands_behind_a_value_must_be_zero() {
    let build = |behind: u64| {
        let (mut go, at) = lone(48, &[0, 1, 2]);
        go.define("main.Small", &[("a", "*main.Leaf"), ("b", "*main.Leaf"), ("c", "*main.Leaf"), ("m", "[2]int")]);
        let leaf = go.object("main.Leaf");
        go.set(at, &[leaf, 0, 0, 1, 2, behind]);
        told_of(&go, at)
    };
    assert_eq!(build(0), guessed("main.Small"));
    assert_eq!(build(1), unknown());
}

#[test]
fn a_value_of_nothing_but_many_like_pointers_may_be_a_row() {
    let (mut go, at) = lone(48, &[0, 1, 2, 3, 4, 5]);
    go.define("main.Many", &["a", "b", "c", "d", "e", "f"].map(|name| (name, "*main.Leaf")));
    assert_eq!(told_of(&go, at), unknown());
    let (mut go, at) = lone(32, &[0, 1, 2, 3]);
    go.define("main.Tree", &["a", "b", "c", "d"].map(|name| (name, "*main.Leaf")));
    assert_eq!(told_of(&go, at), guessed("main.Tree"), "nodes of trees have so many");
}

#[test]
fn a_header_behind_a_pointer_says_how_many_values_fill_the_object() {
    let rows = |header: &str, len: u64, capacity: u64| {
        let mut go = GoProcess::new();
        go.define("main.Entry", &[("name", "string"), ("next", "*main.Entry")]);
        let entries = ["a", "b", "c", "d"].map(|name| (name, "main.Entry"));
        go.define("main.Block", &entries);
        let row = go.row("main.Entry", 4);
        for index in 0..4 {
            let text = go.string("a name of more than sixteen bytes");
            go.set(row + index * 24, &text);
        }
        go.variable("main.list", header, &[row, len, capacity]);
        told_of(&go, row)
    };
    let header = "struct { p unsafe.Pointer; n int; c int }";
    assert_eq!(rows(header, 3, 4), guessed("[4]main.Entry"));
    assert_eq!(rows(header, 5, 4), guessed("main.Block"), "longer than there is room for");
    assert_eq!(rows(header, 3, 7), guessed("main.Block"), "seven do not fill it");
    assert_eq!(rows(header, 1, 1), guessed("main.Block"), "one value fills it, too");
}

#[test]
fn what_a_guess_leads_to_is_a_guess() {
    let (mut go, at) = lone(48, &[0, 2, 4]);
    go.define(
        "main.Three",
        &[("a", "*main.Leaf"), ("n", "int"), ("b", "*main.Deep"), ("m", "int"), ("c", "*main.Leaf"), ("k", "int")],
    );
    go.define("main.Deep", &[("p", "*main.Leaf"), ("q", "int"), ("text", "string")]);
    let deep = go.object("main.Deep");
    go.set(at, &[0, 0, deep]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, at), guessed("main.Three"));
        assert_eq!(told(snapshot, deep), guessed("main.Deep"));
        assert_eq!(snapshot.totals.inference.candidates, 2);
    });
    let (mut go, at) = lone(48, &[0, 2, 4]);
    go.define(
        "main.Maps",
        &[("a", "map[int]int"), ("n", "int"), ("b", "map[int]int"), ("m", "int"), ("c", "map[int]int"), ("k", "int")],
    );
    let map = go.map("map[int]int", &[]);
    go.set(at, &[map]);
    assert_eq!(told_of(&go, map), guessed("map[int]int header"));
}

#[test]
fn interfaces_in_an_object_without_a_type_are_read() {
    let (mut go, at) = lone(64, &[1, 5]);
    let (ty, leaf) = (go.descriptor("*main.Leaf"), go.object("main.Leaf"));
    go.define_interface("main.Doer");
    go.define("main.Other", &[("value", "int"), ("more", "int"), ("p", "*main.Leaf")]);
    let (itab, other) = (go.itab("main.Doer", "*main.Other"), go.object("main.Other"));
    go.set(at, &[ty, leaf, 0, 0, itab, other]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, at), unknown());
        assert_eq!(snapshot.type_at(leaf), "main.Leaf");
        assert_eq!(told(snapshot, other), derived("main.Other"));
    });
}

#[test]
fn an_object_as_large_as_a_page_says_its_type_and_is_no_guess() {
    let mut go = GoProcess::new();
    go.define("main.Page", &[("p", "*int"), ("rest", "[2000]int")]);
    let page = go.object("main.Page");
    go.variable("main.lone", "unsafe.Pointer", &[page]);
    assert_eq!(told_of(&go, page), exact("main.Page"));
}
