//! `goheap CORE export FORMAT OUT`: the heap as a file of another tool. A file a format.

mod code;
#[cfg(feature = "parquet")]
mod folder;
mod graph;
mod heapsnapshot;
mod hprof;
mod mappings;
#[cfg(feature = "parquet")]
mod parquet;
mod pprof;
#[cfg(feature = "parquet")]
mod run_row;

use crate::args::{ExportFormat, ExportOptions, Input};
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use code::CodeFormat;
use goheap_export::graph::{write_dot, write_graphml};
use std::fmt::Display;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ExportOptions) -> Result<(), Failure> {
    let (format, out) = options.asked()?;
    let values = options.values && !options.redact;
    let code = |format| code::run(input, out, format, values);
    match format {
        ExportFormat::Pprof => pprof::references(input, out),
        ExportFormat::PprofDominators => pprof::dominators(input, out),
        ExportFormat::Heap => code(CodeFormat::Heap),
        ExportFormat::Allocs => code(CodeFormat::Allocs),
        ExportFormat::Goroutine => code(CodeFormat::Goroutine),
        ExportFormat::Goroutineleak => code(CodeFormat::Goroutineleak),
        ExportFormat::Threadcreate => code(CodeFormat::Threadcreate),
        ExportFormat::Block => code(CodeFormat::Block),
        ExportFormat::Mutex => code(CodeFormat::Mutex),
        ExportFormat::Dot => graph::run(input, out, options, |graph, out| write_dot(graph, out)),
        ExportFormat::Graphml => graph::run(input, out, options, |graph, out| write_graphml(graph, out)),
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet => {
            let said = run_row::Said { core_id: options.core_id.clone(), host: options.host.clone() };
            parquet::run(input, out, &said)
        }
        ExportFormat::Heapsnapshot => heapsnapshot::run(input, out, options.limit),
        ExportFormat::Hprof => hprof::run(input, out, values),
    }
}

/// Where a format goes that is one file.
fn one_file(input: &Input, out: &Path) -> Result<Output, Failure> {
    Output::new(out, &input.paths())
}

/// Says what was written.
fn wrote(input: &Input, out: &Path, what: impl Display) {
    let to = if out.as_os_str() == "-" { "stdout".to_owned() } else { format!("{out:?}") };
    Speaker::new(input.quiet).note(format_args!("wrote {to}: {what}"));
}
