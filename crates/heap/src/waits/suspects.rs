//! Waits that nobody seems to end, though live variables still reach what is waited for.

use super::target::{WaitKind, WaitMode};
use super::waiters::{WaitGroup, Waits};
use rustc_hash::{FxHashMap, FxHashSet};

/// Senders of one channel that are suspect: a receiver that is behind by more is not seen either.
const SENDERS: usize = 10;
/// Receivers of one channel, or waiters for one condition: fewer may be idle workers.
const RECEIVERS: usize = 100;
/// The same of receivers that one goroutine made in a row, as a pool is.
const POOL: usize = 1000;
/// Waiters for a wait group or a lock.
const OTHERS: usize = 2;

/// One thing of which nobody seems to end the waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The number of its group.
    pub group: u32,
    /// The numbers of the others that they would go on by, too.
    pub other_cases: Vec<u32>,
    /// Those that wait and would not go on by another channel: indexes in the model, in order.
    pub stuck: Vec<u32>,
    /// Goroutines that do not wait for it and have it at hand, but nothing before them that would end the waits.
    pub others_at_hand: u64,
    /// The first of these.
    pub other: Option<u32>,
    /// True of a lock whose probable holder waits itself.
    pub is_held: bool,
}

/// True of a group that is large enough to be suspect. `made_in_a_row` tells whether one goroutine made all its waiters at once.
pub(super) fn is_large(group: &WaitGroup, made_in_a_row: impl Fn() -> bool) -> bool {
    let count = group.waiters.len();
    match group.kind {
        WaitKind::Semaphore => false,
        WaitKind::Mutex | WaitKind::RwMutex | WaitKind::WaitGroup => count >= OTHERS,
        WaitKind::Channel if group.count(WaitMode::Send) >= SENDERS => true,
        WaitKind::Channel | WaitKind::Cond => count >= POOL || (count >= RECEIVERS && !made_in_a_row()),
    }
}

/// Which of the candidates nobody ends. `ends` has the goroutines that may end the waits of each; a goroutine can if it does not wait
/// itself, or waits for something that is no candidate, or for one that somebody ends.
pub(super) fn unattended(
    waits: &Waits,
    candidates: &FxHashSet<u32>,
    ends: &FxHashMap<u32, Vec<u32>>,
) -> FxHashSet<u32> {
    let mut left = candidates.clone();
    let can_go_on = |goroutine: u32, left: &FxHashSet<u32>| {
        let groups = waits.of(goroutine);
        groups.is_empty() || groups.iter().any(|group| !left.contains(group))
    };
    // Who waits for what the goroutines of a group end.
    let mut ended_by: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (&group, goroutines) in ends {
        goroutines.iter().for_each(|&goroutine| ended_by.entry(goroutine).or_default().push(group));
    }
    let is_attended = |group: u32, left: &FxHashSet<u32>| {
        ends.get(&group).is_some_and(|goroutines| goroutines.iter().any(|&one| can_go_on(one, left)))
    };
    let mut open: Vec<u32> = candidates.iter().copied().filter(|&group| is_attended(group, &left)).collect();
    while let Some(group) = open.pop() {
        if !left.remove(&group) {
            continue;
        }
        for waiter in &waits.groups[group as usize].waiters {
            let groups = ended_by.get(&waiter.goroutine).into_iter().flatten().copied();
            open.extend(groups.filter(|group| left.contains(group)));
        }
    }
    left
}

/// Of a group that is left, the goroutines that have no other way on.
pub(super) fn stuck(waits: &Waits, group: &WaitGroup, left: &FxHashSet<u32>) -> Vec<u32> {
    let has_no_other = |goroutine: &u32| waits.of(*goroutine).iter().all(|group| left.contains(group));
    let mut stuck: Vec<u32> = group.waiters.iter().map(|waiter| waiter.goroutine).filter(has_no_other).collect();
    stuck.sort_unstable();
    stuck.dedup();
    stuck
}
