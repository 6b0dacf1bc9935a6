//! How wide tables may be.

use std::io::IsTerminal;

/// Columns that a line on stdout may have: those of the terminal, or what `COLUMNS` says; None where stdout is no terminal and
/// the user set nothing.
pub(crate) fn columns() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let stdout = std::io::stdout();
    let has = || stdout.is_terminal().then(terminal_size::terminal_size).flatten();
    told.or_else(|| has().map(|(width, _)| usize::from(width.0))).filter(|&columns| columns > 0)
}
