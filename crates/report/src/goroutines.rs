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
use crate::waits::WaitsReport;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Goroutines that stand at the same place.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// Of these, blocked for ever; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaked: Option<u64>,
    /// Of these, those that wait for what nobody seems to end.
    #[serde(skip_serializing_if = "is_none")]
    pub suspected: u64,
    /// What they do, more first.
    pub states: Vec<State>,
    /// How long the one at the least waits that waits longest, in seconds; None where the runtime recorded no wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_wait_seconds: Option<f64>,
    /// Those that wait the runtime does not know how long.
    pub unknown_waits: u64,
    /// Bytes of their stacks.
    pub stack_bytes: u64,
    /// Bytes of the heap that they alone keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_bytes: Option<u64>,
    /// True if these bytes are only the least that it can be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retained_at_least: bool,
    /// True of the runtime's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub system: bool,
    /// Those bound to a thread.
    pub locked_to_thread: u64,
    /// The ids of some of them, the oldest first.
    pub ids: Vec<u64>,
    /// Index in `frames` of the call that says what they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// The calls, innermost first.
    pub frames: Vec<Frame>,
    /// The go statement that made them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Frame>,
    /// Profiler labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

/// What some goroutines do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// As tracebacks say it: `chan receive`, `runnable`.
    pub state: String,
    /// How many.
    pub goroutines: u64,
}

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The function, type arguments left out.
    pub function: String,
    /// The source file, as compiled.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The line in it.
    #[serde(skip_serializing_if = "is_zero")]
    pub line: u32,
    /// True if it is inlined into the next one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn is_zero(line: &u32) -> bool {
    *line == 0
}

/// One profiler label of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Its key.
    pub key: String,
    /// Goroutines that have it.
    pub goroutines: u64,
    /// How many different values it has.
    pub different: u64,
    /// The most frequent values with their numbers, where contents were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<(String, u64)>>,
}

/// Groups in the order of showing, and what they sum to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GoroutinesReport {
    /// All that are alive.
    pub goroutines: u64,
    /// Of these, the runtime's own.
    pub system: u64,
    /// Of these, blocked for ever; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaked: Option<u64>,
    /// Those that would be blocked for ever, were it not for pointers that are absent from the core and may lead to what they wait for.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub leaked_not_known: Option<u64>,
    /// Blocked on something that could not be found out.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub unknown_blocks: Option<u64>,
    /// Entries of the runtime's list that could not be read.
    #[serde(skip_serializing_if = "is_none_or_zero")]
    pub broken: Option<u64>,
    /// Those of the groups that were asked for.
    pub selected: u64,
    /// Bytes of their stacks.
    pub stack_bytes: u64,
    /// Groups that were asked for, and are not listed; and goroutines in them.
    pub groups_left_out: u64,
    /// See `groups_left_out`.
    pub goroutines_left_out: u64,
    /// Locks, and waits that nobody seems to end; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitsReport>,
    /// The groups.
    #[serde(skip)]
    pub groups: Vec<Group>,
}

fn is_none_or_zero(count: &Option<u64>) -> bool {
    count.unwrap_or(0) == 0
}

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

impl GoroutinesReport {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, options: TableOptions, out: impl Write) -> Result<(), ReportError> {
        goroutines_text::write(self, options, out)
    }

    /// For spreadsheets: a line of names, then a line a group. The stack is one cell, its calls joined by ` < `.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(
            out,
            "count,state,leaked,oldest_wait_seconds,stack_bytes,retained_bytes,id,function,file,line,\
             created_by,created_file,created_line,labels,stack"
        )?;
        for group in &self.groups {
            let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
            let place = group.place().cloned().unwrap_or_default();
            let creator = group.created_by.clone().unwrap_or_default();
            let line = |frame: &Frame| if frame.line == 0 { String::new() } else { frame.line.to_string() };
            let stack: Vec<&str> = group.frames.iter().map(|frame| &*frame.function).collect();
            let cells = [
                group.count.to_string(),
                group.state_text(),
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
                group.label_text(),
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
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let head = serde_json::to_string(self)?;
        let head = head.strip_prefix('{').and_then(|head| head.strip_suffix('}')).unwrap_or_default();
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},{head},\"groups\":[")?;
        for (at, group) in self.groups.iter().enumerate() {
            let group = serde_json::to_string(group)?;
            write!(out, "{}\n{}", if at == 0 { "" } else { "," }, json_text(&group))?;
        }
        writeln!(out, "]}}")?;
        Ok(out.flush()?)
    }
}

impl Group {
    /// The call that stands for the group.
    pub(crate) fn place(&self) -> Option<&Frame> {
        self.place.and_then(|place| self.frames.get(place)).or_else(|| self.frames.first())
    }

    /// `chan receive`, or `IO wait 40, runnable 2`.
    pub(crate) fn state_text(&self) -> String {
        match &*self.states {
            [only] => only.state.clone(),
            states => {
                let each = states.iter().map(|state| format!("{} {}", state.state, state.goroutines));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// `key=value` where all have the value and it was asked for, else `key (3 values)`.
    pub(crate) fn label_text(&self) -> String {
        let text = |label: &Label| match label.values.as_deref() {
            Some([(value, count)]) if *count == self.count => format!("{}={value}", label.key),
            Some([(value, count), ..]) => {
                let more = label.different.saturating_sub(1);
                let rest = if more == 0 { String::new() } else { format!(", {more} more values") };
                format!("{}={value} ({count}{rest})", label.key)
            }
            _ if label.different == 1 => format!("{} (1 value)", label.key),
            _ => format!("{} ({} values)", label.key, label.different),
        };
        self.labels.iter().map(text).collect::<Vec<_>>().join(" ")
    }
}
