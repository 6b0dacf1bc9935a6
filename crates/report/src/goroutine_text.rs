//! One goroutine for people.

use crate::ReportError;
use crate::goroutine::{GoroutineReport, ShownCall, ShownVariable};
use crate::goroutines_text::duration;
use crate::object_text::{field_text, target_text};
use crate::overview::native_rows;
use crate::page::{Lines, Page};
use crate::table::Align::{Left, Whole, Words};
use crate::table::{Table, grouped};
use crate::text::terminal_text;
use crate::waits_text::{deadlock_text, holder_text, title, wanted};
use goheap_model::contents::Field;
use goheap_model::waits::WaitsReport;
use std::io::{BufWriter, Write};

pub(crate) fn write(report: &GoroutineReport, page: Page, out: impl Write) -> Result<(), ReportError> {
    let mut out = page.lines(BufWriter::new(out));
    writeln!(out, "{}\n", terminal_text(&report.heading))?;
    about(page, report).write(&mut out)?;
    if !report.has_variables {
        writeln!(out, "\nno variables: the executable has no DWARF")?;
    }
    let gap = report.frames_left_out_after.unwrap_or(usize::MAX).min(report.frames.len());
    let (inner, outer) = report.frames.split_at(gap);
    for (number, call) in (0..).zip(inner) {
        write_call(number, call, &mut out)?;
    }
    left_out(report.frames_left_out, "more calls; --limit shows more", &mut out)?;
    for (number, call) in (gap as u64 + report.frames_left_out..).zip(outer) {
        write_call(number, call, &mut out)?;
    }
    let is_shared = |call: &ShownCall| call.variables.iter().any(|variable| variable.shared);
    left_out(report.frames_hidden, "calls of the runtime are hidden; --all shows them", &mut out)?;
    if report.frames.iter().any(is_shared) {
        writeln!(out, "\nshared: something beside this goroutine leads there too, so it would not go with it")?;
    }
    Ok(out.flush()?)
}

fn left_out(count: u64, text: &str, out: &mut impl Write) -> Result<(), ReportError> {
    match count {
        0 => Ok(()),
        count => Ok(writeln!(out, "\n({} {text})", grouped(count))?),
    }
}

fn about(page: Page, report: &GoroutineReport) -> Table {
    let mut table = Table::new(0, &[Whole, Words]);
    if let Some(died) = &report.died {
        table.row(["died", died]);
    }
    native_rows(&report.native, "not Go's code", &mut table);
    match report.leaked {
        Some(true) => table.row(["provably leaked", "yes: nobody that can go on reaches what it waits for"]),
        Some(false) => table.row(["provably leaked", &not_leaked(report)]),
        None if report.leaked_not_known => {
            let text = "not known: pointers are absent from the core that may lead to what it waits for";
            table.row(["provably leaked", text])
        }
        None => &mut table,
    };
    if let Some(waits) = &report.together {
        together(waits, report.id, &mut table);
    }
    for target in &report.awaits {
        table.row(["waits for", &target_text(target)]);
    }
    if report.waits {
        let since = report.wait_seconds.map(|seconds| format!("for {} at the least", duration(seconds)));
        table.row(["waits", &since.unwrap_or_else(|| "for a time that the runtime did not record".to_owned())]);
    }
    if let Some(bytes) = report.retained_bytes {
        let text = format!("{} of the heap that nothing else keeps", page.bytes(bytes));
        table.row(["retains", &text]);
    }
    let (lo, hi) = &report.stack;
    table.row(["stack", &format!("{} at {lo} to {hi}", page.bytes(report.stack_bytes))]);
    if let Some(creator) = &report.created_by {
        let parent = report.parent.filter(|&parent| parent != 0);
        let parent = parent.map_or_else(String::new, |parent| format!(" in goroutine {parent}"));
        table.row(["created by", &format!("{}{parent} at {}:{}", creator.function, creator.file, creator.line)]);
    }
    for (key, value) in &report.labels {
        table.row(["label", &format!("{key}={}", value.as_deref().unwrap_or("…"))]);
    }
    table
}

fn not_leaked(report: &GoroutineReport) -> String {
    match &report.reached_by {
        Some(way) => format!("no: {way} leads to what it waits for"),
        None => "no".to_owned(),
    }
}

/// The locks and suspicions that concern it.
fn together(waits: &WaitsReport, id: u64, table: &mut Table) {
    for one in &waits.suspicions {
        let others = one.goroutines.saturating_sub(1);
        let text = match others {
            0 => format!("it waits {}", wanted(&one.awaited)),
            _ => format!("it and {} more wait {}", grouped(others), wanted(&one.awaited)),
        };
        table.row(["suspected", &text]);
        for why in &one.why {
            table.row(["", why]);
        }
    }
    for lock in &waits.locks {
        let state = if lock.awaited.state.is_empty() { String::new() } else { format!(" ({})", lock.awaited.state) };
        let others = grouped(lock.goroutines);
        table.row(["lock", &format!("{}{state}, for which {others} wait", title(&lock.awaited))]);
        for holder in &lock.holders {
            let who = if holder.id == id { "probably held by this one, " } else { "probably held by " };
            table.row(["", &format!("{who}{}", holder_text(holder))]);
        }
        for why in &lock.why {
            table.row(["", &format!("suspected: {why}")]);
        }
    }
    for deadlock in &waits.deadlocks {
        table.row(["deadlock", deadlock_text(deadlock).trim_start_matches("deadlock, ")]);
    }
}

fn write_call(number: u64, call: &ShownCall, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
    let page = out.page();
    let frame = &call.frame;
    let offset = call.offset.map_or_else(String::new, |offset| format!(" +{offset:#x}"));
    let inlined = if frame.inlined { " (inlined)" } else { "" };
    let lines =
        [format!("#{number} {}{inlined}", frame.function), format!("    {}:{}{offset}", frame.file, frame.line)];
    writeln!(out)?;
    for line in lines {
        writeln!(out, "{}", terminal_text(&line))?;
    }
    let mut table = Table::new(6, &[Left, Left, Words, Words]);
    let (gone, there): (Vec<_>, Vec<_>) = call.variables.iter().partition(|variable| variable.place == "nowhere");
    there.into_iter().for_each(|variable| rows(page, variable, &mut table));
    table.write(out)?;
    // One may be declared in several blocks.
    let mut names: Vec<&str> = Vec::new();
    for name in gone.iter().map(|variable| &*variable.name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let line = format!("      optimized out, or not alive here: {}", names.join(", "));
        writeln!(out, "{}", terminal_text(&line))?;
    }
    if call.variables_left_out > 0 {
        writeln!(out, "      ({} more variables; --limit shows more)", grouped(call.variables_left_out))?;
    }
    Ok(())
}

/// A line a variable; one with fields of its own has a line for each.
fn rows(page: Page, variable: &ShownVariable, table: &mut Table) {
    let shared = if variable.shared { ", shared" } else { "" };
    let keeps = match variable.keeps_bytes {
        Some(bytes) => format!("keeps {}{shared}", page.bytes(bytes)),
        None => String::new(),
    };
    let ty = variable.ty.clone();
    let first = match &*variable.fields {
        [] => "(of no size)".to_owned(),
        [only] if only.path == variable.name => held(only, variable),
        _ => String::new(),
    };
    let is_nested = first.is_empty();
    table.row([&*name(variable), &ty, &keeps, &first]);
    if is_nested {
        for field in &variable.fields {
            let path = field.path.strip_prefix(&*variable.name).unwrap_or(&field.path);
            let ty = &field.ty;
            table.row([&*format!("  {path}"), ty, "", &field_text(field)]);
        }
    }
    if variable.fields_left_out > 0 {
        table.row(["", "", "", &format!("({} more)", grouped(variable.fields_left_out))]);
    }
}

fn name(variable: &ShownVariable) -> String {
    match variable.role {
        "local" => variable.name.clone(),
        role => format!("{} ({role})", variable.name),
    }
}

fn held(field: &Field, variable: &ShownVariable) -> String {
    let note = match variable.place {
        "heap" => " (moved to the heap)",
        "part" => " (the rest of it optimized out)",
        _ => "",
    };
    format!("{}{note}", field_text(field))
}
