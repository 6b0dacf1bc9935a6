//! Options of `memory`.

use super::written::Written;
use clap::Args;

pub(super) const MEMORY: &str = "\
Tells what all of the process's memory is: when RSS is large and the heap is not.

Every byte that the core maps is in one part; their sum is that of the core's segments. Of the heap: objects by whether roots reach them, \
free slots, idle pages that Go keeps and such that it returned. Goroutine stacks, the runtime's own, files, stacks of threads, what C's \
malloc (glibc's) gave out and holds free, and what belongs to nobody known. Beside it stand the runtime's own counters, as \
runtime.ReadMemStats would tell them.

A core does not tell what was resident: what was never touched counts as mapped, too.";

/// Options of `memory`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] memory [OPTIONS]")]
pub(crate) struct MemoryOptions {
    #[command(flatten)]
    pub(crate) written: Written,
    /// At most so many regions and files, 0 for all [default: 20]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
}
