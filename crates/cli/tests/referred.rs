//! What is referred to, against what the fixture `slack` says of its own objects.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, carried_of, command, number};
use serde_json::Value;

const RELEASES: [&str; 4] = ["1.19", "1.22", "1.26", "1.27"];

fn run(carried: &Carried, arguments: &[&str]) -> common::Outcome {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(arguments);
    common::run(command).ok()
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(carried, arguments).stdout).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn objects(carried: &Carried) -> Vec<Value> {
    carried.truth["Objects"].as_array().unwrap().clone()
}

/// Every object but the map.
fn rows(carried: &Carried) -> Vec<Value> {
    objects(carried).into_iter().filter(|object| text(object, "Variable") != "main.sparse").collect()
}

/// Before 1.22 no header of a slab says that it is one: a pointer to one of its elements counts for all.
fn is_told(truth: &Value, release: &str) -> bool {
    text(truth, "Variable") != "main.one" || !matches!(release, "1.19" | "1.21")
}

#[test]
fn windows_are_those_that_the_program_made() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        for truth in rows(&carried).iter().filter(|truth| is_told(truth, release)) {
            let variable = text(truth, "Variable");
            let found = json(&carried, &["object", text(truth, "Addr"), "--json"]);
            for (ours, theirs) in [
                ("/referred_bytes", "/Referred"),
                ("/capacity_bytes", "/Capacity"),
                ("/before_bytes", "/Before"),
                ("/behind_bytes", "/Behind"),
                ("/windows", "/Windows"),
                ("/whole_pointers", "/Wholes"),
            ] {
                assert_eq!(number(&found, ours), number(truth, theirs), "{release} {variable} {ours}");
            }
        }
    }
}

/// Each variable alone keeps its object, and the queue what was popped from it.
#[test]
fn what_a_variable_retains_is_referred_to_as_the_program_says() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        let found = json(&carried, &["dominators", "--json"]);
        let of = |variable: &str| {
            let begins = |row: &&Value| text(row, "name").split(' ').next() == Some(variable);
            found["rows"].as_array().unwrap().iter().find(begins).cloned()
        };
        for truth in rows(&carried) {
            let variable = text(&truth, "Variable");
            // Two variables hold this one.
            let is_told = variable != "main.whole" && is_told(&truth, release);
            let Some(row) = of(variable).filter(|_| is_told) else { continue };
            let expected = number(&truth, "/Referred") + number(&truth, "/Below");
            assert_eq!(number(&row, "/referred_bytes"), expected, "{release} {variable}");
            assert!(number(&row, "/capacity_bytes") >= number(&row, "/referred_bytes"));
        }
        let queue = of("main.queue").unwrap();
        assert!(number(&queue, "/retained") > 1_000_000 && number(&queue, "/referred_bytes") < 1000, "{release}");
        let all = &found["rows"][0];
        let sum = found["rows"].as_array().unwrap().iter().filter(|row| row["depth"] == 1);
        assert_eq!(sum.map(|row| number(row, "/referred_bytes")).sum::<u64>(), number(all, "/referred_bytes"));
    }
}

/// Without DWARF less may be known, and then all counts: never less than is so.
#[test]
fn without_dwarf_no_less_is_referred_to() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        for truth in rows(&carried) {
            let found = json(&carried, &["object", text(&truth, "Addr"), "--json", "--no-dwarf"]);
            let (ours, theirs) = (number(&found, "/referred_bytes"), number(&truth, "/Referred"));
            assert!(ours >= theirs, "{release} {}: {ours} < {theirs}", text(&truth, "Variable"));
        }
    }
}

#[test]
fn a_map_tells_its_entries_and_its_room() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        let truth = objects(&carried).into_iter().find(|object| text(object, "Variable") == "main.sparse").unwrap();
        let map = json(&carried, &["object", text(&truth, "Addr"), "--json"])["map"].clone();
        assert_eq!(number(&map, "/entries"), number(&carried.truth, "/Entries"), "{release}");
        let (slots, most) = (number(&map, "/slots"), number(&carried.truth, "/Most"));
        assert!(slots >= most && slots <= most * 4, "{release}: {slots}");
        let found = json(&carried, &["dominators", "--json", "--match", "^main.sparse"]);
        let row = found["rows"].as_array().unwrap().iter().find(|row| row["map_slots"] == slots).cloned().unwrap();
        assert_eq!(number(&row, "/map_entries"), number(&carried.truth, "/Entries"));
        for (group, wanted) in [("root", "main.sparse"), ("type", r"^map\[int\]\[\]uint8$")] {
            let found = json(&carried, &["dominators", "--json", "--group", group, "--match", wanted]);
            let row = &found["rows"][0];
            assert_eq!((&row["map_entries"], &row["map_slots"]), (&map["entries"], &map["slots"]), "{release} {group}");
        }
        let held = json(&carried, &["paths", "--json", "main.sparse"]);
        assert_eq!(held["asked"][0]["targets"][0]["map"], map, "{release}");
        assert_eq!(json(&carried, &["owners", "--json", "main.sparse"])["maps"], map, "{release}");
        let load = run(&carried, &["owners", "main.sparse"]).stdout;
        assert!(load.contains(&format!("its maps have {} entries in ", map["entries"])), "{load}");
    }
}

/// The sums are the same at any number of threads.
#[test]
fn threads_change_nothing() {
    let carried = carried_of("slack", "1.27");
    let run = |threads: &str| {
        let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
        command.args(["dominators", "--json"]).env("RAYON_NUM_THREADS", threads);
        common::run(command).ok().stdout
    };
    assert_eq!(run("1"), run("7"));
}

/// Every byte of every span is allocated, free or left over, and the spans are those that the runtime counts.
#[test]
fn size_classes_add_up_to_what_the_runtime_has_in_use() {
    for release in RELEASES {
        let carried = carried_of("slack", release);
        let found = json(&carried, &["histogram", "--group", "size-class", "--format", "json"]);
        let total = &found["total"];
        let of = |row: &Value, names: &[&str]| names.iter().map(|name| number(row, name)).sum::<u64>();
        assert_eq!(number(total, "/span_bytes"), number(&found, "/heap_in_use"), "{release}");
        let rows = found["rows"].as_array().unwrap();
        for row in rows.iter().chain([total]) {
            let parts = of(row, &["/bytes", "/free_bytes", "/tail_bytes"]);
            assert_eq!(number(row, "/span_bytes"), parts, "{release} {row}");
        }
        let allocated = json(&carried, &["histogram", "--format", "json"])["total"].clone();
        assert_eq!(number(total, "/bytes"), number(&allocated, "/bytes"), "{release}");
        let jobs = rows.iter().find(|row| row["slot_bytes"] == 128 && row["has_pointers"] == false).unwrap();
        assert!(number(jobs, "/objects") >= 8000, "{release}");
        // Documents of 100,000 bytes in 106,496: strings, of which no type tells what was asked for.
        let large = rows.iter().find(|row| row["slot_bytes"] == 0 && row["has_pointers"] == false).unwrap();
        assert!(number(large, "/objects") >= 5 && number(large, "/free_bytes") == 0, "{release}");
    }
}

#[test]
fn tables_say_it_where_it_matters() {
    let carried = carried_of("slack", "1.26");
    let table = run(&carried, &["dominators"]).stdout;
    let line = table.lines().find(|line| line.contains("main.scratch []uint8")).unwrap();
    assert!(line.contains("512.0 KiB") && line.contains(" 0 B  "), "{line}");
    assert!(table.contains("\nreferred: "), "{table}");
    let address = text(&objects(&carried)[0], "Addr").to_owned();
    let object = run(&carried, &["object", &address]).stdout;
    assert!(object.contains("20 B, by 1 string"), "{object}");
    let paths = run(&carried, &["paths", &address]).stdout;
    assert!(paths.contains("20 B referred to, of 104.0 KiB"), "{paths}");
    let owners = run(&carried, &["owners", &address]).stdout;
    assert!(owners.contains("20 B referred to, of 104.0 KiB"), "{owners}");
}
