//! One object as text: what it is, a table of fields, who holds it.

use crate::ReportError;
use crate::object::{
    ObjectReport, ObjectTarget, Referred, ShownField, ShownHolderGroup, ShownMapRoom, ShownPointer, Voted,
};
use crate::page::{Lines, Page};
use crate::table::Align::{Left, Right, Whole, Words};
use crate::table::{Table, grouped, whole_percent};
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

pub(crate) fn write(report: &ObjectReport, page: Page, out: impl Write) -> Result<(), ReportError> {
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

fn facts(page: Page, report: &ObjectReport) -> Table {
    let mut table = Table::new(0, &[Whole, Words]);
    let asked = match report.asked_offset {
        0 => String::new(),
        offset => format!("  (asked for {offset:#x} bytes into it)"),
    };
    table.row(["object", &format!("{}{asked}", report.addr)]);
    let ty = if report.ty.is_empty() { "(unknown)" } else { &report.ty };
    let voted = |vote: Voted| format!(", voted: {} of {} agree", grouped(vote.agree), grouped(vote.of));
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
    if let Some(referred) = report.referred.filter(|referred| referred.whole_pointers == 0 && referred.windows > 0) {
        table.row(["referred to", &referred_text(page, &referred)]);
    }
    if let Some(ShownMapRoom { entries, slots }) = report.map {
        let load = if slots == 0 { String::new() } else { format!(" ({})", whole_percent(entries, slots)) };
        table.row(["map", &format!("{} entries in {} slots{load}", grouped(entries), grouped(slots))]);
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
fn referred_text(page: Page, referred: &Referred) -> String {
    let Referred { referred_bytes, capacity_bytes, before_bytes, behind_bytes, windows, .. } = *referred;
    let by = if windows == 1 { "string, slice or pointer" } else { "strings, slices and pointers" };
    let room = match capacity_bytes - referred_bytes {
        0 => String::new(),
        more => format!(", room for {} more", page.bytes(more)),
    };
    let around = match (before_bytes, behind_bytes) {
        (0, 0) => String::new(),
        (before, behind) => format!("; {} before, {} behind", page.bytes(before), page.bytes(behind)),
    };
    format!("{}, by {} {by}{room}{around}", page.bytes(referred_bytes), grouped(windows))
}

fn fields_table(report: &ObjectReport) -> Table {
    let mut table = Table::new(2, &[Right, Left, Left, Words]);
    for field in &report.fields {
        let offset = format!("+{}", field.offset);
        table.row([&*offset, &field.path, &field.ty, &field.shown()]);
    }
    table
}

fn roots_table(report: &ObjectReport) -> Table {
    let mut table = Table::new(2, &[Words, Words]);
    for root in &report.roots {
        let count = if root.count > 1 { format!("{} times", grouped(root.count)) } else { String::new() };
        let looks = if root.conservative { "looks like a pointer" } else { "" };
        let notes: Vec<String> = [count, into(root.into), looks.to_owned()].into();
        let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        table.row([root.path.join(" → "), notes.join(", ")]);
    }
    table
}

/// More holders than these, of which some are alike, are told by type and field.
const MOST_HOLDERS: u64 = 10;

fn reads_better_grouped(report: &ObjectReport) -> bool {
    let holders = report.holders.len() as u64 + report.holders_left_out;
    holders > MOST_HOLDERS && (report.holder_groups.len() as u64) < holders
}

/// A line a group; what no root leads to in one line.
fn groups_table(groups: &[ShownHolderGroup]) -> Table {
    let mut table = Table::new(2, &[Right, Left, Left, Words]);
    let text = |group: &ShownHolderGroup| if group.ty.is_empty() { "(unknown)".to_owned() } else { group.ty.clone() };
    for group in groups.iter().filter(|group| group.reachable) {
        let example = if group.count > 1 { format!("{} and others", group.example) } else { group.example.clone() };
        table.row([format!("{} ×", grouped(group.count)), text(group), group.path.clone(), example]);
    }
    for (is_not_known, what) in [(true, "not known to be reachable"), (false, "unreachable")] {
        let is_it = |group: &&ShownHolderGroup| !group.reachable && group.not_known_to_be_reachable == is_not_known;
        let count = groups.iter().filter(is_it).fold(0_u64, |sum, group| sum.saturating_add(group.count));
        if let Some(most) = groups.iter().filter(is_it).max_by_key(|group| group.count) {
            let kinds = groups.iter().filter(is_it).count();
            let ty = if kinds > 1 { format!("{} and others", text(most)) } else { text(most) };
            let path = if kinds > 1 { String::new() } else { most.path.clone() };
            table.row([format!("{} ×", grouped(count)), ty, path, format!("{}, themselves {what}", most.example)]);
        }
    }
    table
}

fn holders_table(report: &ObjectReport) -> Table {
    let mut table = Table::new(2, &[Whole, Left, Left, Words]);
    for holder in &report.holders {
        let ty = if holder.ty.is_empty() { "(unknown)" } else { &holder.ty };
        let garbage = match (holder.reachable, holder.not_known_to_be_reachable) {
            (true, _) => "",
            (_, true) => "itself not known to be reachable",
            _ => "itself unreachable",
        };
        let garbage = garbage.to_owned();
        let notes: Vec<String> = [into(holder.into), garbage].into_iter().filter(|note| !note.is_empty()).collect();
        table.row([&*holder.addr, ty, &holder.path, &notes.join(", ")]);
    }
    table
}

/// The pointers that no shown field shows.
fn other_pointers(report: &ObjectReport) -> Vec<&ShownPointer> {
    // The pointer of an interface is its second word.
    let word = |field: &ShownField| field.offset + if field.kind == "interface" { 8 } else { 0 };
    let shown: BTreeSet<u64> = report.fields.iter().filter(|field| field.target.is_some()).map(word).collect();
    report.pointers.iter().filter(|pointer| !shown.contains(&pointer.offset)).collect()
}

fn pointers_table(pointers: &[&ShownPointer]) -> Table {
    let mut table = Table::new(2, &[Right, Left, Words]);
    for pointer in pointers {
        table.row([&*format!("+{}", pointer.offset), &pointer.path, &pointer.target.shown()]);
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

impl ObjectTarget {
    pub(crate) fn shown(&self) -> String {
        let space = if self.text.is_empty() { "" } else { " " };
        format!("{}{space}{}", self.addr, self.text)
    }
}

impl ShownField {
    /// What the field holds, on one line.
    pub(crate) fn shown(&self) -> String {
        let hidden = || "…".to_owned();
        let len = self.len.map(|len| format!("len {len}"));
        let cap = self.cap.map(|cap| format!("cap {cap}"));
        let arrow = self.target.as_ref().map(|target| format!("→ {}", target.shown()));
        let parts = match self.kind {
            "nil" => return "nil".to_owned(),
            "absent" => return "(not in the core)".to_owned(),
            "more" => return format!("({} more)", grouped(self.len.unwrap_or(0))),
            "number" => return self.value.clone().unwrap_or_else(hidden),
            "array" => [self.value.clone().or_else(|| Some(hidden())), None, None],
            "string" => [len, Some(self.quoted().unwrap_or_else(hidden)), arrow],
            "slice" | "map" | "chan" => [len, cap, arrow],
            _ => [self.dynamic.clone(), arrow, None],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The beginning of a string, in quotes; cut ones end in `…`.
    fn quoted(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        let is_cut = (value.len() as u64) < self.len.unwrap_or(0);
        Some(format!("{value:?}{}", if is_cut { "…" } else { "" }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(path: &str, kind: &'static str) -> ShownField {
        ShownField { path: path.to_owned(), kind, ty: "T".to_owned(), ..ShownField::default() }
    }

    fn target(text: &str) -> Option<ObjectTarget> {
        Some(ObjectTarget { addr: "0xc000".to_owned(), object: None, text: text.to_owned() })
    }

    #[test]
    fn holders_that_are_alike_are_one_line() {
        let group = |count, ty: &str, reachable| ShownHolderGroup {
            count,
            ty: ty.to_owned(),
            path: ".Context context.Context".to_owned(),
            example: "0xc000".to_owned(),
            reachable,
            ..ShownHolderGroup::default()
        };
        let groups = [
            group(994, "context.valueCtx", true),
            group(1, "main.T", true),
            group(3, "main.U", false),
            group(2, "main.V", false),
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
        let report = |holders_left_out| ObjectReport {
            holder_groups: groups.to_vec(),
            holders_left_out,
            ..ObjectReport::default()
        };
        assert!(reads_better_grouped(&report(1000)) && !reads_better_grouped(&report(10)));
    }

    #[test]
    fn fields_read_on_one_line() {
        let text = |value: Option<&str>, len| ShownField {
            value: value.map(str::to_owned),
            len: Some(len),
            ..field(".s", "string")
        };
        let slice = ShownField { len: Some(3), cap: Some(4), target: target("[4]int"), ..field(".a", "slice") };
        let map = ShownField { len: Some(3), target: target("map[a]b header"), ..field(".m", "map") };
        let any = ShownField { dynamic: Some("*main.T".into()), target: target("main.T"), ..field(".i", "interface") };
        for (field, shown) in [
            (text(Some("a\"\u{1b}"), 3), r#"len 3 "a\"\u{1b}""#),
            (text(Some("ab"), 3), "len 3 \"ab\"…"),
            (text(None, 3), "len 3 …"),
            (slice, "len 3 cap 4 → 0xc000 [4]int"),
            (map, "len 3 → 0xc000 map[a]b header"),
            (any, "*main.T → 0xc000 main.T"),
            (ShownField { target: target(""), ..field(".p", "pointer") }, "→ 0xc000"),
            (field(".n", "number"), "…"),
            (field(".n", "nil"), "nil"),
            (ShownField { len: Some(1200), ..field("", "more") }, "(1,200 more)"),
        ] {
            assert_eq!(field.shown(), shown);
        }
    }
}
