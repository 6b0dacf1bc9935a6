//! One goroutine, looked at closely, as text or as JSON.

use crate::ReportError;
use crate::goroutine_text;
use crate::page::Page;
use crate::text::json_text;
use goheap_model::StackCall;
use goheap_model::contents::{Field, Target};
use goheap_model::process::NativeCode;
use goheap_model::waits::WaitsReport;
use serde::Serialize;
use std::io::Write;

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything told of one goroutine. Addresses are texts like `0xc000012340`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GoroutineReport {
    /// Its id.
    pub id: u64,
    /// The first line that a traceback has of it.
    pub heading: String,
    /// What it does.
    pub state: String,
    /// How the process died, if it was this goroutine that died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<String>,
    /// The frames of code that is not Go's in which it stands, innermost first; above `frames`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<NativeCode>,
    /// True if it is blocked for ever; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaked: Option<bool>,
    /// Why it is not provably leaked: by which way the thing is reached that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached_by: Option<String>,
    /// True if it waits for what nobody seems to end; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected: Option<bool>,
    /// The locks and suspicions that concern it; None where that was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<WaitsReport>,
    /// True if it would be, were it not for pointers that are absent from the core and may lead to what it waits for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leaked_not_known: bool,
    /// How long it waits at the least, in seconds; None where the runtime did not record it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<f64>,
    /// True if it waits, whether the runtime knows how long or not.
    pub waits: bool,
    /// What it waits for.
    pub awaits: Vec<Target>,
    /// The runtime's record of it.
    pub g: String,
    /// Lowest address of its stack and the first above it.
    pub stack: (String, String),
    /// Bytes of it.
    pub stack_bytes: u64,
    /// Bytes of the heap that it alone keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_bytes: Option<u64>,
    /// The go statement that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<StackCall>,
    /// The goroutine that ran that, since Go 1.21.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// True if it is bound to a thread.
    pub locked_to_thread: bool,
    /// Keys of its profiler labels, with values where contents were asked for.
    pub labels: Vec<(String, Option<String>)>,
    /// Its calls, innermost first.
    pub frames: Vec<ShownCall>,
    /// Calls of the runtime that are not listed.
    pub frames_hidden: u64,
    /// How many more there are between the innermost and the outermost.
    pub frames_left_out: u64,
    /// How many of `frames` stand before these; None where none are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames_left_out_after: Option<usize>,
    /// False if the executable has nothing that tells variables.
    pub has_variables: bool,
}

/// One call.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownCall {
    /// Function, file and line.
    #[serde(flatten)]
    pub frame: StackCall,
    /// Bytes from the function's entry to where it goes on; None of an inlined call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Its variables.
    pub variables: Vec<ShownVariable>,
    /// How many more there are.
    pub variables_left_out: u64,
}

/// One variable.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownVariable {
    /// Its name.
    pub name: String,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// `parameter`, `result` or `local`.
    pub role: &'static str,
    /// Where it is: `stack`, `stack-elsewhere` (there at other instructions, and still alive), `part` (only a pointer of it is there),
    /// `heap`, `register` or `nowhere`.
    pub place: &'static str,
    /// Its address, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// DWARF's number of its register, where it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<u16>,
    /// What it holds; offsets are from the variable.
    pub fields: Vec<Field>,
    /// How many more there are.
    pub fields_left_out: u64,
    /// Bytes that would be freed with the objects that it points to; None where that was not looked at or there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps_bytes: Option<u64>,
    /// True if others than this goroutine reach these objects.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl GoroutineReport {
    /// For people; lines of at most `columns` characters.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_text(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        goroutine_text::write(self, page, out)
    }

    /// For scripts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, mut out: impl Write) -> Result<(), ReportError> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            schema_version: u32,
            #[serde(flatten)]
            report: &'a GoroutineReport,
        }
        let json = serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, report: self })?;
        writeln!(out, "{}", json_text(&json))?;
        Ok(out.flush()?)
    }
}
