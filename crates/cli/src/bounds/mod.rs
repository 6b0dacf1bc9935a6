//! How much memory may be taken, and what was.

pub(crate) mod allowance;
pub(crate) mod memory;
pub(crate) mod threads;
