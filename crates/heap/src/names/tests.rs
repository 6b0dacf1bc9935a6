//! What frames say, from variables down to objects.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::testing::{Doing, GoProcess};
use goheap_model::names::{Dynamic, FrameName};

/// A process with a leaf, and structs that lead to it in many ways.
fn with_leaf() -> (GoProcess, u64) {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Leaf", &[("self", "*main.Leaf"), ("n", "int")]);
    go.define("main.Base", &[("leaf", "*main.Leaf"), ("n", "int")]);
    let leaf = go.object("main.Leaf");
    (go, leaf)
}

/// What the leaf is called if a variable of a pointer to that struct leads to it by words of it.
fn path(fields: &[(&str, &str)], words: impl Fn(&mut GoProcess, u64) -> Vec<u64>) -> String {
    let (mut go, leaf) = with_leaf();
    go.define("main.App", fields);
    let words = words(&mut go, leaf);
    let app = go.filled("main.App", &words);
    go.variable("main.app", "*main.App", &[app]);
    go.take(|snapshot| snapshot.path_at(leaf))
}

#[test]
fn fields_are_told_from_the_object_that_holds_them() {
    let leaf = |_: &mut GoProcess, leaf| vec![leaf];
    let at = |fields: &[(&str, &str)]| path(fields, leaf);
    assert_eq!(at(&[("leaf", "*main.Leaf")]), "main.app *main.App → .leaf *main.Leaf");
    assert_eq!(at(&[("base", "main.Base")]), "main.app *main.App → .base.leaf *main.Leaf");
    assert_eq!(at(&[("rows", "[3]main.Base")]), "main.app *main.App → .rows[i].leaf *main.Leaf");
    assert_eq!(at(&[("pair", "[2]*main.Leaf")]), "main.app *main.App → .pair[i] *main.Leaf");
    assert_eq!(at(&[("raw", "unsafe.Pointer")]), "main.app *main.App → .raw unsafe.Pointer");
}

#[test]
fn fields_of_embedded_structs_are_promoted_unless_they_are_ambiguous() {
    let leaf = |_: &mut GoProcess, leaf| vec![leaf];
    let at = |fields: &[(&str, &str)]| path(fields, leaf);
    assert_eq!(at(&[("", "main.Base")]), "main.app *main.App → .leaf *main.Leaf");
    assert_eq!(at(&[("", "main.Base"), ("leaf", "int")]), "main.app *main.App → .Base.leaf *main.Leaf");
    let second = path(&[("n", "int"), ("", "main.Base")], |_, leaf| vec![1, leaf]);
    assert_eq!(second, "main.app *main.App → .Base.leaf *main.Leaf", "both have an n");
}

#[test]
fn elements_keys_values_and_what_is_queued_are_told_by_their_container() {
    let of_slice = path(&[("list", "[]*main.Leaf")], |go, leaf| {
        let list = go.slice("*main.Leaf", 2, 2);
        go.set(list[0] + 8, &[leaf]);
        list.to_vec()
    });
    assert_eq!(of_slice, "main.app *main.App → .list []*main.Leaf → [i] *main.Leaf");
    let of_structs = path(&[("list", "[]main.Base")], |go, leaf| {
        let list = go.slice("main.Base", 2, 2);
        go.set(list[0] + 16, &[leaf]);
        list.to_vec()
    });
    assert_eq!(of_structs, "main.app *main.App → .list []main.Base → [i].leaf *main.Leaf");
    for (ty, key, value, text) in [
        ("map[int]*main.Leaf", false, true, "[value] *main.Leaf"),
        ("map[*main.Leaf]int", true, false, "[key] *main.Leaf"),
        ("map[int]main.Base", false, true, "[value].leaf *main.Leaf"),
    ] {
        let found = path(&[("table", ty)], |go, leaf| {
            let of = |is_it: bool| [if is_it { leaf } else { 5 }];
            vec![go.map(ty, &[(&of(key), &of(value))])]
        });
        assert_eq!(found, format!("main.app *main.App → .table {ty} → {text}"));
    }
    let queued = path(&[("queue", "chan *main.Leaf")], |go, leaf| vec![go.channel("*main.Leaf", &[&[leaf]], 2)]);
    assert_eq!(queued, "main.app *main.App → .queue chan *main.Leaf → [queued] *main.Leaf");
}

#[test]
fn interfaces_and_funcs_say_what_they_hold() {
    let any = path(&[("any", "interface {}")], |go, leaf| vec![go.descriptor("*main.Leaf"), leaf]);
    assert_eq!(any, "main.app *main.App → .any interface {} = *main.Leaf");
    let boxed = path(&[("any", "interface {}")], |go, leaf| {
        let value = go.filled("main.Base", &[leaf]);
        vec![go.descriptor("main.Base"), value]
    });
    assert_eq!(boxed, "main.app *main.App → .any interface {} = main.Base → .leaf *main.Leaf");
    let call = path(&[("call", "func()")], |go, leaf| {
        go.captures("main.run.func1", &[("leaf", "*main.Leaf")]);
        vec![go.closure("main.run.func1", &[leaf], &[1])]
    });
    assert_eq!(call, "main.app *main.App → .call func() = main.run.func1{leaf} → [captured leaf] *main.Leaf");
}

#[test]
fn of_many_captured_variables_four_are_named() {
    let names = ["a", "b", "c", "d", "e"];
    let found = |count: usize| {
        path(&[("call", "func()")], |go, leaf| {
            let captured: Vec<(&str, &str)> = names[..count].iter().map(|name| (*name, "*main.Leaf")).collect();
            go.captures("main.run.func1", &captured);
            let mut words = vec![0; count];
            words[0] = leaf;
            vec![go.closure("main.run.func1", &words, &(1..=count).collect::<Vec<_>>())]
        })
    };
    assert!(found(4).contains("= main.run.func1{a, b, c, d} →"), "{}", found(4));
    assert!(found(5).contains("= main.run.func1{a, b, c, d, …} →"), "{}", found(5));
}

/// A struct of a broken core may have any number of fields, and any number of frames lead to it.
#[test]
fn of_many_captured_variables_a_name_keeps_no_more_than_tell_that_there_are_more() {
    let (mut go, leaf) = with_leaf();
    go.define("main.App", &[("call", "func()")]);
    let captured = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, "*main.Leaf"));
    go.captures("main.run.func1", &captured);
    let closure = go.closure("main.run.func1", &[leaf; 7], &[1, 2, 3, 4, 5, 6, 7]);
    let app = go.filled("main.App", &[closure]);
    go.variable("main.app", "*main.App", &[app]);
    let kept = go.take(|snapshot| {
        let kept = |name: &FrameName| match &name.dynamic {
            Dynamic::Function(_, captured) => Some(captured.join(" ")),
            _ => None,
        };
        snapshot.names.iter().filter_map(kept).collect::<Vec<_>>()
    });
    assert_eq!(kept, ["a b c d e"]);
}

#[test]
fn an_interface_that_holds_a_func_value_says_which_function() {
    let found = path(&[("any", "interface {}")], |go, leaf| {
        go.captures("main.run.func1", &[("leaf", "*main.Leaf")]);
        let closure = go.closure("main.run.func1", &[leaf], &[1]);
        vec![go.descriptor("func()"), closure]
    });
    assert_eq!(found, "main.app *main.App → .any interface {} = main.run.func1{leaf} → [captured leaf] *main.Leaf");
}

/// What the declared type does not say of an object is told behind it.
#[test]
fn what_is_found_beyond_the_declaration_is_told() {
    let is = path(&[("raw", "unsafe.Pointer"), ("any", "interface {}")], |go, leaf| {
        vec![leaf, go.descriptor("*main.Leaf"), leaf]
    });
    assert_eq!(is, "main.app *main.App → .raw unsafe.Pointer = main.Leaf");
    let (mut go, leaf) = with_leaf();
    go.define("main.Outer", &[("n", "int"), ("base", "main.Base"), ("more", "[80]int")]);
    let outer = go.filled("main.Outer", &[0, leaf]);
    go.define("main.App", &[("inner", "*main.Base"), ("n", "int")]);
    let app = go.filled("main.App", &[outer + 8]);
    go.variable("main.app", "*main.App", &[app]);
    go.take(|snapshot| {
        let above = "main.app *main.App → .inner *main.Base in main.Outer";
        assert_eq!(snapshot.path_at(outer), above);
        assert_eq!(snapshot.path_at(leaf), format!("{above} → .base.leaf *main.Leaf"));
    });
}

#[test]
fn a_field_that_is_met_again_is_one_frame() {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("leaf", "*int")]);
    let int = go.row("int", 4);
    let third = go.filled("main.Node", &[0, int]);
    let second = go.filled("main.Node", &[third]);
    let first = go.filled("main.Node", &[second]);
    go.variable("main.list", "*main.Node", &[first]);
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(second), "main.list *main.Node → .next *main.Node");
        assert_eq!(snapshot.path_at(third), snapshot.path_at(second));
        assert_eq!(snapshot.path_at(int), "main.list *main.Node → .next *main.Node → .leaf *int");
    });
}

#[test]
fn packages_are_told_by_their_last_element_where_that_is_clear() {
    let path = |types: &[&str]| {
        let mut go = GoProcess::new().with_dwarf();
        for ty in types {
            go.define(ty, &[("next", &format!("*{ty}")), ("n", "int")]);
        }
        let client = go.object(types[0]);
        go.define("main.App", &[("client", &format!("*{}", types[0])), ("n", "int")]);
        let app = go.filled("main.App", &[client]);
        go.variable("main.app", "*main.App", &[app]);
        for (index, ty) in types.iter().enumerate().skip(1) {
            let other = go.object(ty);
            go.variable(&format!("main.other{index}"), &format!("*{ty}"), &[other]);
        }
        go.take(|snapshot| snapshot.path_at(client))
    };
    assert_eq!(path(&["net/http.Client"]), "main.app *main.App → .client *http.Client");
    assert_eq!(
        path(&["example.com/a/http.Client", "net/http.Client"]),
        "main.app *main.App → .client *example.com/a/http.Client"
    );
}

#[test]
fn variables_that_are_structs_have_their_fields_below() {
    let (mut go, leaf) = with_leaf();
    go.variable("main.base", "main.Base", &[leaf]);
    assert_eq!(go.take(|snapshot| snapshot.path_at(leaf)), "main.base main.Base → .leaf *main.Leaf");
}

#[test]
fn without_types_a_word_is_named_by_where_it_lies_and_what_it_leads_to() {
    let mut go = GoProcess::new();
    go.define("main.Three", &[("a", "*main.Three"), ("b", "*main.Three"), ("c", "*main.Three"), ("n", "int")]);
    let (named, nameless) = (go.object("main.Three"), go.object("main.Three"));
    go.variable("main.three", "unsafe.Pointer", &[named]);
    go.variable("", "unsafe.Pointer", &[nameless]);
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(named), "main.three → = main.Three ?");
        assert_eq!(snapshot.path_at(nameless), "*main.Three ? at data+0x8");
    });
}

#[test]
fn frames_of_goroutines_are_its_calls_then_the_variable() {
    let (mut go, leaf) = with_leaf();
    let inner = go.object("main.Leaf");
    for (function, name) in [("main.serve", "root"), ("main.handle", "node")] {
        go.frame(function, 2, &[0]);
        go.local(function, name, "*main.Leaf", 0);
    }
    go.goroutine(
        Doing::Waits("chan receive"),
        &[("runtime.gopark", &[]), ("main.handle", &[inner, 0]), ("main.serve", &[leaf, 0])],
    );
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(leaf), "goroutine main.serve → root *main.Leaf");
        assert_eq!(snapshot.path_at(inner), "goroutine main.serve → main.handle → node *main.Leaf");
    });
}
