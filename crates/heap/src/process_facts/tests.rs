//! What a small process was, and how it died.
#![allow(clippy::unwrap_used)]

use super::process_facts;
use crate::testing::{Doing, GoProcess};
use goheap_model::process::{DEAD, Death, LayoutFrom, ProcessFacts, VersionFrom};

fn facts(go: &GoProcess) -> ProcessFacts {
    go.open(process_facts)
}

fn died(go: &GoProcess) -> Death {
    facts(go).died
}

#[test]
fn a_program_is_told_by_its_notes_and_its_file() {
    let mut go = GoProcess::of_release("go1.24.3");
    go.processor(0);
    go.processor(0);
    let facts = facts(&go);
    let program = &facts.program;
    assert_eq!((program.name.as_deref(), program.pid), (Some("tiny"), Some(7)));
    assert_eq!(
        program.arguments.as_deref(),
        Some("tiny -all"),
        "of the note, since the stack of the start is not there"
    );
    assert!(program.argument_list.is_empty());
    assert_eq!((facts.go.version.as_deref(), facts.go.arch.as_deref()), (Some("go1.24.3"), Some("amd64")));
    assert_eq!((facts.go.version_source, facts.go.layout), (Some(VersionFrom::Given), Some(LayoutFrom::Table)));
    assert!(!facts.go.newer_than_known);
    assert_eq!((facts.gomaxprocs, facts.threads), (Some(2), Some(1)));
    assert!(facts.other_go_files.is_empty());
}

#[test]
fn goroutines_are_counted_by_what_they_do() {
    let mut go = GoProcess::new();
    go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    for _ in 0..3 {
        go.goroutine(Doing::Dead, &[("main.work", &[])]);
    }
    for _ in 0..2 {
        go.goroutine(Doing::Waits("sleep"), &[("runtime.gopark", &[]), ("main.work", &[])]);
    }
    go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("runtime.bgscavenge", &[])]);
    let goroutines = facts(&go).goroutines;
    assert_eq!((goroutines.total, goroutines.system), (Some(4), Some(1)), "the dead are none, and the runtime has one");
    let states: Vec<_> = goroutines.by_state.iter().map(|state| (&*state.state, state.count)).collect();
    assert_eq!(states[0], ("sleep", 2), "the most frequent comes first");
    assert_eq!(states[3], (DEAD, 3), "and the dead come last, however many they are");
    assert_eq!(states.len(), 4);
    assert!(goroutines.panicking.is_empty());
}

#[test]
fn a_core_of_a_living_process_has_no_cause() {
    let died = died(&GoProcess::new());
    assert_eq!((died.signal, died.why), (None, None));
    assert_eq!(died.code.as_deref(), Some("not killed: dumped while it lived, as gcore does"));
    let mut stopped = GoProcess::new();
    stopped.signal(19, 0, 55);
    assert_eq!(self::died(&stopped).signal, None, "gdb stopped it");
}

#[test]
fn a_fault_is_told_with_its_place_and_its_code() {
    let mut go = GoProcess::new();
    go.define("main.User", &[("name", "string"), ("next", "*main.User")]);
    let user = go.object("main.User");
    let entry = go.function("main.work");
    go.signal(11, 2, user + 8);
    go.stands(entry + 0x18, 0);
    let death = died(&go);
    assert_eq!(
        (death.signal, death.name.as_deref(), death.code.as_deref()),
        (Some(11), Some("SIGSEGV"), Some("access not allowed"))
    );
    assert_eq!(death.address.map(|address| address.0), Some(user + 8));
    let fault = death.fault.unwrap();
    let place = format!("the heap, 8 bytes into the allocated slot of 24 bytes at {user:#x}");
    assert_eq!(fault.place.as_deref(), Some(&*place));
    assert_eq!(fault.pc.0, entry + 0x18);
    assert_eq!(fault.code_place.as_deref(), Some("main.work, /src/main.go:403"), "each eight bytes are a line");
}

#[test]
fn a_fault_of_arithmetic_has_no_address() {
    let mut go = GoProcess::new();
    let entry = go.function("main.work");
    go.signal(8, 1, entry);
    go.stands(entry, 0);
    let fault = died(&go).fault.unwrap();
    assert_eq!((fault.name.as_deref(), fault.code.as_deref()), (Some("SIGFPE"), Some("integer divided by zero")));
    assert_eq!((fault.address, fault.place), (None, None), "it is the instruction's, which is told already");
    let mut go = GoProcess::new();
    go.signal(11, 0x80, 0);
    let death = died(&go);
    assert!(death.fault.is_none() && death.address.is_none(), "the kernel tells none of a general protection fault");
    assert_eq!(death.code.as_deref(), Some("general protection fault, whose address the processor does not tell"));
}

#[test]
fn a_signal_that_somebody_sent_has_a_sender() {
    let mut go = GoProcess::new();
    go.signal(3, 0, 4242);
    let death = died(&go);
    assert_eq!((death.name.as_deref(), death.code.as_deref()), (Some("SIGQUIT"), Some("sent by process 4242")));
    assert!(death.fault.is_none());
    let mut own = GoProcess::new();
    own.signal(6, -6, 7);
    assert_eq!(died(&own).code.as_deref(), Some("raised by the process itself"), "7 is its own number");
}

#[test]
fn the_command_line_is_that_of_the_first_stack() {
    let mut go = GoProcess::new();
    go.started(&["./tiny", "--name=a b", "-all"], &["HOME=/root"]);
    let program = facts(&go).program;
    assert_eq!(program.argument_list, ["./tiny", "--name=a b", "-all"]);
    assert_eq!(program.arguments.as_deref(), Some("./tiny \"--name=a b\" -all"), "the note has but 80 bytes");
}

/// Names, values and sources.
fn settings(go: &GoProcess) -> Vec<(String, String, String)> {
    facts(go).gc.settings.into_iter().map(|one| (one.name, one.value, one.source)).collect()
}

fn setting(name: &str, value: &str, source: &str) -> (String, String, String) {
    (name.to_owned(), value.to_owned(), source.to_owned())
}

#[test]
fn of_the_environment_only_what_the_runtime_reads_is_told() {
    let mut go = GoProcess::new();
    assert!(settings(&go).is_empty(), "the core has no environment");
    go.started(&["./tiny"], &["TOKEN=hush", "GOMEMLIMIT=1GiB", "GOGC=50", "GOGCX=1"]);
    assert_eq!(settings(&go), [setting("GOGC", "50", "environment"), setting("GOMEMLIMIT", "1GiB", "environment")]);
}

#[test]
fn who_set_godebug_is_told() {
    let mut go = GoProcess::new();
    go.started(&["./tiny"], &["GODEBUG=madvdontneed=1"]);
    let (now, built) = (go.string("madvdontneed=1"), go.string("panicnil=1"));
    let now = go.filled("string", &now);
    let environment = go.variable("runtime.godebugEnv", "*string", &[now]);
    go.variable("runtime.godebugDefault", "string", &built);
    let (given, built) =
        (setting("GODEBUG", "madvdontneed=1", "environment"), setting("GODEBUG", "panicnil=1", "build"));
    assert_eq!(settings(&go), [given.clone(), built.clone()], "as it was given");
    let text = go.string("gctrace=1");
    let other = go.filled("string", &text);
    go.set(environment, &[other]);
    assert_eq!(settings(&go), [given, setting("GODEBUG", "gctrace=1", "program"), built], "the program changed it");
}

#[test]
fn the_collectors_figures_are_those_of_its_controller() {
    let mut go = GoProcess::new();
    let (at, fields) = go.open(|model| (model.anchors.gc_controller.unwrap().0, model.layout.gc_controller.clone()));
    go.put(at + fields.gc_percent, &(-1_i32).to_le_bytes());
    for (field, value) in [
        (fields.memory_limit.unwrap(), i64::MAX as u64),
        (fields.heap_live, 5000),
        (fields.heap_marked, 3000),
        (fields.heap_goal, u64::MAX),
    ] {
        go.set(at + field, &[value]);
    }
    let gc = facts(&go).gc;
    assert_eq!((gc.gogc, gc.memory_limit), (Some(-1), None), "GOGC=off, and no limit");
    assert_eq!((gc.live, gc.marked, gc.goal), (Some(5000), Some(3000), None));
    go.set(at + fields.memory_limit.unwrap(), &[1 << 30]);
    go.set(at + fields.heap_goal, &[9000]);
    let gc = facts(&go).gc;
    assert_eq!((gc.memory_limit, gc.goal_by_gogc), (Some(1 << 30), Some(9000)));
    assert_eq!((gc.last, gc.cycles), (None, None), "the runtime's counters are not there");
}
