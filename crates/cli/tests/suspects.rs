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

#[test]
fn a_share_that_is_passed_has_a_status_of_its_own() {
    let carried = carried("1.27");
    let ask = |share| goheap!(carried.core, "--exe", carried.exe, "suspects", "--json", "--fail-over", share);
    let over = ask("5%");
    assert_eq!(over.status, 6);
    assert!(over.stderr.contains("\"code\":\"over\"") && over.stdout.contains("main.largeMap"), "{}", over.stderr);
    assert_eq!(ask("50%").ok().stdout, over.stdout);
    assert_eq!(goheap!(carried.core, "--exe", carried.exe, "suspects", "--fail-over", "much").status, 2);
}
