//! Which goroutines can never go on, where goroutines stand, and what their variables hold.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::{Doing, GoProcess};
use goheap_model::contents::{InspectOptions, Value};
use goheap_model::{Leaks, Unobserved};

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    go.frame("main.work", 2, &[0]);
    go.local("main.work", "held", "*main.Node", 0);
    go.local("main.work", "count", "int", 1);
    go
}

/// A goroutine that waits for a channel and holds something else.
fn waiter(go: &mut GoProcess, channel: u64, held: u64) {
    let calls: &[(&str, &[u64])] = &[("runtime.gopark", &[]), ("main.work", &[held, 0])];
    let goroutine = go.goroutine(Doing::Waits("chan receive"), calls);
    go.waits_for(goroutine, channel, 0, false);
}

fn leaks(go: &GoProcess) -> Leaks {
    go.take(|snapshot| leaked(&snapshot.references(&Unobserved).unwrap(), &Unobserved).unwrap())
}

#[test]
fn who_waits_for_what_nothing_else_leads_to_is_leaked() {
    let mut go = process();
    let (lost, known) = (go.channel("int", &[], 0), go.channel("int", &[], 0));
    go.variable("main.known", "chan int", &[known]);
    waiter(&mut go, lost, 0);
    waiter(&mut go, known, 0);
    let found = leaks(&go);
    assert_eq!((found.candidates, found.goroutines, found.not_known), (2, vec![0], vec![]));
}

#[test]
fn its_own_stack_does_not_save_a_goroutine_and_that_of_one_who_goes_on_does() {
    for (holder, is_leaked) in [(None, true), (Some(Doing::Runnable), false), (Some(Doing::Waits("IO wait")), false)] {
        let mut go = process();
        let channel = go.channel("int", &[], 0);
        waiter(&mut go, channel, channel);
        if let Some(doing) = holder {
            go.goroutine(doing, &[("main.work", &[channel, 0])]);
        }
        assert_eq!(leaks(&go).goroutines.contains(&0), is_leaked, "{holder:?}");
    }
}

#[test]
fn one_that_is_woken_wakes_others() {
    let build = |is_known: bool| {
        let mut go = process();
        let [first, second, third] = [0; 3].map(|_| go.channel("int", &[], 0));
        if is_known {
            go.variable("main.first", "chan int", &[first]);
        }
        // Each holds what the next one waits for; the last what the first does.
        waiter(&mut go, first, second);
        waiter(&mut go, second, third);
        waiter(&mut go, third, first);
        leaks(&go).goroutines
    };
    assert_eq!(build(true), []);
    assert_eq!(build(false), [0, 1, 2], "in a ring nobody is woken");
}

#[test]
fn what_can_never_be_woken_is_leaked_but_for_a_main_that_rests() {
    let mut go = process();
    for reason in ["select (no cases)", "select (no cases)", "chan receive (nil chan)", "sleep", "IO wait"] {
        go.goroutine(Doing::Waits(reason), &[("runtime.gopark", &[]), ("main.work", &[0, 0])]);
    }
    let found = leaks(&go);
    assert_eq!((found.candidates, found.goroutines), (3, vec![1, 2]));
}

#[test]
fn a_channel_outside_of_the_heap_is_always_there() {
    let mut go = process();
    let channel = go.variable("main.static", "[14]uintptr", &[]);
    waiter(&mut go, channel, 0);
    assert_eq!(leaks(&go).goroutines, []);
}

#[test]
fn who_waits_for_one_of_several_is_woken_by_any() {
    let mut go = process();
    let (lost, known) = (go.channel("int", &[], 0), go.channel("int", &[], 0));
    go.variable("main.known", "chan int", &[known]);
    let calls: &[(&str, &[u64])] = &[("runtime.gopark", &[]), ("main.work", &[0, 0])];
    let goroutine = go.goroutine(Doing::Waits("select"), calls);
    go.waits_for_all(goroutine, &[lost, known]);
    let stuck = go.goroutine(Doing::Waits("select"), calls);
    go.waits_for_all(stuck, &[lost, lost]);
    assert_eq!(leaks(&go).goroutines, [1]);
}

#[test]
fn a_mutex_is_told_by_the_word_that_is_slept_on() {
    let build = |is_known: bool| {
        let mut go = process();
        go.define("sync.Mutex", &[("state", "int32"), ("sema", "uint32")]);
        go.define("main.Account", &[("n", "int"), ("mu", "sync.Mutex"), ("next", "*main.Account")]);
        let account = go.object("main.Account");
        if is_known {
            go.variable("main.account", "*main.Account", &[account]);
        }
        let calls: &[(&str, &[u64])] = &[("runtime.gopark", &[]), ("sync.(*Mutex).Lock", &[]), ("main.work", &[0, 0])];
        let goroutine = go.goroutine(Doing::Waits("sync.Mutex.Lock"), calls);
        go.waits_for(goroutine, 0, account + 12, false);
        leaks(&go).goroutines
    };
    assert_eq!((build(true), build(false)), (vec![], vec![0]));
}

#[test]
fn where_a_word_is_absent_nobody_is_known_to_be_leaked() {
    let mut go = process();
    let lost = go.channel("int", &[], 0);
    waiter(&mut go, lost, 0);
    let table = go.variable("main.table", "[2000]*main.Node", &[]);
    assert_eq!(leaks(&go).goroutines, [0]);
    go.lose(table.next_multiple_of(4096), 4096);
    let found = leaks(&go);
    assert_eq!((found.goroutines, found.not_known), (vec![], vec![0]));
}

#[test]
fn goroutines_that_stand_at_one_place_are_a_group() {
    let mut go = process();
    for _ in 0..3 {
        go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[0, 0])]);
    }
    go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.other", &[])]);
    go.goroutine(Doing::Dead, &[]);
    go.open(|model| {
        let groups = read_groups(model, &Unobserved).unwrap();
        let told: Vec<_> = groups
            .groups
            .iter()
            .map(|group| (&*group.calls[group.speaking.unwrap()].function, group.members.clone()))
            .collect();
        assert_eq!(told, [("main.work", vec![0, 1, 2]), ("main.other", vec![3])]);
        assert_eq!(groups.each.len(), 5, "the dead one, too");
    });
}

#[test]
fn variables_of_a_call_are_told_where_they_are_and_what_they_hold() {
    let mut go = process();
    let (node, channel) = (go.object("main.Node"), go.channel("int", &[], 0));
    go.variable("main.queue", "chan int", &[channel]);
    go.frame("main.work", 3, &[0]);
    go.local("main.work", "dead", "*main.Node", 2);
    let calls: &[(&str, &[u64])] = &[("runtime.gopark", &[]), ("main.work", &[node, 42, node])];
    let goroutine = go.goroutine(Doing::Waits("chan receive"), calls);
    go.waits_for(goroutine, channel, 0, false);
    let options = InspectOptions { values: true, limit: 10, text_bytes: 10 };
    go.take(|snapshot| {
        let of = &snapshot.model.goroutines[0];
        let told = snapshot.goroutine_frames(of, CallsWanted { all: false, limit: 10 }, options);
        assert_eq!(told.awaits.iter().map(|target| &*target.text).collect::<Vec<_>>(), ["chan int"]);
        let work = told.calls.iter().find(|call| call.call.call.function == "main.work").unwrap();
        let variables: Vec<_> = work.variables.shown.iter().map(|variable| (&*variable.name, variable)).collect();
        assert_eq!(variables.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["held", "count", "dead"]);
        let [held, count, dead] = [0, 1, 2].map(|at: usize| variables[at].1);
        assert!(matches!(&held.fields.shown[0].value, Value::Pointer(target) if target.address == node));
        assert_eq!(held.objects, [snapshot.id(node)]);
        assert_eq!(count.fields.shown[0].value, Value::Number(Some("42".to_owned())));
        assert_eq!(dead.place, VariablePlace::Nowhere, "the stack map does not have it");
        let all = snapshot.goroutine_frames(of, CallsWanted { all: true, limit: 10 }, options);
        assert!(all.calls.len() > told.calls.len() && told.hidden > 0, "the runtime's own are hidden");
    });
}

/// The variables of `main.parts`, whose frame has these words, of which some are pointers.
fn variables(locals: &[(&str, &str)], pointers: &[usize], words: &[u64], go: &mut GoProcess) -> Vec<Variable> {
    go.frame("main.parts", words.len(), pointers);
    for (word, (name, ty)) in locals.iter().enumerate() {
        go.local("main.parts", name, ty, word);
    }
    go.goroutine(Doing::Runnable, &[("main.parts", words)]);
    let options = InspectOptions { values: false, limit: 10, text_bytes: 10 };
    go.take(|snapshot| {
        let of = &snapshot.model.goroutines[0];
        let told = snapshot.goroutine_frames(of, CallsWanted { all: false, limit: 10 }, options);
        told.calls.into_iter().find(|call| call.call.call.function == "main.parts").unwrap().variables.shown
    })
}

#[test]
fn a_variable_that_escaped_lies_where_its_pointer_leads() {
    let mut go = process();
    let node = go.object("main.Node");
    let told = variables(&[("&node", "*main.Node")], &[0], &[node], &mut go);
    assert_eq!((&*told[0].name, &*told[0].ty), ("node", "main.Node"), "it reads as the source has it");
    assert_eq!(told[0].place, VariablePlace::Heap(node));
    assert_eq!(told[0].objects.len(), 1);
}

#[test]
fn what_the_compiler_keeps_beside_variables_is_not_shown() {
    let mut go = process();
    let node = go.object("main.Node");
    let locals = [(".dict", "uintptr"), ("any.type", "uintptr"), ("any.data", "*main.Node"), ("row.cap", "int")];
    let told = variables(&locals, &[2], &[1, 2, node, 4], &mut go);
    assert_eq!(told.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["any.data"]);
}

#[test]
fn a_length_is_told_without_contents_but_not_one_that_no_row_has() {
    let told = |len: u64, is_live: bool| {
        let mut go = process();
        let node = go.object("main.Node");
        let pointers: &[usize] = if is_live { &[0] } else { &[] };
        let told = variables(&[("row.ptr", "*main.Node"), ("row.len", "int")], pointers, &[node, len], &mut go);
        let len = told.iter().find(|one| one.name == "row.len").unwrap();
        len.fields.shown.first().map(|field| field.value.clone())
    };
    assert_eq!(told(3, true), Some(Value::Number(Some("3".to_owned()))));
    assert_eq!(told(1 << 47, true), None, "it was never written");
    assert_eq!(told(3, false), None, "its row is dead");
}

#[test]
fn slices_and_strings_that_make_no_sense_are_nowhere() {
    let told = |ty: &str, words: [u64; 3]| {
        let mut go = process();
        let node = go.row("main.Node", 4);
        let words = [if words[0] == 0 { 0 } else { node }, words[1], words[2]];
        variables(&[("row", ty)], &[0], &words, &mut go)[0].place == VariablePlace::Nowhere
    };
    assert!(!told("[]main.Node", [1, 3, 4]) && told("[]main.Node", [1, 5, 4]), "a length is no more than the capacity");
    assert!(told("[]main.Node", [1, 3, 1 << 47]));
    assert!(!told("string", [1, 3, 0]) && told("string", [1, 1 << 47, 0]));
}

/// Two goroutines in the list of a condition, which the stack of each has; a third beside it.
#[test]
fn who_waits_for_a_condition_is_in_its_list() {
    let mut go = GoProcess::of_release("go1.24.2").with_dwarf();
    go.define("main.Pool", &[("n", "int"), ("cond", "[7]uint64"), ("next", "*main.Pool")]);
    let pool = go.object("main.Pool");
    let cond = pool + 8;
    go.frame("sync.(*Cond).Wait", 1, &[0]);
    let mut wait = |held: u64| {
        let calls: &[(&str, &[u64])] = &[("runtime.gopark", &[]), ("sync.(*Cond).Wait", &[held]), ("main.work", &[])];
        go.goroutine(Doing::Waits("sync.Cond.Wait"), calls)
    };
    let waiting = [wait(cond), wait(cond)];
    wait(0);
    // The head of the list lies behind the lock and the counts.
    let mut next = 0;
    for goroutine in waiting.iter().rev() {
        next = go.listed(*goroutine, next);
    }
    go.set(cond + 32, &[next]);
    let leaked = leaks(&go);
    assert_eq!((leaked.goroutines.len(), leaked.unknown), (2, 1), "of the third it is not known what it waits for");
    go.variable("main.pool", "*main.Pool", &[pool]);
    assert_eq!(leaks(&go).goroutines.len(), 0, "who has the pool may wake them");
}
