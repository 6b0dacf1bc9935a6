//! What a word of each type says of what it leads to.

use super::*;

/// A struct with one field of a type, its words, and an object that they lead to.
struct Case {
    ty: &'static str,
    words: fn(&mut GoProcess) -> (Vec<u64>, u64),
    told: &'static str,
    evidence: Evidence,
}

/// An interface's words, of that dynamic type, and the node that they lead to.
fn held_node(go: &mut GoProcess, ty: &str) -> (Vec<u64>, u64) {
    let (ty, node) = (go.descriptor(ty), go.object("main.Node"));
    (vec![ty, node], node)
}

const CASES: &[Case] = &[
    Case {
        ty: "*main.Node",
        words: |go| {
            let node = go.object("main.Node");
            (vec![node], node)
        },
        told: "main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "[]main.Node",
        words: |go| {
            let nodes = go.slice("main.Node", 1, 3);
            (nodes.to_vec(), nodes[0])
        },
        told: "[3]main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "string",
        words: |go| {
            let text = go.string("more than sixteen bytes");
            (text.to_vec(), text[0])
        },
        told: "string",
        evidence: Evidence::Derived,
    },
    Case { ty: "interface {}", words: |go| held_node(go, "*main.Node"), told: "main.Node", evidence: Evidence::Exact },
    Case {
        // A value that is no pointer has a box.
        ty: "interface {}",
        words: |go| held_node(go, "main.Node"),
        told: "main.Node",
        evidence: Evidence::Exact,
    },
    Case {
        // In an interface a named string lies in a box for any string.
        ty: "interface {}",
        words: |go| {
            go.define_as("main.Name", "string");
            go.know("string");
            let (ty, value) = (go.descriptor("main.Name"), go.object("string"));
            (vec![ty, value], value)
        },
        told: "string",
        evidence: Evidence::Exact,
    },
    Case {
        ty: "main.Doer",
        words: |go| {
            let (itab, node) = (go.itab("main.Doer", "*main.Node"), go.object("main.Node"));
            (vec![itab, node], node)
        },
        told: "main.Node",
        evidence: Evidence::Exact,
    },
    Case {
        ty: "func()",
        words: |go| {
            let closure = go.closure("main.run.func1", &[5], &[]);
            (vec![closure], closure)
        },
        told: "func main.run.func1",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "map[int]*main.Node",
        words: |go| {
            let map = go.map("map[int]*main.Node", &[]);
            (vec![map], map)
        },
        told: "map[int]*main.Node header",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "chan *main.Node",
        words: |go| {
            let channel = go.channel("*main.Node", &[], 1);
            (vec![channel], channel)
        },
        told: "chan *main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "[2]*main.Node",
        words: |go| {
            let node = go.object("main.Node");
            (vec![0, node], node)
        },
        told: "main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "main.Nested",
        words: |go| {
            let node = go.object("main.Node");
            (vec![1, node], node)
        },
        told: "main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        ty: "**main.Node",
        words: |go| {
            let node = go.object("main.Node");
            let pointer = go.filled("*main.Node", &[node]);
            (vec![pointer], node)
        },
        told: "main.Node",
        evidence: Evidence::Derived,
    },
    Case {
        // Nothing is said of it, and one pointer is no shape of its own.
        ty: "unsafe.Pointer",
        words: |go| {
            let node = go.object("main.Node");
            (vec![node], node)
        },
        told: "",
        evidence: Evidence::None,
    },
    Case {
        // The word that the library declares so leads to the interface's value.
        ty: "reflect.Value",
        words: |go| {
            let (ty, node) = (go.descriptor("*main.Node"), go.object("main.Node"));
            (vec![ty, node, 22], node)
        },
        told: "main.Node",
        evidence: Evidence::Exact,
    },
    Case {
        // With flagIndir the word leads to the value, which is a pointer here.
        ty: "reflect.Value",
        words: |go| {
            let (ty, pointer) = (go.descriptor("*main.Node"), go.object("*main.Node"));
            (vec![ty, pointer, 22 | 1 << 7], pointer)
        },
        told: "*main.Node",
        evidence: Evidence::Exact,
    },
];

fn with_types() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    go.define("main.Nested", &[("n", "int"), ("p", "*main.Node")]);
    go.define("reflect.Value", &[("typ_", "*main.Node"), ("ptr", "unsafe.Pointer"), ("flag", "uintptr")]);
    go.define_interface("main.Doer");
    go
}

#[test]
fn each_kind_of_field_tells_its_target() {
    for (index, case) in CASES.iter().enumerate() {
        let mut go = with_types();
        go.define("main.Holder", &[("f", case.ty)]);
        let (words, target) = (case.words)(&mut go);
        let holder = go.filled("main.Holder", &words);
        go.variable("main.holder", "*main.Holder", &[holder]);
        let expected = (case.told.to_owned(), case.evidence);
        assert_eq!(told_of(&go, target), expected, "case {index}: {}", case.ty);
    }
}

#[test]
fn elements_of_rows_tell_their_targets_one_by_one() {
    let mut go = with_types();
    let nodes: Vec<u64> = (0..3).map(|_| go.object("main.Node")).collect();
    let row = go.row("main.Nested", 3);
    for (index, node) in nodes.iter().enumerate() {
        go.set(row + 16 * index as u64, &[0, *node]);
    }
    go.variable("main.rows", "[]main.Nested", &[row, 3, 3]);
    go.take(|snapshot| {
        for node in &nodes {
            assert_eq!(told(snapshot, *node), derived("main.Node"));
        }
    });
}

#[test]
fn the_words_of_an_object_larger_than_a_piece_are_followed_to_the_last() {
    let mut go = with_types();
    let count = 50_000;
    let (first, last) = (go.object("main.Node"), go.object("main.Node"));
    let row = go.row("*main.Node", count);
    go.set(row, &[first]);
    go.set(row + (count - 1) * 8, &[last]);
    go.variable("main.large", "[]*main.Node", &[row, count, count]);
    go.take(|snapshot| {
        assert_eq!([first, last].map(|at| told(snapshot, at)), [derived("main.Node"), derived("main.Node")]);
        assert!(snapshot.is_reachable(snapshot.id(last)));
    });
}

#[test]
fn a_word_that_its_type_does_not_explain_is_counted_and_followed() {
    let mut go = with_types();
    go.define("main.Half", &[("p", "*main.Node"), ("n", "[80]int")]);
    let node = go.object("main.Node");
    // The header's type has one pointer; the slot's mask is the type's, so that nothing is unexplained.
    let half = go.filled("main.Half", &[node]);
    go.variable("main.half", "*main.Half", &[half]);
    go.take(|snapshot| assert_eq!(snapshot.totals.pointers.unexplained, 0));
    let mut go = with_types();
    let stray = go.object("main.Node");
    let closure = go.closure("main.run.func1", &[stray], &[1]);
    go.captures("main.run.func1", &[("n", "int")]);
    go.variable("main.call", "func()", &[closure]);
    go.take(|snapshot| {
        assert!(snapshot.is_reachable(snapshot.id(stray)));
        assert_eq!(snapshot.type_at(closure), "func main.run.func1");
    });
}
