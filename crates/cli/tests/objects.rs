//! `objects` on the carried cores: every object once, with its size, its type and who holds it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, command, number};
use serde_json::Value;
use std::collections::HashMap;
use std::process::Stdio;

/// The rows of `objects --format ndjson`.
fn rows(carried: &Carried, arguments: &[&str]) -> Vec<Value> {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(["objects", "--format", "ndjson"]).args(arguments);
    let lines = common::run(command).ok().stdout;
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

fn bytes<'a>(rows: impl IntoIterator<Item = &'a Value>) -> u64 {
    rows.into_iter().map(|row| number(row, "/size")).sum()
}

#[test]
fn every_allocated_byte_is_in_one_row() {
    for carried in all_carried() {
        let overview = goheap!(carried.core, "--exe", carried.exe, "overview", "--json").ok().stdout;
        let overview: Value = serde_json::from_str(&overview).unwrap();
        let sum =
            |what: &str| [format!("/heap/{what}"), format!("/heap/objects/{what}")].map(|at| number(&overview, &at));
        let rows = rows(&carried, &[]);
        assert_eq!([bytes(&rows), rows.len() as u64], sum("allocated"), "{}", carried.release);
        let reachable: Vec<&Value> = rows.iter().filter(|row| row["reachable"] == true).collect();
        assert_eq!([bytes(reachable.iter().copied()), reachable.len() as u64], sum("reachable"));
        for row in &rows {
            assert_eq!(row["reachable"] == true, !text(row, "owner").is_empty(), "{row}");
            assert_eq!(text(row, "evidence") == "none", text(row, "type").is_empty(), "{row}");
        }
        let address = |row: &Value| u64::from_str_radix(text(row, "addr").strip_prefix("0x").unwrap(), 16).unwrap();
        let ends = rows.windows(2).all(|pair| address(&pair[0]) + number(&pair[0], "/size") <= address(&pair[1]));
        assert!(ends, "{}: rows are in order and apart", carried.release);
    }
}

#[test]
fn owners_hold_what_the_program_says_of_its_variables() {
    for carried in all_carried() {
        let mut held: HashMap<String, u64> = HashMap::new();
        for row in rows(&carried, &["--reachable"]) {
            *held.entry(text(&row, "owner").to_owned()).or_default() += number(&row, "/size");
        }
        let variables = carried.truth["structures"].as_array().unwrap().iter();
        let variables = variables.filter(|one| one["kind"] == "variable" && number(one, "/bytes") > 0);
        let mut checked = 0;
        for variable in variables {
            let label = format!("{} {}", text(variable, "root"), text(variable, "type"));
            let (told, found) = (number(variable, "/bytes"), held.get(&label).copied().unwrap_or(0));
            let allowed = (told / 1000).max(number(variable, "/tolerance"));
            assert!(found.abs_diff(told) <= allowed, "{}: {label} holds {told}, shown {found}", carried.release);
            checked += 1;
        }
        assert!(checked > 80, "{checked}");
    }
}

#[test]
fn filters_keep_what_they_say() {
    let carried = carried("1.27");
    let all = rows(&carried, &[]);
    let kept = |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>();
    assert_eq!(rows(&carried, &["--reachable"]), kept(&|row| row["reachable"] == true));
    assert_eq!(rows(&carried, &["--min-size", "4K"]), kept(&|row| number(row, "/size") >= 4096));
    let sessions = rows(&carried, &["--type", r"^\[\d+\]\*main\.Session$"]);
    assert!(sessions.len() > 10 && sessions.iter().all(|row| text(row, "type").ends_with("]*main.Session")));
    assert_eq!(rows(&carried, &["--type", r"^\[\d+\]\*main\.Session$", "--limit", "3"]), sessions[..3]);
    assert_eq!(rows(&carried, &["--type", "^$"]), kept(&|row| text(row, "evidence") == "none"));
    assert_eq!(rows(&carried, &["--limit", "0"]), all);
}

#[test]
fn csv_says_the_same() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let csv = goheap!(carried.core, "--exe", carried.exe, "objects", "--csv").ok().stdout;
        let (names, lines) = csv.split_once('\n').unwrap();
        assert_eq!(names, "addr,size,type,evidence,reachable,owner");
        let plain = |row: &Value| {
            let field = |name: &str| match &row[name] {
                Value::String(text) if text.contains([',', '"']) => format!("\"{}\"", text.replace('"', "\"\"")),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            names.split(',').map(field).collect::<Vec<_>>().join(",")
        };
        let expected: Vec<String> = rows(&carried, &[]).iter().map(plain).collect();
        assert!(lines.lines().eq(expected.iter()), "{release}");
    }
}

/// What types of every kind read like. Addresses are those of the carried core.
#[test]
fn types_read_as_go_writes_them() {
    for release in ["1.19", "1.27"] {
        let rows = rows(&carried(release), &["--reachable", "--type", "main|map|chan|func|string"]);
        let mut lines = std::collections::BTreeMap::new();
        for row in rows.iter().filter(|row| text(row, "owner").starts_with("main.")) {
            let [ty, evidence, owner] = ["type", "evidence", "owner"].map(|column| text(row, column));
            let line = format!("{ty:<44}  {:>6}  {evidence:<7}  {owner}", number(row, "/size"));
            lines.entry(ty.to_owned()).or_insert(line);
        }
        let lines: Vec<String> = lines.into_values().collect();
        insta::assert_snapshot!(format!("objects_{release}"), lines.join("\n"));
    }
}

#[test]
fn a_reader_of_some_rows_is_no_failure() {
    use std::io::{BufRead, BufReader};
    let carried = carried("1.27");
    let mut command =
        command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "objects".as_ref()]);
    let mut child = command.arg("--csv").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(first.starts_with("addr,"));
}
