//! Who has a lock. Go's locks do not say: told are goroutines of which a call has locked such a lock, has not unlocked it yet, and has
//! this one at hand.

use super::target::WaitMode;
use super::waiters::WaitGroup;
use goheap_graph::IdBitSet;

/// A goroutine that probably has a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// Its index in the model.
    pub goroutine: u32,
    /// The function whose call has locked it.
    pub function: String,
    /// The line where it locked it, in that function.
    pub locked_line: u32,
    /// The line where the call stands now.
    pub line: u32,
    /// References from the call's variables to what the lock is in; 0 where one points there.
    pub hops: u32,
    /// True if one of its variables, or its code, has the lock's own address, as what defers an `Unlock` has.
    pub is_exact: bool,
    /// Where the call goes on.
    pub pc: u64,
}

/// The calls that most likely have a lock, of all that could: those that have it nearest, and of these those that wait for it
/// themselves only if there are no others.
#[derive(Clone, Debug, Default)]
pub(super) struct Likeliest {
    nearness: Option<Nearness>,
    /// Numbers of calls that are alike, and the line where they locked it.
    pub(super) calls: Vec<(u32, u32)>,
}

/// How near a call has a lock; the least is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nearness {
    pub(super) hops: u32,
    pub(super) is_inexact: bool,
    pub(super) waits_itself: bool,
}

impl Likeliest {
    /// True if the calls are among the likeliest so far.
    pub(super) fn add(&mut self, calls: u32, locked_line: u32, nearness: Nearness) -> bool {
        let least = *self.nearness.get_or_insert(nearness);
        if nearness < least {
            self.nearness = Some(nearness);
            self.calls.clear();
        }
        if nearness <= least {
            self.calls.push((calls, locked_line));
        }
        nearness <= least
    }

    /// The holders, each goroutine once, at most so many, and how many there are besides. `describe` tells of calls that are alike their
    /// goroutines, ascending, and what one of them is as a holder.
    pub(super) fn holders<'c>(
        &self,
        most: usize,
        goroutines: impl Fn(u32) -> &'c [u32],
        describe: impl Fn(u32) -> LockHolder,
    ) -> (Vec<LockHolder>, u64) {
        let Some(nearness) = self.nearness else { return (Vec::new(), 0) };
        let of_calls = |(number, locked_line): (u32, u32)| {
            let first = goroutines(number).iter().take(most);
            let holder =
                LockHolder { locked_line, hops: nearness.hops, is_exact: !nearness.is_inexact, ..describe(number) };
            first.map(move |&goroutine| LockHolder { goroutine, ..holder.clone() })
        };
        let mut found: Vec<LockHolder> = Vec::new();
        for &calls in &self.calls {
            found.extend(of_calls(calls));
            if found.len() > 2 * most {
                in_order(&mut found, most);
            }
        }
        in_order(&mut found, most);
        let all: usize = self.calls.iter().map(|&(number, _)| goroutines(number).len()).sum();
        if all <= found.len() {
            return (found, 0);
        }
        let mut met = IdBitSet::default();
        self.calls.iter().flat_map(|&(number, _)| goroutines(number)).for_each(|&goroutine| {
            met.insert(goroutine);
        });
        let more = met.count().saturating_sub(found.len() as u64);
        (found, more)
    }
}

/// Of each goroutine its first line.
fn in_order(found: &mut Vec<LockHolder>, most: usize) {
    found.sort_by_key(|holder| (holder.goroutine, holder.line));
    found.dedup_by_key(|holder| holder.goroutine);
    found.truncate(most);
}

/// The writer that waits until the readers have left.
pub(super) fn pending_writer(group: &WaitGroup) -> Option<u32> {
    group.waiters.iter().find(|waiter| waiter.mode == WaitMode::Drain).map(|waiter| waiter.goroutine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(hops: u32, waits_itself: bool) -> Nearness {
        Nearness { hops, is_inexact: true, waits_itself }
    }

    /// Calls 0 to 4 and their goroutines.
    const GOROUTINES: [&[u32]; 5] = [&[1], &[4], &[3, 5], &[3], &[2]];

    fn told(likeliest: &Likeliest, most: usize) -> (Vec<(u32, u32)>, u64) {
        let describe = |calls| LockHolder {
            goroutine: 0,
            function: String::new(),
            locked_line: 0,
            line: 10 - calls,
            hops: 0,
            is_exact: false,
            pc: 0,
        };
        let (found, more) = likeliest.holders(most, |calls| GOROUTINES[calls as usize], describe);
        (found.iter().map(|holder| (holder.goroutine, holder.line)).collect(), more)
    }

    #[test]
    fn the_nearest_that_do_not_wait_themselves_stand() {
        let mut likeliest = Likeliest::default();
        for (calls, nearness) in [(0, near(1, true)), (1, near(2, false)), (2, near(1, false)), (3, near(1, false))] {
            likeliest.add(calls, 1, nearness);
        }
        assert_eq!(told(&likeliest, 10), (vec![(3, 7), (5, 8)], 0));
        assert_eq!(told(&likeliest, 1), (vec![(3, 7)], 1));
        // Locked twice by one, whatever is further away.
        likeliest.add(4, 1, near(0, true));
        likeliest.add(2, 1, near(1, false));
        assert_eq!(told(&likeliest, 10), (vec![(2, 6)], 0));
        assert_eq!(told(&Likeliest::default(), 10), (vec![], 0));
    }

    #[test]
    fn those_that_are_further_away_are_not_kept() {
        let mut likeliest = Likeliest::default();
        assert!((0..1_000_000).all(|_| likeliest.add(0, 1, near(2, false))));
        assert!(likeliest.add(1, 1, near(1, true)) && likeliest.add(3, 1, near(1, false)));
        assert!((0..1_000_000).all(|_| !likeliest.add(0, 1, near(1, true))));
        assert_eq!(likeliest.calls, [(3, 1)]);
    }
}
