//! Who has a lock. Go's locks do not say: told are goroutines of which a call has locked such a lock, has not unlocked it yet, and has
//! this one at hand.

use super::target::WaitMode;
use super::waiters::WaitGroup;

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

/// Of all that could have the lock, those that most likely do: those that have it nearest, and of these those that wait for it
/// themselves only if there are no others.
pub(super) fn likeliest(group: &WaitGroup, mut found: Vec<LockHolder>) -> Vec<LockHolder> {
    let distance = |holder: &LockHolder| (holder.hops, !holder.is_exact);
    let nearest = found.iter().map(distance).min().unwrap_or_default();
    found.retain(|holder| distance(holder) == nearest);
    let waits = |goroutine: u32| group.waiters.iter().any(|waiter| waiter.goroutine == goroutine);
    if found.iter().any(|holder| !waits(holder.goroutine)) {
        found.retain(|holder| !waits(holder.goroutine));
    }
    found.sort_by_key(|holder| (holder.goroutine, holder.line));
    found.dedup_by_key(|holder| holder.goroutine);
    found
}

/// The writer that waits until the readers have left.
pub(super) fn pending_writer(group: &WaitGroup) -> Option<u32> {
    group.waiters.iter().find(|waiter| waiter.mode == WaitMode::Drain).map(|waiter| waiter.goroutine)
}

#[cfg(test)]
mod tests {
    use super::super::{WaitKind, Waiter};
    use super::*;

    fn holder(goroutine: u32, hops: u32) -> LockHolder {
        LockHolder { goroutine, function: String::new(), locked_line: 1, line: 2, hops, is_exact: false, pc: 0 }
    }

    #[test]
    fn the_nearest_that_do_not_wait_themselves_stand() {
        let waiter = |goroutine| Waiter { goroutine, mode: WaitMode::Lock, is_select: false };
        let group = WaitGroup { kind: WaitKind::Mutex, address: 8, waiters: vec![waiter(1), waiter(2)] };
        let all = vec![holder(1, 1), holder(4, 2), holder(3, 1), holder(5, 1), holder(3, 1)];
        let ids = |found: Vec<LockHolder>| found.iter().map(|holder| holder.goroutine).collect::<Vec<_>>();
        assert_eq!(ids(likeliest(&group, all)), [3, 5]);
        // Locked twice by one, whatever is further away.
        assert_eq!(ids(likeliest(&group, vec![holder(2, 0), holder(3, 1)])), [2]);
    }
}
