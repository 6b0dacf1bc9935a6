//! Options of the commands that list objects.

use clap::{Args, ValueEnum};
use regex::Regex;

pub(super) const OBJECTS: &str = "\
Lists every allocated object, one a line, in order of address.

Columns: addr (the slot's first byte, hex), size (bytes of the slot, rounding included), type, evidence (how the type is \
known), reachable, and owner: the root under which the tree of `objref` puts it, empty for what no root reaches. The type \
of an array is that of its slot, [N]T with as many elements as fit; it is empty where it is not known. The sizes of all \
rows are the allocated bytes of `overview`.

Evidence: exact (the runtime recorded the type, or a variable's declaration says it), derived (followed from a typed pointer \
or by a container's rule), none.";

/// Options of `objects`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] objects [OPTIONS]")]
pub(crate) struct ObjectsOptions {
    /// How rows are written
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub(crate) format: ObjectsFormat,
    /// Only what a root reaches
    #[arg(long)]
    pub(crate) reachable: bool,
    /// Only objects in whose type this regular expression finds something, such as '^main\.'
    #[arg(long = "type", value_name = "REGEX", value_parser = regex)]
    pub(crate) ty: Option<Regex>,
    /// Only objects of at least this size, such as 64K
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    pub(crate) min_size: Option<u64>,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
}

/// How objects are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectsFormat {
    /// Comma-separated values with a line of names
    Csv,
    /// A JSON object a line
    Ndjson,
}

/// A regular expression; what is wrong with it on one line.
pub(super) fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let message = error.to_string();
        let last = message.lines().last().unwrap_or_default();
        format!("no regular expression: {}", last.trim_start_matches("error: "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_expression_is_one_line() {
        for wrong in ["(", "[a", "a{99999}{99999}"] {
            let message = regex(wrong).map(|_| ()).unwrap_err();
            assert!(message.starts_with("no regular expression: ") && !message.contains('\n'), "{message}");
        }
    }
}
