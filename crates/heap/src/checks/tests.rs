//! What is odd of a heap: which diagnostics and invariants say so, and with which examples.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::invariants;
use crate::snapshot::HeapSnapshot;
use crate::testing::{Doing, GoProcess};

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    let node = go.object("main.Node");
    go.set(node, &[node]);
    go.variable("main.node", "*main.Node", &[node]);
    go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    go.processor(0);
    go
}

/// The codes of all diagnostics, with their counts.
fn codes(snapshot: &HeapSnapshot<'_, '_>) -> Vec<(&'static str, u64)> {
    snapshot.diagnostics().iter().map(|one| (one.code, one.count)).collect()
}

/// The names of the invariants that do not hold.
fn broken(snapshot: &HeapSnapshot<'_, '_>) -> Vec<&'static str> {
    invariants::check(snapshot).into_iter().filter(|one| one.violations > 0).map(|one| one.name).collect()
}

#[test]
fn of_a_sound_heap_nothing_is_odd() {
    process().take(|snapshot| {
        assert_eq!((codes(snapshot), broken(snapshot)), (vec![], vec![]));
        assert!(invariants::check(snapshot).iter().all(|one| one.checked > 0));
        let checks = snapshot.checks(&[]);
        assert!(checks.absent.is_none() && checks.examples.is_empty());
    });
}

/// What is broken, what then is told, and by which code.
#[test]
fn each_kind_of_damage_has_its_code() {
    type Damage = fn(&mut GoProcess);
    type Case = (&'static str, Damage, &'static [(&'static str, u64)], &'static [&'static str]);
    let cases: [Case; 7] = [
        (
            "a pointer to a freed object",
            |go| {
                let freed = go.object("main.Node");
                go.free(freed);
                let holder = go.filled("main.Node", &[freed]);
                go.variable("main.holder", "*main.Node", &[holder]);
            },
            &[("pointers-to-free", 1)],
            &["pointers do not lead to free slots"],
        ),
        (
            "a pointer behind the last slot of its span",
            |go| {
                let node = go.object("main.Node");
                go.set(node, &[(node & !0x1fff) + 0x1ff8]);
                go.variable("main.holder", "*main.Node", &[node]);
            },
            &[("pointers-stray", 1)],
            &["pointers do not lead to free pages or span tails"],
        ),
        (
            "words of a variable that are absent",
            |go| {
                let table = go.variable("main.table", "[2000]*main.Node", &[]);
                go.lose(table.next_multiple_of(4096), 4096);
            },
            &[("core-truncated", 0), ("roots-absent", 512)],
            &[],
        ),
        (
            "a stack that leads nowhere",
            |go| {
                let broken = go.goroutine(Doing::Runnable, &[("main.work", &[])]);
                go.set_g(broken, |layout| layout.g.sched + layout.gobuf.pc, 0x1234);
            },
            &[("stacks-broken", 1)],
            &["stacks are walked to their top"],
        ),
        (
            "two types of one object",
            |go| {
                go.define("main.Twin", &[("next", "*main.Node"), ("n", "int")]);
                let node = go.object("main.Node");
                go.variable("main.one", "*main.Node", &[node]);
                go.variable("main.two", "*main.Twin", &[node]);
            },
            &[("types-in-conflict", 1)],
            &[],
        ),
        (
            "an object without a type",
            |go| {
                let raw = go.raw(64, &[0, 2]);
                go.variable("main.raw", "unsafe.Pointer", &[raw]);
            },
            &[("bytes-untyped", 64)],
            &[],
        ),
        (
            "a stack pointer outside of the stack",
            |go| {
                let lost = go.goroutine(Doing::Runnable, &[("main.work", &[])]);
                go.set_g(lost, |layout| layout.g.sched + layout.gobuf.sp, 0x1000);
            },
            &[("stacks-broken", 1)],
            &["saved stack pointers lie on their stacks", "stacks are walked to their top"],
        ),
    ];
    for (why, damage, expected, violated) in cases {
        let mut go = process();
        damage(&mut go);
        go.take(|snapshot| {
            let codes: Vec<_> = codes(snapshot).into_iter().filter(|one| one.0 != "core-truncated").collect();
            let expected: Vec<_> = expected.iter().copied().filter(|one| one.0 != "core-truncated").collect();
            assert_eq!(codes, expected, "{why}");
            let mut found = broken(snapshot);
            found.sort_unstable();
            assert_eq!(found, violated, "{why}");
        });
    }
}

#[test]
fn examples_say_where_what_is_odd_lies() {
    let mut go = process();
    let raw = go.raw(64, &[0, 2]);
    go.variable("main.raw", "unsafe.Pointer", &[raw]);
    let table = go.variable("main.table", "[2000]*main.Node", &[]);
    go.lose(table.next_multiple_of(4096), 4096);
    let broken = go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    go.set_g(broken, |layout| layout.g.sched + layout.gobuf.pc, 0x1234);
    go.take(|snapshot| {
        let checks = snapshot.checks(&snapshot.diagnostics());
        let first = |code: &str| checks.examples[code][0].clone();
        assert_eq!(first("bytes-untyped").addr, Some(format!("{raw:#x}")));
        let absent = first("roots-absent");
        assert_eq!((&*absent.what, absent.words), ("main.table", Some(512)));
        let stack = first("stacks-broken");
        assert!(stack.command.is_some_and(|command| command.contains("goroutine 2")), "{}", stack.what);
        let told = checks.absent.unwrap();
        assert_eq!((told.words, told.most.len()), (512, 1));
    });
}

#[test]
fn what_the_core_lacks_of_the_runtime_is_told() {
    let mut go = process();
    let node = go.object("main.Node");
    go.variable("main.other", "*main.Node", &[node]);
    let stripped = GoProcess::new();
    stripped.take(|snapshot| {
        let codes = codes(snapshot);
        assert!(codes.contains(&("dwarf-absent", 1)), "{codes:?}");
    });
    go.take(|snapshot| assert!(!codes(snapshot).iter().any(|one| one.0 == "dwarf-absent")));
}

/// The examples of a diagnostic: where, what and the command that shows it.
fn examples(go: &GoProcess, code: &str) -> Vec<(Option<String>, String, Option<String>)> {
    go.take(|snapshot| {
        let checks = snapshot.checks(&snapshot.diagnostics());
        let found = checks.examples.into_iter().filter(|(of, _)| *of == code).flat_map(|(_, examples)| examples);
        found.map(|one| (one.addr, one.what, one.command)).collect()
    })
}

#[test]
fn examples_say_what_is_there_and_what_shows_it() {
    let mut go = GoProcess::new();
    let object = go.raw(32, &[0]);
    go.variable("main.any", "unsafe.Pointer", &[object]);
    let at = format!("{object:#x}");
    let expected = (Some(at.clone()), "32 bytes of unknown type".to_owned(), Some(format!("object {at}")));
    assert_eq!(examples(&go, "bytes-untyped"), [expected]);
    go.define("main.Pair", &[("one", "*main.Pair"), ("n", "int"), ("two", "*main.Pair")]);
    go.know("main.Pair");
    let guess = go.raw(24, &[0, 2]);
    go.set(guess, &[guess, 5, guess]);
    go.variable("main.other", "unsafe.Pointer", &[guess]);
    let guessed = examples(&go, "bytes-guessed");
    assert_eq!(guessed.iter().map(|one| &*one.1).collect::<Vec<_>>(), ["main.Pair"]);
}
