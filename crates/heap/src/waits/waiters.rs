//! Who waits for what.

use super::target::{WaitKind, WaitMode, sync_target};
use crate::goroutines::SyncWords;
use crate::snapshot::HeapSnapshot;
use foldhash::HashMap;
use goheap_runtime::stack::ThreadIndex;
use goheap_runtime::{Goroutine, SenderQueues, Tracer, WaitClass};
use std::collections::BTreeMap;

/// A goroutine that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// Its index in the model.
    pub goroutine: u32,
    /// What it wants.
    pub mode: WaitMode,
    /// True if it would go on by another channel, too.
    pub is_select: bool,
}

/// One thing and those that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitGroup {
    /// What it is.
    pub kind: WaitKind,
    /// Its first byte; of a channel, of its `hchan`.
    pub address: u64,
    /// Those that wait, by index in the model.
    pub waiters: Vec<Waiter>,
}

impl WaitGroup {
    /// How many wait so.
    pub fn count(&self, mode: WaitMode) -> usize {
        self.waiters.iter().filter(|waiter| waiter.mode == mode).count()
    }
}

/// All that goroutines wait for.
///
/// # Overhead
/// Some 60 bytes a thing and 8 a waiter.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// By kind and address.
    pub groups: Vec<WaitGroup>,
    /// The groups of each goroutine that waits, by its index in the model.
    of_goroutine: HashMap<u32, Vec<u32>>,
    /// Goroutines that are blocked on something that the core does not tell.
    pub unknown: u64,
}

impl Waits {
    /// Asks every goroutine that waits for a channel or for something of `package sync`. Timers, the network and the runtime's own
    /// waits are none.
    pub fn read(snapshot: &HeapSnapshot<'_, '_>) -> Self {
        let mut reader = Reader {
            snapshot,
            words: SyncWords::new(snapshot),
            threads: snapshot.model.thread_index(),
            tracer: Tracer::new(snapshot.model),
            senders: SenderQueues::default(),
            found: BTreeMap::new(),
            unknown: 0,
        };
        for (index, goroutine) in (0..).zip(&snapshot.model.goroutines).filter(|(_, one)| one.status.is_live()) {
            reader.goroutine(index, goroutine);
        }
        let unknown = reader.unknown;
        let group = |((kind, address), waiters)| WaitGroup { kind, address, waiters };
        let groups: Vec<WaitGroup> = reader.found.into_iter().map(group).collect();
        let mut of_goroutine: HashMap<u32, Vec<u32>> = HashMap::default();
        for (number, group) in (0..).zip(&groups) {
            for waiter in &group.waiters {
                let numbers = of_goroutine.entry(waiter.goroutine).or_default();
                // A select may have several cases of one channel.
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        Waits { groups, of_goroutine, unknown }
    }

    /// The numbers of the groups that a goroutine waits in, ascending.
    pub fn of(&self, goroutine: u32) -> &[u32] {
        self.of_goroutine.get(&goroutine).map_or(&[], Vec::as_slice)
    }

    /// Each goroutine that waits, with the numbers of its groups.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.of_goroutine.iter().map(|(goroutine, groups)| (*goroutine, groups.as_slice()))
    }

    /// The groups of locks, with their numbers.
    pub fn locks(&self) -> impl Iterator<Item = (u32, &WaitGroup)> {
        (0..).zip(&self.groups).filter(|(_, group)| group.kind.is_lock())
    }
}

struct Reader<'r, 'm, 'p> {
    snapshot: &'r HeapSnapshot<'m, 'p>,
    words: SyncWords<'r, 'm, 'p>,
    threads: ThreadIndex<'r>,
    tracer: Tracer<'r, 'p>,
    senders: SenderQueues,
    found: BTreeMap<(WaitKind, u64), Vec<Waiter>>,
    unknown: u64,
}

impl Reader<'_, '_, '_> {
    fn goroutine(&mut self, index: u32, goroutine: &Goroutine) {
        match self.snapshot.model.wait_class(goroutine) {
            Some(WaitClass::Channel) => self.channels(index, goroutine),
            Some(WaitClass::Sync) => self.sync(index, goroutine),
            _ => {}
        }
    }

    fn channels(&mut self, index: u32, goroutine: &Goroutine) {
        let model = self.snapshot.model;
        let Some(sudogs) = model.sudogs(goroutine) else { return self.unknown += 1 };
        let is_select = goroutine.wait_reason == Some("select");
        for sudog in sudogs.iter().filter(|sudog| sudog.channel != 0) {
            let sends = match goroutine.wait_reason {
                Some("chan send") => true,
                Some("select") => self.senders.is_sender(model, sudog.channel, sudog.address),
                _ => false,
            };
            let mode = if sends { WaitMode::Send } else { WaitMode::Receive };
            let waiter = Waiter { goroutine: index, mode, is_select };
            self.found.entry((WaitKind::Channel, sudog.channel)).or_default().push(waiter);
        }
    }

    fn sync(&mut self, index: u32, goroutine: &Goroutine) {
        let model = self.snapshot.model;
        let Some(word) = self.words.of(goroutine).filter(|&word| word != 0) else { return self.unknown += 1 };
        let stack = model.stack(goroutine, &self.threads);
        let calls = self.tracer.calls(&model.trace_pcs(&stack.frames, stack.is_stopped));
        let target = sync_target(&calls, word, model.version.release());
        let waiter = Waiter { goroutine: index, mode: target.mode, is_select: false };
        self.found.entry((target.kind, target.address)).or_default().push(waiter);
    }
}
