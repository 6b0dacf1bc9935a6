//! What follows from what was found on the stacks: who has which lock, and which waits nobody seems to end.

use super::Closer;
use super::search::{Calls, Search};
use crate::names::label_text::function_of;
use crate::waits::cycles::rings;
use crate::waits::holders::{LockHolder, pending_writer};
use crate::waits::locks::LockState;
use crate::waits::suspects::{Suspicion, Unattended};
use crate::waits::target::{WaitKind, WaitMode};
use crate::waits::waiters::{WaitGroup, Waiter, Waits};
use foldhash::{HashMap, HashSet};

/// Packages of which an object that holds a channel says that something ends the wait: a timer, a context that may be cancelled.
const ENDED_ELSEWHERE: [&str; 3] = ["time.", "context.", "runtime.timer"];
/// Holders of all locks together that are told one by one.
const MOST_HOLDERS: usize = 1 << 18;

impl Search<'_, '_, '_, '_, '_> {
    pub(super) fn finish(mut self) -> Closer {
        let elsewhere = self.ended_elsewhere();
        let mut candidates: HashSet<u32> = self.wanted.iter().copied().collect();
        candidates.retain(|group| !elsewhere.contains(group));
        let mut closer = Closer::default();
        self.locks(&mut candidates, &mut closer);
        closer.rings = rings(&next(self.waits, &closer.holders));
        closer.suspicions = self.suspicions(&candidates, &closer.holders);
        closer
    }

    /// Who probably has each lock; of locks on their way from one goroutine to the next nothing is suspected.
    fn locks(&mut self, candidates: &mut HashSet<u32>, closer: &mut Closer) {
        let (snapshot, waits) = (self.graph.snapshot(), self.waits);
        let most = (MOST_HOLDERS / self.likeliest.len().max(1)).max(2);
        for (number, group) in waits.locks() {
            let is_locked = !matches!(snapshot.lock_state(group), Some(LockState::Mutex { is_locked: false }) | None);
            if !is_locked {
                candidates.remove(&number);
                continue;
            }
            let Some(likeliest) = self.likeliest.get(&number) else { continue };
            let calls = |number: u32| &self.calls[number as usize];
            let (found, more) =
                likeliest.holders(most, |number| &calls(number).goroutines, |number| holder(calls(number)));
            // Those that have it end the waits, and nobody else.
            let ends = likeliest.calls.iter().map(|&(number, _)| calls(number).class).collect();
            self.ends.insert(number, ends);
            closer.holders.insert(number, found);
            if more > 0 {
                closer.more_holders.insert(number, more);
            }
        }
    }

    /// Waits that nobody seems to end, most waiters first.
    fn suspicions(&self, candidates: &HashSet<u32>, holders: &HashMap<u32, Vec<LockHolder>>) -> Vec<Suspicion> {
        let (snapshot, waits) = (self.graph.snapshot(), self.waits);
        let unattended = Unattended::new(&self.classes.all, candidates, &self.ends);
        let others = self.others_at_hand(&unattended);
        let mut suspected: Vec<u32> = unattended.left.iter().copied().collect();
        suspected.sort_unstable();
        let (mut found, mut by_stuck) = (Vec::<Suspicion>::new(), HashMap::<Vec<u32>, usize>::default());
        for number in suspected {
            let WaitGroup { kind, address, waiters } = &waits.groups[number as usize];
            let is_stuck = |waiter: &&Waiter| !unattended.goes_on[self.classes.of(waiter.goroutine) as usize];
            let waiters: Vec<Waiter> = waiters.iter().filter(is_stuck).copied().collect();
            let mut stuck: Vec<u32> = waiters.iter().map(|waiter| waiter.goroutine).collect();
            stuck.sort_unstable();
            stuck.dedup();
            let group = WaitGroup { kind: *kind, address: *address, waiters };
            if !waits.is_candidate(snapshot, &group) && !is_other_case(waits, &stuck) {
                continue;
            }
            match by_stuck.get(&stuck) {
                // Another case of the same select.
                Some(&at) => found[at].other_cases.push(number),
                None => {
                    by_stuck.insert(stuck.clone(), found.len());
                    let (others_at_hand, other) = others.get(&number).copied().unzip();
                    let (others_at_hand, is_held) = (others_at_hand.unwrap_or(0), holders.contains_key(&number));
                    let other_cases = Vec::new();
                    found.push(Suspicion { group: number, other_cases, stuck, others_at_hand, other, is_held });
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

    /// Of each group that is left, how many have its thing at hand and are not stuck themselves, and the first of these.
    fn others_at_hand(&self, unattended: &Unattended) -> HashMap<u32, (u64, u32)> {
        let mut others = HashMap::<u32, (u64, u32)>::default();
        for (calls, &(count, first)) in &self.stacks {
            let all = calls.iter().map(|&number| &self.calls[number as usize]);
            let goes_on = |calls: &&Calls| unattended.goes_on[calls.class as usize];
            let mut groups: Vec<u32> = all.filter(goes_on).flat_map(|calls| calls.at_hand.iter().copied()).collect();
            groups.sort_unstable();
            groups.dedup();
            for group in groups.into_iter().filter(|group| unattended.left.contains(group)) {
                let (all, least) = others.entry(group).or_insert((0, first));
                (*all, *least) = (*all + count, first.min(*least));
            }
        }
        others
    }

    /// Channels that a timer or a context ends.
    fn ended_elsewhere(&self) -> HashSet<u32> {
        let snapshot = self.graph.snapshot();
        let (mut found, mut channels) = (HashSet::default(), HashMap::<u32, u32>::default());
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

/// One of the goroutines with these calls as the holder of a lock.
fn holder(calls: &Calls) -> LockHolder {
    let pending = &calls.ahead.pending;
    let function = pending.function.name.clone();
    LockHolder { goroutine: 0, function, locked_line: 0, line: pending.line, hops: 0, is_exact: false, pc: pending.pc }
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
fn next(waits: &Waits, holders: &HashMap<u32, Vec<LockHolder>>) -> HashMap<u32, u32> {
    let mut next = HashMap::default();
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
