//! A closer look at who could end a wait: with the references, and the code of the calls on all stacks.

mod calls;
mod classes;
mod search;
mod verdict;

use super::held_by::Ways;
use super::holders::LockHolder;
use super::suspects::{Suspicion, is_large};
use super::target::WaitKind;
use super::waiters::{WaitGroup, Waits};
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use foldhash::{HashMap, HashSet};
use goheap_model::{Claim, Observer};
use goheap_runtime::Goroutine;
use search::Search;

pub(super) use classes::Class;

/// Goroutines made one after the other have ids that are so many times as far apart as they are many: processors take them by 16.
const IN_A_ROW: u64 = 2;
const ID_BATCH: u64 = 16;
/// Things that are looked closer at: those with the most waiters.
const MOST_GROUPS: usize = 1000;

/// What was found out of locks and of waits that nobody seems to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closer {
    /// Who probably has each lock that is waited for, by the number of the group.
    pub holders: HashMap<u32, Vec<LockHolder>>,
    /// How many probably have a lock besides those, where they are too many to be told one by one.
    pub more_holders: HashMap<u32, u64>,
    /// Goroutines that wait for each other, each for the next, the last for the first.
    pub rings: Vec<Vec<u32>>,
    /// Waits that nobody seems to end, most waiters first.
    pub suspicions: Vec<Suspicion>,
    /// How each thing is held that is a lock or suspect: `main.app .ix .results`.
    pub held_by: HashMap<u32, String>,
}

impl Waits {
    /// True if there is something to look closer at: a lock that is waited for, or so many waiters that they may be suspect.
    pub fn needs_closer(&self, snapshot: &crate::HeapSnapshot<'_, '_>) -> bool {
        self.groups.iter().any(|group| group.kind.is_lock() || self.is_candidate(snapshot, group))
    }

    fn is_candidate(&self, snapshot: &crate::HeapSnapshot<'_, '_>, group: &WaitGroup) -> bool {
        is_large(group, || {
            let goroutine = |index: u32| snapshot.model.goroutines.get(index as usize);
            let made: Vec<&Goroutine> = group.waiters.iter().filter_map(|waiter| goroutine(waiter.goroutine)).collect();
            let ids = || made.iter().map(|goroutine| goroutine.id);
            let span = ids().max().unwrap_or(0).saturating_sub(ids().min().unwrap_or(0));
            let is_close = span <= made.len() as u64 * IN_A_ROW + ID_BATCH * snapshot.model.processors.len() as u64;
            is_close
                && made.windows(2).all(|pair| (pair[0].parent_id, pair[0].gopc) == (pair[1].parent_id, pair[1].gopc))
        })
    }

    /// Adds what is waited for only by those that wait for one of `wanted` in the same select.
    fn add_other_cases(&self, wanted: &mut Vec<u32>) {
        let large: HashSet<u32> = wanted.iter().copied().collect();
        let waiters = wanted.iter().flat_map(|&number| &self.groups[number as usize].waiters);
        let waiting: HashSet<u32> = waiters.map(|waiter| waiter.goroutine).collect();
        let is_other_case = |number: u32, group: &WaitGroup| {
            let is_channel = group.kind == WaitKind::Channel && !large.contains(&number);
            is_channel && group.waiters.iter().all(|waiter| waiting.contains(&waiter.goroutine))
        };
        let others = (0..).zip(&self.groups).filter(|(number, group)| is_other_case(*number, group));
        wanted.extend(others.map(|(number, _)| number));
    }

    /// Looks at the stacks of all goroutines.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn look_closer(
        &self,
        graph: &ReferenceGraph<'_, '_, '_>,
        observer: &dyn Observer,
    ) -> Result<Closer, HeapError> {
        let snapshot = graph.snapshot();
        let is_wanted = |group: &WaitGroup| group.kind.is_lock() || self.is_candidate(snapshot, group);
        let mut wanted: Vec<u32> =
            (0..).zip(&self.groups).filter(|(_, group)| is_wanted(group)).map(|(number, _)| number).collect();
        self.add_other_cases(&mut wanted);
        wanted.sort_by_key(|&number| std::cmp::Reverse(self.groups[number as usize].waiters.len()));
        wanted.truncate(MOST_GROUPS);
        if wanted.is_empty() {
            return Ok(Closer::default());
        }
        observer.begin("waits");
        let goroutines = snapshot.model.goroutines.len() as u64;
        observer.claim(Claim { kept: wanted.len() as u64 * 64, passing: goroutines * 48 })?;
        let mut search = Search::new(self, graph, &wanted, observer)?;
        search.stacks(observer)?;
        let mut closer = search.finish();
        closer.held_by = self.held_by(graph, &wanted, observer)?;
        Ok(closer)
    }

    /// How each of these is held that is an object or in one, by its number.
    pub(super) fn held_by(
        &self,
        graph: &ReferenceGraph<'_, '_, '_>,
        wanted: &[u32],
        observer: &dyn Observer,
    ) -> Result<HashMap<u32, String>, HeapError> {
        let snapshot = graph.snapshot();
        let ways = Ways::new(graph, |goroutine| !self.of(goroutine).is_empty(), observer)?;
        let object = |&number: &u32| {
            let slot = snapshot.objects.find_allocated(self.groups[number as usize].address)?;
            Some((number, slot.id.0))
        };
        let (held, objects): (Vec<u32>, Vec<u32>) = wanted.iter().filter_map(object).unzip();
        let told = held.into_iter().zip(ways.texts(&objects));
        Ok(told.filter_map(|(number, text)| Some((number, text?))).collect())
    }
}
