//! What goroutines wait for together: the locks, channels, wait groups and conditions, who waits for each, who probably holds a lock,
//! and which waits nobody seems to end.
//!
//! To begin: [`Waits::read`], which needs no references; then [`Waits::look_closer`], which does. What is proven of leaks is told by
//! [`leaked`](crate::goroutines::leaked); here is told what is not proven, with the facts
//! ([025](https://github.com/goheap/goheap/blob/main/docs/decisions/025-suspected-and-held.md)).

mod ahead;
mod at_hand;
mod closer;
mod code;
mod cycles;
mod deeds;
mod found;
mod held_by;
mod holders;
mod interfaces;
mod locks;
mod name;
mod nearby;
mod ranges;
mod suspects;
mod target;
mod together;
mod waiters;

pub use closer::Closer;
pub use found::FoundWaits;
pub use holders::LockHolder;
pub use locks::LockState;
pub use name::{ANY_LOCK, WaitName, WaitNames};
pub use suspects::Suspicion;
pub use target::{WaitKind, WaitMode};
pub use together::{Together, awaited_together};
pub use waiters::{WaitGroup, Waiter, Waits};

#[cfg(test)]
mod tests;
