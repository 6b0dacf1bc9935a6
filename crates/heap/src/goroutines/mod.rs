//! Goroutines: which of them stand at the same place, which can never go on, and what they hold.
//!
//! To begin: [`GoroutineGroups::read`], which needs no heap; [`leaked`], which does.

mod awaited;
mod facts;
mod groups;
mod leaks;
mod place;
mod retained;

pub use facts::{GoroutineFacts, LabelFacts, facts};
pub use groups::{GoroutineGroup, GoroutineGroups};
pub use leaks::{Leaks, leaked};
pub use place::LibraryFiles;
pub use retained::RetainedByGoroutines;
