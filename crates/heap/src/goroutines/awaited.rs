//! What each blocked goroutine waits for, as objects of the heap.

use crate::snapshot::HeapSnapshot;
use foldhash::{HashMap, HashSet};
use goheap_model::ObjectId;
use goheap_runtime::stack::ThreadIndex;
use goheap_runtime::{Goroutine, WaitClass};

/// What a goroutine waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Any of these objects would do; none at all where nothing can wake it.
    Objects(Vec<ObjectId>),
    /// Something that is on no heap, and so always there (`isMarkedOrNotInHeap`).
    Outside,
    /// It could not be found out.
    Unknown,
}

/// Of all blocked ones, in order.
#[derive(Debug, Default)]
pub(super) struct AwaitedObjects {
    of: Vec<(u32, Awaited)>,
    pub(super) unknown: u64,
}

impl AwaitedObjects {
    pub(super) fn read(snapshot: &HeapSnapshot<'_, '_>) -> Self {
        let mut finder = Finder::new(snapshot);
        let mut all = AwaitedObjects::default();
        for (index, goroutine) in (0..).zip(&snapshot.model.goroutines) {
            let Some(awaited) = finder.awaited(goroutine) else { continue };
            all.unknown += u64::from(awaited == Awaited::Unknown);
            all.of.push((index, awaited));
        }
        all
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Awaited)> + '_ {
        self.of.iter().map(|(goroutine, awaited)| (*goroutine, awaited))
    }
}

/// The words that goroutines sleep on which wait for something of `package sync`.
pub(crate) struct SyncWords<'s, 'm, 'p>(Finder<'s, 'm, 'p>);

impl<'s, 'm, 'p> SyncWords<'s, 'm, 'p> {
    pub(crate) fn new(snapshot: &'s HeapSnapshot<'m, 'p>) -> Self {
        SyncWords(Finder::new(snapshot))
    }

    /// The address in the mutex or wait group; of a condition, up to 1.25 its own, then its list's. None where the core does not tell.
    pub(crate) fn of(&mut self, goroutine: &Goroutine) -> Option<u64> {
        self.0.sync_word(goroutine)
    }
}

/// The addresses of what a goroutine waits for; none where it cannot be found out.
pub(super) fn addresses(snapshot: &HeapSnapshot<'_, '_>, goroutine: &Goroutine) -> Vec<u64> {
    match snapshot.model.wait_class(goroutine) {
        Some(WaitClass::Channel) => {
            let sudogs = snapshot.model.sudogs(goroutine).unwrap_or_default();
            sudogs.iter().map(|sudog| sudog.channel).collect()
        }
        Some(WaitClass::Sync) => Finder::new(snapshot).sync_word(goroutine).into_iter().collect(),
        _ => Vec::new(),
    }
}

struct Finder<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    threads: ThreadIndex<'s>,
    /// Before 1.26: the semaphore that a goroutine waits for, by the address of its `g`.
    semaphores: HashMap<u64, u64>,
    /// Before 1.26: who waits for which condition.
    conditions: Conditions,
}

/// Conditions that were looked at, and those that goroutines were found to wait for.
#[derive(Default)]
struct Conditions {
    /// The addresses of all goroutines, once a condition is asked for.
    goroutines: HashSet<u64>,
    looked_at: HashSet<u64>,
    of_waiter: HashMap<u64, u64>,
}

impl Conditions {
    /// Notes the goroutines in the list of `cond`. What stands on a stack may be no condition: the list ends with the first that is no
    /// goroutine, or that is in a list already, and with it in the rest of that list.
    fn note(&mut self, cond: u64, waiters: impl Iterator<Item = u64>) {
        for waiter in waiters {
            if !self.goroutines.contains(&waiter) || self.of_waiter.contains_key(&waiter) {
                return;
            }
            self.of_waiter.insert(waiter, cond);
        }
    }
}

impl<'s, 'm, 'p> Finder<'s, 'm, 'p> {
    fn new(snapshot: &'s HeapSnapshot<'m, 'p>) -> Self {
        let model = snapshot.model;
        let sudogs = if model.has_sync_sudogs() { Vec::new() } else { model.semaphore_sudogs() };
        Finder {
            snapshot,
            threads: model.thread_index(),
            semaphores: sudogs.into_iter().map(|sudog| (sudog.g, sudog.elem)).collect(),
            conditions: Conditions::default(),
        }
    }

    /// None for one that is not blocked, or so that it cannot leak.
    fn awaited(&mut self, goroutine: &Goroutine) -> Option<Awaited> {
        let model = self.snapshot.model;
        match model.wait_class(goroutine)? {
            WaitClass::Internal => None,
            WaitClass::Never => Some(Awaited::Objects(Vec::new())),
            WaitClass::Channel => Some(match model.sudogs(goroutine) {
                Some(sudogs) => self.objects(sudogs.iter().map(|sudog| sudog.channel)),
                None => Awaited::Unknown,
            }),
            WaitClass::Sync => Some(match self.sync_word(goroutine) {
                Some(word) => self.objects([word].into_iter()),
                None => Awaited::Unknown,
            }),
        }
    }

    fn objects(&self, addresses: impl Iterator<Item = u64>) -> Awaited {
        let objects: Option<Vec<ObjectId>> =
            addresses.map(|address| self.snapshot.objects.find_allocated(address).map(|slot| slot.id)).collect();
        objects.map_or(Awaited::Outside, Awaited::Objects)
    }

    /// The address in the mutex, wait group or condition.
    fn sync_word(&mut self, goroutine: &Goroutine) -> Option<u64> {
        let model = self.snapshot.model;
        if model.has_sync_sudogs() {
            return model.sudogs(goroutine)?.first().map(|sudog| sudog.elem);
        }
        match goroutine.wait_reason {
            Some("sync.Cond.Wait") => self.condition(goroutine),
            _ => self.semaphores.get(&goroutine.address.0).copied(),
        }
    }

    /// The condition that a goroutine waits for: `sync.(*Cond).Wait` needs it again when it wakes, so its stack has a pointer to one
    /// in whose list the goroutine is.
    fn condition(&mut self, goroutine: &Goroutine) -> Option<u64> {
        let (model, known) = (self.snapshot.model, &mut self.conditions);
        if let Some(&cond) = known.of_waiter.get(&goroutine.address.0) {
            return Some(cond);
        }
        if known.goroutines.is_empty() {
            known.goroutines = model.goroutines.iter().map(|goroutine| goroutine.address.0).collect();
        }
        let scan = model.stack_scanner().scan(goroutine, &self.threads.start(goroutine));
        for cond in scan.roots.iter().map(|root| root.value) {
            if known.looked_at.insert(cond) {
                known.note(cond, model.condition_waiters(cond));
            }
        }
        known.of_waiter.get(&goroutine.address.0).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of a stack that all lead into one list, which is a ring besides: each goroutine is asked for once, and one more for a word.
    #[test]
    fn lists_that_are_shared_are_walked_once() {
        let (words, goroutines) = (1000, 5000);
        let mut known = Conditions { goroutines: (0..goroutines).collect(), ..Conditions::default() };
        let mut asked = 0;
        for word in 0..words {
            let ring = (0..goroutines).cycle().skip(word as usize);
            known.note(word, ring.inspect(|_| asked += 1));
        }
        assert_eq!(asked, goroutines + words);
        assert!((0..goroutines).all(|goroutine| known.of_waiter[&goroutine] == 0));
        known.note(words, [goroutines, 1].into_iter());
        assert!(!known.of_waiter.contains_key(&goroutines), "no goroutine");
    }
}
