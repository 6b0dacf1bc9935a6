//! Closures: by the function that they call, and what they captured.

use super::*;
use goheap_model::Kind;

#[test]
fn what_a_closure_captured_is_told_by_debug_information() {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    let node = go.object("main.Node");
    go.captures("main.run.func1", &[("count", "int"), ("node", "*main.Node")]);
    let closure = go.closure("main.run.func1", &[3, node], &[2]);
    go.variable("main.call", "func()", &[closure]);
    go.take(|snapshot| {
        assert_eq!(snapshot.type_at(closure), "func main.run.func1");
        assert_eq!(told(snapshot, node), derived("main.Node"));
    });
}

/// Captures that are not what lies there are given up, the function's name is not.
#[test]
fn captures_that_contradict_the_pointer_bits_are_given_up() {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    let node = go.object("main.Node");
    go.captures("main.run.func1", &[("node", "*main.Node"), ("count", "int")]);
    let closure = go.closure("main.run.func1", &[3, node], &[2]);
    go.variable("main.call", "func()", &[closure]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, closure), exact("func main.run.func1"));
        let ty = snapshot.object_types.of(snapshot.id(closure)).ty();
        assert_eq!(snapshot.types.get(ty).kind, Kind::Opaque);
        assert_eq!((told(snapshot, node), snapshot.totals.pointers.unexplained), (unknown(), 0));
        assert!(snapshot.is_reachable(snapshot.id(node)));
    });
}

#[test]
fn without_debug_information_the_compilers_struct_that_fits_tells_the_captures() {
    let captured = |others: &[&str]| {
        let mut go = GoProcess::new();
        go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
        go.descriptor("struct { F uintptr; node *main.Node }");
        for other in others {
            go.descriptor(other);
        }
        let node = go.object("main.Node");
        let closure = go.closure("main.run.func1", &[node], &[1]);
        go.variable("main.call", "unsafe.Pointer", &[closure]);
        go.take(|snapshot| (snapshot.type_at(closure), snapshot.type_at(node)))
    };
    let [closure, node] = ["func main.run.func1", "main.Node"].map(str::to_owned);
    assert_eq!(captured(&[]), (closure.clone(), node));
    let unknown = (closure, String::new());
    assert_eq!(captured(&["struct { F uintptr; other *int }"]), unknown, "two structs that fit alike");
}

#[test]
fn an_object_that_begins_with_an_address_of_code_is_a_closure_only_if_the_function_is_one() {
    for (function, is_closure) in [
        ("main.run.func1", true),
        ("main.run.gowrap1", true),
        ("main.run.deferwrap2", true),
        ("main.(*T).Do-fm", true),
        ("main.run", false),
    ] {
        let mut go = GoProcess::new();
        let closure = go.closure(function, &[0], &[1]);
        go.variable("main.call", "unsafe.Pointer", &[closure]);
        go.take(|snapshot| {
            assert_eq!(snapshot.evidence_at(closure) != Evidence::None, is_closure, "{function}");
        });
    }
}

#[test]
fn what_reflect_makes_in_place_of_a_closure_has_reflects_type() {
    let mut go = GoProcess::new().with_dwarf();
    go.define("reflect.makeFuncImpl", &[("fn", "uintptr"), ("typ", "*int"), ("call", "func()")]);
    let made = go.closure("reflect.makeFuncStub", &[0, 0], &[1, 2]);
    let other = go.closure("main.run.func1", &[0, 0], &[1, 2]);
    go.variable("main.made", "func()", &[made]);
    go.variable("main.other", "func()", &[other]);
    go.take(|snapshot| {
        assert_eq!(snapshot.type_at(made), "func reflect.makeFuncStub");
        let held = |at| snapshot.types.get(snapshot.object_types.of(snapshot.id(at)).ty()).name.to_string();
        assert_eq!(held(made), "reflect.makeFuncImpl");
        assert_eq!(held(other), "func main.run.func1");
    });
}
