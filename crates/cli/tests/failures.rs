//! Failures for scripts: what is not in the core has a status of its own, and with --json a failure is JSON with a code.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{carried, command, run};
use serde_json::Value;
use std::ffi::OsStr;

/// The status, and the last line of stderr as JSON.
fn failure(words: &[&str]) -> (i32, Value) {
    let carried = carried("1.27");
    let words: Vec<&OsStr> = words
        .iter()
        .map(|word| match *word {
            "CORE" => carried.core.as_os_str(),
            "EXE" => carried.exe.as_os_str(),
            word => OsStr::new(word),
        })
        .collect();
    let outcome = run(command(&words));
    assert_eq!(outcome.stdout, "", "{words:?}");
    let last = outcome.stderr.lines().last().unwrap_or_else(|| panic!("nothing is said of {words:?}"));
    (outcome.status, serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", outcome.stderr)))
}

#[test]
fn with_json_a_failure_is_json_with_a_code() {
    for (words, status, code) in [
        (&["CORE", "EXE", "paths", "--json", "main.Nothing"][..], 4, "not-found"),
        (&["CORE", "EXE", "paths", "--json", "main.globalCache.nothing"], 4, "not-found"),
        (&["CORE", "EXE", "owners", "-json", "main.Nothing"], 4, "not-found"),
        (&["CORE", "EXE", "owners", "--json", "goroutine 999999"], 4, "not-found"),
        (&["CORE", "EXE", "object", "--json", "0x10"], 4, "not-found"),
        (&["CORE", "EXE", "goroutine", "--json", "999999"], 4, "not-found"),
        (&["CORE", "EXE", "overview", "--json", "--nonsense"], 2, "usage"),
        (&["overview", "--json"], 2, "usage"),
        (&["CORE", "EXE", "histogram", "--json", "--limit", "-1"], 2, "usage"),
        (&["no-such-core", "overview", "--json"], 1, "no-file"),
        (&["EXE", "--exe", "EXE", "overview", "--json"], 3, "not-read"),
        (&["CORE", "EXE", "--max-unpacked", "1M", "histogram", "--format", "json"], 3, "too-large"),
        (&["CORE", "/bin/true", "objects", "--format", "ndjson"], 3, "wrong-executable"),
    ] {
        let (was, json) = failure(words);
        assert_eq!((was, &json["error"]["code"]), (status, &Value::from(code)), "{words:?}: {json}");
        assert_eq!(json["schema_version"], 1);
        let message = json["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains('\n') && !message.starts_with("error"), "{message}");
        assert!(!message.contains("--help"), "what stands below the message of a screen is no part of it: {message}");
    }
    let (_, json) = failure(&["CORE", "EXE", "paths", "--json", "main.globalCach"]);
    assert!(json["error"]["hint"].as_str().unwrap().contains("nearest: main.globalCache"), "{json}");
}

#[test]
fn without_json_a_failure_is_a_line() {
    let carried = carried("1.27");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "-q", "paths", "main.Nothing");
    assert_eq!((outcome.status, outcome.stderr.lines().count()), (4, 1));
    assert!(outcome.stderr.starts_with("goheap: there is no type or variable"), "{}", outcome.stderr);
}
