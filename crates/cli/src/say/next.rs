//! What to ask after the first look.

use crate::shell;
use goheap_report::ReportError;
use goheap_report::answer::Next;
use goheap_report::table::grouped;
use goheap_report::text::terminal_text;
use std::ffi::OsString;
use std::io::Write;

/// Commands that answer the questions which an overview raises, and these.
/// What a core without the heap can answer.
const WITHOUT_HEAP: [&str; 2] = ["overview", "goroutines"];

const QUESTIONS: [(&str, &str); 8] = [
    ("report heap.html", "all of it in one file, for a browser or to be kept"),
    ("memory", "what the process used beside the heap"),
    ("overview", "how sure all of it is: types, counters, invariants"),
    ("dominators", "who retains how much"),
    ("histogram", "how much is of which type"),
    ("paths WHAT", "what holds it: a type, variable or address that these print"),
    ("goroutines", "what goroutines wait for and hold"),
    ("objref heap.svg", "who holds the heap, as a picture"),
];

/// What of the overview decides what to ask.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    /// What tells more of the suspects.
    pub(crate) suspects: Vec<Next>,
    /// Goroutines that are provably leaked.
    pub(crate) leaked: u64,
    /// True if each question takes seconds that an index would save.
    pub(crate) is_slow: bool,
    /// False where the core is cut off before it.
    pub(crate) has_heap: bool,
}

/// Writes them with the words that open the same core; before them what answers the overview's own findings.
pub(crate) fn write(opening: &[OsString], findings: Findings, mut out: impl Write) -> Result<(), ReportError> {
    let (opening, leaked) = (shell::line(opening), findings.leaked);
    writeln!(out, "\nask next")?;
    if findings.is_slow {
        let command = terminal_text(&format!("goheap {opening} index")).into_owned();
        writeln!(out, "  a large heap: this first, and each question takes a tenth of the time:\n      {command}")?;
    }
    if leaked > 0 {
        let goroutines = if leaked == 1 { "goroutine" } else { "goroutines" };
        let command = terminal_text(&format!("goheap {opening} goroutines --leaked --stacks")).into_owned();
        writeln!(out, "  {} {goroutines} provably leaked, where they stand:\n      {command}", grouped(leaked))?;
    }
    for Next { question, command } in &findings.suspects {
        writeln!(out, "  {}:\n      {}", terminal_text(question), terminal_text(command))?;
    }
    let can_answer = |command: &str| findings.has_heap || WITHOUT_HEAP.contains(&command);
    for (command, question) in QUESTIONS.into_iter().filter(|(command, _)| can_answer(command)) {
        writeln!(out, "  {question}:\n      {}", terminal_text(&format!("goheap {opening} {command}")))?;
    }
    Ok(())
}
