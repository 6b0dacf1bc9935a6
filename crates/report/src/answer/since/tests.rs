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
    let section = answer.section_with(key, "grew").unwrap();
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

#[test]
fn goroutines_are_the_same_group_however_many_they_are() {
    let old = report(&[(0, 1000, "all"), (1, 900, "400 × goroutine main.wait"), (2, 800, "own *main.T ?")]);
    let new = report(&[(0, 1100, "all"), (1, 1000, "goroutine main.wait"), (2, 950, "own *main.T")]);
    let found = new.since(&old, Told { least: 10, ..told() });
    assert_eq!(names(&found, "grown"), [(100, "goroutine main.wait".to_owned())]);
    assert_eq!(names(&old.since(&new, Told { least: 10, ..told() }), "grown"), []);
}

#[test]
fn a_report_that_was_compared_before_is_compared_again() {
    let tree = report(&[(0, 10, "all")]);
    let (old, new) = (with_types(tree.clone(), &[(400, "main.A")], 0), with_types(tree.clone(), &[(900, "main.A")], 0));
    let mut both = new.clone();
    // What `diff` told stands before the report's own.
    both.sections.splice(0..0, new.since(&old, told()).sections);
    assert_eq!(names(&both.since(&old, told()), "types"), [(500, "main.A".to_owned())]);
}

/// A report with suspects: retained, and the steps of the path.
fn with_suspects(mut report: Answer, rows: &[(u64, &[&str])]) -> Answer {
    let columns = [Column::bytes("retained"), Column::name("holder"), Column::new("path", Kind::Texts)];
    let mut section = Section::new("suspects", columns);
    for &(retained, path) in rows {
        let steps: Vec<String> = path.iter().map(|&step| step.to_owned()).collect();
        section.row([retained.into(), path[0].into(), steps.into()]);
    }
    report.sections.push(section);
    report
}

#[test]
fn suspects_are_ranked_by_what_they_grew() {
    let (cache, list, pile) =
        (["main.cache map[string]T"], ["main.list *node", ".next *node"], ["3 × goroutine main.wait"]);
    let tree = report(&[
        (0, 9000, "all"),
        (1, 8000, "package variables"),
        (2, 5000, "main.list *node"),
        (3, 4800, ".next *node"),
        (2, 50, "main.cache map[string]T"),
    ]);
    let old = with_suspects(tree.clone(), &[(60, &["2 × goroutine main.wait"])]);
    let mut new = with_suspects(tree, &[(5000, &list), (4000, &cache), (900, &pile), (700, &["main.new []T"])]);
    new.rank_suspects_since(&old, Page::default());
    let once = new.clone();
    new.rank_suspects_since(&old, Page::default());
    assert_eq!(new, once);
    let section = new.section_with("suspects", "retained").unwrap();
    let told: Vec<(&str, &str)> =
        section.rows.iter().map(|row| (section.text(row, "holder").unwrap(), &*row.notes[0])).collect();
    assert_eq!(
        told,
        [
            ("main.cache map[string]T", "grew by 3.9 KiB, from 50 B"),
            ("3 × goroutine main.wait", "grew by 840 B, from 60 B"),
            ("main.new []T", "not among the rows kept of OLD: at most 50 B there"),
            ("main.list *node", "grew by 200 B, from 4.7 KiB"),
        ]
    );
}

#[test]
fn kept_frames_are_a_tree_whatever_was_kept() {
    let odd = report(&[
        (3, 9, "deep"),
        (0, 100, "all"),
        (2, 9, "too deep"),
        (1, 60, "a"),
        (0, 70, "another whole"),
        (2, 30, "b"),
    ]);
    let told: Vec<(u32, &str)> = odd.kept_frames("retains").iter().map(|frame| (frame.depth, frame.text)).collect();
    assert_eq!(told, [(0, "all"), (1, "a"), (2, "b")]);
    assert!(odd.kept_frames("holds").is_empty());
}

#[test]
fn garbage_is_no_growth_and_small_groups_are_not_hidden_by_large_ones() {
    let old =
        report(&[(0, 1000, "all"), (1, 500, "unreachable"), (1, 400, "package variables"), (2, 400, "main.a []T")]);
    let new = report(&[
        (0, 99_000, "all"),
        (1, 50_000, "unreachable"),
        (2, 49_000, "main.T"),
        (1, 40_000, "package variables"),
        (2, 40_000, "main.a []T"),
        (1, 1000, "goroutines"),
        (2, 1000, "9 × goroutine main.wait"),
    ]);
    let found = new.since(&old, told());
    let of = |grew: u64, name: &str| (grew, name.to_owned());
    assert_eq!(names(&found, "grown"), [of(39_600, "main.a []T"), of(600, "9 × goroutine main.wait")]);
    assert_eq!(found.text[1], "reachable: 500 B before, 47.9 KiB after (+47.4 KiB)");
}
