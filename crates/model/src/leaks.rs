//! Goroutines that can never go on.

use serde::Serialize;

/// Goroutines of which it was looked whether anybody could wake them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leaks {
    /// The leaked ones, by index in the model, in order.
    pub goroutines: Vec<u32>,
    /// Those that nothing which is there would wake, where something that is absent might.
    pub not_known: Vec<u32>,
    /// How many are blocked on something that could not be found out: they count as alive.
    pub unknown: u64,
    /// Goroutines that are blocked so that they could leak.
    pub candidates: u64,
}

impl Leaks {
    /// True if the goroutine with that index is leaked.
    pub fn contains(&self, goroutine: u32) -> bool {
        self.goroutines.binary_search(&goroutine).is_ok()
    }

    /// True if it would be leaked had nothing been absent.
    pub fn may_contain(&self, goroutine: u32) -> bool {
        self.not_known.binary_search(&goroutine).is_ok()
    }
}
