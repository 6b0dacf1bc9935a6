//! What is said beside an answer: progress, failures, hints, what to ask next.

pub(crate) mod diagnostics;
pub(crate) mod errors;
pub(crate) mod getting_a_core;
pub(crate) mod nearest;
pub(crate) mod next;
pub(crate) mod progress;
pub(crate) mod speaker;
pub(crate) mod terminal;
pub(crate) mod timings;
pub(crate) mod version;
pub(crate) mod watch;
