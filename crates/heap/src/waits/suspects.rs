//! Waits that nobody seems to end, though live variables still reach what is waited for.

use super::closer::Class;
use super::target::{WaitKind, WaitMode};
use super::waiters::WaitGroup;
use foldhash::{HashMap, HashSet};

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

/// What nobody ends.
#[derive(Debug)]
pub(super) struct Unattended {
    /// The candidates that are left.
    pub(super) left: HashSet<u32>,
    /// Of each class, whether its goroutines go on by something that is not left, or do not wait.
    pub(super) goes_on: Vec<bool>,
}

impl Unattended {
    /// `ends` has the classes whose goroutines may end the waits of each candidate; one can if it does not wait itself, or waits for
    /// something that is no candidate, or for one that somebody ends.
    pub(super) fn new(classes: &[Class], candidates: &HashSet<u32>, ends: &HashMap<u32, HashSet<u32>>) -> Self {
        let mut left = candidates.clone();
        let goes_on = |class: &Class| class.goes_on || class.groups.iter().any(|group| !candidates.contains(group));
        let mut goes_on: Vec<bool> = classes.iter().map(goes_on).collect();
        // Who waits for a group, and what those end.
        let mut waiting: HashMap<u32, Vec<u32>> = HashMap::default();
        for (number, class) in (0..).zip(classes) {
            class.groups.iter().for_each(|&group| waiting.entry(group).or_default().push(number));
        }
        let mut ended_by: HashMap<u32, Vec<u32>> = HashMap::default();
        for (&group, classes) in ends {
            classes.iter().for_each(|&class| ended_by.entry(class).or_default().push(group));
        }
        let is_attended =
            |group: &u32| ends.get(group).is_some_and(|classes| classes.iter().any(|&one| goes_on[one as usize]));
        let mut open: Vec<u32> = candidates.iter().copied().filter(is_attended).collect();
        while let Some(group) = open.pop() {
            if !left.remove(&group) {
                continue;
            }
            for &class in waiting.get(&group).into_iter().flatten() {
                if !std::mem::replace(&mut goes_on[class as usize], true) {
                    open.extend(ended_by.get(&class).into_iter().flatten());
                }
            }
        }
        Unattended { left, goes_on }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(groups: impl IntoIterator<Item = u32>, goes_on: bool) -> Class {
        Class { groups: groups.into_iter().collect(), goes_on, ..Class::default() }
    }

    fn sets(ends: &[(u32, &[u32])]) -> HashMap<u32, HashSet<u32>> {
        ends.iter().map(|(group, classes)| (*group, classes.iter().copied().collect())).collect()
    }

    fn sorted(set: &HashSet<u32>) -> Vec<u32> {
        let mut all: Vec<u32> = set.iter().copied().collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn who_is_freed_ends_the_waits_of_others() {
        // Class 0 goes on and ends 10; those that wait for 10 end 11, those for 11 nothing. 12 and 13 are each ended by the other's.
        let classes = [class([], true), class([10], false), class([11], false), class([12], false), class([13], false)];
        let ends = sets(&[(10, &[0]), (11, &[1]), (12, &[4]), (13, &[3])]);
        let candidates: HashSet<u32> = [10, 11, 12, 13, 14].into_iter().collect();
        let found = Unattended::new(&classes, &candidates, &ends);
        assert_eq!(sorted(&found.left), [12, 13, 14]);
        assert_eq!(found.goes_on, [true, true, true, false, false]);
        // One of two cases is ended, which goes on for both.
        let classes = [class([], true), class([10, 12], false)];
        let found = Unattended::new(&classes, &candidates, &sets(&[(10, &[0]), (13, &[1])]));
        assert_eq!((sorted(&found.left), found.goes_on), (vec![11, 12, 14], vec![true, true]));
    }

    #[test]
    fn selects_of_many_cases_are_gone_through_once() {
        // Each of the classes waits for all groups and ends them all; only the last group is ended by one that goes on.
        const GROUPS: u32 = 1000;
        let mut classes: Vec<Class> = (0..GROUPS).map(|_| class(0..GROUPS, false)).collect();
        classes.push(class([], true));
        let all: HashSet<u32> = (0..GROUPS).collect();
        let mut ends: HashMap<u32, HashSet<u32>> = (0..GROUPS).map(|group| (group, all.clone())).collect();
        assert_eq!(Unattended::new(&classes, &all, &ends).left.len(), GROUPS as usize);
        ends.entry(GROUPS - 1).or_default().insert(GROUPS);
        let found = Unattended::new(&classes, &all, &ends);
        assert!(found.left.is_empty() && found.goes_on.iter().all(|&one| one));
    }
}
