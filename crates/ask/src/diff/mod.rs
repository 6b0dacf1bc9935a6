//! What grew: two moments of a process, or two processes of a program, held against each other.
//!
//! - Whose cores they are, and which is the earlier: [`relation`].
//! - What of one is kept for that, so that the other has the memory: [`Moment`].
//! - What is the same object, new or gone, where the process is the same: [`lives`].
//! - Both as one tree of frames: [`MergedFrames`]; where it grows: [`grown`].
//! - The rest by name: [`changes`].
//! - All of it at once, of two heaps that are at hand: [`difference`].
//! - What one core tells alone: [`since_collection`]; how old its goroutines are: [`goroutine_ages`], and what is in its arrays: [`array_ages`].

mod ages;
mod arrays;
mod both;
mod change;
mod growth;
mod lives;
mod merged;
mod moment;
mod old_objects;
mod relation;
mod since_collection;
mod staying;
#[cfg(test)]
mod tests;

pub use ages::{AgeLook, ByAge, GoroutineAges, goroutine_ages};
pub use arrays::{ArrayAge, NewLie, array_ages};
pub use both::{Difference, OneHeap, difference};
pub use change::{Change, NamedChange, changes};
pub use goheap_model::ProcessMark;
pub use growth::{Entries, Grown, grown};
pub use lives::{LifeCounts, Lives, lives};
pub use merged::{MergedFrames, RetainedByPath, Side};
pub use moment::{Moment, NamedCount};
pub use old_objects::OldObjects;
pub use relation::{Relation, WrongPair, relation};
pub use since_collection::{SinceCollection, new_by_frame, since_collection};
pub use staying::{Staying, staying};
