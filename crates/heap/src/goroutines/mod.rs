//! Goroutines: which of them stand at the same place, which can never go on, and what they hold.
//!
//! To begin: [`GoroutineGroups::read`], which needs no heap; [`leaked`], which does.

mod awaited;
mod groups;
mod leaks;

pub use groups::{GoroutineGroup, GoroutineGroups};
pub use leaks::{Leaks, leaked};
