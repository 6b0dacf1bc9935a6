//! The same options mean the same for every command.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{carried_of, command, run};
use std::ffi::OsStr;

fn said(words: &[&str], more: &[&str]) -> String {
    let carried = carried_of("retained", "1.27");
    let first = [carried.core.as_os_str(), carried.exe.as_os_str(), "-q".as_ref()];
    let words: Vec<&OsStr> = first.into_iter().chain(words.iter().chain(more).map(OsStr::new)).collect();
    run(command(&words)).ok().stdout
}

/// Commands that list rows.
const ROWS: [&[&str]; 7] = [
    &["histogram"],
    &["dominators"],
    &["dominators", "--group", "type"],
    &["owners", "main.Item"],
    &["paths", "--merge", "main.Item"],
    &["goroutines", "--no-retained"],
    &["objects", "--min-size", "1K"],
];

#[test]
fn rows_are_written_as_json_csv_or_a_table() {
    for words in ROWS {
        let [json, csv] = ["--json", "--csv"].map(|option| said(words, &[option]));
        assert!(json.starts_with('{'), "{words:?}: {json}");
        assert_eq!(said(words, &["--format", "json"]), json, "{words:?}");
        assert_eq!(said(words, &["--format", "csv"]), csv, "{words:?}");
        assert!(csv.lines().next().unwrap().contains(','), "{words:?}: {csv}");
        if words[0] != "objects" {
            assert_eq!(said(words, &["--format", "table"]), said(words, &[]), "{words:?}");
        }
    }
    for words in [&["overview"][..], &["goroutine", "1", "--no-retained"], &["build-id"]] {
        assert_eq!(said(words, &["--format", "json"]), said(words, &["--json"]), "{words:?}");
        assert_eq!(said(words, &["--format", "table"]), said(words, &[]), "{words:?}");
    }
}

#[test]
fn a_limit_of_0_is_none() {
    for words in ROWS {
        let [one, all] = ["1", "0"].map(|limit| said(words, &["--csv", "--limit", limit]).lines().count());
        assert!(one < all || words[0] == "paths", "{words:?}: {one} {all}");
        assert_eq!(said(words, &["--csv", "--limit", "0"]), said(words, &["--csv", "--limit", "1000000"]), "{words:?}");
    }
    let objects = said(&["objects", "--limit", "1"], &[]);
    let address = objects.lines().nth(1).unwrap().split(',').next().unwrap();
    said(&["object", address], &["--limit", "0"]);
    said(&["goroutine", "1", "--limit", "0"], &[]);
}
