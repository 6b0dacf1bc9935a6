//! `suspects` on the carried cores, and what a script gets.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, all_cores, carried, carried_of, number};
use serde_json::Value;

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    let mut command = common::command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.arg("suspects").arg("--json").args(arguments);
    serde_json::from_str(&common::run(command).ok().stdout).unwrap()
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["sections"][0]["rows"].as_array().unwrap()
}

#[test]
fn it_reads_well() {
    for (program, release) in [("structures", "1.27"), ("retained", "1.19"), ("goroutines", "1.19")] {
        let carried = if program == "structures" { carried(release) } else { carried_of(program, release) };
        let shown = goheap!(carried.core, "--exe", carried.exe, "--quiet", "suspects").ok().stdout;
        let (shown, _) = shown.split_once("ask next").unwrap();
        insta::assert_snapshot!(format!("suspects_{program}"), shown);
    }
}

/// The fixture's large map is one of them on every release, with its 1000 sessions.
#[test]
fn a_map_is_told_by_its_variable_and_what_gathers_in_it() {
    for carried in all_carried() {
        let answer = json(&carried, &[]);
        let map = rows(&answer).iter().find(|row| row["holder"] == "main.largeMap").unwrap();
        assert_eq!((&map["values"], &map["type"]), (&1000.into(), &"*main.Session".into()), "{}", carried.release);
        assert_eq!(map["map_entries"], 1000, "{}", carried.release);
        assert!(map["keywords"].as_array().unwrap().contains(&"main.Session".into()), "{map}");
    }
}

/// No suspect is larger than what is reachable, and those below `--least` are none.
#[test]
fn sums_stay_within_what_is_reachable() {
    for carried in all_cores() {
        let answer = json(&carried, &["--least", "8%"]);
        let whole = number(&answer, "/sections/0/columns/0/whole");
        for row in rows(&answer) {
            let retained = number(row, "/retained");
            assert!(retained <= whole && retained >= whole * 8 / 100, "{} {row}", carried.release);
        }
    }
}

/// What a timer or a context calls is in an interface, whose type says no more than `func()`.
#[test]
fn functions_in_interfaces_are_named_with_what_they_captured() {
    let folder = tempfile::tempdir().unwrap();
    for (release, captured) in [("1.19", "kept"), ("1.22", "X0"), ("1.27", "kept")] {
        let (carried, out) = (carried(release), folder.path().join(format!("{release}.folded")));
        goheap!(carried.core, "--exe", carried.exe, "objref", out).ok();
        let frames = std::fs::read_to_string(&out).unwrap();
        let named = format!("arg interface {{}} = main.library.func5.1{{{captured}}}");
        assert!(frames.contains(&named), "{release}");
        assert!(!frames.contains("arg interface {} = func()"), "{release}");
    }
}

#[test]
fn a_share_that_is_passed_has_a_status_of_its_own() {
    let carried = carried("1.27");
    let ask = |share| goheap!(carried.core, "--exe", carried.exe, "suspects", "--json", "--fail-over", share);
    let over = ask("5%");
    assert_eq!(over.status, 6);
    assert!(over.stderr.contains("\"code\":\"over\"") && over.stdout.contains("main.largeMap"), "{}", over.stderr);
    // Which, how much, the limit in bytes and by how much it is passed.
    let limit = "main.largeMap retains 223.6 KiB, 8.69 % of what is reachable: 95.0 KiB more than the 128.7 KiB that \
                 --fail-over 5 % allows, and so do 5 others";
    assert!(over.stderr.contains(limit), "{}", over.stderr);
    assert_eq!(ask("50%").ok().stdout, over.stdout);
    assert_eq!(goheap!(carried.core, "--exe", carried.exe, "suspects", "--fail-over", "much").status, 2);
}
