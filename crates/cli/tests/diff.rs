//! `diff` on carried cores of different builds and processes; `scripts/diff-check` holds it against two moments of one process.
#![allow(clippy::unwrap_used)]

mod common;

use common::{carried, carried_of};
use serde_json::Value;
use std::fs;

#[test]
fn help_is_worth_reading() {
    insta::assert_snapshot!("diff_help", goheap!("diff", "--help").ok().stdout);
}

#[test]
fn a_core_is_not_held_against_itself() {
    let carried = carried("1.27");
    let outcome = goheap!("diff", carried.core, carried.core, "--exe", carried.exe);
    assert_eq!(outcome.status, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("was given twice"), "{}", outcome.stderr);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    fs::copy(&carried.core, &copy).unwrap();
    let outcome = goheap!("diff", carried.core, copy, "--exe", carried.exe, "--json");
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("one moment of one process"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("\"pair\""), "{}", outcome.stderr);
}

#[test]
fn cores_of_two_programs_are_refused() {
    let (first, second) = (carried("1.27"), carried_of("retained", "1.27"));
    let outcome = goheap!("diff", first.core, second.core, "--exe-old", first.exe, "--exe", second.exe);
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("two programs"), "{}", outcome.stderr);
    let outcome = goheap!("diff", first.core, second.core, "--exe", second.exe);
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("of the core"), "{}", outcome.stderr);
}

#[test]
fn two_builds_are_told_by_name() {
    let (old, new) = (carried("1.26"), carried("1.27"));
    let told = |more: &[&str]| {
        let mut command = common::command(&["diff".as_ref(), old.core.as_ref(), new.core.as_ref()]);
        command.arg("--exe-old").arg(&old.exe).arg("--exe").arg(&new.exe).args(more);
        common::run(command).ok().stdout
    };
    let table = told(&[]);
    assert!(table.starts_with("2 cores of different builds of "), "{table}");
    let answer: Value = serde_json::from_str(&told(&["--json"])).unwrap();
    assert_eq!((&answer["answer"], &answer["schema_version"]), (&"diff".into(), &1.into()));
    let sections = answer["sections"].as_array().unwrap();
    let keys: Vec<&str> = sections.iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys.first(), Some(&"grown"));
    assert!(keys.contains(&"types") && keys.contains(&"frames"), "{keys:?}");
    let frames = &sections[keys.iter().position(|&key| key == "frames").unwrap()]["rows"];
    let all = &frames.as_array().unwrap()[0];
    let reachable = |core, exe| -> u64 {
        let overview = goheap!(core, "--exe", exe, "overview", "--json").ok().stdout;
        let overview: Value = serde_json::from_str(&overview).unwrap();
        overview["heap"]["allocated"].as_u64().unwrap()
    };
    assert_eq!(all["before"].as_u64(), Some(reachable(old.core.clone(), old.exe.clone())));
    assert_eq!(all["after"].as_u64(), Some(reachable(new.core.clone(), new.exe.clone())));
}

#[test]
fn the_difference_is_drawn_and_folded() {
    let (old, new) = (carried("1.26"), carried("1.27"));
    let folder = tempfile::tempdir().unwrap();
    for (name, tree) in [("a.svg", "breadth-first"), ("b.svg", "dominator"), ("c.folded", "dominator")] {
        let out = folder.path().join(name);
        goheap!("diff", old.core, new.core, "--exe-old", old.exe, "--exe", new.exe, "--tree", tree, out).ok();
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains("main.largeMap"), "{name}");
        assert!(name.ends_with("folded") || text.contains(">shrank<") && text.contains(" KiB to "), "{name}");
    }
    let folded = fs::read_to_string(folder.path().join("c.folded")).unwrap();
    for line in folded.lines() {
        let mut words = line.rsplit(' ');
        let counts = (words.next().unwrap().parse::<u64>(), words.next().unwrap().parse::<u64>());
        assert!(matches!(counts, (Ok(_), Ok(_))), "{line}");
    }
}

/// What is told of kept reports is the same as what the cores tell of the same paths.
#[test]
fn kept_reports_are_held_against_each_other() {
    let (old, new) = (carried("1.26"), carried("1.27"));
    let folder = tempfile::tempdir().unwrap();
    let kept = |core: &common::Carried, name: &str| {
        let out = folder.path().join(name);
        goheap!(core.core, "--exe", core.exe, "-q", "report", out).ok();
        out
    };
    let [before, after] = [kept(&old, "old.json"), kept(&new, "new.json")];
    let told = goheap!("diff", before, after, "--json", "--min-size", "1").ok().stdout;
    let mixed = goheap!("diff", before, new.core, "--exe", new.exe, "--json", "--min-size", "1").ok().stdout;
    let [told, mixed]: [Value; 2] = [told, mixed].map(|text| serde_json::from_str(&text).unwrap());
    assert_eq!(told["sections"], mixed["sections"]);
    let by_cores =
        goheap!("diff", old.core, new.core, "--exe-old", old.exe, "--exe", new.exe, "--json", "--min-size", "1");
    let by_cores: Value = serde_json::from_str(&by_cores.ok().stdout).unwrap();
    let types = |answer: &Value| -> Vec<(String, i64)> {
        let sections = answer["sections"].as_array().unwrap();
        let section = sections.iter().find(|one| one["key"] == "types").unwrap();
        let row = |row: &Value, name: &str| {
            (row[name].as_str().unwrap().to_owned(), row["grew"].as_i64().unwrap() - row["shrank"].as_i64().unwrap())
        };
        let name = if section["rows"][0]["name"].is_null() { "type" } else { "name" };
        let mut rows: Vec<_> = section["rows"].as_array().unwrap().iter().map(|one| row(one, name)).collect();
        rows.sort();
        rows
    };
    // A report lists parts of maps on lines of their own.
    let of_structs = |rows: Vec<(String, i64)>| -> Vec<_> {
        let is_plain = |name: &str| name.contains('.') && !name.contains(['[', '*', ' ', '{']);
        rows.into_iter().filter(|(name, _)| is_plain(name)).collect()
    };
    let (kept, cores) = (of_structs(types(&told)), of_structs(types(&by_cores)));
    assert!(!cores.is_empty());
    assert_eq!(kept, cores);
    for refused in [["--objects", ""], ["c.json", "d.json"]] {
        let words = refused.into_iter().filter(|word| !word.is_empty());
        let mut command = common::command(&["diff".as_ref(), before.as_ref(), after.as_ref()]);
        for name in ["c.json", "d.json"] {
            fs::copy(&after, folder.path().join(name)).unwrap();
        }
        command.current_dir(folder.path()).args(words);
        let outcome = common::run(command);
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
    }
    let out = folder.path().join("since.md");
    goheap!(after, "report", "--base", before, out).ok();
    let page = fs::read_to_string(&out).unwrap();
    assert!(page.contains("What grew") && page.contains("from a kept report"), "{page}");
    assert!(page.contains("Since the older one most grew "), "{page}");
    assert!(page.contains("Those that grew most since the older report stand first."), "{page}");
    // A report that tells of growth is compared again as if it told of none.
    let [once, twice] = ["once.json", "twice.json"].map(|name| folder.path().join(name));
    goheap!(after, "report", "--base", before, once).ok();
    goheap!(once, "report", "--base", before, twice).ok();
    assert!(fs::read(&once).unwrap() == fs::read(&twice).unwrap());
    let again: Value =
        serde_json::from_str(&goheap!("diff", before, once, "--json", "--min-size", "1").ok().stdout).unwrap();
    assert_eq!(again["sections"], told["sections"]);
    let once: Value = serde_json::from_slice(&fs::read(&once).unwrap()).unwrap();
    let mut keys: Vec<&str> =
        once["sections"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all, "a section is found by its key: {keys:?}");
}

/// The picture of what two kept reports keep has all bytes of both dominator trees.
#[test]
fn the_difference_of_kept_reports_is_drawn() {
    let (old, new) = (carried("1.26"), carried("1.27"));
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [(&old, "old.json"), (&new, "new.json")].map(|(core, name)| {
        let out = folder.path().join(name);
        goheap!(core.core, "--exe", core.exe, "-q", "report", out).ok();
        out
    });
    for (name, tree) in [("a.svg", "breadth-first"), ("b.svg", "dominator"), ("c.folded", "dominator")] {
        let out = folder.path().join(name);
        goheap!("diff", before, after, "--tree", tree, out).ok();
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains("main.largeMap"), "{name}");
        assert!(name.ends_with("folded") || text.contains(" are not kept, and counted with the frame above"), "{name}");
    }
    let reached = |report: &std::path::Path| -> u64 {
        let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        let sections = report["sections"].as_array().unwrap();
        let heap = sections.iter().find(|one| one["key"] == "heap").unwrap()["rows"].as_array().unwrap();
        heap.iter().find(|row| row["held_by"] == "reachable").unwrap()["bytes"].as_u64().unwrap()
    };
    let folded = fs::read_to_string(folder.path().join("c.folded")).unwrap();
    let sums = folded.lines().fold((0, 0), |sums, line| {
        let mut numbers = line.rsplit(' ').map(|number| number.parse::<u64>().unwrap());
        let (after, before) = (numbers.next().unwrap(), numbers.next().unwrap());
        (sums.0 + before, sums.1 + after)
    });
    assert_eq!(sums, (reached(&before), reached(&after)));
}

/// What a report tells of the time since the last collection is what `diff` of the core tells, and the command of a row gives that row.
#[test]
fn a_report_tells_what_came_since_the_last_collection() {
    let folder = tempfile::tempdir().unwrap();
    for core in common::all_carried() {
        let out = folder.path().join("report.json");
        goheap!(core.core, "--exe", core.exe, "-q", "report", out).ok();
        let report: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
        let section = |answer: &Value, key: &str| -> Vec<Value> {
            let sections = answer["sections"].as_array().unwrap().iter();
            sections.filter(|one| one["key"] == key).flat_map(|one| one["rows"].as_array().unwrap().clone()).collect()
        };
        assert!(report["sections"].as_array().unwrap().iter().any(|one| one["key"] == "recent"), "{}", core.release);
        let told = goheap!("diff", core.core, "--exe", core.exe, "--json").ok().stdout;
        let told: Value = serde_json::from_str(&told).unwrap();
        for row in section(&report, "recent") {
            let alone = section(&told, "grown").into_iter().find(|one| one["path"] == row["path"]);
            let alone = alone.unwrap_or_default();
            assert_eq!((&alone["stays"], &alone["holder"]), (&row["came"], &row["holder"]), "{}", core.release);
        }
        for key in ["goroutine_ages", "array_ages"] {
            let told: Vec<Value> = section(&told, key).into_iter().take(20).collect();
            assert_eq!(section(&report, key), told, "{}", core.release);
        }
    }
}

#[test]
fn one_core_tells_what_came_since_the_last_collection() {
    for core in common::all_carried() {
        let told = goheap!("diff", core.core, "--exe", core.exe, "--json", "--min-size", "1").ok().stdout;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert!(told["text"][0].as_str().unwrap().starts_with("an estimate from one core"), "{}", core.release);
        let section = |key: &str| {
            let sections = told["sections"].as_array().unwrap().iter();
            sections.filter(|one| one["key"] == key).flat_map(|one| one["rows"].as_array().unwrap()).collect::<Vec<_>>()
        };
        // Types and the tree tell of the same bytes.
        let types: u64 = section("types").iter().map(|row| row["grew"].as_u64().unwrap()).sum();
        let all = section("frames").first().map_or(0, |row| row["grew"].as_u64().unwrap());
        assert_eq!(types, all, "{}", core.release);
        assert!(section("types").iter().all(|row| row["shrank"] == 0), "{}", core.release);
    }
}
