//! Options of `owners`.

use super::pattern::{Asked, Pattern};
use super::written::Written;
use clap::Args;

pub(in crate::args) const OWNERS: &str = "\
Tells who, in the program's own code, keeps the objects of a type.

The owner of an object is the nearest holder through which every path to it goes, and that is the program's own: an object of one of \
its types, one of its variables, a function of its that is running. Types of the standard library and the runtime, and what \
types are composed of (arrays, maps, channels, closures of the library), are passed over; so are objects of TYPE itself. The \
program's own code is its main module and what that depends on outside the standard library; of Go's own commands, cmd/.

What is kept by several at once has no owner: it is told by the nearest on a shortest path, in a list of its own, and would \
not go with that one alone. `foreign` owners are variables and functions of the library or the runtime with nobody else above.

TYPE is a type as `histogram` or a frame names it, such as 'main.Item' (arrays of it are among its objects) or '[]byte'; an address, a variable, a goroutine or a regular expression does as well, as in `paths`. '*main.Item' means the items that such pointers lead to; objects that are made of the pointers are '[]*main.Item'.";

/// Options of `owners`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] owners [OPTIONS] TYPE")]
pub(crate) struct OwnersOptions {
    /// The type whose objects are looked at
    #[arg(value_name = "TYPE", value_parser = Asked::parse)]
    pub(crate) what: Asked,
    /// Pass over types, variables and functions in which this regular expression finds something, as if they were a library's
    #[arg(long, value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) skip: Option<Pattern>,
    /// Only owners in which this regular expression finds something
    #[arg(long = "match", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) matching: Option<Pattern>,
    /// Show every step inside the standard library
    #[arg(long)]
    pub(crate) full: bool,
    /// At most so many owners of each list [default: 8 for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) written: Written,
}
