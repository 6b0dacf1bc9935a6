//! `paths` on the carried cores of `retained`: what it says is what the program knows, and reads well.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, Outcome, carried_of, command, number};
use serde_json::Value;

const RELEASES: [&str; 4] = ["1.19", "1.22", "1.24", "1.27"];

fn try_run(carried: &Carried, arguments: &[&str]) -> Outcome {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "paths".as_ref()]);
    command.args(arguments);
    common::run(command)
}

fn run(carried: &Carried, arguments: &[&str]) -> String {
    try_run(carried, arguments).ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&run(carried, &arguments)).unwrap()
}

/// The references of the first path of the first object.
fn references(answer: &Value) -> Vec<&str> {
    let steps = answer.pointer("/asked/0/targets/0/paths/0/steps").unwrap().as_array().unwrap();
    steps.iter().map(|step| step["reference"].as_str().unwrap()).collect()
}

#[test]
fn each_object_retains_what_the_program_says_and_its_dominator_is_the_programs() {
    for release in RELEASES {
        let carried = carried_of("retained", release);
        let rows = carried.truth["retained"].as_array().unwrap();
        let addresses: Vec<&str> = rows.iter().map(|row| row["addr"].as_str().unwrap()).collect();
        let report = json(&carried, &addresses);
        for (row, answer) in rows.iter().zip(report["asked"].as_array().unwrap()) {
            let (case, target) = (&row["case"], &answer["targets"][0]);
            assert_eq!(number(target, "/retained"), number(row, "/bytes"), "{release}: {case}");
            let holders = row["holders"].as_str();
            assert_eq!(target["dominator"]["addr"].is_null(), holders.is_some(), "{release}: {case}");
            if let Some(holder) = holders.filter(|holders| !holders.contains(' ')) {
                let name = target["dominator"]["name"].as_str().unwrap();
                assert!(name.contains(holder), "{release}: {case}: {name}");
            }
            assert_eq!(target["paths"].as_array().unwrap().len(), 1, "{release}: {case}");
        }
    }
}

#[test]
fn without_debug_information_sizes_are_the_same() {
    for release in RELEASES {
        let carried = carried_of("retained", release);
        let rows = carried.truth["retained"].as_array().unwrap();
        let addresses: Vec<&str> = rows.iter().map(|row| row["addr"].as_str().unwrap()).collect();
        let report = json(&carried, &[&["--no-dwarf"], &addresses[..]].concat());
        for (row, answer) in rows.iter().zip(report["asked"].as_array().unwrap()) {
            assert_eq!(number(&answer["targets"][0], "/retained"), number(row, "/bytes"), "{release}: {}", row["case"]);
        }
    }
}

#[test]
fn what_reads_it_reads_well() {
    for release in ["1.19", "1.27"] {
        let carried = carried_of("retained", release);
        let shown: Vec<String> = [
            &["main.Cache"][..],
            &["main.chain.next.next"],
            &["main.holdItems.private"],
            &["main.firstOwner.item", "--all"],
            &["main.Cache", "--exclude", r"\.first"],
            &["main.Item", "--merge", "--limit", "12"],
        ]
        .iter()
        .map(|arguments| format!("$ goheap … paths {}\n{}", arguments.join(" "), run(&carried, arguments)))
        .collect();
        insta::assert_snapshot!(format!("paths_{release}"), shown.join("\n"));
    }
}

#[test]
fn fields_and_types_can_be_excluded() {
    let carried = carried_of("retained", "1.27");
    let by_second = json(&carried, &["main.Cache", "--exclude", r"^\.first "]);
    assert_eq!(references(&by_second)[1], ".second *main.Owner");
    assert_eq!(by_second, json(&carried, &["main.Cache", "--exclude", r"^main\.Registry\.first"]));
    let none = json(&carried, &["main.Cache", "--exclude", r"^main\.Owner$"]);
    assert!(none.pointer("/asked/0/targets/0/paths").unwrap().as_array().unwrap().is_empty());
    let merged = json(&carried, &["main.Item", "--merge", "--exclude", "largeMap"]);
    assert_eq!(number(&merged, "/asked/0/merged/unreached/objects"), 1000);
}

#[test]
fn limits_bound_what_is_told() {
    let carried = carried_of("retained", "1.27");
    let paths = |arguments: &[&str]| {
        let report = json(&carried, arguments);
        let target = report.pointer("/asked/0/targets/0").unwrap().clone();
        (target["paths"].as_array().unwrap().len(), target["more_paths"].as_bool().unwrap())
    };
    assert_eq!(paths(&["main.firstOwner.item"]), (1, true));
    assert_eq!(paths(&["main.firstOwner.item", "--all"]), (2, false));
    assert_eq!(paths(&["main.firstOwner.item", "--all", "--limit", "1"]), (1, true));
    let several = json(&carried, &["main.Link", "--limit", "3"]);
    assert_eq!(several.pointer("/asked/0/targets").unwrap().as_array().unwrap().len(), 3);
    let csv = run(&carried, &["main.Item", "--merge", "--csv"]);
    let steps = json(&carried, &["main.Item", "--merge"]);
    let steps = steps.pointer("/asked/0/merged/steps").unwrap().as_array().unwrap().len();
    assert_eq!(csv.lines().count(), steps + 1);
    assert!(csv.starts_with("asked,depth,reference,objects,bytes,own_objects,example\n"));
}

#[test]
fn of_many_objects_each_way_has_a_typical_one_and_all_ways_are_all_that_is_reached() {
    for release in RELEASES {
        let carried = carried_of("retained", release);
        let all = json(&carried, &["main.Item", "--limit", "0"]);
        let targets = all.pointer("/asked/0/targets").unwrap().as_array().unwrap();
        let held: Vec<u64> = targets.iter().map(|target| number(target, "/held_alike/objects")).collect();
        assert!(held.is_sorted_by(|one, next| one >= next), "{release}: {held:?}");
        assert_eq!(held.len() as u64, number(&all, "/asked/0/ways"), "{release}");
        let merged = json(&carried, &["main.Item", "--merge"]);
        let unreached = number(&merged, "/asked/0/merged/unreached/objects");
        assert_eq!(held.iter().sum::<u64>() + unreached, number(&all, "/asked/0/objects"), "{release}");
        // The most common way is told first, and the typical object lies at its end.
        let first = json(&carried, &["main.Item"]);
        assert_eq!(first.pointer("/asked/0/targets/0"), targets.first(), "{release}");
        let last = targets[0].pointer("/paths/0/steps").unwrap().as_array().unwrap().last().unwrap();
        assert_eq!(last["addr"], targets[0]["addr"], "{release}");
        let way = |target: &Value| {
            let steps = target.pointer("/paths/0/steps").unwrap().as_array().unwrap();
            steps.iter().map(|step| step["reference"].to_string()).collect::<Vec<_>>()
        };
        let mut ways: Vec<Vec<String>> = targets.iter().map(way).collect();
        ways.sort();
        ways.dedup();
        assert_eq!(ways.len(), targets.len(), "{release}");
        // Each merged step that leads to some has one of them for an example.
        let items = json(&carried, &["main.Item", "--merge"]);
        for step in items.pointer("/asked/0/merged/steps").unwrap().as_array().unwrap() {
            assert_eq!(step["own_objects"].is_null(), step["example"].is_null(), "{release}: {step}");
        }
    }
}

#[test]
fn a_field_of_a_type_is_what_it_leads_to_in_all_its_objects() {
    for release in RELEASES {
        let carried = carried_of("retained", release);
        let of_type = json(&carried, &["main.Registry.first"]);
        let of_variable = json(&carried, &["main.registry.first"]);
        assert_eq!(of_type.pointer("/asked/0/means").unwrap(), "field", "{release}");
        assert_eq!(of_type.pointer("/asked/0/targets"), of_variable.pointer("/asked/0/targets"), "{release}");
        let wrong = try_run(&carried, &["main.Registry.frist"]);
        assert!(wrong.status == 4 && wrong.stderr.contains("main.Registry.first"), "{release}: {}", wrong.stderr);
    }
}

#[test]
fn what_is_excluded_is_no_place_to_cut() {
    let carried = carried_of("retained", "1.27");
    let cut = |arguments: &[&str]| json(&carried, arguments).pointer("/asked/0/merged/cut").cloned();
    let all = cut(&["main.Item", "--merge"]);
    let excluded = cut(&["main.Item", "--merge", "--exclude", "."]);
    assert!(all.is_some() && excluded.is_none(), "{all:?}, {excluded:?}");
}

#[test]
fn paths_of_goroutines_that_wait_alike_are_one() {
    for release in RELEASES {
        let carried = carried_of("goroutines", release);
        let report = json(&carried, &["main.waitForReply.board.replies", "--all"]);
        let paths = report.pointer("/asked/0/targets/0/paths").unwrap().as_array().unwrap();
        let group = &carried.truth["groups"][0];
        assert_eq!((paths.len(), number(&paths[0], "/alike")), (1, number(group, "/count") - 1), "{release}");
        let single = json(&carried, &["main.waitForReply.board.replies"]);
        assert_eq!(single.pointer("/asked/0/targets/0/more_paths").unwrap(), true);
    }
}

#[test]
fn lines_fit_the_terminal() {
    let carried = carried_of("retained", "1.27");
    for arguments in [&["main.Item"][..], &["main.Item", "--merge"], &["main.firstOwner.item", "--all"]] {
        let mut command =
            command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "paths".as_ref()]);
        command.args(arguments).env("COLUMNS", "40");
        let text = common::run(command).ok().stdout;
        assert!(text.lines().skip(1).all(|line| line.chars().count() <= 40), "{text}");
    }
}

#[test]
fn what_is_not_there_is_said_with_the_nearest_and_status_4() {
    let carried = carried_of("retained", "1.27");
    for (argument, expected) in [
        ("main.Itm", "there is no type or variable \"main.Itm\"; nearest: main.Item"),
        ("main.registry.frist", "nearest: main.registry.first"),
        ("[]main.Item", "there is no object of the type \"[]main.Item\""),
        ("main.", "there is no type or variable \"main.\""),
        ("0x10", "no object holds 0x10"),
        ("0xffffffffffffffff", "no object holds 0xffffffffffffffff"),
    ] {
        let outcome = try_run(&carried, &[argument]);
        assert_eq!(outcome.status, 4, "{argument}");
        assert!(outcome.stderr.contains(expected) && outcome.stdout.is_empty(), "{argument}: {}", outcome.stderr);
    }
    assert_eq!(try_run(&carried, &[]).status, 2);
    assert_eq!(try_run(&carried, &[""]).status, 2);
    assert_eq!(try_run(&carried, &["main.Item", "--exclude", "("]).status, 2);
    assert_eq!(try_run(&carried, &["main.Item", "--all", "--merge"]).status, 2);
}

#[test]
fn garbage_has_no_path() {
    let carried = common::carried("1.27");
    let object = |unreachable: bool| {
        let mut list =
            command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "objects".as_ref()]);
        list.args(["--format", "ndjson", "--type", "Session"]);
        let lines = common::run(list).ok().stdout;
        let mut rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let row = rows.find(|row| row["reachable"] != unreachable).unwrap();
        row["addr"].as_str().unwrap().to_owned()
    };
    let report = run(&carried, &[&object(true)]);
    assert!(report.contains("No root leads to it"), "{report}");
    let report = run(&carried, &[&object(false)]);
    assert!(report.contains("\nfrom "), "{report}");
}

#[test]
fn threads_change_nothing() {
    let carried = carried_of("retained", "1.24");
    for arguments in [&["main.Item", "--merge", "--json"][..], &["main.Item", "main.Link", "--all", "--json"]] {
        let of = |threads: &str| {
            let mut command =
                command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "paths".as_ref()]);
            command.args(arguments).env("RAYON_NUM_THREADS", threads);
            common::run(command).ok().stdout
        };
        assert_eq!(of("1"), of("3"));
    }
}
