//! Options of `index`.

use clap::Args;
use std::path::PathBuf;

pub(in crate::args) const INDEX: &str = "\
Keeps what takes long to work out, so that every further question begins there.

Writes types, marks, the reference tree, references and dominators of the heap to a file, CORE.goheap unless OUT says otherwise, for the owner's \
eyes alone. Commands use it when it lies beside the core, or where --index names it: their answers are the same to the byte, and come \
about ten times as fast. The core and the executable are needed as before: values of memory, stacks and spans are read from them.

It is bound to this core, this executable and this very goheap, and to --no-dwarf, --go, --module and --full-names. Another is passed over with a word on \
stderr, or refused where --index names it, and so is a damaged one. One beside the core is used if it is your own file and nobody else may write to it.";

/// Options of `index`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] index [OUT]")]
pub(crate) struct IndexOptions {
    /// The file to write [default: CORE.goheap]
    #[arg(value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}
