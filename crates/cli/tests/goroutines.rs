//! `goheap CORE goroutines` and `goroutine ID` on the carried cores: against what the programs say of themselves, and read.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, RELEASES, all_carried, carried, number};
use serde_json::Value;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

/// Releases of which the fixture `goroutines` is carried.
const FIVE_GROUPS: [&str; 4] = ["1.19", "1.22", "1.24", "1.27"];

fn run(carried: &Carried, arguments: &[&str]) -> String {
    let before = [carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str(), OsStr::new("-q")];
    let all: Vec<&OsStr> = before.into_iter().chain(arguments.iter().map(OsStr::new)).collect();
    common::run(common::command(&all)).ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["goroutines", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&run(carried, &arguments)).unwrap()
}

fn five_groups(release: &'static str) -> Carried {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
    let truth = std::fs::read_to_string(folder.join("goroutines.truth.json")).unwrap();
    let (core, exe) = (folder.join("goroutines.core.zst"), folder.join("goroutines.zst"));
    Carried { release, core, exe, truth: serde_json::from_str(&truth).unwrap() }
}

fn groups(report: &Value) -> &Vec<Value> {
    report["groups"].as_array().unwrap()
}

fn functions(group: &Value) -> Vec<&str> {
    group["frames"].as_array().unwrap().iter().map(|frame| frame["function"].as_str().unwrap()).collect()
}

fn in_function<'v>(report: &'v Value, function: &str) -> &'v Value {
    let mut found = groups(report).iter().filter(|group| functions(group).contains(&function));
    let group = found.next().unwrap_or_else(|| panic!("no group in {function}"));
    assert!(found.next().is_none(), "two groups in {function}");
    group
}

#[test]
fn groups_leaks_and_what_they_hold_are_what_the_program_says() {
    for release in FIVE_GROUPS {
        let fixture = five_groups(release);
        let (all, leaked) = (json(&fixture, &[]), json(&fixture, &["--leaked"]));
        let (mut expected, mut total) = (Vec::new(), 0);
        for truth in fixture.truth["groups"].as_array().unwrap() {
            let function = truth["function"].as_str().unwrap();
            let group = in_function(&all, function);
            assert_eq!(number(group, "/count"), number(truth, "/count"), "{release}: {function}");
            assert_eq!(number(group, "/retained_bytes"), number(truth, "/bytes"), "{release}: {function}");
            assert_eq!(group["created_by"]["function"], truth["creator"], "{release}: {function}");
            let is_leaked = truth["leaked"].as_bool().unwrap();
            assert_eq!(number(group, "/leaked"), if is_leaked { number(truth, "/count") } else { 0 }, "{function}");
            let state = match (release, truth["wait"].as_str().unwrap()) {
                ("1.19", "sync.Mutex.Lock") => "semacquire",
                (_, wait) => wait,
            };
            assert_eq!(
                group["states"],
                serde_json::json!([{"state": state, "goroutines": truth["count"]}]),
                "{release}"
            );
            if is_leaked {
                expected.push(function);
                total += number(truth, "/count");
            }
        }
        let mut found: Vec<&str> = groups(&leaked).iter().map(|group| *functions(group).last().unwrap()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{release}");
        assert_eq!((number(&leaked, "/leaked"), number(&leaked, "/selected")), (total, total), "{release}");
    }
}

#[test]
fn what_one_goroutine_retains_is_what_the_program_says() {
    for carried in all_carried() {
        let report = json(&carried, &[]);
        let mut compared = 0;
        for truth in carried.truth["structures"].as_array().unwrap() {
            // The queue of finalizers still holds the one that runs: the goroutine is not alone.
            if truth["kind"] != "goroutine" || truth["root"] == "main.blockFinalizers" {
                continue;
            }
            let retained = number(in_function(&report, truth["root"].as_str().unwrap()), "/retained_bytes");
            let bytes = number(truth, "/bytes");
            if truth["root"] == "main.inLoopDefers" || truth["root"] == "main.inPanic" {
                // Some records of deferred calls are on the heap: the goroutine's, and not in what the program says.
                assert!((bytes..bytes + 500).contains(&retained), "{}: {retained}, {truth}", carried.release);
            } else {
                assert_eq!(retained, bytes, "{}: {truth}", carried.release);
            }
            compared += 1;
        }
        assert!(compared > 20, "{compared}");
        // They wait for package variables, but for those that wait for nothing.
        let leaked = json(&carried, &["--leaked"]);
        let mut functions: Vec<&str> = groups(&leaked).iter().map(|group| functions(group)[0]).collect();
        functions.sort_unstable();
        assert_eq!(functions, ["main.holdInEmptySelect", "main.holdInNilChannel"], "{}", carried.release);
    }
}

/// What tools read of a traceback: by id, the state and the functions with their places.
fn parsed(text: &str) -> HashMap<u64, (String, Vec<(String, String)>)> {
    let mut goroutines = HashMap::new();
    for part in text.split("\n\n") {
        let mut lines = part.lines();
        let heading = lines.next().unwrap().strip_prefix("goroutine ").unwrap().strip_suffix("]:").unwrap();
        let (id, state) = heading.split_once(" [").unwrap();
        let id = id.split(' ').next().unwrap().parse().unwrap();
        let lines: Vec<&str> = lines.filter(|line| !line.starts_with("...")).collect();
        let calls = lines.chunks(2).map(|pair| {
            let place = pair[1].strip_prefix('\t').unwrap_or_else(|| panic!("no place: {pair:?}"));
            (pair[0].to_owned(), place.to_owned())
        });
        assert!(goroutines.insert(id, (state.to_owned(), calls.collect())).is_none(), "twice: {id}");
    }
    goroutines
}

#[test]
fn tracebacks_are_read_by_what_reads_those_of_go() {
    for carried in all_carried() {
        let report = json(&carried, &["--no-retained"]);
        let goroutines = parsed(&run(&carried, &["goroutines", "--format", "traceback"]));
        assert_eq!(goroutines.len() as u64, number(&report, "/selected"), "{}", carried.release);
        for group in groups(&report).iter().filter(|group| functions(group)[0] != "main.inRecursion") {
            let (state, calls) = &goroutines[&number(group, "/ids/0")];
            let known = group["states"][0]["state"].as_str().unwrap();
            assert_eq!(state.split(',').next().unwrap(), known, "{}", carried.release);
            let frames = group["frames"].as_array().unwrap();
            for (frame, (function, place)) in frames.iter().zip(calls) {
                let (name, _) = function.rsplit_once('(').unwrap();
                let name = if name == "panic" { "runtime.gopanic" } else { name };
                assert_eq!(name, frame["function"], "{}", carried.release);
                let file = format!("{}:{}", frame["file"].as_str().unwrap(), frame["line"]);
                assert!(place == &file || place.starts_with(&format!("{file} +0x")), "{place}, not {file}");
            }
            let creator = group.get("created_by").filter(|creator| {
                let name = creator["function"].as_str().unwrap();
                !name.starts_with("runtime.")
            });
            let created = calls.last().filter(|_| calls.len() > frames.len()).map(|(line, _)| line.as_str());
            let expected = creator.map(|creator| format!("created by {}", creator["function"].as_str().unwrap()));
            assert_eq!(created.map(|line| line.split(" in goroutine ").next().unwrap()), expected.as_deref());
        }
        // Contents are shown where they were asked for.
        let text = run(&carried, &["goroutines", "--format", "traceback", "--values"]);
        assert!(text.contains("main.inRecursion(0x0)\n"), "{}", carried.release);
        assert!(!run(&carried, &["goroutines", "--format", "traceback"]).contains("(0x"), "{}", carried.release);
    }
}

#[test]
fn the_runtimes_own_are_shown_where_all_is_asked_for() {
    let carried = carried("1.27");
    let (some, all) = (json(&carried, &["--no-retained"]), json(&carried, &["--no-retained", "--all"]));
    assert_eq!(number(&some, "/selected") + number(&some, "/system"), number(&some, "/goroutines"));
    assert_eq!(number(&all, "/selected"), number(&all, "/goroutines"));
    let text = run(&carried, &["goroutines", "--format", "traceback", "--all"]);
    assert_eq!(parsed(&text).len() as u64, number(&all, "/goroutines"));
    assert!(text.contains("runtime.gopark(") && text.contains(" gp=0x") && text.contains(" fp=0x"));
}

#[test]
fn filters_limits_and_formats_agree() {
    let carried = carried("1.27");
    let all = json(&carried, &[]);
    let some = json(&carried, &["--match", r"^main\.holdIn(Mutex|Cond)$"]);
    assert_eq!(groups(&some).len(), 2);
    assert!(groups(&some).iter().all(|group| groups(&all).contains(group)));
    let three = json(&carried, &["--limit", "3"]);
    assert_eq!(groups(&three)[..], groups(&all)[..3]);
    assert_eq!(number(&three, "/groups_left_out"), groups(&all).len() as u64 - 3);
    let csv = run(&carried, &["goroutines", "--csv"]);
    assert_eq!(csv.lines().count(), groups(&all).len() + 1);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().any(|line| line.split(',').count() == columns && line.contains("main.holdInMutex")), "{csv}");
    let by_table = json(&carried, &["--no-retained", "--leaked"]);
    assert_eq!(number(&by_table, "/leaked"), number(&all, "/leaked"));
    let stripped = run(&carried, &["--no-dwarf", "goroutines", "--json"]);
    let stripped: Value = serde_json::from_str(&stripped).unwrap();
    assert_eq!(groups(&stripped), groups(&all));
}

#[test]
fn wrong_arguments_are_told() {
    let carried = carried("1.27");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "goroutine", "1000000");
    assert_eq!(outcome.status, 4);
    let expected = "goheap: no goroutine 1000000; the nearest is ";
    assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
    for wrong in
        [&["goroutine", "x"][..], &["goroutine"], &["goroutines", "--match", "("], &["goroutines", "--json", "--csv"]]
    {
        let arguments: Vec<&OsStr> = [OsStr::new("core")].into_iter().chain(wrong.iter().map(OsStr::new)).collect();
        assert_eq!(common::run(common::command(&arguments)).status, 2, "{wrong:?}");
    }
}

#[test]
fn a_goroutine_tells_its_variables() {
    for release in RELEASES {
        let carried = carried(release);
        let report = json(&carried, &["--match", r"^main\.holdInReceive$"]);
        let id = number(&report, "/groups/0/ids/0").to_string();
        let told = |more: &[&str]| -> Value {
            let arguments: Vec<&str> = ["goroutine", &id, "--json"].into_iter().chain(more.iter().copied()).collect();
            serde_json::from_str(&run(&carried, &arguments)).unwrap()
        };
        let goroutine = told(&[]);
        assert_eq!(goroutine["retained_bytes"], report["groups"][0]["retained_bytes"], "{release}");
        assert!(goroutine["awaits"][0]["text"].as_str().unwrap().starts_with("chan "), "{release}");
        let frame = &goroutine["frames"][0];
        let variables = frame["variables"].as_array().unwrap();
        let private = variables.iter().find(|variable| variable["name"] == "private");
        let keeps = private.and_then(|private| private["keeps_bytes"].as_u64());
        assert_eq!(keeps, goroutine["retained_bytes"].as_u64(), "{release}: {frame}");
        assert_eq!(frame["function"], "main.holdInReceive");
        assert!(number(&told(&["--all"])["frames"].as_array().unwrap()[0], "/offset") > 0, "{release}");
    }
}

#[test]
fn texts_are_worth_reading() {
    let carried = carried("1.27");
    insta::assert_snapshot!("goroutines", run(&carried, &["goroutines"]));
    insta::assert_snapshot!("goroutines_stacks", run(&carried, &["goroutines", "--leaked", "--stacks"]));
    insta::assert_snapshot!("goroutines_five_groups", run(&five_groups("1.22"), &["goroutines"]));
    let report = json(&carried, &["--no-retained", "--match", r"^main\.(inRecursion|inMapRange)$"]);
    for group in groups(&report) {
        let (id, name) = (number(group, "/ids/0").to_string(), functions(group)[0].rsplit('.').next().unwrap());
        let arguments = ["goroutine", &id, "--limit", "3", "--values"];
        insta::assert_snapshot!(format!("goroutine_{name}"), run(&carried, &arguments));
    }
    let narrow = [carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str(), OsStr::new("goroutines")];
    let mut command = common::command(&narrow);
    command.env("COLUMNS", "80");
    let table = common::run(command).ok().stdout;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    insta::assert_snapshot!("goroutines_help", goheap!("goroutines", "--help").ok().stdout);
    insta::assert_snapshot!("goroutine_help", goheap!("goroutine", "--help").ok().stdout);
    let page = goheap!("man").ok().stdout;
    assert!(page.contains(".SH \"COMMAND GOROUTINES\"") && page.contains(".SH \"COMMAND GOROUTINE\""));
}

#[test]
fn what_is_waited_for_is_named_by_the_lock_and_not_by_the_word_in_it() {
    for release in RELEASES {
        let carried = carried(release);
        let report = json(&carried, &[]);
        let waits = |group: &&Value| functions(group).contains(&"main.holdInMutex");
        let group = groups(&report).iter().find(waits).unwrap();
        let id = group["ids"][0].to_string();
        let goroutine: Value = serde_json::from_str(&run(&carried, &["goroutine", &id, "--json"])).unwrap();
        assert_eq!(goroutine["awaits"][0]["text"], "main.mutex", "{release}");
    }
}
