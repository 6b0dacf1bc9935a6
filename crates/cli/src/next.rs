//! What to ask after the first look.

use crate::shell;
use goheap_report::ReportError;
use goheap_report::text::terminal_text;
use std::ffi::OsString;
use std::io::Write;

/// Commands that answer the questions which an overview raises, and these.
const QUESTIONS: [(&str, &str); 5] = [
    ("dominators", "who retains how much"),
    ("histogram", "how much is of which type"),
    ("paths WHAT", "what holds it: a type, variable or address that these print"),
    ("goroutines", "what goroutines wait for and hold"),
    ("objref heap.svg", "who holds the heap, as a picture"),
];

/// Writes them with the words that open the same core.
pub(crate) fn write(opening: &[OsString], mut out: impl Write) -> Result<(), ReportError> {
    let opening = shell::line(opening);
    writeln!(out, "\nask next")?;
    for (command, question) in QUESTIONS {
        writeln!(out, "  {question}:\n      {}", terminal_text(&format!("goheap {opening} {command}")))?;
    }
    Ok(())
}
