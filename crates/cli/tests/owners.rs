//! `owners` on the carried cores: who keeps what, and how it reads.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, Outcome, all_carried, carried_of, command, number};
use serde_json::Value;

fn try_run(carried: &Carried, arguments: &[&str], threads: &str) -> Outcome {
    let mut command =
        command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "owners".as_ref()]);
    command.args(arguments).env("RAYON_NUM_THREADS", threads);
    common::run(command)
}

fn run(carried: &Carried, arguments: &[&str]) -> String {
    try_run(carried, arguments, "2").ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&run(carried, &arguments)).unwrap()
}

fn rows<'r>(report: &'r Value, list: &str) -> &'r Vec<Value> {
    report[list]["rows"].as_array().unwrap()
}

fn objects(report: &Value, list: &str, owner: &str) -> Option<u64> {
    rows(report, list).iter().find(|row| row["owner"] == owner).map(|row| number(row, "/objects"))
}

#[test]
fn what_reads_it_reads_well() {
    for release in ["1.19", "1.27"] {
        let carried = carried_of("retained", release);
        let shown: Vec<String> = ["main.Item", "[]uint8", "main.Cache"]
            .iter()
            .map(|what| format!("$ goheap … owners {what}\n{}", run(&carried, &[what])))
            .collect();
        insta::assert_snapshot!(format!("owners_{release}"), shown.join("\n"));
    }
}

#[test]
fn the_lists_sum_to_the_type_on_every_core() {
    for carried in all_carried() {
        for what in ["string", "[]uint8", "main.Session"] {
            let report = json(&carried, &[what]);
            let sum = ["/owned/total", "/shared/total", "/unreachable"]
                .map(|list| [number(&report, &format!("{list}/objects")), number(&report, &format!("{list}/bytes"))]);
            let sum = sum.into_iter().fold([0, 0], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
            let total = ["/total/objects", "/total/bytes"].map(|at| number(&report, at));
            assert_eq!(sum, total, "{} {what}", carried.release);
            for row in rows(&report, "owned") {
                let by: u64 = row["by"].as_array().unwrap().iter().map(|held| number(held, "/objects")).sum();
                assert!(by == number(row, "/objects") || number(row, "/by_left_out") > 0, "{row}");
            }
        }
    }
}

#[test]
fn containers_of_the_library_are_passed_over_and_others_on_request() {
    for release in ["1.19", "1.22", "1.24", "1.27"] {
        let carried = carried_of("retained", release);
        let report = json(&carried, &["main.Item"]);
        assert_eq!(objects(&report, "owned", "main.Store"), Some(30), "a list and a sync.Map");
        assert_eq!(objects(&report, "owned", "main.Cache"), Some(40));
        let skipping = json(&carried, &["main.Item", "--skip", r"^main\.(Cache|Store)$"]);
        assert_eq!(objects(&skipping, "owned", "main.Registry"), Some(40));
        assert_eq!(objects(&skipping, "owned", "main.store *main.Store"), Some(30));
        let bytes = json(&carried, &["[]uint8"]);
        assert!(objects(&bytes, "owned", "main.Item").unwrap() > 1000, "{release}");
    }
}

#[test]
fn a_type_may_be_named_as_frames_name_it() {
    let carried = carried_of("retained", "1.27");
    let [whole, short] =
        ["container/list.Element", "list.Element"].map(|name| json(&carried, &[name])["total"].clone());
    assert!(number(&whole, "/objects") > 0);
    assert_eq!(whole, short);
}

#[test]
fn owners_can_be_chosen_and_limited() {
    let carried = carried_of("retained", "1.27");
    let report = json(&carried, &["main.Item", "--match", "^main.Cache$"]);
    assert_eq!(rows(&report, "owned").len(), 1);
    assert_eq!(report["owned"]["total"]["objects"], 40);
    let two = json(&carried, &["main.Item", "--limit", "2"]);
    let all = json(&carried, &["main.Item"]);
    assert_eq!(rows(&two, "owned")[..], rows(&all, "owned")[..2]);
    assert_eq!(number(&two, "/owned/rows_left_out"), rows(&all, "owned").len() as u64 - 2);
    let csv = run(&carried, &["main.Item", "--csv"]);
    let ways = |list: &str| rows(&all, list).iter().map(|row| row["by"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(csv.lines().count(), 1 + ways("owned") + ways("shared"));
}

#[test]
fn what_is_not_there_is_said_with_the_nearest_and_status_4() {
    let outcome = try_run(&carried_of("retained", "1.27"), &["main.Cach"], "1");
    assert_eq!(outcome.status, 4);
    assert!(outcome.stderr.contains("there is no type or variable \"main.Cach\"; nearest: main.Cache"));
}

#[test]
fn threads_change_nothing() {
    let carried = carried_of("retained", "1.24");
    for what in ["main.Item", "string"] {
        let of = |threads| try_run(&carried, &[what, "--json"], threads).ok().stdout;
        assert_eq!(of("1"), of("3"));
    }
}
