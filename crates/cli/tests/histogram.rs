//! `histogram` on the carried cores: the total is the heap, and each row what the objects say.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, command, number};
use serde_json::Value;
use std::collections::HashMap;

fn run(carried: &Carried, arguments: &[&str]) -> String {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(arguments);
    common::run(command).ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["histogram", "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&run(carried, &arguments)).unwrap()
}

/// Objects and bytes.
fn share(value: &Value) -> [u64; 2] {
    [number(value, "/objects"), number(value, "/bytes")]
}

fn rows(histogram: &Value) -> &Vec<Value> {
    histogram["rows"].as_array().unwrap()
}

#[test]
fn the_total_is_the_heap_to_the_byte() {
    for carried in all_carried() {
        let overview: Value = serde_json::from_str(&run(&carried, &["overview", "--json"])).unwrap();
        let histogram = json(&carried, &[]);
        let allocated = ["/heap/objects/allocated", "/heap/allocated"].map(|at| number(&overview, at));
        assert_eq!(share(&histogram["total"]), allocated, "{}", carried.release);
        let sum = rows(&histogram).iter().map(share).fold([0, 0], |sum, row| [sum[0] + row[0], sum[1] + row[1]]);
        assert_eq!(sum, allocated, "{}", carried.release);
        let order = |row: &Value| (std::cmp::Reverse(number(row, "/bytes")), row["name"].to_string());
        assert!(rows(&histogram).is_sorted_by_key(order), "{}", carried.release);
    }
}

#[test]
fn rows_are_the_sums_of_objects() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let mut sums: HashMap<String, [u64; 2]> = HashMap::new();
        for line in run(&carried, &["objects", "--format", "ndjson"]).lines() {
            let object: Value = serde_json::from_str(line).unwrap();
            let ty = object["type"].as_str().unwrap();
            let sum = sums.entry(if ty.is_empty() { "(unknown)".to_owned() } else { ty.to_owned() }).or_default();
            *sum = [sum[0] + 1, sum[1] + number(&object, "/size")];
        }
        let histogram = json(&carried, &[]);
        let mut compared = 0;
        for row in rows(&histogram) {
            let name = row["name"].as_str().unwrap();
            if !name.starts_with("[...]") {
                assert_eq!(share(row), sums[name], "{release}: {name}");
                compared += 1;
            }
        }
        assert!(compared > 60, "{compared}");
    }
}

#[test]
fn filters_and_limits_leave_the_rest_out() {
    let carried = carried("1.27");
    let whole = json(&carried, &[]);
    let sessions = json(&carried, &["--type", r"^main\.Session$"]);
    // Arrays are found by their elements.
    let names: Vec<&str> = rows(&sessions).iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().map(|name| name.rsplit(']').next().unwrap()).collect::<Vec<_>>(), ["main.Session"; 3]);
    let sums = rows(&sessions).iter().map(share).fold([0, 0], |sum, row| [sum[0] + row[0], sum[1] + row[1]]);
    assert_eq!(share(&sessions["total"]), sums);
    assert!(rows(&sessions).iter().all(|row| rows(&whole).contains(row)));
    let three = json(&carried, &["--limit", "3"]);
    assert_eq!((rows(&three), &three["total"]), (&rows(&whole)[..3].to_vec(), &whole["total"]));
    assert_eq!(number(&three, "/rows_left_out"), rows(&whole).len() as u64 - 3);
    let csv = run(&carried, &["histogram", "--format", "csv"]);
    assert_eq!(csv.lines().count(), rows(&whole).len() + 1);
    let evidence = whole["total"]["evidence"].as_object().unwrap().len();
    let bytes: u64 = csv.lines().skip(1).map(|line| bytes_of(line, evidence).parse::<u64>().unwrap()).sum();
    assert_eq!(bytes, number(&whole, "/total/bytes"));
    let outcome = goheap!("core", "histogram", "--reachable", "--unreachable");
    assert_eq!(outcome.status, 2, "{}", outcome.stderr);
}

/// `bytes` of a line, counted from the end, for names may hold commas: the bytes by evidence stand after it.
fn bytes_of(line: &str, evidence: usize) -> &str {
    line.rsplit(',').nth(evidence).unwrap()
}

#[test]
fn a_table_is_worth_reading() {
    for (name, arguments) in [
        ("histogram", &["histogram", "--limit", "25"][..]),
        ("histogram_package", &["histogram", "--group", "package"]),
        ("histogram_kind", &["histogram", "--group", "kind", "--reachable"]),
    ] {
        insta::assert_snapshot!(name, run(&carried("1.27"), arguments));
    }
}
