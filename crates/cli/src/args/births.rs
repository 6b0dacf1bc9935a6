//! Options of `births`.

use super::pattern::{Asked, Pattern};
use super::written::Written;
use clap::Args;

pub(in crate::args) const BIRTHS: &str = "\
Tells where what is there was allocated, and who holds it now.

The runtime notes the stack of one allocation in so many bytes (runtime.MemProfileRate, 512 KiB unless the program says otherwise). \
Those of the sampled objects that are still there are put together by the line that allocated them, or with --stacks by the whole \
stack, as pprof shows it; `objects` and bytes are what the samples stand for, scaled as pprof scales. Below each line stands who holds \
what was allocated there: the variables, the goroutines of one stack and others that each retain some of it, `several roots` for what no one of them \
retains alone, `unreachable` for what a collection would free.

With WHAT, the lines that allocated what it retains: an address, a type, a variable with fields behind it or a goroutine, as in `paths`.

A program that has no use for the profile (none that imports runtime/pprof or net/http/pprof) takes no samples.

--profile writes the runtime's profile itself, which `go tool pprof EXECUTABLE FILE` reads: the text of /debug/pprof/heap?debug=1, as the program would have written it \
when the core was taken.";

/// Options of `births`.
#[derive(Debug, Default, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] births [OPTIONS] [WHAT]")]
pub(crate) struct BirthsOptions {
    /// Of what is told: an address, a type, a variable or a goroutine; all that is there where it is left out
    #[arg(value_name = "WHAT", value_parser = Asked::parse)]
    what: Vec<Asked>,
    /// By whole stacks instead of lines
    #[arg(long)]
    pub(crate) stacks: bool,
    /// Only lines, or with --stacks stacks, in whose function, file or line this regular expression finds something, such as 'cache\.go:10$'
    #[arg(long, value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) site: Option<Pattern>,
    /// At most so many lines or stacks, those with most bytes [default: 20 for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// Write the memory profile itself, for pprof
    #[arg(long, conflicts_with_all = ["stacks", "site", "limit", "what", "format", "json", "csv"])]
    pub(crate) profile: bool,
    #[command(flatten)]
    pub(crate) written: Written,
}

impl BirthsOptions {
    /// All lines, the first so many.
    pub(crate) fn first(most: usize) -> Self {
        BirthsOptions { limit: Some(most), ..BirthsOptions::default() }
    }

    /// What is asked about; `goroutine 17` may be two words.
    pub(crate) fn what(&self) -> Option<Asked> {
        let text: Vec<&str> = self.what.iter().map(|asked| &*asked.text).collect();
        match *self.what {
            [] => None,
            [ref one] => Some(one.clone()),
            _ => Asked::parse(&text.join(" ")).ok(),
        }
    }
}
