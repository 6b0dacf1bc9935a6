//! Formats of lines: folded stacks, backtraces of SystemTap, CSV and tables. No text makes a line, a field or a count of its own.
#![no_main]

use goheap_fuzz::{bounded, tree};
use goheap_report::objects::{ObjectRow, ObjectWriter, RowForm};
use goheap_report::page::Page;
use goheap_report::table::{Align, Table};
use goheap_report::text::is_hidden;
use goheap_report::{Count, FlameTree, folded, stap};
use libfuzzer_sys::fuzz_target;

fn text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(!text.contains(|c| !matches!(c, '\n' | '\t') && is_hidden(c)), "{text:?}");
    text
}

/// The text of a page, without the isolates that it has around letters from right to left: each opens and closes once in its line.
fn page(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).expect("UTF-8");
    for line in text.lines() {
        let mut is_open = false;
        for c in line.chars().filter(|c| matches!(c, '\u{2068}' | '\u{2069}')) {
            assert_eq!(is_open, c == '\u{2069}', "{line:?}");
            is_open = !is_open;
        }
        assert!(!is_open, "{line:?}");
    }
    self::text(text.replace(['\u{2068}', '\u{2069}'], "").into_bytes())
}

/// The counts of the lines add up to the tree's, as far as they are exact.
fn check_stacks(tree: &FlameTree) {
    let whole: u64 = tree.frames.iter().fold(0, |sum, frame| frame.bytes.saturating_add(sum));
    let mut out = Vec::new();
    if folded::write(tree, Count::Bytes, 0.0, &mut out).is_ok() {
        let text = text(out);
        let counts = text.lines().map(|line| {
            let (stack, count) = line.rsplit_once(' ').expect("a count");
            assert!(stack.split(';').all(|frame| !frame.trim().is_empty()), "{line:?}");
            count.parse::<u64>().expect("a number")
        });
        assert_eq!(counts.fold(0, u64::saturating_add), whole);
    }
    let mut out = Vec::new();
    if stap::write(tree, Count::Bytes, 0.0, &mut out).is_ok() {
        let text = text(out);
        let counts = text.lines().filter_map(|line| line.strip_prefix('\t')?.parse::<u64>().ok());
        assert_eq!(counts.fold(0, u64::saturating_add), whole);
    }
}

/// The records of RFC 4180.
fn records(csv: &str) -> Vec<Vec<String>> {
    let (mut records, mut is_quoted) = (vec![vec![String::new()]], false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        let record = records.last_mut().expect("never empty");
        match c {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => record.last_mut().expect("never empty").push('"'),
            '"' if is_quoted => is_quoted = false,
            '"' => is_quoted = true,
            ',' if !is_quoted => record.push(String::new()),
            '\n' if !is_quoted => records.push(vec![String::new()]),
            c => record.last_mut().expect("never empty").push(c),
        }
    }
    records.pop();
    records
}

fn check_csv(tree: &FlameTree) {
    let mut out = Vec::new();
    let mut writer = ObjectWriter::new(&mut out, RowForm::Csv).expect("memory");
    for frame in &tree.frames {
        let cell = RowForm::Csv.cell(&frame.label);
        let (address, size) = (frame.bytes, frame.objects);
        let row = ObjectRow { address, size, ty: &cell, evidence: "exact", reachable: Some(true), owner: &cell };
        writer.row(&row).expect("memory");
    }
    writer.finish((0, 0)).expect("memory");
    let records = records(&text(out));
    assert_eq!(records.len(), tree.frames.len() + 1);
    assert!(records.iter().all(|record| record.len() == records[0].len()), "{records:?}");
}

fn check_table(tree: &FlameTree, columns: usize) {
    let mut table = Table::new(2, &[Align::Left, Align::Right]);
    for frame in &tree.frames {
        table.row([frame.label.clone(), frame.bytes.to_string()]);
    }
    for (columns, ascii) in [(None, false), (Some(columns), true)] {
        let mut out = Vec::new();
        table.write(&mut Page { columns, ascii, ..Page::default() }.lines(&mut out)).expect("memory");
        let text = page(out);
        assert!(columns.is_some() || text.lines().count() == tree.frames.len());
        assert!(!ascii || text.is_ascii());
    }
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let tree::Input { tree, title, .. } = tree::read(input);
    check_stacks(&tree);
    check_csv(&tree);
    check_table(&tree, 3 + title.len());
}));
