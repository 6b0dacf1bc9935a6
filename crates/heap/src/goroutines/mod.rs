//! Goroutines: which of them stand at the same place, which can never go on, and what they hold.
//!
//! To begin: [`read_groups`], which needs no heap; [`leaked`], which does; for one of them
//! [`HeapSnapshot::goroutine_frames`](crate::HeapSnapshot::goroutine_frames).

mod awaited;
mod groups;
mod leaks;
mod place;

mod variable_place;
mod variables;

pub(crate) use awaited::SyncWords;
pub(crate) use groups::merge_alike;
pub use groups::read_groups;
pub use leaks::leaked;
pub use place::LibraryFiles;

pub use variable_place::VariablePlace;
pub use variables::{CallsWanted, GoroutineCall, GoroutineFrames, Variable, VariableRole};

#[cfg(test)]
mod tests;
