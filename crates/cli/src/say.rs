//! Lines on stderr. Text of a dead process may be in them, so all of it is made fit for a terminal here.

use goheap_report::text::terminal_text;
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Speaks to the user while the work is done; not at all when asked to be quiet.
#[derive(Clone, Copy)]
pub(crate) struct Speaker {
    quiet: bool,
}

impl Speaker {
    pub(crate) fn new(quiet: bool) -> Self {
        Speaker { quiet }
    }

    /// A line worth keeping.
    pub(crate) fn note(self, line: impl Display) {
        if !self.quiet {
            error(line);
        }
    }

    /// What is being done, for somebody who sits there and waits.
    pub(crate) fn progress(self, line: impl Display) {
        if !self.quiet && std::io::stderr().is_terminal() {
            error(line);
        }
    }
}

/// A line that is said always. A stderr that is closed is no reason to fail.
pub(crate) fn error(line: impl Display) {
    let line = format!("goheap: {line}");
    let _ = writeln!(std::io::stderr().lock(), "{}", terminal_text(&line));
}
