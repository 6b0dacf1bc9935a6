//! Options of the commands that list objects.

use super::pattern::Pattern;
use super::written::{Written, WrittenWhole};
use clap::{Args, ValueEnum};

pub(super) const OBJECTS: &str = "\
Lists every allocated object, one a line, in order of address; for a script with --csv or --json.

Columns: addr (the slot's first byte, hex), size (bytes of the slot, rounding included), type, evidence (how the type is \
known), reachable, and owner (`held by` in a table): the root under which the tree of `objref` puts it, empty for what no root reaches. The type \
of an array is that of its slot, [N]T with as many elements as fit; it is empty where it is not known. The sizes of all \
rows are the allocated bytes of `overview`.

Evidence: exact (the runtime recorded the type, or a variable's declaration says it), derived (followed from a typed pointer \
or by a container's rule), candidate (a guess by what is in it: no typed pointer leads to it, but its size, pointers and contents fit \
the type, which `object` and `objref` show with a ?; take it for a hint), none.";

/// Options of `objects`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] objects [OPTIONS]")]
pub(crate) struct ObjectsOptions {
    /// How rows are written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: ObjectsFormat,
    /// The same as --format ndjson
    #[arg(long, conflicts_with_all = ["format", "csv"])]
    json: bool,
    /// The same as --format csv
    #[arg(long, conflicts_with = "format")]
    csv: bool,
    /// Only what a root reaches
    #[arg(long, conflicts_with_all = ["unreachable", "not_known"])]
    pub(crate) reachable: bool,
    /// Only what no root reaches
    #[arg(long, conflicts_with = "not_known")]
    pub(crate) unreachable: bool,
    /// Only what is not known to be reachable: nothing in the core leads there, perhaps a pointer that the core lacks
    #[arg(long)]
    pub(crate) not_known: bool,
    /// Only objects in whose type, or an array's element's, this regular expression finds something, such as '^main\.'
    #[arg(long = "type", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) ty: Option<Pattern>,
    /// Only objects of at least this size, such as 64K
    #[arg(long, value_name = "SIZE", value_parser = super::input::size)]
    pub(crate) min_size: Option<u64>,
    /// At most so many rows [default: 40 for a table, all for csv and ndjson]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
}

impl ObjectsOptions {
    /// How rows are written.
    pub(crate) fn form(&self) -> ObjectsFormat {
        match (self.json, self.csv) {
            (true, _) => ObjectsFormat::Ndjson,
            (_, true) => ObjectsFormat::Csv,
            _ => self.format,
        }
    }
}

/// How objects are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectsFormat {
    /// Columns for people
    Table,
    /// Comma-separated values with a line of names
    Csv,
    /// A JSON object a line; json does as well
    #[value(alias = "json")]
    Ndjson,
}

pub(super) const HISTOGRAM: &str = "\
Tells how much of the heap is of which type.

Counts every allocated object once, with the bytes of its slot; the total is the allocated bytes of `overview`. Arrays of every \
length are one type, [...]T; `elements` are how many T they have room for. The insides of maps and channels are types of their \
own (map[K]V groups). With --group size-class all spans are told, by the size of their slots; with --type, --reachable and the like those that hold any such object, which cannot be given back as long as it lives. The columns after `elements` tell how the types are known, in parts of the row's bytes: see `goheap objects --help`.";

/// Options of `histogram`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] histogram [OPTIONS]")]
pub(crate) struct HistogramOptions {
    /// What objects are put together by
    #[arg(long, value_name = "WHAT", default_value = "type")]
    pub(crate) group: Group,
    #[command(flatten)]
    pub(crate) written: Written,
    /// Only what a root reaches
    #[arg(long, conflicts_with_all = ["unreachable", "not_known"])]
    pub(crate) reachable: bool,
    /// Only what no root reaches
    #[arg(long, conflicts_with = "not_known")]
    pub(crate) unreachable: bool,
    /// Only what is not known to be reachable: nothing in the core leads there, perhaps a pointer that the core lacks
    #[arg(long)]
    pub(crate) not_known: bool,
    /// Only types in whose text, as --group type shows it, or an array's element's, this regular expression finds something
    #[arg(long = "type", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) ty: Option<Pattern>,
    /// Tell what each group retains at least: what its objects dominate, counted once
    ///
    /// That would be freed if all objects of the group went, and perhaps more: what only several of them hold together is left
    /// out. It takes two to three times as long, and as much memory.
    #[arg(long, conflicts_with_all = ["unreachable", "not_known"])]
    pub(crate) retained: bool,
    /// Tell exactly what each group retains: a walk over the whole heap for each row shown
    #[arg(long, conflicts_with_all = ["unreachable", "not_known"])]
    pub(crate) exact: bool,
    /// At most so many rows [default: 40 for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
}

/// What objects are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Their type
    Type,
    /// The package of their type; (builtin) where it has none
    Package,
    /// What the type is: struct, array, string, map, chan, func, pointer, interface, slice, number or unknown
    Kind,
    /// The size class of their slots: all spans, what of them is in use, free, left over, and lost to rounding; with --type and the like the spans that these objects keep
    SizeClass,
}

pub(super) const OBJECT: &str = "\
Tells everything of one object: its type and who keeps it, its fields, who points to it and what it points to.

ADDR is any address inside the object, hex, with or without 0x, such as `objects` lists. Fields of nested structs stand in \
their place, by path. Contents of the dead process's memory (numbers, bytes of strings) may be secrets: they are shown only \
with --values, else as an ellipsis; pointers, lengths and types always are. A map's entries are in its groups or buckets: follow the \
pointers.";

/// Options of `object`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] object [OPTIONS] ADDR")]
pub(crate) struct ObjectOptions {
    /// An address inside the object, hex
    #[arg(value_name = "ADDR", value_parser = address)]
    pub(crate) address: u64,
    /// Show contents: numbers, and the first 80 bytes of strings
    #[arg(long)]
    pub(crate) values: bool,
    /// The most that is shown of fields, of holders and of pointers each
    #[arg(long, value_name = "N", default_value = "200", value_parser = super::written::limit)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) written: WrittenWhole,
}

/// A hexadecimal address.
pub(super) fn address(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let wrong = |_| "a hexadecimal address is needed, such as 0xc000012340".to_owned();
    u64::from_str_radix(digits, 16).map_err(wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_hexadecimal() {
        for text in ["0xc000012340", "c000012340", "0XC000012340"] {
            assert_eq!(address(text), Ok(0xc0_0001_2340));
        }
        for wrong in ["", "0x", "main.x", "0x1_0", "10000000000000000"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
