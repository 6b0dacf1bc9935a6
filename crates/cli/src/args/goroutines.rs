//! Options of the commands that tell of goroutines.

use super::pattern::Pattern;
use super::written::WrittenWhole;
use clap::{Args, ValueEnum};

pub(super) const GOROUTINES: &str = "\
Lists goroutines by where they stand: those with the same calls, made by the same go statement, are one line.

Columns: how many; the bytes of the heap that they alone keep; one of them, for `goroutine`; what they wait for, as tracebacks \
say it; the call that says what they do; how long the first of them waits at the least (the runtime notes a wait \
when a collection sees it); the bytes of their stacks; the go statement.

Leaked are those that can never go on: blocked on channels, mutexes, wait groups or conditions that nobody can reach but \
goroutines that are leaked themselves. It is the rule of the goroutine leak profile of Go 1.26, for every release: a proof. The \
runtime's own goroutines are hidden, as in tracebacks.

Suspected are, without a proof, many that wait for one thing which a live variable still reaches, while nothing on any stack that \
goes on is seen that would end their wait. Go's locks do not say who has them: told is whose call has locked one, has not unlocked it \
yet, and has this one at hand.";

/// Options of `goroutines`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] goroutines [OPTIONS]")]
pub(crate) struct GoroutinesOptions {
    /// Only those that are blocked for ever
    #[arg(long)]
    pub(crate) leaked: bool,
    /// Only those in whose calls or creator this regular expression finds a function, such as '^main\.'
    #[arg(long = "match", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) matching: Option<Pattern>,
    /// At most so many groups, in a traceback goroutines [default: 40 for a table, else all]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: GoroutinesFormat,
    /// The same as --format json
    #[arg(long, conflicts_with_all = ["format", "csv"])]
    json: bool,
    /// The same as --format csv
    #[arg(long, conflicts_with = "format")]
    csv: bool,
    /// What comes first: the groups with the most of it
    #[arg(long, value_name = "WHAT", default_value = "count")]
    pub(crate) sort: GoroutinesSort,
    /// Show what goroutines wait for together, all of it and nothing else: locks with those that probably have them, deadlocks,
    /// waits that nobody seems to end
    #[arg(long, conflicts_with_all = ["stacks", "no_retained", "csv"])]
    pub(crate) waits: bool,
    /// Show each group's calls below its line
    #[arg(long)]
    pub(crate) stacks: bool,
    /// Show the runtime's own goroutines too; in a traceback also its calls, as GOTRACEBACK=system does
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not find out what they keep, nor which are leaked unless --leaked asks: needs no heap, and is done at once
    #[arg(long)]
    pub(crate) no_retained: bool,
    /// Show contents: values of profiler labels, and arguments in a traceback
    #[arg(long)]
    pub(crate) values: bool,
}

impl GoroutinesOptions {
    /// How it is written.
    pub(crate) fn written(&self) -> GoroutinesFormat {
        match (self.json, self.csv) {
            (true, _) => GoroutinesFormat::Json,
            (_, true) => GoroutinesFormat::Csv,
            _ => self.format,
        }
    }
}

/// What groups of goroutines are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GoroutinesSort {
    /// Goroutines
    Count,
    /// Bytes of the heap that they alone keep
    Retained,
    /// Bytes of their stacks
    Stack,
    /// How long the first of them waits
    Wait,
}

/// How goroutines are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GoroutinesFormat {
    /// Columns for people
    Table,
    /// JSON
    Json,
    /// Comma-separated values with a line of names
    Csv,
    /// Every goroutine as Go's own tracebacks print it, for tools that read these
    Traceback,
}

pub(super) const GOROUTINE: &str = "\
Tells everything of one goroutine: its state, its calls with file and line, the variables of each call, and what each keeps.

ID is the number that tracebacks and `goroutines` show. Calls of the runtime are hidden unless --all asks, as in tracebacks. \
Variables need the executable's DWARF; one that is nowhere at that point of the code is `optimized out`, or not alive. Contents of the dead \
process's memory (numbers, bytes of strings) may be secrets: they are shown only with --values, else as an ellipsis; pointers, lengths \
and types always are. `keeps` is what would be freed with the object that the variable points to.";

/// Options of `goroutine`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] goroutine [OPTIONS] ID")]
pub(crate) struct GoroutineOptions {
    /// The goroutine's id, or 'goroutine 17' as it is printed
    #[arg(value_name = "ID", value_parser = goroutine_id)]
    pub(crate) id: u64,
    /// Show contents: numbers, and the first 80 bytes of strings
    #[arg(long)]
    pub(crate) values: bool,
    /// Show the runtime's calls too
    #[arg(long)]
    pub(crate) all: bool,
    /// The most calls, half of them the innermost and half the outermost, and of each call the most variables, that are shown
    #[arg(long, value_name = "N", default_value = "100", value_parser = super::written::limit)]
    pub(crate) limit: usize,
    /// Do not find out what is kept: done sooner
    #[arg(long)]
    pub(crate) no_retained: bool,
    #[command(flatten)]
    pub(crate) written: WrittenWhole,
}

/// A number, or what begins with `goroutine` and a number.
fn goroutine_id(text: &str) -> Result<u64, String> {
    let rest = text.trim().strip_prefix("goroutine").unwrap_or(text).trim_start();
    let number = rest.split([':', ' ']).next().unwrap_or_default();
    number.parse().map_err(|_| "a goroutine's id is needed, such as 17".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goroutine_is_given_by_its_id_or_as_it_is_printed() {
        for text in ["17", "goroutine 17", "goroutine 17: main.work", "goroutine 17 [chan receive]:"] {
            assert_eq!(goroutine_id(text), Ok(17), "{text}");
        }
        for wrong in ["", "main.work", "-1", "goroutine", "17x"] {
            assert!(goroutine_id(wrong).is_err(), "{wrong}");
        }
    }
}
