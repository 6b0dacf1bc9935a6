//! `dominators`, and the other commands that tell what is retained, on the carried cores.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, command, number};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

fn run(carried: &Carried, arguments: &[&str]) -> String {
    let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "-q".as_ref()]);
    command.args(arguments);
    common::run(command).ok().stdout
}

fn json(carried: &Carried, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(carried, arguments)).unwrap()
}

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().unwrap()
}

#[test]
fn each_row_retains_itself_and_what_is_below_it_and_the_first_all_that_is_reachable() {
    for carried in all_carried() {
        let overview = json(&carried, &["overview", "--json"]);
        let report = json(&carried, &["dominators", "--json"]);
        let mut sums: HashMap<u64, [u64; 2]> = HashMap::new();
        for row in rows(&report).iter().rev() {
            let id = number(row, "/id");
            let below = sums.remove(&id).unwrap_or_default();
            let [retained, objects] = ["/retained", "/objects"].map(|field| number(row, field));
            let own = ["/shallow", "/count"].map(|field| number(row, field));
            assert_eq!([retained, objects], [own[0] + below[0], own[1] + below[1]], "{}: {row}", carried.release);
            if let Some(parent) = row["parent"].as_u64() {
                assert!(parent < id);
                let sum = sums.entry(parent).or_default();
                *sum = [sum[0] + retained, sum[1] + objects];
            }
        }
        assert!(sums.is_empty() && rows(&report).len() > 500);
        let first = &rows(&report)[0];
        assert_eq!(number(first, "/retained"), number(&overview, "/heap/reachable"), "{}", carried.release);
        assert_eq!(first["retained"], report["reachable"]["bytes"]);
        let allocated = number(&report, "/reachable/bytes") + number(&report, "/unreachable/bytes");
        assert_eq!(allocated, number(&overview, "/heap/allocated"));
    }
}

#[test]
fn a_map_counts_as_one_with_all_that_it_is_made_of() {
    for carried in all_carried() {
        let report = json(&carried, &["dominators", "--json"]);
        for name in ["main.largeMap map[uint64]*main.Session", "main.pointerFreeMap map[uint64]uint64"] {
            let row = rows(&report).iter().find(|row| row["name"] == name).unwrap();
            assert!(number(row, "/count") > 1, "{}: {row}", carried.release);
            assert_eq!(number(row, "/values"), 1, "{}: {row}", carried.release);
        }
        let row = |name: &str| rows(&report).iter().find(|row| row["name"].as_str().unwrap().ends_with(name));
        let sessions = row("[value] *main.Session").unwrap();
        assert_eq!(sessions["values"], sessions["count"], "{}", carried.release);
    }
}

#[test]
fn groups_of_roots_and_what_they_share_are_all_that_is_reachable() {
    for carried in all_carried() {
        for group in ["package", "root"] {
            let report = json(&carried, &["dominators", "--group", group, "--json"]);
            let fields = |row: &Value| ["/retained", "/retained_objects"].map(|field| number(row, field));
            let shared = ["/shared/bytes", "/shared/objects"].map(|at| number(&report, at));
            let sum = rows(&report).iter().map(fields).fold(shared, |sum, row| [sum[0] + row[0], sum[1] + row[1]]);
            let reachable = ["/reachable/bytes", "/reachable/objects"].map(|at| number(&report, at));
            assert_eq!(sum, reachable, "{} {group}", carried.release);
            assert!(rows(&report).is_sorted_by_key(|row| std::cmp::Reverse(number(row, "/retained"))));
        }
    }
}

#[test]
fn a_package_retains_the_same_in_the_tree_and_among_groups() {
    let carried = carried("1.27");
    let tree = json(&carried, &["dominators", "--json"]);
    let groups = json(&carried, &["dominators", "--group", "package", "--match", "^main$", "--json"]);
    let is_main = |row: &&Value| row["name"] == "main" && number(row, "/depth") == 2;
    let main = rows(&tree).iter().find(is_main).unwrap();
    assert_eq!(rows(&groups).len(), 1);
    assert_eq!(rows(&groups)[0]["retained"], main["retained"]);
    assert_eq!(rows(&groups)[0]["retained_objects"], main["objects"]);
}

#[test]
fn types_retain_no_less_than_their_own_bytes_and_no_more_than_exactly() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let report = json(&carried, &["dominators", "--group", "type", "--json"]);
        assert!(rows(&report).len() > 60);
        for row in rows(&report) {
            assert!(number(row, "/retained") >= number(row, "/own/bytes"), "{row}");
        }
        let arguments = ["histogram", "--reachable", "--format", "json", "--limit", "200"];
        let [minimum, exact] = ["--retained", "--exact"].map(|how| json(&carried, &[&arguments[..], &[how]].concat()));
        assert_eq!((&minimum["retained"], &exact["retained"]), (&"minimum".into(), &"exact".into()));
        let mut differ = 0;
        for (minimum, exact) in rows(&minimum).iter().zip(rows(&exact)) {
            let [least, exactly] = [minimum, exact].map(|row| number(row, "/retained"));
            assert!(number(exact, "/bytes") <= least && least <= exactly, "{release}: {exact}");
            differ += usize::from(least < exactly);
        }
        assert!(differ > 0, "{release}");
    }
}

#[test]
fn a_picture_of_dominators_has_every_byte() {
    for carried in all_carried() {
        let overview = json(&carried, &["overview", "--json"]);
        let folded = run(&carried, &["objref", "--tree", "dominator", "--format", "folded", "-"]);
        let bytes: u64 = folded.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(bytes, number(&overview, "/heap/allocated"), "{}", carried.release);
        assert!(folded.lines().any(|line| line.starts_with("package variables;main;main.")), "{}", carried.release);
        assert!(folded.contains("[shared] ") && folded.contains("held by several "), "{}", carried.release);
    }
}

#[test]
fn marks_change_nothing_but_texts() {
    let carried = carried("1.27");
    let [plain, marked] = [&[][..], &["--mark-shared"]]
        .map(|arguments| run(&carried, &[&["objref", "--format", "folded", "-"], arguments].concat()));
    let unmarked = |line: &str| {
        let marks = [" [shared]", " [mostly shared]", " [partly shared]"];
        marks.iter().fold(line.to_owned(), |line, mark| line.replace(mark, ""))
    };
    let plain: BTreeSet<String> = plain.lines().map(str::to_owned).collect();
    assert_eq!(marked.lines().map(unmarked).collect::<BTreeSet<_>>(), plain);
    assert!(marked.contains("[shared]"));
}

#[test]
fn the_same_at_any_number_of_threads() {
    let carried = carried("1.26");
    let outputs = ["1", "3"].map(|threads| {
        let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
        command.args(["dominators", "--json"]).env("RAYON_NUM_THREADS", threads);
        common::run(command).ok().stdout
    });
    assert!(outputs[0] == outputs[1]);
}

#[test]
fn lines_are_chosen_and_cut() {
    let carried = carried("1.27");
    let whole = json(&carried, &["dominators", "--json"]);
    let five = json(&carried, &["dominators", "--json", "--limit", "5"]);
    assert_eq!((rows(&five).len(), number(&five, "/rows_left_out")), (5, rows(&whole).len() as u64 - 5));
    let flat = json(&carried, &["dominators", "--json", "--depth", "2"]);
    assert_eq!(rows(&flat).iter().map(|row| number(row, "/depth")).max(), Some(2));
    let large = json(&carried, &["dominators", "--json", "--min-size", "8K"]);
    let expected = rows(&whole).iter().filter(|row| number(row, "/retained") >= 8 << 10).count();
    assert_eq!(rows(&large).len(), expected);
    let matching = json(&carried, &["dominators", "--json", "--match", "main.Session"]);
    let parents: BTreeSet<u64> = rows(&matching).iter().filter_map(|row| row["parent"].as_u64()).collect();
    for row in rows(&matching) {
        let is_wanted = row["name"].as_str().unwrap().contains("main.Session");
        assert!(is_wanted || parents.contains(&number(row, "/id")), "{row}");
    }
    let csv = run(&carried, &["dominators", "--csv"]);
    assert_eq!(csv.lines().count(), rows(&whole).len() + 1);
    let mut narrow = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    narrow.args(["dominators", "-q"]).env("COLUMNS", "60");
    let narrow = common::run(narrow).ok().stdout;
    assert!(narrow.lines().skip(3).filter(|line| line.contains('…')).count() > 0);
    assert!(narrow.lines().skip(3).take(40).all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn wrong_command_lines_are_refused() {
    let carried = carried("1.27");
    for wrong in [
        &["dominators", "--match", "("][..],
        &["dominators", "--group", "color"],
        &["dominators", "--group", "type", "--depth", "3"],
        &["dominators", "--json", "--csv"],
        &["objref", "--tree", "dominator", "--mark-shared", "-", "--format", "folded"],
        &["histogram", "--unreachable", "--exact"],
    ] {
        let mut command = command(&[carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
        command.args(wrong);
        let outcome = common::run(command);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{wrong:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_table_is_worth_reading() {
    for (name, arguments) in [
        ("dominators", &["dominators", "--limit", "40"][..]),
        ("dominators_type", &["dominators", "--group", "type", "--limit", "15"]),
        ("dominators_package", &["dominators", "--group", "package", "--limit", "10"]),
        ("dominators_root", &["dominators", "--group", "root", "--limit", "15"]),
        ("histogram_retained", &["histogram", "--retained", "--limit", "15"]),
    ] {
        insta::assert_snapshot!(name, run(&carried("1.27"), arguments));
    }
}
