//! What roots there are, of which class, and who of them has what several hold.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::snapshot::HeapSnapshot;
use crate::testing::{Doing, GoProcess};
use goheap_model::{RootClass, Share};

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    go.frame("main.work", 1, &[0]);
    go.local("main.work", "node", "*main.Node", 0);
    go
}

/// Objects that a class reached first.
fn of_class(snapshot: &HeapSnapshot<'_, '_>, class: RootClass) -> u64 {
    let share = snapshot.totals.by_class.iter().find(|(of, _)| *of == class).map(|(_, share)| *share);
    share.unwrap_or(Share::default()).objects
}

#[test]
fn what_several_classes_hold_counts_for_the_first_of_them() {
    use RootClass::{Goroutines, Other, Runtime, Variables};
    let holders = |variable: bool, runtime: bool, goroutine: bool, handle: bool| {
        let mut go = process();
        let node = go.object("main.Node");
        let watched = go.object("main.Node");
        if variable {
            go.variable("main.node", "*main.Node", &[node]);
        }
        if runtime {
            go.variable("runtime.node", "*main.Node", &[node]);
        }
        if goroutine {
            go.goroutine(Doing::Runnable, &[("main.work", &[node])]);
        }
        if handle {
            go.weak_handle(watched, node);
        }
        go.take(|snapshot| [Variables, Goroutines, Runtime, Other].map(|class| of_class(snapshot, class)))
    };
    assert_eq!(holders(true, true, true, true), [1, 0, 0, 0]);
    assert_eq!(holders(false, true, true, true), [0, 1, 0, 0]);
    assert_eq!(holders(false, true, false, true), [0, 0, 1, 0]);
    assert_eq!(holders(false, false, false, true), [0, 0, 0, 1]);
}

#[test]
fn the_stack_of_a_dead_goroutine_holds_nothing() {
    for (doing, is_held) in [(Doing::Runnable, true), (Doing::Waits("chan receive"), true), (Doing::Dead, false)] {
        let mut go = process();
        let node = go.object("main.Node");
        go.goroutine(doing, &[("main.work", &[node])]);
        go.take(|snapshot| assert_eq!(snapshot.is_reachable(snapshot.id(node)), is_held, "{doing:?}"));
    }
}

#[test]
fn a_word_that_the_stack_map_does_not_have_holds_nothing() {
    let mut go = process();
    let (live, stale) = (go.object("main.Node"), go.object("main.Node"));
    go.frame("main.work", 2, &[0]);
    go.goroutine(Doing::Runnable, &[("main.work", &[live, stale])]);
    go.take(|snapshot| {
        assert_eq!([live, stale].map(|at| snapshot.is_reachable(snapshot.id(at))), [true, false]);
        assert_eq!(snapshot.totals.roots.whole_stacks, 1);
    });
}

#[test]
fn a_finalizer_keeps_what_its_object_leads_to_and_not_the_object() {
    let mut go = process();
    let next = go.object("main.Node");
    let closed = go.filled("main.Node", &[next]);
    let closure = go.closure("main.(*Node).close", &[0], &[]);
    go.finalizer(closed, closure, "*main.Node");
    go.take(|snapshot| {
        assert_eq!([closed, next, closure].map(|at| snapshot.is_reachable(snapshot.id(at))), [false, true, true]);
        assert_eq!(snapshot.path_at(next), "finalizer of main.Node → .next *main.Node");
        assert_eq!(snapshot.type_at(closed), "main.Node", "by the finalizer's own type");
    });
    // Held by a variable, it holds its next one itself.
    go.variable("main.open", "*main.Node", &[closed]);
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(next), "main.open *main.Node → .next *main.Node");
        let of_finalizer = |value| snapshot.roots.iter().any(|root| root.value == value);
        assert_eq!([next, closure].map(of_finalizer), [false, true]);
    });
}

#[test]
fn weak_handles_cleanups_and_queued_calls_are_roots() {
    let mut go = process();
    go.define("runtime.weakHandleBox", &[("ptr", "uintptr"), ("n", "int")]);
    let watched = go.object("main.Node");
    let (handle, argument, late) = (go.object("runtime.weakHandleBox"), go.object("main.Node"), go.object("main.Node"));
    go.weak_handle(watched, handle);
    let (how, clean) = (go.closure("main.clean.func1", &[0], &[]), go.closure("main.clean.func2", &[0], &[]));
    go.cleanup(watched, [how, clean, argument]);
    let closer = go.closure("main.(*Node).close", &[0], &[]);
    go.queue_finalizer(closer, late, "*main.Node");
    go.take(|snapshot| {
        let paths = [handle, argument, how, clean, late, closer].map(|at| snapshot.path_at(at));
        let expected = [
            "weak handle",
            "cleanup main.clean.func2",
            "cleanup main.clean.func2",
            "cleanup main.clean.func2",
            "finalizer queue → *main.Node",
            "finalizer queue → func",
        ];
        assert_eq!(paths, expected);
        assert_eq!(snapshot.type_at(handle), "runtime.weakHandleBox");
        assert_eq!(snapshot.type_at(late), "main.Node");
        assert!(!snapshot.is_reachable(snapshot.id(watched)));
    });
}

#[test]
fn the_block_that_a_processor_fills_is_held_by_the_allocator() {
    let mut go = process();
    let (filled, full) = (go.data(&[1; 16]), go.data(&[2; 16]));
    go.processor(filled + 8);
    go.take(|snapshot| {
        assert_eq!([filled, full].map(|at| snapshot.is_reachable(snapshot.id(at))), [true, false]);
        assert_eq!(snapshot.path_at(filled), "allocator: tiny block");
        assert_eq!(snapshot.type_at(filled), "", "that leads to no value");
    });
}

#[test]
fn what_a_pool_alone_holds_is_apart_from_what_others_do() {
    let mut go = process();
    go.define("sync.Pool", &[("local", "unsafe.Pointer"), ("size", "uintptr")]);
    let (pool, kept) = (go.object("sync.Pool"), go.object("main.Node"));
    let idle = go.object("main.Node");
    let list = go.row("*sync.Pool", 1);
    go.set(list, &[pool]);
    let local = go.row("*main.Node", 2);
    go.set(local, &[kept, idle]);
    go.set(pool, &[local]);
    go.variable("sync.allPools", "[]*sync.Pool", &[list, 1, 1]);
    go.variable("main.kept", "*main.Node", &[kept]);
    go.take(|snapshot| {
        assert_eq!(of_class(snapshot, RootClass::Emptied), 4, "the list, the pool, its array and the idle node");
        let is_emptied = |at| snapshot.emptied.contains(snapshot.id(at).0);
        assert_eq!([idle, kept].map(is_emptied), [true, false]);
    });
}

#[test]
fn a_value_without_a_name_is_told_by_the_variable_that_leads_to_it() {
    let mut go = process();
    go.define("main.Store", &[("node", "*main.Node"), ("list", "[]*main.Node")]);
    let (node, element) = (go.object("main.Node"), go.object("main.Node"));
    let row = go.variable("", "[2]*main.Node", &[0, element]);
    let store = go.variable("", "main.Store", &[node, row, 2, 2]);
    go.variable("main.store", "*main.Store", &[store]);
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(node), "main.store *main.Store → .node *main.Node");
        assert_eq!(snapshot.path_at(element), "main.store *main.Store → .list []*main.Node → [i] *main.Node");
        assert_eq!(snapshot.type_at(node), "main.Node");
    });
}

#[test]
fn variables_of_the_runtime_are_its_own_class_whatever_package_they_are_in() {
    for (name, class) in [
        ("main.node", RootClass::Variables),
        ("runtime.node", RootClass::Runtime),
        ("internal/runtime/maps.node", RootClass::Runtime),
        ("runtime/debug.node", RootClass::Variables),
    ] {
        let mut go = process();
        let node = go.object("main.Node");
        go.variable(name, "*main.Node", &[node]);
        go.take(|snapshot| assert_eq!(of_class(snapshot, class), 1, "{name}"));
    }
}

#[test]
fn goroutines_that_run_the_same_share_their_frames_and_have_roots_of_their_own() {
    let mut go = process();
    let nodes: Vec<u64> = (0..3).map(|_| go.object("main.Node")).collect();
    for node in &nodes {
        go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[*node])]);
    }
    go.take(|snapshot| {
        let frames: Vec<_> = nodes.iter().map(|node| snapshot.frame_of(snapshot.id(*node))).collect();
        assert!(frames.windows(2).all(|pair| pair[0] == pair[1]));
        let of: Vec<u32> = snapshot.roots.iter().map(|root| root.goroutine).collect();
        assert_eq!(of, [0, 1, 2]);
        assert_eq!(snapshot.stacks.of(0), snapshot.stacks.of(2));
    });
}

#[test]
fn a_stack_that_leads_nowhere_is_counted_as_broken() {
    let mut go = process();
    let node = go.object("main.Node");
    go.goroutine(Doing::Runnable, &[("main.work", &[node])]);
    let broken = go.goroutine(Doing::Runnable, &[("main.work", &[0])]);
    // Its program counter is in no function.
    go.set_g(broken, |layout| layout.g.sched + layout.gobuf.pc, 0x1234);
    go.take(|snapshot| {
        assert_eq!((snapshot.totals.roots.whole_stacks, snapshot.totals.roots.broken_stacks), (1, 1));
        assert_eq!(snapshot.samples.broken_stacks, [crate::samples::Sample::Goroutine(1)]);
    });
}
