//! What is spent on nothing, against what the fixtures `slack` and `structures` say of their own objects.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, carried, carried_of, command, number};
use serde_json::Value;

const RELEASES: [&str; 4] = ["1.19", "1.22", "1.26", "1.27"];

fn text(carried: &Carried, arguments: &[&str], threads: &str) -> String {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(["waste", "--no-index"]).args(arguments).env("RAYON_NUM_THREADS", threads);
    common::run(command).ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(carried, &[arguments, &["--json"]].concat(), "2")).unwrap()
}

fn rows(answer: &Value, section: &str) -> Vec<Value> {
    let sections = answer["sections"].as_array().unwrap();
    let found = sections.iter().find(|found| found["key"] == section);
    found.map_or_else(Vec::new, |found| found["rows"].as_array().unwrap().clone())
}

/// The only row of a section whose column begins with a text.
fn row(answer: &Value, section: &str, column: &str, begins: &str) -> Value {
    let rows = rows(answer, section);
    let mut found = rows.iter().filter(|row| row[column].as_str().unwrap().starts_with(begins));
    let first = found.next().unwrap_or_else(|| panic!("no {begins} in {section}"));
    assert!(found.next().is_none(), "{begins} twice");
    first.clone()
}

#[test]
fn room_is_what_the_program_says() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        let answer = json(&carried, &[]);
        for truth in carried.truth["Objects"].as_array().unwrap() {
            let variable = truth["Variable"].as_str().unwrap();
            // Those that slices and strings of the program alone lead to.
            if !["main.cut", "main.cuts", "main.queue", "main.scratch", "main.history"].contains(&variable) {
                continue;
            }
            let found = row(&answer, "slack", "holder", &format!("{variable} "));
            let of = |name: &str| number(&found, name);
            let (referred, capacity) = (number(truth, "/Referred"), number(truth, "/Capacity"));
            // What is referred to is counted in words there.
            assert!(of("/bytes") <= referred && referred < of("/bytes") + 8, "{release} {variable}");
            assert_eq!(of("/slack_bytes"), capacity - referred, "{release} {variable}");
            assert_eq!(of("/before_bytes"), number(truth, "/Before"), "{release} {variable}");
            let behind = number(truth, "/Behind") - (capacity - referred);
            assert_eq!(of("/behind_bytes"), behind, "{release} {variable}");
            // From the end of the first of 24 bytes to where the second begins.
            let between = if variable == "main.cuts" { 50_000 - 1024 } else { 0 };
            assert_eq!(of("/between_bytes"), between, "{release} {variable}");
        }
        // An unsafe.Pointer leads to the bytes that this slice is of: they may be needed.
        let holders: Vec<Value> = rows(&answer, "slack").into_iter().map(|row| row["holder"].clone()).collect();
        assert!(!holders.iter().any(|holder| holder.as_str().unwrap().starts_with("main.window ")), "{release}");
        let map = row(&answer, "maps", "type", "map[int][]uint8");
        assert_eq!(number(&map, "/entries"), number(&carried.truth, "/Entries"), "{release}");
        let free = (number(&map, "/slots") - number(&map, "/entries")) * number(&map, "/slot_bytes");
        assert_eq!(number(&map, "/free_bytes"), free, "{release}");
    }
}

#[test]
fn the_same_bytes_are_told_and_shown_only_when_asked_for() {
    for release in RELEASES {
        let carried = carried(release);
        let (answer, shown) = (json(&carried, &[]), json(&carried, &["--values"]));
        let payload = row(&answer, "duplicates", "holder", "main.Session.Payload");
        // Each session has 100 zeros of its own.
        let (copies, runs) = (number(&payload, "/copies"), number(&payload, "/runs"));
        assert!(runs > 6000 && runs - copies <= 1 && number(&payload, "/contents") == 1, "{release} {payload}");
        assert_eq!(number(&payload, "/lost_bytes"), copies * 100, "{release}");
        assert!(rows(&answer, "contents").iter().all(|row| row["text"].is_null()), "{release}");
        let names = rows(&shown, "contents");
        let name = names.iter().find(|row| row["text"] == "session-00000001").unwrap();
        assert_eq!((number(name, "/length"), number(name, "/lost_bytes")), (16, 16 * (number(name, "/runs") - 1)));
        assert!(!text(&carried, &["--limit", "0"], "2").contains("session-0000"), "{release}");
    }
}

#[test]
fn threads_change_nothing_and_csv_has_the_sums() {
    let carried = carried("1.27");
    assert_eq!(text(&carried, &["--json", "--values"], "1"), text(&carried, &["--json", "--values"], "7"));
    let (csv, answer) = (text(&carried, &["--csv"], "2"), json(&carried, &[]));
    let kinds = rows(&answer, "kinds");
    assert_eq!(csv.lines().count(), kinds.len() + 1);
    for (line, kind) in csv.lines().skip(1).zip(&kinds) {
        let begins = format!("{},{},", kind["kind"].as_str().unwrap(), kind["bytes"]);
        assert!(line.starts_with(&begins), "{line}");
    }
    let sum: u64 = rows(&answer, "duplicates").iter().map(|row| number(row, "/lost_bytes")).sum();
    assert_eq!(number(&kinds[0], "/bytes"), sum);
}
