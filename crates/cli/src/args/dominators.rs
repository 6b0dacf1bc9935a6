//! Options of `dominators`.

use super::pattern::Pattern;
use super::written::Written;
use clap::{Args, ValueEnum};

pub(in crate::args) const DOMINATORS: &str = "\
Tells who retains how much: what would be freed if something went.

A holder dominates an object if every way from a root to the object goes through the holder. All that it dominates is what it \
retains. The tree goes from all roots to their classes, packages and goroutines (those with the same stack together), to \
variables, and on to objects by the fields that hold them; objects that are held alike are one line. What several lines hold \
stands beside them, for none of them alone retains it. Runs of a recursive field fold into one line, as in `objref`. In the table, \
what is inside an object of the standard library is counted with it unless --full, --match, --json or --csv asks; what is of the program's own \
below it follows with a `…`.

Of --group, package and root say exactly what the variables of a package, one variable, or the goroutines of one stack \
retain. For type it is the minimum: what each object of the type dominates, counted once; what only several of them hold \
together is left out.";

/// Options of `dominators`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] dominators [OPTIONS]")]
pub(crate) struct DominatorsOptions {
    /// A list of groups instead of the tree
    #[arg(long, value_name = "WHAT")]
    pub(crate) group: Option<RetainedBy>,
    /// Below each line or group the lines of code that allocated most of what it retains, by the runtime's samples, as in `births`
    #[arg(long)]
    pub(crate) births: bool,
    /// Show what is inside types of the standard library, line by line
    #[arg(long, conflicts_with = "group")]
    pub(crate) full: bool,
    /// Levels of the tree [default: 12 for a table, all for csv and json]
    #[arg(long, value_name = "N", conflicts_with = "group", value_parser = super::written::depth)]
    pub(crate) depth: Option<usize>,
    /// Only what retains at least this, such as 64K
    #[arg(long, value_name = "SIZE", value_parser = super::input::size)]
    pub(crate) min_size: Option<u64>,
    /// At most so many lines, those that retain most [default: 40 for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// Only lines in which this regular expression finds something, and those above them
    #[arg(long = "match", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) matching: Option<Pattern>,
    #[command(flatten)]
    pub(crate) written: Written,
}

/// What is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetainedBy {
    /// Objects of one type, of which the insides of its maps and channels are a part
    Type,
    /// Variables of one package; all goroutines
    Package,
    /// Each variable; goroutines of one stack
    Root,
}
