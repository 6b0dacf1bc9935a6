//! Goroutines for people: a line a group, and if asked for its stack below.

use crate::ReportError;
use crate::goroutines::{TableOptions, label_text, state_text};
use crate::page::{Lines, Page};
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped};
use crate::text::terminal_text;
use crate::waits_text;
use goheap_ask::{GoroutineList, ListedGoroutines};
use goheap_model::StackCall;
use std::io::{BufWriter, Write};

pub(crate) fn write(report: &GoroutineList, options: TableOptions, out: impl Write) -> Result<(), ReportError> {
    let page = options.page;
    let shown = Shown::of(report);
    let mut out = page.lines(BufWriter::new(out));
    writeln!(out, "{}", heading(page, report))?;
    if let Some(waits) = &report.waits {
        waits_text::write(waits, &mut out)?;
    }
    if options.waits_alone {
        if report.waits.is_none() {
            writeln!(out, "\n{}", no_waits(report.leaked.unwrap_or(0)))?;
        }
        return Ok(out.flush()?);
    }
    writeln!(out)?;
    if options.stacks {
        for group in &report.groups {
            let mut table = table(shown).silent();
            table.row(cells(page, shown, group));
            table.write(&mut out)?;
            stack(group, &mut out)?;
            writeln!(out)?;
        }
    } else if !report.groups.is_empty() {
        let mut table = table(shown);
        for group in &report.groups {
            table.row(cells(page, shown, group));
        }
        table.write(&mut out)?;
    }
    notes(report, &mut out)?;
    Ok(out.flush()?)
}

fn heading(page: Page, report: &GoroutineList) -> String {
    let count = |count: u64, name: &str| format!("{} {name}{}", grouped(count), if count == 1 { "" } else { "s" });
    let own =
        if report.system == 0 { String::new() } else { format!(" ({} of the runtime's own)", grouped(report.system)) };
    let leaked = report.leaked.map_or_else(String::new, |leaked| format!(", {} provably leaked", grouped(leaked)));
    let suspected = report.waits.as_ref().map_or(0, |waits| waits.suspected);
    let suspected = if suspected == 0 { String::new() } else { format!(", {} suspected", grouped(suspected)) };
    let groups = report.groups.len() as u64 + report.groups_left_out;
    let all = format!("{}{own}{leaked}{suspected}", count(report.goroutines, "goroutine"));
    let here = format!("{} in {}", grouped(report.selected), count(groups, "group"));
    format!("{all}\nhere {here}, stacks {}", page.bytes(report.stack_bytes))
}

/// Instead of what goroutines wait for together.
fn no_waits(leaked: u64) -> String {
    let none = "no lock is waited for, and no goroutines wait together for what nobody seems to end";
    match leaked {
        0 => none.to_owned(),
        1 => format!("{none}; 1 is provably leaked: see --leaked"),
        leaked => format!("{none}; {} are provably leaked: see --leaked", grouped(leaked)),
    }
}

/// Columns that are only there where some group has something to say in them.
#[derive(Clone, Copy)]
struct Shown {
    retained: bool,
    labels: bool,
}

impl Shown {
    fn of(report: &GoroutineList) -> Self {
        Shown {
            retained: report.groups.iter().any(|group| group.retained_bytes.is_some()),
            labels: report.groups.iter().any(|group| !group.labels.is_empty()),
        }
    }
}

/// A table with its heading. Where there is no room, where they were made is missed first, then their labels, stacks, waits, states.
fn table(shown: Shown) -> Table {
    let columns = columns(shown);
    let id = 1 + usize::from(shown.retained);
    let spare = [id + 5, id + 6, id + 4, id + 3, id, id + 1];
    let spare: Vec<usize> = spare.into_iter().filter(|&at| at < columns.len()).collect();
    let mut table = Table::new(0, &columns).spare(&spare);
    table.row(names(shown));
    table
}

fn columns(shown: Shown) -> Vec<crate::table::Align> {
    let mut columns = vec![Right];
    columns.extend(shown.retained.then_some(Right));
    columns.extend([Right, Left, Left, Right, Right, Left]);
    columns.extend(shown.labels.then_some(Left));
    columns
}

fn names(shown: Shown) -> Vec<&'static str> {
    let mut names = vec!["count"];
    names.extend(shown.retained.then_some("retains"));
    names.extend(["id, e.g.", "state", "at", "oldest wait", "stacks", "created by"]);
    names.extend(shown.labels.then_some("labels"));
    names
}

fn cells(page: Page, shown: Shown, group: &ListedGoroutines) -> Vec<String> {
    let leaked = match (group.leaked, group.suspected) {
        (Some(1..), _) => " (leaked)",
        (_, 1..) if group.suspected == group.count => " (suspected)",
        (_, 1..) => " (some suspected)",
        _ => "",
    };
    let mut cells = vec![grouped(group.count)];
    if shown.retained {
        let least = if group.retained_at_least { "≥ " } else { "" };
        cells.push(group.retained_bytes.map_or_else(String::new, |bytes| format!("{least}{}", page.bytes(bytes))));
    }
    cells.extend([
        group.ids.first().map_or_else(String::new, u64::to_string),
        format!("{}{leaked}", state_text(group)),
        group.place().map_or_else(|| "?".to_owned(), |frame| short(frame, page)),
        group.oldest_wait_seconds.map_or_else(|| "-".to_owned(), duration),
        page.bytes(group.stack_bytes),
        group.created_by.as_ref().map_or_else(String::new, |frame| short(frame, page)),
    ]);
    if shown.labels {
        cells.push(label_text(group));
    }
    cells
}

/// `pkg.(*T).Method file.go:12`: the folders of package and file left out, unless names are whole; the file's are anyway.
pub(crate) fn short(frame: &StackCall, page: Page) -> String {
    let name = if page.full_names { &frame.function } else { without_folders(&frame.function) };
    let file = frame.file.rsplit('/').next().unwrap_or_default();
    let place = if frame.file.is_empty() { String::new() } else { format!(" {file}:{}", frame.line) };
    format!("{name}{place}")
}

/// `example.com/a/b.(*T).M` as `b.(*T).M`.
fn without_folders(name: &str) -> &str {
    let end = name.find(['(', '[']).unwrap_or(name.len());
    name[..end].rfind('/').map_or(name, |slash| &name[slash + 1..])
}

fn stack(group: &ListedGoroutines, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
    let calls = group.frames.iter().map(|frame| ("", frame));
    for (prefix, frame) in calls.chain(group.created_by.iter().map(|frame| ("created by ", frame))) {
        let line = format!("    {prefix}{}  {}:{}", frame.function, frame.file, frame.line);
        writeln!(out, "{}", terminal_text(&line))?;
    }
    Ok(())
}

fn notes(report: &GoroutineList, out: &mut impl Write) -> Result<(), ReportError> {
    let mut notes = Vec::new();
    if report.groups_left_out > 0 {
        notes.push(format!(
            "({} more groups of {} goroutines; --limit shows more)",
            grouped(report.groups_left_out),
            grouped(report.goroutines_left_out)
        ));
    }
    if report.groups.iter().any(|group| group.unknown_waits > 0) {
        notes.push("oldest wait: at least so long; - where no collection saw the goroutine wait".to_owned());
    }
    if let Some(unknown) = report.unknown_blocks.filter(|&unknown| unknown > 0) {
        notes
            .push(format!("{} wait for something that the core does not tell: not taken for leaked", grouped(unknown)));
    }
    if let Some(some) = report.leaked_not_known.filter(|&some| some > 0) {
        notes.push(format!(
            "{} look leaked, and are not taken for it: pointers are absent from the core that may lead to what they wait for",
            grouped(some)
        ));
    }
    if let Some(broken) = report.broken.filter(|&broken| broken > 0) {
        notes.push(format!("{} entries of the runtime's list of goroutines could not be read", grouped(broken)));
    }
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for note in notes {
        writeln!(out, "{note}")?;
    }
    Ok(())
}

/// `350 ms`, `12 s`, `5 min`, `2 h 10 min`, `3 d 4 h`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (minutes, hours) = (whole / 60, whole / 3600);
    match whole {
        0 => format!("{} ms", (seconds.max(0.0) * 1000.0) as u64),
        1..60 => format!("{whole} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_read_in_the_unit_that_fits() {
        for (seconds, text) in [
            (0.35, "350 ms"),
            (12.9, "12 s"),
            (300.0, "5 min"),
            (7_800.0, "2 h 10 min"),
            (273_600.0, "3 d 4 h"),
            (-1.0, "0 ms"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn names_lose_folders_but_not_those_of_type_arguments() {
        assert_eq!(without_folders("example.com/a/b.(*T).M"), "b.(*T).M");
        assert_eq!(without_folders("main.f[a/b.T]"), "main.f[a/b.T]");
        assert_eq!(without_folders("a/b.f[...]"), "b.f[...]");
    }
}
