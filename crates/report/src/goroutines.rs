//! Goroutines in groups, as a table, CSV or JSON.
//!
//! ```text
//! {"schema_version":1,"goroutines":10004,"system":4,"leaked":4000,…,"groups":[
//! {"count":2000,"leaked":2000,"states":[{"state":"chan receive","goroutines":2000}],…,"frames":[…]}
//! …
//! ```

use crate::ReportError;
use crate::goroutines_text;
use crate::objects::csv_field;
use crate::page::Page;
use crate::text::json_text;
use goheap_ask::{GoroutineList, LabelShare, ListedGoroutines};
use goheap_model::StackCall;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// How the table is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// What it is written on.
    pub page: Page,
    /// Whether each group's stack stands below its line.
    pub stacks: bool,
    /// Whether only what goroutines wait for together is shown, and no group.
    pub waits_alone: bool,
}

/// For people.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_table(list: &GoroutineList, options: TableOptions, out: impl Write) -> Result<(), ReportError> {
    goroutines_text::write(list, options, out)
}

/// For spreadsheets: a line of names, then a line a group. The stack is one cell, its calls joined by ` < `.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_csv(list: &GoroutineList, out: impl Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    writeln!(
        out,
        "count,state,leaked,oldest_wait_seconds,stack_bytes,retained_bytes,id,function,file,line,\
         created_by,created_file,created_line,labels,stack"
    )?;
    for group in &list.groups {
        let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let place = group.place().cloned().unwrap_or_default();
        let creator = group.created_by.clone().unwrap_or_default();
        let line = |frame: &StackCall| if frame.line == 0 { String::new() } else { frame.line.to_string() };
        let stack: Vec<&str> = group.frames.iter().map(|frame| &*frame.function).collect();
        let cells = [
            group.count.to_string(),
            state_text(group),
            number(group.leaked),
            group.oldest_wait_seconds.map_or_else(String::new, |seconds| format!("{seconds:.3}")),
            group.stack_bytes.to_string(),
            number(group.retained_bytes),
            number(group.ids.first().copied()),
            place.function.clone(),
            place.file.clone(),
            line(&place),
            creator.function.clone(),
            creator.file.clone(),
            line(&creator),
            label_text(group),
            stack.join(" < "),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| csv_field(cell)).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(out.flush()?)
}

/// For scripts: a group a line.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_json(list: &GoroutineList, out: impl Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    let head = serde_json::to_string(list)?;
    let head = head.strip_prefix('{').and_then(|head| head.strip_suffix('}')).unwrap_or_default();
    write!(out, "{{\"schema_version\":{SCHEMA_VERSION},{head},\"groups\":[")?;
    for (at, group) in list.groups.iter().enumerate() {
        let group = serde_json::to_string(group)?;
        write!(out, "{}\n{}", if at == 0 { "" } else { "," }, json_text(&group))?;
    }
    writeln!(out, "]}}")?;
    Ok(out.flush()?)
}

/// `chan receive`, or `IO wait 40, runnable 2`.
pub(crate) fn state_text(row: &ListedGoroutines) -> String {
    match &*row.states {
        [only] => only.state.clone(),
        states => {
            let each = states.iter().map(|state| format!("{} {}", state.state, state.goroutines));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// `key=value` where all have the value and it was asked for, else `key (3 values)`.
pub(crate) fn label_text(row: &ListedGoroutines) -> String {
    let text = |label: &LabelShare| match label.values.as_deref() {
        Some([(value, count)]) if *count == row.count => format!("{}={value}", label.key),
        Some([(value, count), ..]) => {
            let more = label.different.saturating_sub(1);
            let rest = if more == 0 { String::new() } else { format!(", {more} more values") };
            format!("{}={value} ({count}{rest})", label.key)
        }
        _ if label.different == 1 => format!("{} (1 value)", label.key),
        _ => format!("{} ({} values)", label.key, label.different),
    };
    row.labels.iter().map(text).collect::<Vec<_>>().join(" ")
}
