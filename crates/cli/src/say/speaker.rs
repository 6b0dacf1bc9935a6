//! Lines on stderr. Text of a dead process may be in them, so all of it is made fit for a terminal here.

use crate::say::terminal::letters;
use goheap_report::text::{isolated, terminal_text};
use std::fmt::Display;
use std::io::Write;

/// Tells the user what was done; not when asked to be quiet.
#[derive(Clone, Copy)]
pub(crate) struct Speaker {
    quiet: bool,
}

impl Speaker {
    pub(crate) fn new(quiet: bool) -> Self {
        Speaker { quiet }
    }

    /// Whether only what must be said is said.
    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// A line that is good to know.
    pub(crate) fn note(self, line: impl Display) {
        if !self.quiet {
            error(line);
        }
    }
}

/// Why a result is not to be trusted wholly: said always.
pub(crate) fn warning(line: impl Display) {
    error(format_args!("warning: {line}"));
}

/// What an error says, and what is behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A line of JSON for scripts, which is fit for a terminal already.
pub(crate) fn json(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line that is said always. A stderr that is closed is no reason to fail.
pub(crate) fn error(line: impl Display) {
    let line = format!("goheap: {line}");
    let _ = writeln!(std::io::stderr().lock(), "{}", isolated(&letters(&terminal_text(&line))));
}
