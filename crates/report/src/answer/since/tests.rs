#![allow(clippy::unwrap_used)]

use super::*;
use crate::answer::{Column, Kind, Section};

fn told() -> Told {
    Told { page: Page::default(), least: 100, most: 10, shrank: true }
}

/// A report of a tree: depth, bytes, text.
fn report(tree: &[(u32, u64, &str)]) -> Answer {
    let mut section =
        Section::new("retains", [Column::bytes("bytes"), Column::count("objects"), Column::name("frame")]);
    for &(depth, bytes, text) in tree {
        section.row([bytes.into(), (bytes / 10).into(), text.into()]).depth = depth;
    }
    Answer { name: "report".into(), sections: vec![section], ..Answer::default() }
}

fn with_types(mut report: Answer, rows: &[(u64, &str)], left_out: u64) -> Answer {
    let mut section = Section::new("types", [Column::bytes("bytes"), Column::count("objects"), Column::name("type")]);
    for &(bytes, name) in rows {
        section.row([bytes.into(), 1.into(), name.into()]);
    }
    section.left_out = left_out;
    report.sections.push(section);
    report
}

fn names(answer: &Answer, key: &str) -> Vec<(u64, String)> {
    let section = answer.section(key).unwrap();
    let name = section.columns.iter().position(|column| column.kind == Kind::Name).unwrap();
    let of = |row: &crate::answer::Row| match (row.cell(0), row.cell(name)) {
        (Cell::Number(grew), Cell::Text(text)) => (*grew, text.clone()),
        _ => (0, String::new()),
    };
    section.rows.iter().map(of).collect()
}

#[test]
fn growth_is_told_at_the_container_whose_elements_grew() {
    let old =
        report(&[(0, 1000, "all"), (1, 900, "main.cache map[string]T"), (2, 800, "[value] T"), (1, 100, "main.x")]);
    let new = report(&[
        (0, 9000, "all"),
        (1, 6000, "main.cache map[string]T"),
        (2, 5900, "[value] T"),
        (1, 2900, "main.list *node"),
        (2, 2800, ".next *node"),
        (1, 100, "main.x"),
    ]);
    let found = new.since(&old, told());
    let of = |grew: u64, name: &str| (grew, name.to_owned());
    // Of a frame that OLD lacks no more is known than that it was no wider than the narrowest there: 100.
    assert_eq!(names(&found, "grown"), [of(5100, "main.cache map[string]T"), of(2700, ".next *node")]);
    assert_eq!(found.sections[0].rows[1].notes, ["not among the rows kept of OLD: at most 100 B there"]);
    assert_eq!(found.sections[0].rows[1].cells[7], Cell::Texts(vec!["main.list *node".into(), ".next *node".into()]));
    assert_eq!(found.text[1], "reachable: 1000 B before, 8.8 KiB after (+7.8 KiB)");
}

#[test]
fn what_a_cut_list_lacks_is_no_growth() {
    let tree = report(&[(0, 10, "all")]);
    let old = with_types(tree.clone(), &[(5000, "main.A"), (400, "main.B")], 7);
    let new = with_types(tree.clone(), &[(5000, "main.A"), (450, "main.C"), (900, "main.D")], 0);
    let found = new.since(&old, told());
    let of = |grew: u64, name: &str| (grew, name.to_owned());
    assert_eq!(names(&found, "types"), [of(500, "main.D"), of(0, "main.B")], "main.C may have had 400 bytes before");
    assert_eq!(found.text[2], "nothing grew by 100 B or more");
    let whole = with_types(tree, &[(5000, "main.A"), (400, "main.B")], 0);
    let found = new.since(&whole, Told { shrank: false, ..told() });
    assert_eq!(names(&found, "types"), [of(900, "main.D"), of(450, "main.C")]);
}

#[test]
fn reports_without_trees_have_nothing_that_grew() {
    let found = Answer::default().since(&Answer::default(), told());
    assert!(found.sections[0].rows.is_empty() && found.sections.len() == 1);
    assert!(found.text[1].starts_with("nothing grew"));
}
