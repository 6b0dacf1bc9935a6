//! `goheap CORE goroutine ID`: one goroutine.

use crate::args::{GoroutineOptions, Input};
use crate::errors::Failure;

/// Runs the command.
pub(crate) fn run(_input: &Input, options: &GoroutineOptions) -> Result<(), Failure> {
    Err(Failure::NoGoroutine { id: options.id, near: String::new() })
}
