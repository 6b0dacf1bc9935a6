//! The profiles that a Go program serves of itself (`/debug/pprof/NAME`), made of its core: a file for each way of counting.

mod contention;
mod counted;
mod memory;
mod places;

pub use contention::{ContentionTimes, contention_profile};
pub use counted::{goroutine_profile, thread_profile};
pub use memory::heap_profile;

#[cfg(test)]
mod tests;
