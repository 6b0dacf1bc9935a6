//! What follows from what was found on the stacks: who has which lock, and which waits nobody seems to end.

use super::{Closer, Search};
use crate::names::label_text::function_of;
use crate::waits::cycles::rings;
use crate::waits::holders::{LockHolder, likeliest, pending_writer};
use crate::waits::locks::LockState;
use crate::waits::suspects::{Suspicion, stuck, unattended};
use crate::waits::target::{WaitKind, WaitMode};
use crate::waits::waiters::{WaitGroup, Waiter, Waits};
use rustc_hash::{FxHashMap, FxHashSet};

/// Packages of which an object that holds a channel says that something ends the wait: a timer, a context that may be cancelled.
const ENDED_ELSEWHERE: [&str; 3] = ["time.", "context.", "runtime.timer"];

impl Search<'_, '_, '_, '_, '_> {
    pub(super) fn finish(mut self) -> Closer {
        let elsewhere = self.ended_elsewhere();
        let mut candidates = self.wanted.clone();
        candidates.retain(|group| !elsewhere.contains(group));
        let mut closer = Closer { holders: self.locks(&mut candidates), ..Closer::default() };
        closer.rings = rings(&next(self.waits, &closer.holders));
        closer.suspicions = self.suspicions(&candidates, &closer.holders);
        closer
    }

    /// Who probably has each lock; of locks on their way from one goroutine to the next nothing is suspected.
    fn locks(&mut self, candidates: &mut FxHashSet<u32>) -> FxHashMap<u32, Vec<LockHolder>> {
        let (snapshot, waits) = (self.graph.snapshot(), self.waits);
        let mut holders = FxHashMap::default();
        for (number, group) in waits.locks() {
            let found = likeliest(group, self.holders.remove(&number).unwrap_or_default());
            let is_locked = !matches!(snapshot.lock_state(group), Some(LockState::Mutex { is_locked: false }) | None);
            if !is_locked {
                candidates.remove(&number);
            } else if !found.is_empty() {
                // Those that have it end the waits, and nobody else.
                self.ends.insert(number, found.iter().map(|holder| holder.goroutine).collect());
                holders.insert(number, found);
            }
        }
        holders
    }

    /// Waits that nobody seems to end, most waiters first.
    fn suspicions(&self, candidates: &FxHashSet<u32>, holders: &FxHashMap<u32, Vec<LockHolder>>) -> Vec<Suspicion> {
        let (snapshot, waits) = (self.graph.snapshot(), self.waits);
        let left = unattended(waits, candidates, &self.ends);
        let mut suspected: Vec<u32> = left.iter().copied().collect();
        suspected.sort_unstable();
        let (mut found, mut by_stuck) = (Vec::<Suspicion>::new(), FxHashMap::<Vec<u32>, usize>::default());
        for number in suspected {
            let group = &waits.groups[number as usize];
            let stuck = stuck(waits, group, &left);
            let is_stuck = |waiter: &Waiter| stuck.binary_search(&waiter.goroutine).is_ok();
            let waiters = group.waiters.iter().copied().filter(is_stuck).collect();
            if !waits.is_candidate(snapshot, &WaitGroup { waiters, ..group.clone() }) && !is_other_case(waits, &stuck) {
                continue;
            }
            match by_stuck.get(&stuck) {
                // Another case of the same select.
                Some(&at) => found[at].other_cases.push(number),
                None => {
                    by_stuck.insert(stuck.clone(), found.len());
                    found.push(self.suspicion(number, stuck, &left, holders.contains_key(&number)));
                }
            }
        }
        found.retain(|one| {
            let mut groups = std::iter::once(one.group).chain(one.other_cases.iter().copied());
            groups.any(|number| waits.is_candidate(snapshot, &waits.groups[number as usize]))
        });
        found.sort_by_key(|one| (std::cmp::Reverse(one.stuck.len()), one.group));
        found
    }

    /// One of them, with those that have the thing at hand and are not stuck themselves.
    fn suspicion(&self, group: u32, stuck: Vec<u32>, left: &FxHashSet<u32>, is_held: bool) -> Suspicion {
        let goes_on = |one: &&u32| !self.waits.of(**one).iter().any(|group| left.contains(group));
        let others: Vec<u32> = self.near.get(&group).into_iter().flatten().filter(goes_on).copied().collect();
        let (others_at_hand, other) = (others.len() as u64, others.first().copied());
        Suspicion { group, other_cases: Vec::new(), stuck, others_at_hand, other, is_held }
    }

    /// Channels that a timer or a context ends.
    fn ended_elsewhere(&self) -> FxHashSet<u32> {
        let snapshot = self.graph.snapshot();
        let (mut found, mut channels) = (FxHashSet::default(), FxHashMap::<u32, u32>::default());
        for &number in &self.wanted {
            let group = &self.waits.groups[number as usize];
            if group.kind != WaitKind::Channel {
                continue;
            }
            if snapshot.model.channel(group.address).is_some_and(|channel| channel.has_timer) {
                found.insert(number);
            }
            if let Some(slot) = snapshot.objects.find_allocated(group.address) {
                channels.insert(slot.id.0, number);
            }
        }
        if channels.is_empty() {
            return found;
        }
        for (from, to) in self.graph.data().edges().edges() {
            let Some(&number) = channels.get(&to) else { continue };
            let Some(slot) = self.graph.data().slot_of(from) else { continue };
            let ty = snapshot.type_text(slot);
            if ENDED_ELSEWHERE.iter().any(|start| ty.starts_with(start)) || is_timer(snapshot, slot) {
                found.insert(number);
            }
        }
        found
    }
}

/// True of a `time.Timer` or `time.Ticker` up to 1.22, of which the runtime has the inner `runtimeTimer` alone, so that its type may
/// be unknown: behind the channel come `pp`, `when` and `period`, then the function (sleep.go).
fn is_timer(snapshot: &crate::HeapSnapshot<'_, '_>, slot: goheap_model::Slot) -> bool {
    const FUNCTION: u64 = 8 + 24;
    let at = goheap_image::Address(snapshot.objects.address(slot)).add(FUNCTION);
    let function = snapshot.model.memory().read_u64(at).and_then(|closure| function_of(snapshot.model, closure));
    function.is_some_and(|name| name == "time.sendTime")
}

/// True of goroutines that wait for several things at once.
fn is_other_case(waits: &Waits, stuck: &[u32]) -> bool {
    !stuck.is_empty() && stuck.iter().all(|&goroutine| waits.of(goroutine).len() > 1)
}

/// For whom each goroutine waits that waits for a lock, where that is one.
fn next(waits: &Waits, holders: &FxHashMap<u32, Vec<LockHolder>>) -> FxHashMap<u32, u32> {
    let mut next = FxHashMap::default();
    for (number, group) in waits.locks() {
        let writer = pending_writer(group);
        for waiter in &group.waiters {
            let of_writer = writer.filter(|&writer| waiter.mode != WaitMode::Drain && writer != waiter.goroutine);
            let held = || match holders.get(&number).map(Vec::as_slice) {
                Some([only]) => Some(only.goroutine),
                _ => None,
            };
            if let Some(other) = of_writer.or_else(held) {
                next.insert(waiter.goroutine, other);
            }
        }
    }
    next
}
