//! What the process was, how it died, and whether its heap adds up: [`Overview`] as JSON, as a screen of text, or as sections of a report.
//!
//! JSON: `None` is left out, lists are always there, sizes are numbers of bytes, addresses are strings like `"0xc000010000"`.

mod collector;
mod death;
mod sections;
mod text;

pub(crate) use death::native_rows;
pub use sections::{heap_section, unsure_sections};

use crate::ReportError;
use crate::page::Page;
use crate::text::json_text;
use goheap_ask::Overview;
use serde::Serialize;
use std::io::Write;

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// How much of the overview is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The heap, and what is broken.
    Brief,
    /// All of it.
    Usual,
    /// With every check that was made and the examples of what is odd.
    Full,
}

/// Writes it as indented JSON with a line feed at the end.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_json(overview: &Overview, mut out: impl Write) -> Result<(), ReportError> {
    #[derive(Serialize)]
    struct Versioned<'a> {
        schema_version: u32,
        #[serde(flatten)]
        overview: &'a Overview,
    }
    let json = serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, overview })?;
    writeln!(out, "{}", json_text(&json))?;
    Ok(out.flush()?)
}

/// Writes the first lines for people: the program, how it died, its goroutines. They need no look at the heap.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_first_lines(overview: &Overview, page: Page, out: impl Write) -> Result<(), ReportError> {
    Ok(text::write_first(overview, page, out)?)
}

/// Writes the lines after these; all of them are one screen of a terminal, where nothing is wrong.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_other_lines(overview: &Overview, detail: Detail, page: Page, out: impl Write) -> Result<(), ReportError> {
    Ok(text::write_others(overview, detail, page, out)?)
}

#[cfg(test)]
pub(crate) mod tests;
