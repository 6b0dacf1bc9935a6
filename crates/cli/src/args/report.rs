//! Options of `report`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(in crate::args) const REPORT: &str = "\
Writes all of it into one file: what the process used and of what, suspects, goroutines, waste, the dominator tree to browse, flame graphs, \
types, and what is unsure.

OUT ends in .html (one file for a browser, which asks no network), .md (for a ticket; reads well as plain text) or .json. From a report kept as JSON \
another can be made without the core: goheap report kept.json out.html. So the core can be thrown away and the report kept. Like any output it \
holds names of the program and none of its data.";

/// Options of `report`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] report [OPTIONS] OUT\n       goheap KEPT.json report OUT")]
pub(crate) struct ReportOptions {
    /// The file to write, .html, .md or .json; - is stdout
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// An older core of the program: the report then tells what grew since, and ranks suspects by that
    ///
    /// As `diff` does. The executable is that of --exe for both. A report that was kept as JSON does too: then the suspects that both tell of are ranked.
    #[arg(long, value_name = "OLD")]
    pub(crate) base: Option<PathBuf>,
    /// Write this format, whatever the ending of OUT
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ReportFormat>,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One file for a browser
    Html,
    /// Markdown
    Md,
    /// All of it, to be drawn again
    Json,
}
