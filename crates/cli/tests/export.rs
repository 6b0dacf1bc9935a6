//! `export` on the carried cores. Other tools read what it writes in `scripts/profiles-check`.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, carried_of, number};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::Output;

const PROFILES: [&str; 9] =
    ["pprof", "pprof-dominators", "heap", "allocs", "goroutine", "goroutineleak", "threadcreate", "block", "mutex"];

fn exported(core: &Carried, arguments: &[&str]) -> Vec<u8> {
    let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
    let Output { status, stdout, stderr } = command.arg("export").args(arguments).output().unwrap();
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    stdout
}

fn json(core: &Carried, arguments: &[&str]) -> Value {
    let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
    command.args(arguments).arg("--json");
    serde_json::from_str(&common::run(command).ok().stdout).unwrap()
}

/// A field of a message: its number, and a number or bytes.
type Field<'a> = (u64, u64, &'a [u8]);

fn varint(data: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = data.split_first().unwrap();
        *data = rest;
        value |= u64::from(byte & 127) << shift;
        shift += 7;
        if byte < 128 {
            return value;
        }
    }
}

fn fields(mut data: &[u8]) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        match key & 7 {
            0 => found.push((key >> 3, varint(&mut data), &[][..])),
            2 => {
                let length = varint(&mut data) as usize;
                let (part, rest) = data.split_at(length);
                found.push((key >> 3, 0, part));
                data = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    found
}

fn packed(mut data: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    while !data.is_empty() {
        found.push(varint(&mut data));
    }
    found
}

#[derive(Debug, Default)]
struct Sample {
    /// The functions, the innermost first.
    stack: Vec<String>,
    values: Vec<i64>,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Profile {
    types: Vec<String>,
    default: String,
    build_ids: BTreeSet<String>,
    samples: Vec<Sample>,
}

fn profile(packed_profile: &[u8]) -> Profile {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed_profile).read_to_end(&mut plain).unwrap();
    let all = fields(&plain);
    let parts = |wanted: u64| all.iter().filter(move |field| field.0 == wanted);
    let strings: Vec<String> = parts(6).map(|field| String::from_utf8(field.2.to_vec()).unwrap()).collect();
    assert_eq!(strings[0], "");
    let text = |number: u64| strings[number as usize].clone();
    let one =
        |message: &[u8], wanted: u64| fields(message).iter().find(|field| field.0 == wanted).map_or(0, |field| field.1);
    let functions: BTreeMap<u64, String> = parts(5).map(|field| (one(field.2, 1), text(one(field.2, 2)))).collect();
    let locations: BTreeMap<u64, Vec<String>> = parts(4)
        .map(|field| {
            let lines = fields(field.2).into_iter().filter(|line| line.0 == 4);
            (one(field.2, 1), lines.map(|line| functions[&one(line.2, 1)].clone()).collect())
        })
        .collect();
    let sample = |field: &Field<'_>| {
        let mut sample = Sample::default();
        for (number, _, part) in fields(field.2) {
            match number {
                1 => sample.stack = packed(part).iter().flat_map(|location| locations[location].clone()).collect(),
                2 => sample.values = packed(part).into_iter().map(|value| value as i64).collect(),
                3 => {
                    let value = text(one(part, 2));
                    let value = if one(part, 3) > 0 { one(part, 3).to_string() } else { value };
                    sample.labels.insert(text(one(part, 1)), value);
                }
                other => panic!("field {other} of a sample"),
            }
        }
        sample
    };
    Profile {
        types: parts(1).map(|field| text(one(field.2, 1))).collect(),
        default: parts(14).map(|field| text(field.1)).next().unwrap_or_default(),
        build_ids: parts(3).map(|field| text(one(field.2, 6))).collect(),
        samples: parts(2).map(sample).collect(),
    }
}

#[test]
fn both_trees_hold_every_byte_once() {
    for carried in all_carried() {
        let totals: Value = {
            let tree = goheap!(carried.core, "--exe", carried.exe, "objref", "-", "--format", "json").ok();
            serde_json::from_str(&tree.stdout).unwrap()
        };
        for (format, classes) in [("pprof", 0), ("pprof-dominators", 1)] {
            let found = profile(&exported(&carried, &[format, "-"]));
            assert_eq!((&*found.types, &*found.default), (&["objects".to_owned(), "bytes".to_owned()][..], "bytes"));
            let bytes: i64 = found.samples.iter().map(|sample| sample.values[1]).sum();
            assert_eq!(bytes as u64, number(&totals, "/heap/allocated"), "{} {format}", carried.release);
            let goroutines: i64 =
                found.samples.iter().filter(|sample| sample.labels["root"] == "goroutines").map(|s| s.values[1]).sum();
            assert!(goroutines > 0, "{} {format}", carried.release);
            for sample in &found.samples {
                assert!(sample.stack.len() > classes && sample.values.iter().all(|&value| value > 0), "{sample:?}");
            }
            let session =
                found.samples.iter().filter(|sample| sample.labels.get("type").is_some_and(|ty| ty == "main.Session"));
            let evidence: BTreeSet<&str> = session.map(|sample| &*sample.labels["evidence"]).collect();
            assert!(evidence.contains("derived") || evidence.contains("exact"), "{} {evidence:?}", carried.release);
        }
    }
}

#[test]
fn types_of_samples_are_those_of_the_histogram() {
    let carried = carried("1.27");
    let found = profile(&exported(&carried, &["pprof", "-"]));
    let of = |ty: &str| -> i64 {
        found
            .samples
            .iter()
            .filter(|sample| sample.labels.get("type").is_some_and(|one| one == ty))
            .map(|s| s.values[1])
            .sum()
    };
    let histogram = json(&carried, &["histogram"]);
    let rows = histogram["rows"].as_array().unwrap();
    // What no root reaches has no type here.
    let unreachable = json(&carried, &["histogram", "--unreachable"]);
    let bytes = |rows: &Value, ty: &str| -> i64 {
        rows["rows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["name"] == ty)
            .map(|row| number(row, "/bytes") as i64)
            .sum()
    };
    assert!(rows.len() > 20);
    for ty in ["main.Session", "main.node", "string"] {
        assert_eq!(of(ty), bytes(&histogram, ty) - bytes(&unreachable, ty), "{ty}");
        assert!(of(ty) > 0, "{ty}");
    }
}

#[test]
fn goroutines_are_counted_by_stack_and_labels() {
    for release in ["1.19", "1.22", "1.24", "1.27"] {
        let carried = carried_of("goroutines", release);
        let found = profile(&exported(&carried, &["goroutine", "-"]));
        let groups = json(&carried, &["goroutines", "--limit", "0"]);
        let rows = groups["groups"].as_array().unwrap_or_else(|| panic!("{groups}"));
        let counted: u64 = rows.iter().map(|row| number(row, "/count")).sum();
        let made: i64 = found.samples.iter().map(|sample| sample.values[0]).sum();
        assert_eq!((made as u64, &*found.types), (counted, &["goroutine".to_owned()][..]), "{release}");
        assert!(found.samples.iter().all(|sample| sample.labels.values().all(|value| value == "…")), "contents");
        let redacted = profile(&exported(&carried, &["goroutine", "-", "--redact"]));
        assert!(redacted.samples.iter().all(|sample| sample.labels.values().all(|value| value == "…")), "contents");
        let shown = profile(&exported(&carried, &["goroutine", "-", "--values"]));
        let labelled = |found: &Profile| found.samples.iter().filter(|sample| !sample.labels.is_empty()).count();
        assert_eq!(labelled(&found), labelled(&shown), "{release}");
        let starts = |sample: &Sample| sample.stack.last().unwrap().clone();
        assert!(found.samples.iter().any(|sample| starts(sample) == "runtime.main"), "{release}");
        assert!(!found.samples.iter().any(|sample| sample.stack.iter().any(|name| name == "runtime.goexit")));
        let leaked: i64 =
            profile(&exported(&carried, &["goroutineleak", "-"])).samples.iter().map(|s| s.values[0]).sum();
        assert!(leaked < made, "{release}: {leaked} of {made}");
    }
}

#[test]
fn every_format_is_the_same_twice() {
    for carried in ["1.19", "1.23", "1.27"].map(carried) {
        for format in PROFILES {
            let once = exported(&carried, &[format, "-"]);
            assert_eq!(once, exported(&carried, &["-", format]), "{} {format}", carried.release);
            let found = profile(&once);
            assert!(
                found
                    .build_ids
                    .iter()
                    .all(|id| id.chars().all(|c| c.is_ascii_hexdigit() || c == '"' || format.starts_with("pprof")))
            );
        }
        let threads = profile(&exported(&carried, &["threadcreate", "-"]));
        assert!(threads.samples.iter().map(|sample| sample.values[0]).sum::<i64>() >= 2, "{}", carried.release);
    }
}

#[test]
fn graphs_have_what_retains_most() {
    let carried = carried("1.27");
    let dot = String::from_utf8(exported(&carried, &["dot", "-", "--of", "main.globalCache", "--limit", "5"])).unwrap();
    assert!(dot.starts_with("digraph heap {") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains("tooltip=\"main.globalCache *main.Cache\"") && dot.contains("tooltip=\"all roots\""), "{dot}");
    let graphml = String::from_utf8(exported(&carried, &["graphml", "-"])).unwrap();
    assert_eq!(graphml.matches("<node ").count(), graphml.matches("<edge ").count() + 1, "a tree");
    assert_eq!(graphml.matches("<node ").count(), 41);
    let paths =
        goheap!(carried.core, "--exe", carried.exe, "paths", "main.Session", "--limit", "3", "--format", "dot").ok();
    assert!(
        paths.stdout.contains("label=\"who holds main.Session\"") && paths.stdout.contains(" -> "),
        "{}",
        paths.stdout
    );
    let nothing = goheap!(carried.core, "--exe", carried.exe, "export", "dot", "-", "--of", "main.nowhere");
    assert_eq!(nothing.status, 4, "{}", nothing.stderr);
}

#[test]
fn a_format_that_is_not_known_is_refused_before_the_core_is_read() {
    for (words, said) in [
        (&["export", "nosuch", "out"][..], "there is no format \"nosuch\""),
        (&["export", "out.txt"], "cannot tell the format of \"out.txt\""),
        (&["export", "pprof"], "of the format \"pprof\" the file is missing"),
        (&["export", "pprof", "x.pb.gz", "--of", "main"], "--of is for dot and graphml; pprof has none"),
        (
            &["export", "heap", "x.pb.gz", "--values"],
            "--values is for goroutine, goroutineleak and hprof; heap has none",
        ),
    ] {
        let mut command = common::command(&["no.core".as_ref(), "--exe".as_ref(), "no.exe".as_ref()]);
        command.args(words);
        let outcome = common::run(command);
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    let outcome = goheap!("no.core", "--exe", "no.exe", "export", "nosuch", "out");
    for format in PROFILES.iter().chain(&["dot", "graphml", "heapsnapshot", "hprof"]) {
        assert!(outcome.stderr.contains(&format!(" {format} (.")), "{format}: {}", outcome.stderr);
    }
}

#[test]
fn the_file_tells_the_format_and_appears_whole() {
    let (carried, folder) = (carried("1.27"), tempfile::tempdir().unwrap());
    for (name, ty) in [("refs.pb.gz", "objects"), ("goroutine.pb.gz", "goroutine"), ("block.pb.gz", "contentions")] {
        let path = folder.path().join(name);
        let outcome = goheap!(carried.core, "--exe", carried.exe, "export", path).ok();
        assert!(outcome.stderr.contains("samples"), "{}", outcome.stderr);
        assert_eq!(profile(&std::fs::read(&path).unwrap()).types[0], ty);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// The carried programs sample nothing.
#[test]
fn a_profile_that_nothing_was_sampled_for_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for core in ["1.22", "1.27"].map(carried) {
        for (format, said) in [
            ("heap", "warning: runtime.MemProfileRate is 0: no allocation was sampled"),
            ("allocs", "warning: runtime.MemProfileRate is 0: no allocation was sampled"),
            (
                "block",
                "warning: runtime.SetBlockProfileRate is 0: no blocking call was sampled, and the profile is empty",
            ),
            (
                "mutex",
                "warning: runtime.SetMutexProfileFraction is 0: no contended mutex was sampled, and the profile is empty",
            ),
        ] {
            let out = folder.path().join("out.pb.gz");
            let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
            command.args(["export", format]).arg(&out);
            let said_by = common::run(command).stderr;
            assert!(said_by.contains(said), "{} {format}: {said_by}", core.release);
        }
        let out = folder.path().join("goroutine.pb.gz");
        let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
        command.args(["export", "goroutine"]).arg(&out);
        assert!(!common::run(command).ok().stderr.contains("sampled"));
        std::fs::remove_file(out).unwrap();
    }
}
