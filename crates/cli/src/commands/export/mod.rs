//! `goheap CORE export FORMAT OUT`: the heap as a file of another tool. A file a format.

#[cfg(feature = "parquet")]
mod folder;
#[cfg(feature = "parquet")]
mod parquet;
mod pprof;
#[cfg(feature = "parquet")]
mod run_row;

use crate::args::{ExportFormat, ExportOptions, Input};
use crate::say::errors::Failure;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ExportOptions) -> Result<(), Failure> {
    let (format, out) = options.asked()?;
    match format {
        ExportFormat::Pprof => pprof::run(input, out),
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet => {
            let said = run_row::Said { core_id: options.core_id.clone(), host: options.host.clone() };
            parquet::run(input, out, &said)
        }
    }
}
