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
        assert_eq!(said(words, &["--format", "table"]), said(words, &[]), "{words:?}");
    }
    for words in [&["overview"][..], &["goroutine", "1", "--no-retained"], &["build-id"]] {
        assert_eq!(said(words, &["--format", "json"]), said(words, &["--json"]), "{words:?}");
        assert_eq!(said(words, &["--format", "table"]), said(words, &[]), "{words:?}");
    }
}

/// Sizes as people read them, ` KiB` and the like behind a number.
fn is_rounded(text: &str) -> bool {
    ["KiB", "MiB", "GiB"].iter().any(|unit| text.contains(unit))
}

#[test]
fn bytes_are_exact_where_that_is_asked_for() {
    let whole: [&[&str]; 3] = [&["overview"], &["goroutine", "1"], &["histogram", "--group", "size-class"]];
    for words in ROWS.into_iter().chain(whole) {
        let (usual, exact) = (said(words, &[]), said(words, &["--bytes"]));
        assert!(is_rounded(&usual) || words[0] == "goroutines", "{words:?}: {usual}");
        assert!(!is_rounded(&exact) && exact.contains(" B"), "{words:?}: {exact}");
        // A size stands there once.
        assert!(!usual.contains(" bytes)"), "{words:?}: {usual}");
    }
    for words in ROWS {
        assert_eq!(said(words, &["--csv"]), said(words, &["--csv", "--bytes"]), "{words:?}");
    }
}

#[test]
fn names_are_short_on_a_screen_and_whole_where_that_is_asked_for() {
    let carried = common::carried("1.27");
    let said = |words: &[&str]| {
        let first = [carried.core.as_os_str(), carried.exe.as_os_str(), "-q".as_ref()];
        let words: Vec<&OsStr> = first.into_iter().chain(words.iter().map(OsStr::new)).collect();
        run(command(&words)).ok().stdout
    };
    let commands: [&[&str]; 5] = [
        &["histogram", "--type", "list"],
        &["objects", "--type", "list"],
        &["paths", "list.Element"],
        &["dominators", "--match", "list", "--limit", "0", "--depth", "100"],
        &["dominators", "--group", "type", "--match", "list"],
    ];
    for words in commands {
        let (short, whole) = (said(words), said(&[words, &["--full-names"]].concat()));
        assert!(
            short.contains("list.Element") && whole.contains("container/list.Element"),
            "{words:?}: {short}{whole}"
        );
        let short = short.replace("taken for container/list.Element", "");
        assert!(!short.contains("container/list.Element"), "{words:?}: {short}");
        if words[0] != "dominators" {
            let csv = said(&[words, &["--csv"]].concat());
            assert!(csv.contains("container/list.Element"), "{words:?}: {csv}");
        }
    }
}

#[test]
fn paths_that_are_not_merged_have_rows() {
    let csv = said(&["paths", "main.Item"], &["--csv"]);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("asked,target,path,root,step,times,left_out,reference,addr,type,retained"));
    let first = lines.next().unwrap();
    assert!(first.starts_with("main.Item,0x") && first.contains(",1,package variables,1,"), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&said(&["paths", "main.Item"], &["--json"])).unwrap();
    let steps = json["asked"][0]["targets"][0]["paths"][0]["steps"].as_array().unwrap().len();
    assert_eq!(lines.count() + 1, steps);
}

#[test]
fn a_limit_of_0_is_none() {
    for words in ROWS {
        let [one, all] = ["1", "0"].map(|limit| said(words, &["--csv", "--limit", limit]).lines().count());
        assert!(one < all || words[0] == "paths", "{words:?}: {one} {all}");
        assert_eq!(said(words, &["--csv", "--limit", "0"]), said(words, &["--csv", "--limit", "1000000"]), "{words:?}");
    }
    let objects = said(&["objects", "--csv", "--limit", "1"], &[]);
    let address = objects.lines().nth(1).unwrap().split(',').next().unwrap();
    said(&["object", address], &["--limit", "0"]);
    said(&["goroutine", "1", "--limit", "0"], &[]);
}
