//! Options of `redact`.

use clap::Args;
use std::path::PathBuf;

pub(in crate::args) const REDACT: &str = "\
Writes the core anew without its contents, so that it can be handed on: pointers, types, lengths and the runtime's own structures stay, \
and strings, bytes and numbers, arguments and the environment, free memory and C's go.

The heap's graph, its types and its sizes are what they were, and the file has the same layout. OUT ends in .zst to be compressed. What stays on \
purpose is listed in docs/capture/privacy.md: names of the program among them, for they are the executable's.";

/// Options of `redact`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] redact [OPTIONS] OUT")]
pub(crate) struct RedactOptions {
    /// The core to write, compressed if it ends in .zst
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
}
