//! `report`: every format, kept and drawn again, and what a hostile core's names come to. `scripts/report-check` opens the page.
#![allow(clippy::unwrap_used)]

mod common;

use common::{carried, carried_of};
use serde_json::Value;
use std::fs;

#[test]
fn a_report_that_was_kept_is_drawn_again_as_it_was() {
    let carried = carried("1.27");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["a.html", "a.md", "a.json"] {
        goheap!(carried.core, "--exe", carried.exe, "report", path(name)).ok();
    }
    for name in ["b.html", "b.md", "b.json"] {
        goheap!("report", path("a.json"), path(name)).ok();
    }
    for ending in ["html", "md", "json"] {
        let [first, again] = ["a", "b"].map(|name| fs::read_to_string(path(&format!("{name}.{ending}"))).unwrap());
        assert!(first == again, "{ending}");
        assert!(first.contains("main.largeMap"), "{ending}");
    }
    let report: Value = serde_json::from_str(&fs::read_to_string(path("a.json")).unwrap()).unwrap();
    let keys: Vec<&str> =
        report["sections"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    for key in ["heap", "suspects", "goroutines", "dominators", "holds", "retains", "types", "evidence", "invariants"] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.json");
    for (text, reason) in [
        ("{}", "missing field"),
        ("[]", "kept.json"),
        ("", "kept.json"),
        ("{\"schema_version\":7,\"sections\":[]}", "schema version 7"),
    ] {
        fs::write(&kept, text).unwrap();
        let outcome = goheap!("report", kept, folder.path().join("out.html"));
        assert_eq!(outcome.status, 3, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
    }
    let outcome = goheap!(carried("1.27").core, "--exe", carried("1.27").exe, "report", folder.path().join("out.pdf"));
    assert_eq!(outcome.status, 2, "{}", outcome.stderr);
}

#[test]
fn names_are_inert_in_a_page() {
    let carried = carried_of("names", "1.27");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.html");
    goheap!(carried.core, "--exe", carried.exe, "report", out).ok();
    let page = fs::read_to_string(out).unwrap();
    // Its own script, and the data of two pictures.
    assert_eq!(page.matches("<script").count(), 3);
    let hidden = |letter: char| letter.is_control() && letter != '\n' || ('\u{202a}'..='\u{202e}').contains(&letter);
    assert!(!page.contains(hidden));
    for attribute in [" onload=\"", " onclick=\"", " onerror=\"", "javascript:"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
}
