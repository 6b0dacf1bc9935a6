//! Options of `waste`.

use super::written::Written;
use clap::Args;

pub(in crate::args) const WASTE: &str = "\
Tells what the heap spends on nothing.

Strings and byte slices whose contents are there more than once, by the field, element or variable that refers to them; room behind what \
slices hold, before it, and what size classes round up; slots of maps without an entry; objects of nothing but zeros; small values in boxes \
of their own; buffers of channels with nothing in them.

Each number is what would be saved at most: a buffer may be meant to be empty, bytes that are written to cannot be shared, and what \
untyped pointers need is not known. The kinds overlap and are not to be added. Contents are compared by a hash of 128 bits, and shown \
only with --values: they may be secrets. CSV has the sums alone; --json has every row.";

/// Options of `waste`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] waste [OPTIONS]")]
pub(crate) struct WasteOptions {
    /// Show the first 60 bytes of contents that are there most
    #[arg(long)]
    pub(crate) values: bool,
    /// At most so many rows of each kind [default: 8 for a table, all for json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) written: Written,
}
