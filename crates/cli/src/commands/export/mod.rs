//! `goheap CORE export FORMAT OUT`: the heap as a file of another tool. A file a format.

mod heapsnapshot;
mod hprof;
mod pprof;

use crate::args::{ExportFormat, ExportOptions, Input};
use crate::say::errors::Failure;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ExportOptions) -> Result<(), Failure> {
    let (format, out) = options.asked()?;
    match format {
        ExportFormat::Pprof => pprof::run(input, out),
        ExportFormat::Heapsnapshot => heapsnapshot::run(input, out, options.limit),
        ExportFormat::Hprof => hprof::run(input, out),
    }
}
