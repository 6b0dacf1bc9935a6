//! What is known of the runtime's and the library's own types, and of types that generic code is compiled for.

use super::*;

/// A timer of the time package, as a release has it, to a part of which the runtime points; its period.
fn timer(release: &str, period: u64) -> (GoProcess, u64) {
    let mut go = GoProcess::of_release(release).with_dwarf();
    let runtime = [("pp", "uintptr"), ("when", "int64"), ("period", "int64"), ("f", "func()"), ("arg", "interface {}")];
    go.define("runtime.timer", &runtime);
    let (timer, inner) = if release < "go1.23" {
        go.define("time.runtimeTimer", &runtime);
        go.define("time.Timer", &[("C", "chan int"), ("r", "time.runtimeTimer")]);
        go.define("time.Ticker", &[("C", "chan int"), ("r", "time.runtimeTimer")]);
        (go.object("time.Timer"), 8)
    } else {
        // Another type that looks the same does not make it doubtful.
        for name in ["runtime.timeTimer", "main.alike"] {
            go.define(name, &[("c", "unsafe.Pointer"), ("init", "bool"), ("timer", "runtime.timer")]);
        }
        (go.object("runtime.timeTimer"), 16)
    };
    go.set(timer + inner + 16, &[period]);
    go.variable("runtime.next", "*runtime.timer", &[timer + inner]);
    (go, timer)
}

#[test]
fn a_timer_is_known_by_the_part_that_the_runtime_has() {
    let told = |release: &str, period| {
        let (go, at) = timer(release, period);
        go.take(|snapshot| snapshot.type_at(at))
    };
    assert_eq!(told("go1.26.1", 0), "runtime.timeTimer");
    assert_eq!(told("go1.22.1", 0), "time.Timer");
    assert_eq!(told("go1.22.1", 1000), "time.Ticker", "only what repeats has a period");
}

#[test]
fn a_descriptor_that_reflect_made_is_told_by_its_kind() {
    let mut go = GoProcess::new().with_dwarf();
    let all = [
        ("Size_", "uintptr"),
        ("PtrBytes", "uintptr"),
        ("Hash", "uint32"),
        ("flags", "[3]uint8"),
        ("Kind_", "uint8"),
        ("Equal", "func()"),
        ("GCData", "*uint8"),
        ("Str", "int32"),
        ("PtrToThis", "int32"),
    ];
    go.define("internal/abi.Type", &all);
    for name in ["internal/abi.PtrType", "internal/abi.SliceType"] {
        go.define(name, &[("", "internal/abi.Type"), ("Elem", "*internal/abi.Type")]);
    }
    go.define(
        "internal/abi.ArrayType",
        &[("", "internal/abi.Type"), ("Elem", "*internal/abi.Type"), ("Slice", "*internal/abi.Type"), ("Len", "int")],
    );
    let made: Vec<(u64, &str)> = [
        ("internal/abi.PtrType", 22_u8, "internal/abi.PtrType"),
        ("internal/abi.SliceType", 23 | 32, "internal/abi.SliceType"),
        ("internal/abi.ArrayType", 17, "internal/abi.ArrayType"),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (ty, kind, told))| {
        let at = go.object(ty);
        go.put(at + 23, &[kind]);
        go.variable(&format!("main.type{index}"), "*internal/abi.Type", &[at]);
        (at, told)
    })
    .collect();
    go.take(|snapshot| {
        for (at, told) in made {
            assert_eq!(snapshot.type_at(at), told);
        }
    });
}

/// An object that generic code has allocated, whose header says the shape.
fn of_shape(shape: &str, types: &[&str]) -> (String, Evidence) {
    let mut go = GoProcess::new();
    for name in types.iter().chain([&shape]) {
        go.define(name, &[("next", "unsafe.Pointer"), ("rest", "[15]uint64")]);
        go.know(name);
    }
    let row = go.row(shape, 8);
    go.variable("main.rows", "unsafe.Pointer", &[row]);
    told_of(&go, row)
}

#[test]
fn a_shape_is_the_type_that_it_stands_for_where_there_is_one() {
    let shape = "main.Pair[go.shape.int]";
    assert_eq!(of_shape(shape, &["main.Pair[int]", "main.Other[int]"]).0, "[8]main.Pair[int]");
    let (name, _) = of_shape(shape, &["main.Pair[int]", "main.Pair[main.ID]"]);
    assert_eq!(name, "[8]main.Pair[go.shape.int]", "of several it is not known which");
    assert_eq!(of_shape(shape, &[]).0, "[8]main.Pair[go.shape.int]");
}
