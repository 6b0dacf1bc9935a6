//! One object as text: what it is, a table of fields, who holds it.

use crate::ReportError;
use crate::page::{Lines, Page};
use crate::referred::map_told;
use crate::table::Align::{Left, Right, Whole, Words};
use crate::table::{Table, grouped};
use goheap_ask::ObjectDetail;
use goheap_model::Standing;
use goheap_model::contents::{Field, HolderGroup, ObjectWindows, Pointer, Target, Value, Vote};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

pub(crate) fn write(report: &ObjectDetail, page: Page, out: impl Write) -> Result<(), ReportError> {
    let mut out = page.lines(BufWriter::new(out));
    facts(page, report).write(&mut out)?;
    section(&mut out, "fields", fields_table(report), report.fields.len(), report.fields_left_out)?;
    section(&mut out, "held by roots", roots_table(report), report.roots.len(), report.roots_left_out)?;
    if reads_better_grouped(report) {
        section(&mut out, "held by objects", groups_table(&report.holder_groups), report.holder_groups.len(), 0)?;
    } else {
        section(&mut out, "held by objects", holders_table(report), report.holders.len(), report.holders_left_out)?;
    }
    // Most pointers stand among the fields already.
    let others = other_pointers(report);
    if !others.is_empty() {
        section(&mut out, "points also to", pointers_table(&others), others.len(), report.pointers_left_out)?;
    }
    Ok(out.flush()?)
}

fn facts(page: Page, report: &ObjectDetail) -> Table {
    let mut table = Table::new(0, &[Whole, Words]);
    let asked = match report.asked_offset {
        0 => String::new(),
        offset => format!("  (asked for {offset:#x} bytes into it)"),
    };
    table.row(["object", &format!("{:#x}{asked}", report.address)]);
    let ty = if report.ty.is_empty() { "(unknown)" } else { &report.ty };
    let voted = |vote: Vote| format!(", voted: {} of {} agree", grouped(vote.agree), grouped(vote.of));
    let voted = report.voted.map_or_else(String::new, voted);
    table.row(["type", &format!("{ty}  ({}{voted})", evidence(report.evidence))]);
    if let Some(function) = &report.function {
        table.row(["function", function]);
    }
    let header = match report.header_bytes {
        0 => String::new(),
        bytes => format!(", {} of them the runtime's header", page.bytes(bytes)),
    };
    table.row(["size", &format!("{}{header}", page.bytes(report.size))]);
    if let Some(referred) = report.referred.filter(|referred| referred.whole == 0 && referred.headers > 0) {
        table.row(["referred to", &referred_text(page, &referred)]);
    }
    if let Some(map) = report.map {
        table.row(["map", &map_told(map)]);
    }
    for (index, call) in report.born.iter().enumerate() {
        table.row([if index == 0 { "allocated by" } else { "" }, call]);
    }
    match &report.path[..] {
        [] if report.not_known_to_be_reachable => {
            table.row(["reachable", "not known: pointers are absent from the core that may lead to it"])
        }
        [] => table.row(["reachable", "no"]),
        [owner, rest @ ..] => {
            table.row(["reachable", &format!("from {owner}")]);
            rest.iter().fold(&mut table, |table, frame| table.row(["", &format!("→ {frame}")]))
        }
    };
    table
}

/// `20 B, by 1 string, slice or pointer; 1000 B before, 103.0 KiB behind`.
fn referred_text(page: Page, referred: &ObjectWindows) -> String {
    let ObjectWindows { referred, capacity, before, behind, headers, .. } = *referred;
    let by = if headers == 1 { "string, slice or pointer" } else { "strings, slices and pointers" };
    let room = match capacity - referred {
        0 => String::new(),
        more => format!(", room for {} more", page.bytes(more)),
    };
    let around = match (before, behind) {
        (0, 0) => String::new(),
        (before, behind) => format!("; {} before, {} behind", page.bytes(before), page.bytes(behind)),
    };
    format!("{}, by {} {by}{room}{around}", page.bytes(referred), grouped(headers))
}

fn fields_table(report: &ObjectDetail) -> Table {
    let mut table = Table::new(2, &[Right, Left, Left, Words]);
    for field in &report.fields {
        let offset = format!("+{}", field.offset);
        table.row([&*offset, &field.path, &field.ty, &field_text(field)]);
    }
    table
}

fn roots_table(report: &ObjectDetail) -> Table {
    let mut table = Table::new(2, &[Words, Words]);
    for root in &report.roots {
        let count = if root.count > 1 { format!("{} times", grouped(root.count)) } else { String::new() };
        let looks = if root.is_conservative { "looks like a pointer" } else { "" };
        let notes: Vec<String> = [count, into(root.into), looks.to_owned()].into();
        let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        table.row([root.path.join(" → "), notes.join(", ")]);
    }
    table
}

/// More holders than these, of which some are alike, are told by type and field.
const MOST_HOLDERS: u64 = 10;

fn reads_better_grouped(report: &ObjectDetail) -> bool {
    let holders = report.holders.len() as u64 + report.holders_left_out;
    holders > MOST_HOLDERS && (report.holder_groups.len() as u64) < holders
}

/// A line a group; what no root leads to in one line.
fn groups_table(groups: &[HolderGroup]) -> Table {
    let mut table = Table::new(2, &[Right, Left, Left, Words]);
    let text = |group: &HolderGroup| if group.ty.is_empty() { "(unknown)".to_owned() } else { group.ty.clone() };
    for group in groups.iter().filter(|group| group.standing == Standing::Reachable) {
        let example =
            if group.count > 1 { format!("{:#x} and others", group.first) } else { format!("{:#x}", group.first) };
        table.row([format!("{} ×", grouped(group.count)), text(group), group.path.clone(), example]);
    }
    for (standing, what) in [(Standing::NotKnown, "not known to be reachable"), (Standing::Unreachable, "unreachable")]
    {
        let is_it = |group: &&HolderGroup| group.standing == standing;
        let count = groups.iter().filter(is_it).fold(0_u64, |sum, group| sum.saturating_add(group.count));
        if let Some(most) = groups.iter().filter(is_it).max_by_key(|group| group.count) {
            let kinds = groups.iter().filter(is_it).count();
            let ty = if kinds > 1 { format!("{} and others", text(most)) } else { text(most) };
            let path = if kinds > 1 { String::new() } else { most.path.clone() };
            table.row([format!("{} ×", grouped(count)), ty, path, format!("{:#x}, themselves {what}", most.first)]);
        }
    }
    table
}

fn holders_table(report: &ObjectDetail) -> Table {
    let mut table = Table::new(2, &[Whole, Left, Left, Words]);
    for holder in &report.holders {
        let ty = if holder.ty.is_empty() { "(unknown)" } else { &holder.ty };
        let garbage = match holder.standing {
            Standing::Reachable => "",
            Standing::NotKnown => "itself not known to be reachable",
            Standing::Unreachable => "itself unreachable",
        };
        let garbage = garbage.to_owned();
        let notes: Vec<String> = [into(holder.into), garbage].into_iter().filter(|note| !note.is_empty()).collect();
        table.row([&*format!("{:#x}", holder.address), ty, &holder.path, &notes.join(", ")]);
    }
    table
}

/// The pointers that no shown field shows.
fn other_pointers(report: &ObjectDetail) -> Vec<&Pointer> {
    // The pointer of an interface is its second word.
    let word = |field: &Field| field.offset + if matches!(field.value, Value::Interface(..)) { 8 } else { 0 };
    let shown: BTreeSet<u64> = report.fields.iter().filter(|field| field.value.target().is_some()).map(word).collect();
    report.pointers.iter().filter(|pointer| !shown.contains(&pointer.offset)).collect()
}

fn pointers_table(pointers: &[&Pointer]) -> Table {
    let mut table = Table::new(2, &[Right, Left, Words]);
    for pointer in pointers {
        table.row([&*format!("+{}", pointer.offset), &pointer.path, &target_text(&pointer.target)]);
    }
    table
}

fn evidence(name: &str) -> String {
    match name {
        "none" => "nothing tells".to_owned(),
        name => format!("evidence: {name}"),
    }
}

fn into(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { format!("{bytes} bytes into it") }
}

fn section(
    out: &mut Lines<impl Write>,
    name: &str,
    table: Table,
    shown: usize,
    left_out: u64,
) -> Result<(), ReportError> {
    if shown == 0 && left_out == 0 {
        writeln!(out, "\n{name}: none")?;
        return Ok(());
    }
    writeln!(out, "\n{name}")?;
    table.write(out)?;
    if left_out > 0 {
        writeln!(out, "  ({} more; --limit shows more)", grouped(left_out))?;
    }
    Ok(())
}

pub(crate) fn target_text(target: &Target) -> String {
    let space = if target.text.is_empty() { "" } else { " " };
    format!("{:#x}{space}{}", target.address, target.text)
}

/// What a field holds, on one line.
pub(crate) fn field_text(field: &Field) -> String {
    let hidden = || "…".to_owned();
    let value = &field.value;
    let len = value.length().map(|len| format!("len {len}"));
    let capacity = value.capacity().map(|capacity| format!("cap {capacity}"));
    let arrow = value.target().map(|target| format!("→ {}", target_text(target)));
    let text = || value.text().map(Cow::into_owned);
    let parts = match value {
        Value::Nil => return "nil".to_owned(),
        Value::Absent => return "(not in the core)".to_owned(),
        Value::More(more) => return format!("({} more)", grouped(*more)),
        Value::Number(_) => return text().unwrap_or_else(hidden),
        Value::Row(..) => [Some(text().unwrap_or_else(hidden)), None, None],
        Value::Text(len_of, ..) => [len, Some(text().map_or_else(hidden, |text| quoted(&text, *len_of))), arrow],
        Value::Slice(..) | Value::Map(..) | Value::Chan(..) => [len, capacity, arrow],
        Value::Pointer(_) | Value::Interface(..) | Value::Func(..) => [value.dynamic().map(str::to_owned), arrow, None],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The beginning of a string, in quotes; cut ones end in `…`.
fn quoted(text: &str, len: u64) -> String {
    let is_cut = (text.len() as u64) < len;
    format!("{text:?}{}", if is_cut { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(path: &str, value: Value) -> Field {
        Field { path: path.to_owned(), offset: 0, ty: "T".to_owned(), value }
    }

    fn target(text: &str) -> Target {
        Target { address: 0xc000, object: None, text: text.to_owned() }
    }

    #[test]
    fn holders_that_are_alike_are_one_line() {
        let group = |count, ty: &str, standing| HolderGroup {
            count,
            ty: ty.to_owned(),
            path: ".Context context.Context".to_owned(),
            first: 0xc000,
            standing,
        };
        let groups = [
            group(994, "context.valueCtx", Standing::Reachable),
            group(1, "main.T", Standing::Reachable),
            group(3, "main.U", Standing::Unreachable),
            group(2, "main.V", Standing::Unreachable),
        ];
        let mut written = Vec::new();
        let mut out = Page::default().lines(&mut written);
        groups_table(&groups).write(&mut out).unwrap();
        out.flush().unwrap();
        let expected = [
            "  994 ×  context.valueCtx   .Context context.Context  0xc000 and others",
            "    1 ×  main.T             .Context context.Context  0xc000",
            "    5 ×  main.U and others                            0xc000, themselves unreachable",
        ];
        assert_eq!(std::str::from_utf8(&written).unwrap().lines().collect::<Vec<_>>(), expected);
        let report = |holders_left_out| ObjectDetail {
            holder_groups: groups.to_vec(),
            holders_left_out,
            ..ObjectDetail::default()
        };
        assert!(reads_better_grouped(&report(1000)) && !reads_better_grouped(&report(10)));
    }

    #[test]
    fn fields_read_on_one_line() {
        let text = |bytes: Option<&str>, len| Value::Text(len, bytes.map(|bytes| bytes.as_bytes().to_vec()), None);
        for (value, shown) in [
            (text(Some("a\"\u{1b}"), 3), r#"len 3 "a\"\u{1b}""#),
            (text(Some("ab"), 3), "len 3 \"ab\"…"),
            (text(None, 3), "len 3 …"),
            (Value::Slice(3, 4, target("[4]int")), "len 3 cap 4 → 0xc000 [4]int"),
            (Value::Map(Some(3), target("map[a]b header")), "len 3 → 0xc000 map[a]b header"),
            (Value::Interface(Some("*main.T".into()), target("main.T")), "*main.T → 0xc000 main.T"),
            (Value::Pointer(target("")), "→ 0xc000"),
            (Value::Number(None), "…"),
            (Value::Row(2, Some("1 2".into())), "1 2"),
            (Value::Nil, "nil"),
            (Value::More(1200), "(1,200 more)"),
        ] {
            assert_eq!(field_text(&field(".f", value)), shown);
        }
    }
}
