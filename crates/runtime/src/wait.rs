//! What goroutines wait for: the channels and the words of `package sync` that they sleep on (runtime2.go `sudog`, sema.go, chan.go).

use crate::goroutine::Goroutine;
use crate::model::RuntimeModel;
use foldhash::HashSet;
use goheap_image::Address;

/// Cases of one select: the compiler takes no more.
const MAX_CASES: usize = 1 << 16;
/// Between the size classes of 80 to 128 bytes (sizeclasses.go).
const SIZE_CLASS_STEP: u64 = 16;

/// What a wait reason says about who can end the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitClass {
    /// Nothing can: a nil channel, a select without cases.
    Never,
    /// Whoever has one of the channels.
    Channel,
    /// Whoever has the mutex, the wait group or the condition.
    Sync,
    /// The runtime: a timer, the network, the collector. Never a leak (mgcmark.go `internalBlocked`).
    Internal,
}

/// The reasons of `isMaybeRunnable` (mgc.go, 1.26), with the last minor release for which the row holds. Up to 1.19
/// `sync.Mutex`, up to 1.23 `sync.WaitGroup` sleep as `semacquire`; later that is the runtime's own and `internal/poll`'s.
const CLASSES: [(&str, WaitClass, u32); 12] = [
    ("chan receive (nil chan)", WaitClass::Never, u32::MAX),
    ("chan send (nil chan)", WaitClass::Never, u32::MAX),
    ("select (no cases)", WaitClass::Never, u32::MAX),
    ("chan receive", WaitClass::Channel, u32::MAX),
    ("chan send", WaitClass::Channel, u32::MAX),
    ("select", WaitClass::Channel, u32::MAX),
    ("sync.Cond.Wait", WaitClass::Sync, u32::MAX),
    ("sync.Mutex.Lock", WaitClass::Sync, u32::MAX),
    ("sync.RWMutex.Lock", WaitClass::Sync, u32::MAX),
    ("sync.RWMutex.RLock", WaitClass::Sync, u32::MAX),
    ("sync.WaitGroup.Wait", WaitClass::Sync, u32::MAX),
    ("semacquire", WaitClass::Sync, 23),
];

/// `isIdleInSynctest` (runtime2.go, 1.25 to 1.27), less those whose names say it.
const IDLE_IN_SYNCTEST: [&str; 8] = [
    "chan receive (nil chan)",
    "chan send (nil chan)",
    "select (no cases)",
    "sleep",
    "sync.Cond.Wait",
    "coroutine",
    "synctest.Run",
    "synctest.Wait",
];

impl WaitClass {
    /// Of a reason as tracebacks print it, in Go 1.`minor`.
    pub fn of(reason: &str, minor: u32) -> WaitClass {
        let row = CLASSES.iter().find(|row| row.0 == reason && minor <= row.2);
        row.map_or(WaitClass::Internal, |row| row.1)
    }
}

/// One `sudog`: a goroutine in one waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sudog {
    /// Where it lies.
    pub address: u64,
    /// The goroutine.
    pub g: u64,
    /// What is sent or where it is received; of a semaphore, its address; of a condition, since 1.26, its list.
    pub elem: u64,
    /// The channel; 0 where it waits for none.
    pub channel: u64,
    /// The goroutine's next one.
    waitlink: u64,
    /// The next in the list of waiters.
    pub(crate) next: u64,
}

impl RuntimeModel<'_> {
    /// The class of what a goroutine waits for; None for one that does not wait.
    pub fn wait_class(&self, goroutine: &Goroutine) -> Option<WaitClass> {
        use crate::constants::GoroutineStatus::{Leaked, Waiting};
        let waits = matches!(goroutine.status, Waiting | Leaked);
        waits.then(|| goroutine.wait_reason.map_or(WaitClass::Internal, |name| WaitClass::of(name, self.version.minor)))
    }

    /// The sudogs of a goroutine (`g.waiting`): one for each channel that it waits for; since 1.26 the one of its semaphore or
    /// condition. None where the core lacks them, or where they are a ring.
    pub fn sudogs(&self, goroutine: &Goroutine) -> Option<Vec<Sudog>> {
        let first = self.memory().read_u64(goroutine.address.add(self.layout.g.waiting))?;
        waiting_list(first, goroutine.address.0, |at| self.sudog(at))
    }

    /// True if a goroutine that waits for a mutex, a wait group or a condition has its sudog in `g.waiting`: since 1.26, with the
    /// collector that finds leaks. Before, only the semaphore's tree and the condition's list lead to it.
    pub fn has_sync_sudogs(&self) -> bool {
        self.layout.sudog.elem_word.is_some()
    }

    pub(crate) fn sudog(&self, address: u64) -> Option<Sudog> {
        let (memory, fields) = (self.memory(), &self.layout.sudog);
        let word = |offset: u64| memory.read_u64(Address(address).add(offset));
        Some(Sudog {
            address,
            g: word(fields.g)?,
            // The pointer itself is nil while a leak-finding collection runs (1.26 `maybeTraceablePtr`).
            elem: word(fields.elem_word.unwrap_or(fields.elem))?,
            channel: word(fields.c_word.unwrap_or(fields.c))?,
            waitlink: word(fields.waitlink)?,
            next: word(fields.next)?,
        })
    }

    /// Finds the sudogs that wait for semaphores among the objects of their size: a sudog at rest has no `elem`, one that waits for
    /// a channel has `c`. Not those of `sync.Cond`, which have neither before 1.26.
    pub fn semaphore_sudogs(&self) -> Vec<Sudog> {
        let waits = |goroutine: &&Goroutine| self.wait_class(goroutine) == Some(WaitClass::Sync);
        let waiting: HashSet<u64> = self.goroutines.iter().filter(waits).map(|goroutine| goroutine.address.0).collect();
        let mut found = Vec::new();
        if waiting.is_empty() {
            return found;
        }
        let class = self.layout.sudog.size.next_multiple_of(SIZE_CLASS_STEP);
        for span in self.heap.spans.iter().filter(|span| span.elem_size == class && !span.is_noscan()) {
            for slot in span.allocated.ones() {
                let address = span.slot_address(slot as u32);
                let g = self.memory().read_u64(Address(address).add(self.layout.sudog.g));
                if g.is_some_and(|g| waiting.contains(&g)) {
                    let sudog = self.sudog(address).filter(|sudog| sudog.elem != 0 && sudog.channel == 0);
                    found.extend(sudog);
                }
            }
        }
        found
    }

    /// The goroutines in the list of a condition, each as it is asked for: `cond` is the address of a `sync.Cond` (cond.go; the same 1.17
    /// to 1.27: `L` takes two words, then comes the `notifyList`, whose head stands behind two counters and a lock). That of a broken
    /// core, or of what is no condition, may go on for ever: a goroutine is in one such list, once.
    pub fn condition_waiters(&self, cond: u64) -> impl Iterator<Item = u64> + '_ {
        const HEAD: u64 = 16 + 16;
        let mut at = self.memory().read_u64(Address(cond.wrapping_add(HEAD))).unwrap_or(0);
        std::iter::from_fn(move || {
            let sudog = if at == 0 { None } else { self.sudog(at) }?;
            at = sudog.next;
            Some(sudog.g)
        })
    }

    /// The synctest bubble of a goroutine: a number, and the word that tracebacks put before it; None outside of one.
    pub fn bubble(&self, goroutine: &Goroutine) -> Option<(&'static str, u64)> {
        if goroutine.bubble.is_null() {
            return None;
        }
        let word = |at: Address| self.memory().read_u64(at);
        if let Some(offset) = self.layout.synctest_bubble.id {
            return Some(("synctest bubble", word(goroutine.bubble.add(offset))?));
        }
        let root = Address(word(goroutine.bubble.add(self.layout.synctest_group.root?))?);
        Some(("synctest group", word(root.add(self.layout.g.goid))?))
    }

    /// True if tracebacks add `(durable)` to the reason: the goroutine is in a bubble, idle by the rules of synctest, and the reason's
    /// name does not say so (traceback.go `goroutineheader`, since 1.25).
    pub fn is_durable(&self, goroutine: &Goroutine) -> bool {
        let is_idle = goroutine.wait_reason.is_some_and(|reason| IDLE_IN_SYNCTEST.contains(&reason));
        is_idle && !goroutine.bubble.is_null() && self.layout.synctest_bubble.id.is_some()
    }

    /// How long a goroutine had waited at a moment of the monotonic clock, in nanoseconds, where a collection saw it wait.
    pub fn waited(&self, goroutine: &Goroutine, now: u64) -> Option<u64> {
        self.wait_class(goroutine)?;
        (goroutine.waitsince != 0).then(|| now.saturating_sub(goroutine.waitsince))
    }

    /// The latest moment of the monotonic clock that the core has, in nanoseconds: when a goroutine began to wait, when `sysmon` last
    /// looked at a processor, when the network was last polled. The process died then or later. None where it has none.
    pub fn newest_time(&self) -> Option<u64> {
        let word = |at: Address| self.memory().read_u64(at);
        let since = self.goroutines.iter().map(|goroutine| goroutine.waitsince);
        let ticks = self.layout.p.sched_when.into_iter();
        let ticks = ticks.flat_map(|offset| self.processors.iter().filter_map(move |p| word(p.add(offset))));
        let polled = self.symbols.address("runtime.sched").zip(self.layout.sched.lastpoll);
        let polled = polled.and_then(|(sched, offset)| word(sched.add(offset)));
        // A broken core may hold any number: a clock does not run for 300 years.
        since.chain(ticks).chain(polled).filter(|&time| time != 0 && time < i64::MAX as u64).max()
    }
}

/// The records of the goroutine whose `g` lies at `g`, from `first` along `waitlink`; None where one cannot be read, or where they are a
/// ring, which is noticed within three times its length (Brent).
fn waiting_list(first: u64, g: u64, read: impl Fn(u64) -> Option<Sudog>) -> Option<Vec<Sudog>> {
    let mut found: Vec<Sudog> = Vec::new();
    let (mut at, mut met) = (first, 0);
    while at != 0 && found.len() < MAX_CASES {
        let sudog = read(at)?;
        // The list of a semaphore goes on with those of other goroutines.
        if sudog.g != g {
            break;
        }
        if at == met {
            return None;
        }
        if found.len().is_power_of_two() {
            met = at;
        }
        at = sudog.waitlink;
        found.push(sudog);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_ring_of_records_is_noticed_soon() {
        for (tail, ring) in [(0, 1), (0, 2), (1, 1), (3, 5), (17, 40)] {
            let reads = Cell::new(0);
            let read = |at: u64| {
                reads.set(reads.get() + 1);
                let waitlink = if at < tail + ring { at + 1 } else { tail + 1 };
                Some(Sudog { address: at, g: 7, elem: 0, channel: 1, waitlink, next: 0 })
            };
            assert_eq!(waiting_list(1, 7, read), None, "{tail}, {ring}");
            assert!(reads.get() <= 3 * (tail + ring) + 3, "{} reads of {tail} and {ring}", reads.get());
        }
        let read =
            |at: u64| Some(Sudog { address: at, g: u64::from(at > 9), elem: 0, channel: 1, waitlink: at + 1, next: 0 });
        assert_eq!(waiting_list(1, 0, read).map(|list| list.len()), Some(9));
    }

    #[test]
    fn semaphores_hide_other_waits_in_old_releases() {
        assert_eq!(WaitClass::of("semacquire", 19), WaitClass::Sync);
        assert_eq!(WaitClass::of("semacquire", 23), WaitClass::Sync);
        assert_eq!(WaitClass::of("semacquire", 24), WaitClass::Internal);
        assert_eq!(WaitClass::of("sync.WaitGroup.Wait", 24), WaitClass::Sync);
    }

    #[test]
    fn timers_network_and_bubbles_are_no_leaks() {
        for reason in ["sleep", "IO wait", "chan receive (durable)", "coroutine", "", "no such reason"] {
            assert_eq!(WaitClass::of(reason, 27), WaitClass::Internal, "{reason}");
        }
        assert_eq!(WaitClass::of("select (no cases)", 17), WaitClass::Never);
    }
}
