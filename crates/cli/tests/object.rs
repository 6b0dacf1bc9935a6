//! `object` on the carried cores: fields, holders and pointers agree with each other, and contents are shown only when asked for.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, carried, command, number};
use serde_json::Value;

fn run(carried: &Carried, arguments: &[&str]) -> common::Outcome {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(arguments);
    common::run(command)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap()
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

/// The first objects of a type.
fn objects(carried: &Carried, ty: &str, limit: &str) -> Vec<Value> {
    let arguments = ["objects", "--format", "ndjson", "--reachable", "--type", ty, "--limit", limit];
    let lines = run(carried, &arguments).ok().stdout;
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn object(carried: &Carried, address: &str, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["object", address, "--json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&run(carried, &arguments).ok().stdout).unwrap()
}

/// A cache, its map, its entries and one of its sessions, by following pointers.
#[test]
fn pointers_lead_from_a_variable_to_a_value() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let truth = carried.truth["structures"].as_array().unwrap().iter();
        let told =
            truth.filter(|one| one["root"] == "main.globalCache").map(|one| number(one, "/bytes")).next().unwrap();
        let cache = objects(&carried, r"^main\.Cache$", "1").remove(0);
        let cache = object(&carried, text(&cache, "addr"), &["--values"]);
        assert_eq!(text(&cache, "owner"), "main.globalCache *main.Cache");
        assert_eq!(list(&cache, "roots")[0]["path"], serde_json::json!(["main.globalCache *main.Cache"]));
        let entries = &list(&cache, "fields")[0];
        assert_eq!((text(entries, "path"), text(entries, "kind")), (".entries", "map"));
        let count = number(entries, "/len");
        // A session, its name and its payload are at least 100 bytes each.
        assert!(count > 10 && count * 100 < told, "{release}: {count} entries in {told} bytes");

        // Down to a row of entries: header, directory, table, groups; or header, buckets.
        let mut at = text(&entries["target"], "addr").to_owned();
        let session = (0..4).find_map(|_| {
            let part = object(&carried, &at, &["--values"]);
            let is_session = |field: &&Value| field["target"]["text"] == "main.Session";
            let found =
                list(&part, "fields").iter().find(is_session).map(|field| text(&field["target"], "addr").to_owned());
            at = text(&list(&part, "pointers")[0]["target"], "addr").to_owned();
            found
        });
        let session = object(&carried, &session.unwrap_or_else(|| panic!("{release}: no session")), &["--values"]);
        assert_eq!(text(&session, "type"), "main.Session");
        let field = |path: &str| list(&session, "fields").iter().find(|field| field["path"] == path).unwrap();
        let name = text(field(".Name"), "value");
        assert!(name.starts_with("session-"), "{name}");
        assert_eq!(number(field(".Name"), "/len"), name.len() as u64);
        let id: u64 = text(field(".ID"), "value").parse().unwrap();
        assert_eq!(name, format!("session-{id:08}"));
    }
}

#[test]
fn holders_are_those_that_point_to_it() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        for ty in [r"^main\.Cache$", r"\]main\.Shape$", "header$", "^chan main"] {
            let row = objects(&carried, ty, "1").remove(0);
            let holder = object(&carried, text(&row, "addr"), &[]);
            let targets = list(&holder, "pointers").iter().map(|pointer| &pointer["target"]);
            for target in targets.filter(|target| target["object"].is_string()).take(2) {
                let into = hex(text(target, "addr")) - hex(text(target, "object"));
                let held = object(&carried, text(target, "addr"), &["--limit", "100000"]);
                assert_eq!((number(&held, "/asked_offset"), text(&held, "addr")), (into, text(target, "object")));
                let points_back = |one: &&Value| one["addr"] == row["addr"] && number(one, "/into") == into;
                assert!(list(&held, "holders").iter().any(|one| points_back(&one)), "{release}: {row} and {target}");
                let groups: u64 = list(&held, "holder_groups").iter().map(|group| number(group, "/count")).sum();
                assert_eq!(groups, list(&held, "holders").len() as u64, "{release}: {target}");
            }
        }
    }
}

#[test]
fn groups_of_holders_have_the_names_that_all_text_has() {
    let carried = carried("1.27");
    let row = objects(&carried, r"^container/list\.List$", "1").remove(0);
    let said = |more: &[&str]| run(&carried, &[&["object", text(&row, "addr")], more].concat()).ok().stdout;
    let groups = |said: &str| {
        let lines = said.lines().filter(|line| line.contains(" × "));
        lines.map(|line| line.split(" × ").nth(1).unwrap().trim().to_owned()).collect::<Vec<_>>().join("\n")
    };
    let (short, full) = (groups(&said(&[])), groups(&said(&["--full-names"])));
    assert!(short.starts_with("list.Element") && short.contains(" *list.List "), "{short}");
    assert!(full.starts_with("container/list.Element") && full.contains(" *container/list.List "), "{full}");
    assert!(!short.contains("container/"), "{short}");
}

#[test]
fn a_closure_says_whose_it_is_and_where_that_begins() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let row = objects(&carried, r"^func main\.\S+\.func\d", "1").remove(0);
        let closure = object(&carried, text(&row, "addr"), &[]);
        let (name, place) = text(&closure, "function").split_once(' ').unwrap();
        assert_eq!(format!("func {name}"), text(&closure, "type"), "{release}");
        let (file, line) = place.split_once(':').unwrap();
        assert!(file.ends_with(".go") && line.parse::<u32>().is_ok_and(|line| line > 1), "{release}: {place}");
    }
}

#[test]
fn contents_are_shown_only_when_asked_for() {
    let carried = carried("1.27");
    for ty in [r"^main\.Session$", r"\]uint8$", "^string$", "^main.link$", "groups$", "^$"] {
        let row = objects(&carried, ty, "1").remove(0);
        for json in [&[][..], &["--json"]] {
            let arguments = |values: &'static [&str]| [&["object", text(&row, "addr")], json, values].concat();
            let without = run(&carried, &arguments(&[])).ok().stdout;
            let with = run(&carried, &arguments(&["--values"])).ok().stdout;
            assert_ne!(with, without, "{row}");
            assert!(!without.contains("session-") && !without.contains("abcdef"), "{without}");
            if !json.is_empty() {
                let report: Value = serde_json::from_str(&without).unwrap();
                assert!(list(&report, "fields").iter().all(|field| field["value"].is_null()), "{without}");
            }
        }
    }
}

#[test]
fn limits_say_what_is_left_out() {
    let carried = carried("1.27");
    let row = objects(&carried, r"^main\.wide$", "1").remove(0);
    let whole = object(&carried, text(&row, "addr"), &["--limit", "1000"]);
    let three = object(&carried, text(&row, "addr"), &["--limit", "3"]);
    assert_eq!(list(&three, "fields")[..], list(&whole, "fields")[..3]);
    assert!(number(&three, "/fields_left_out") > 0);
    let pointers = list(&three, "pointers").len() as u64 + number(&three, "/pointers_left_out");
    assert_eq!(pointers, list(&whole, "pointers").len() as u64);
    assert_eq!(number(&whole, "/pointers_left_out"), 0);
}

#[test]
fn an_address_of_nothing_names_its_neighbours() {
    let carried = carried("1.27");
    for (address, part) in [
        ("0x10", "no object holds 0x10 (not on the heap); the nearest above is 0x"),
        ("ffffffffffffffff", "no object holds 0xffffffffffffffff (not on the heap); the nearest below is 0x"),
    ] {
        let outcome = run(&carried, &["object", address]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (4, ""));
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    // Just behind an object that has no neighbour.
    let lines = run(&carried, &["objects", "--format", "ndjson"]).ok().stdout;
    let all: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = |row: &Value| hex(text(row, "addr")) + number(row, "/size");
    let apart = all.windows(2).find(|pair| end(&pair[0]) < hex(text(&pair[1], "addr"))).unwrap();
    let outcome = run(&carried, &["object", &format!("{:#x}", end(&apart[0]))]);
    assert_eq!(outcome.status, 4);
    let near =
        |side: &str, row: &Value| format!("the nearest {side} is {} ({} bytes, ", text(row, "addr"), row["size"]);
    for part in [near("below", &apart[0]), near("above", &apart[1])] {
        assert!(outcome.stderr.contains(&part), "{part} is not in: {}", outcome.stderr);
    }
    for wrong in ["main.x", "", "0x"] {
        let outcome = run(&carried, &["object", wrong]);
        assert_eq!(outcome.status, 2);
        assert!(outcome.stderr.contains("a hexadecimal address is needed"), "{}", outcome.stderr);
    }
}

/// What objects of every kind look like. Addresses are those of the carried core.
#[test]
fn an_object_is_worth_reading() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let all = objects(&carried, "main|bufio", "30000");
        let mut shown = String::new();
        for (start, end) in [
            ("main.Cache", ""),
            ("main.Session", ""),
            ("map[string]*main.Session header", ""),
            ("map[main.pair]main.pair ", if release == "1.19" { "buckets" } else { "groups" }),
            ("chan main.Session", ""),
            ("[", "]main.Shape"),
            ("func main.functions.func1.1", ""),
            ("bufio.Reader", ""),
        ] {
            let is_it = |ty: &str| ty == start || (!end.is_empty() && ty.starts_with(start) && ty.ends_with(end));
            let row = all.iter().find(|row| is_it(text(row, "type"))).unwrap();
            shown += &run(&carried, &["object", "--values", "--limit", "8", text(row, "addr")]).ok().stdout;
            shown += "--------\n";
        }
        insta::assert_snapshot!(format!("object_{release}"), shown);
    }
}

/// What one word of a frame leads to is of one type for all goroutines that stand there.
#[test]
fn a_type_that_was_voted_says_how_many_agree() {
    for release in ["1.19", "1.24"] {
        let carried = common::carried_of("goroutines", release);
        let whole = |arguments: &[&str]| run(&carried, &[arguments, &["--no-dwarf"]].concat()).ok().stdout;
        let listed =
            whole(&["objects", "--format", "ndjson", "--reachable", "--type", r"^runtime\.sudog$", "--limit", "0"]);
        // So many wait in each of the program's groups.
        let waiting = listed.lines().find_map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let found: Value = serde_json::from_str(&whole(&["object", text(&row, "addr"), "--json"])).unwrap();
            (found["voted"] == serde_json::json!({ "agree": 20, "of": 20 })).then_some(found)
        });
        let waiting = waiting.unwrap();
        assert_eq!(text(&waiting, "evidence"), "candidate", "{release}");
        let said = whole(&["object", text(&waiting, "addr")]);
        assert!(said.contains("voted: 20 of 20 agree"), "{said}");
    }
}
