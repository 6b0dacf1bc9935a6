//! The main job on every carried core: the picture shows each package variable with its type and size, the heap adds up, and
//! neither DWARF nor the number of threads changes a byte.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, command, number, run};
use serde_json::Value;
use std::collections::HashMap;
use std::ffi::OsStr;

/// Label and bytes of each root that should be in the picture. What holds nothing has no width.
fn expected_variables(truth: &Value) -> Vec<(String, u64, u64)> {
    let structures = truth["structures"].as_array().unwrap().iter();
    let variables = structures.filter(|structure| structure["kind"] == "variable" && number(structure, "/bytes") > 0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let variable = |structure: &Value| {
        let label = format!("{} {}", text(&structure["root"]), text(&structure["type"]));
        (label, number(structure, "/bytes"), number(structure, "/tolerance"))
    };
    variables.map(variable).collect()
}

/// Bytes by label of the frames that `sizes` finds; the variables must be among them, to 0.1 %.
fn assert_variables(carried: &Carried, sizes: &HashMap<String, u64>) {
    let expected = expected_variables(&carried.truth);
    assert!(expected.len() > 80, "the fixture has some 95 variables that hold something");
    for (label, bytes, tolerance) in expected {
        let found = *sizes.get(&label).unwrap_or_else(|| panic!("{}: {label} is missing", carried.release));
        let allowed = (bytes / 1000).max(tolerance);
        assert!(found.abs_diff(bytes) <= allowed, "{}: {label} holds {bytes}, shown {found}", carried.release);
    }
}

fn objref(carried: &Carried, format: &str) -> String {
    goheap!(carried.core, "--exe", carried.exe, "-q", "objref", "--format", format, "-").ok().stdout
}

#[test]
fn the_picture_shows_every_package_variable() {
    for carried in all_carried() {
        let svg = objref(&carried, "svg");
        let mut sizes = HashMap::new();
        for title in svg.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next()) {
            let title = unescaped(title);
            // `main.cache *main.Cache: 342.7 KiB in 12 objects (350,896 bytes, 35.22%)`
            let Some((label, size)) = title.rsplit_once(" (") else { continue };
            let (label, _) = label.rsplit_once(": ").unwrap();
            let size = size.split(" bytes").next().unwrap().replace(',', "");
            sizes.insert(label.to_owned(), size.parse().unwrap());
        }
        assert_variables(&carried, &sizes);
    }
}

fn unescaped(xml: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(xml.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[test]
fn the_json_tree_has_the_same_sums() {
    for carried in all_carried() {
        let json: Value = serde_json::from_str(&objref(&carried, "json")).unwrap();
        let roots = json["root"]["children"].as_array().unwrap();
        let sizes = roots.iter().map(|root| (root["name"].as_str().unwrap().to_owned(), number(root, "/bytes")));
        let sizes: HashMap<String, u64> = sizes.collect();
        assert_variables(&carried, &sizes);
        let allocated = number(&json, "/heap/allocated");
        assert_eq!(number(&json, "/root/bytes"), allocated);
        assert_eq!(sizes["unreachable"], number(&json, "/heap/unreachable"));
        assert_eq!(number(&json, "/missing_bytes"), 0);
    }
}

#[test]
fn folded_stacks_and_backtraces_add_up_to_the_heap() {
    for carried in all_carried() {
        let overview = goheap!(carried.core, "--exe", carried.exe, "overview", "--json").ok();
        let overview: Value = serde_json::from_str(&overview.stdout).unwrap();
        let folded = objref(&carried, "folded");
        let counts = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap());
        assert_eq!(counts.sum::<u64>(), number(&overview, "/heap/allocated"));
        let backtraces = objref(&carried, "bt");
        let counts = backtraces.lines().filter_map(|line| line.strip_prefix('\t'));
        assert_eq!(
            counts.map(|count| count.parse::<u64>().unwrap()).sum::<u64>(),
            number(&overview, "/heap/allocated")
        );
    }
}

#[test]
fn the_overview_reconciles_with_itself_and_with_the_program() {
    for carried in all_carried() {
        let overview = goheap!(carried.core, "--exe", carried.exe, "overview", "--json").ok();
        let report: Value = serde_json::from_str(&overview.stdout).unwrap();
        let [allocated, reachable, unreachable] =
            ["allocated", "reachable", "unreachable"].map(|sum| number(&report, &format!("/heap/{sum}")));
        assert_eq!(allocated, reachable + unreachable);
        let classes = report["heap"]["reachable_by_root_class"].as_array().unwrap();
        assert_eq!(classes.iter().map(|class| number(class, "/bytes")).sum::<u64>(), reachable);

        let kinds = report["types"]["reachable_by_evidence"].as_array().unwrap();
        let bytes = |kind: &str| number(kinds.iter().find(|one| one["evidence"] == kind).unwrap(), "/bytes");
        assert_eq!(["exact", "derived", "candidate", "none"].map(bytes).iter().sum::<u64>(), reachable);
        assert_eq!(kinds.len(), 4);
        let told_of = |code: &str| {
            let found = report["diagnostics"].as_array().unwrap().iter().find(|one| one["code"] == code);
            found.map_or(0, |one| number(one, "/count"))
        };
        assert_eq!(["bytes-guessed", "bytes-untyped"].map(told_of), ["candidate", "none"].map(bytes));

        let told = number(&carried.truth, "/heap_alloc");
        let allowed = (told / 2000).max(16 << 10);
        assert!(allocated.abs_diff(told) <= allowed, "{}: {allocated}, the program says {told}", carried.release);
        assert_eq!(report["go"]["version"], carried.truth["go"]);
        assert_eq!(report["gomaxprocs"], carried.truth["gomaxprocs"]);
        assert_eq!(report["go"]["layout"], "dwarf");
        assert!(number(&report, "/goroutines/total") >= number(&carried.truth, "/goroutines"));
        let broken = report["invariants"].as_array().unwrap().iter().filter(|one| number(one, "/violations") > 0);
        assert_eq!(broken.collect::<Vec<_>>(), Vec::<&Value>::new(), "{}", carried.release);
    }
}

#[test]
fn without_dwarf_the_sums_are_the_same() {
    for carried in all_carried() {
        let heap = |arguments: &[&str]| {
            let input = [carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str()];
            let arguments: Vec<&OsStr> = input.into_iter().chain(arguments.iter().map(OsStr::new)).collect();
            let report: Value = serde_json::from_str(&run(command(&arguments)).ok().stdout).unwrap();
            let sums = ["allocated", "reachable", "unreachable"].map(|sum| number(&report, &format!("/heap/{sum}")));
            (sums, report["go"]["layout"].as_str().unwrap().to_owned())
        };
        let (with, from_dwarf) = heap(&["overview", "--json"]);
        let (without, from_table) = heap(&["--no-dwarf", "overview", "--json"]);
        assert_eq!(with, without, "{}", carried.release);
        assert_eq!([from_dwarf, from_table], ["dwarf", "table"]);
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for carried in all_carried() {
        // One release will do for the forms that are made of the same tree.
        let formats = if carried.release == "1.27" { &["svg", "folded", "bt", "json"][..] } else { &["svg"] };
        for format in formats {
            let arguments = ["-q", "objref", "--format", format, "-"].map(OsStr::new);
            let with = |threads: &str| {
                let mut command = command(&[carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str()]);
                command.args(arguments).env("RAYON_NUM_THREADS", threads);
                run(command).ok().stdout
            };
            assert!(with("1") == with("2"), "{} {format}", carried.release);
        }
        let overview = |threads: &str| {
            let mut command = command(&[carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str()]);
            command.args(["overview", "--json"]).env("RAYON_NUM_THREADS", threads);
            run(command).ok().stdout
        };
        assert!(overview("1") == overview("2"), "{} overview", carried.release);
    }
}

#[test]
fn frames_that_are_too_narrow_are_counted_above() {
    let carried = carried("1.27");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.json");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "objref", "--min-width", "5", out).ok();
    assert!(outcome.stderr.contains("frames are too narrow to show; they count in the frame above"));
    let json: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!(number(&json, "/root/bytes"), number(&json, "/heap/allocated"));
    let roots = json["root"]["children"].as_array().unwrap();
    let wide = |root: &&Value| number(root, "/bytes") * 20 >= number(&json, "/heap/allocated");
    assert!(roots.iter().filter(wide).count() >= roots.len() - 1, "only the narrow ones together may be narrow");
    assert!(roots.len() < 20);
}

#[test]
fn objects_can_be_counted_and_the_title_be_given() {
    let carried = carried("1.27");
    let svg = goheap!(
        carried.core,
        "--exe",
        carried.exe,
        "-q",
        "objref",
        "--count",
        "objects",
        "--title",
        "a < b",
        "--format",
        "svg",
        "-"
    );
    let svg = svg.ok().stdout;
    assert!(svg.contains(">a &lt; b<"), "the title");
    assert!(svg.contains(" objects, "), "the count of a frame");
    assert!(svg.contains("allocated 27,"), "the sum of objects in the subtitle");
}
