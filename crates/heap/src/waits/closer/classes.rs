//! Which goroutines wait alike: what follows from what they wait for is worked out once for all of them.

use crate::snapshot::HeapSnapshot;
use crate::waits::target::WaitKind;
use crate::waits::waiters::Waits;
use foldhash::{HashMap, HashSet};
use goheap_image::Address;

/// What a goroutine waits for, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::waits) struct Class {
    /// The groups that are looked at, ascending.
    pub(in crate::waits) groups: Vec<u32>,
    /// True of what does not wait, or would go on by something that is not looked at, too.
    pub(in crate::waits) goes_on: bool,
    /// The lock that a wait for a condition has given back.
    pub(in crate::waits) given_back: Option<u64>,
}

impl Class {
    pub(in crate::waits) fn waits_for(&self, group: u32) -> bool {
        self.groups.binary_search(&group).is_ok()
    }

    /// True if it waits on a condition with this lock, which it gave back for so long.
    pub(super) fn has_given_back(&self, lock: u64) -> bool {
        self.given_back == Some(lock)
    }
}

/// The classes, and that of each goroutine that waits.
#[derive(Debug)]
pub(in crate::waits) struct Classes {
    /// The first is that of those that do not wait.
    pub(in crate::waits) all: Vec<Class>,
    of: HashMap<u32, u32>,
}

impl Classes {
    pub(super) fn new(waits: &Waits, snapshot: &HeapSnapshot<'_, '_>, wanted: &[u32]) -> Self {
        let is_wanted: HashSet<u32> = wanted.iter().copied().collect();
        let group = |number: &u32| &waits.groups[*number as usize];
        let locks: HashSet<u64> =
            wanted.iter().map(group).filter(|group| group.kind.is_lock()).map(|group| group.address).collect();
        let mut found = Classes { all: Vec::new(), of: HashMap::default() };
        let mut numbers = HashMap::default();
        found.number(Class { goes_on: true, ..Class::default() }, &mut numbers);
        for (goroutine, groups) in waits.all_waiting() {
            let of_wanted: Vec<u32> = groups.iter().copied().filter(|group| is_wanted.contains(group)).collect();
            let goes_on = of_wanted.len() < groups.len();
            let given_back = match groups {
                [only] if group(only).kind == WaitKind::Cond => locker(snapshot, group(only).address),
                _ => None,
            };
            let given_back = given_back.filter(|lock| locks.contains(lock));
            let number = found.number(Class { groups: of_wanted, goes_on, given_back }, &mut numbers);
            found.of.insert(goroutine, number);
        }
        found
    }

    fn number(&mut self, class: Class, numbers: &mut HashMap<Class, u32>) -> u32 {
        *numbers.entry(class.clone()).or_insert_with(|| {
            self.all.push(class);
            self.all.len() as u32 - 1
        })
    }

    /// The class of a goroutine.
    pub(super) fn of(&self, goroutine: u32) -> u32 {
        self.of.get(&goroutine).copied().unwrap_or(0)
    }

    pub(super) fn class(&self, number: u32) -> &Class {
        &self.all[number as usize]
    }
}

/// The lock of a condition (cond.go: `L` comes first).
fn locker(snapshot: &HeapSnapshot<'_, '_>, condition: u64) -> Option<u64> {
    const LOCKER_DATA: u64 = 8;
    snapshot.model.memory().read_u64(Address(condition.checked_add(LOCKER_DATA)?))
}
