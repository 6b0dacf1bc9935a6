//! What many goroutines wait for together, suspected or not.

use super::closer::Closer;
use super::found::FoundWaits;
use super::waiters::Waits;
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use foldhash::HashMap;
use goheap_model::Observer;
use goheap_model::waits::{Awaited, Waiting};
use std::cmp::Reverse;

/// What most of some goroutines wait for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Together {
    /// The channel, the lock or the like, with all that wait for it.
    pub awaited: Awaited,
    /// What the goroutines themselves want of it, and how many do.
    pub these: Vec<Waiting>,
}

/// Of each of some sets of goroutines, by their places in the runtime's list in order, what most of its members wait for; None where that is nothing
/// that others could wait for, too.
///
/// # Errors
/// The observer's refusal.
pub fn awaited_together(
    graph: &ReferenceGraph<'_, '_, '_>,
    sets: &[&[u32]],
    observer: &dyn Observer,
) -> Result<Vec<Option<Together>>, HeapError> {
    let waits = Waits::read(graph.snapshot());
    let most: Vec<Option<u32>> = sets.iter().map(|members| waits.most_awaited(members)).collect();
    let mut wanted: Vec<u32> = most.iter().flatten().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let held_by = if wanted.is_empty() { HashMap::default() } else { waits.held_by(graph, &wanted, observer)? };
    let found = FoundWaits::with(graph.snapshot(), waits, Closer { held_by, ..Closer::default() });
    let told = |(most, members): (Option<u32>, &&[u32])| {
        let is_member = |goroutine: u32| members.binary_search(&goroutine).is_ok();
        Some(Together { awaited: found.awaited_in(most?)?, these: found.waiting_in(most?, is_member) })
    };
    Ok(most.into_iter().zip(sets).map(told).collect())
}

impl Waits {
    /// The group in which most of these goroutines wait.
    fn most_awaited(&self, members: &[u32]) -> Option<u32> {
        let mut counts: HashMap<u32, u64> = HashMap::default();
        for &number in members.iter().flat_map(|&member| self.of(member)) {
            *counts.entry(number).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|&(number, count)| (count, Reverse(number)));
        most.map(|(number, _)| number)
    }
}
