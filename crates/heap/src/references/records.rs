//! What the runtime's records of goroutines point to, taken from them and given to the goroutines.
//!
//! The runtime's list of goroutines leads to every `g`, the `g` to its deferred calls and, by way of its `sudog`s, to the channel or
//! the mutex that the goroutine waits for: the runtime would seem to hold all of that. It holds none of it: when the goroutine goes,
//! its records are wiped. The collector that finds leaks hides the words of the sudogs (mgc.go `setSyncObjectsUntraceable`, 1.26).

use crate::snapshot::HeapSnapshot;
use foldhash::{HashMap, HashSet};
use goheap_graph::CsrGraph;
use goheap_runtime::{Goroutine, Sudog, WaitClass};

/// A goroutine and an object that one of its records points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    /// Index in the model.
    pub(super) goroutine: u32,
    /// Id of the object.
    pub(super) object: u32,
    /// Id of the record.
    record: u32,
}

/// All of them, by goroutine.
///
/// # Overhead
/// 12 bytes each; while they are read, 56 more for each sudog of a semaphore.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<Held>);

impl Records {
    pub(super) fn read(snapshot: &HeapSnapshot<'_, '_>) -> Self {
        let model = snapshot.model;
        let mut by_address = HashMap::default();
        let mut records = Records::default();
        for (index, goroutine) in (0..).zip(&model.goroutines).filter(|(_, one)| one.status.is_live()) {
            records.add_own(snapshot, index, goroutine);
            match model.wait_class(goroutine) {
                None => {}
                Some(WaitClass::Sync) if !model.has_sync_sudogs() => {
                    by_address.insert(goroutine.address.0, index);
                }
                Some(_) => {
                    let sudogs = model.sudogs(goroutine).unwrap_or_default();
                    sudogs.iter().for_each(|sudog| records.add_sudog(snapshot, index, sudog));
                }
            }
        }
        for sudog in model.semaphore_sudogs() {
            if let Some(&index) = by_address.get(&sudog.g) {
                records.add_sudog(snapshot, index, &sudog);
            }
        }
        records.0.sort_unstable();
        records.0.dedup();
        records
    }

    /// What the `g` holds for its goroutine, not for the runtime.
    fn add_own(&mut self, snapshot: &HeapSnapshot<'_, '_>, goroutine: u32, own: &Goroutine) {
        let words = [own.defer.0, own.panic, own.sched.ctxt, own.labels.0, own.ancestors.0];
        self.add(snapshot, goroutine, own.address.0, words);
    }

    fn add_sudog(&mut self, snapshot: &HeapSnapshot<'_, '_>, goroutine: u32, sudog: &Sudog) {
        self.add(snapshot, goroutine, sudog.address, [sudog.channel, sudog.elem]);
    }

    fn add<const N: usize>(&mut self, snapshot: &HeapSnapshot<'_, '_>, goroutine: u32, record: u64, words: [u64; N]) {
        let reached = |address: u64| {
            let slot = snapshot.objects.find_allocated(address)?;
            snapshot.is_reachable(slot.id).then_some(slot.id.0)
        };
        let mut record_id = None;
        for word in words.into_iter().filter(|&word| word != 0) {
            let Some(object) = reached(word) else { continue };
            record_id = record_id.or_else(|| reached(record));
            let Some(record) = record_id else { return };
            self.0.push(Held { goroutine, object, record });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Held> + '_ {
        self.0.iter().copied()
    }

    /// Drops the edges of the records that the goroutines have now, and notes the records.
    pub(super) fn take_from(&self, graph: &mut CsrGraph, rewired: &mut HashSet<u32>) {
        // A record's references are gone along once, however many goroutines have it.
        let mut wanted: Vec<(u32, u32)> = self.0.iter().map(|held| (held.record, held.object)).collect();
        wanted.sort_unstable();
        for of_record in wanted.chunk_by(|one, other| one.0 == other.0) {
            let record = of_record[0].0;
            let is_held = |object: u32| of_record.binary_search(&(record, object)).is_ok();
            if graph.drop_edges_where(record, is_held) > 0 {
                rewired.insert(record);
            }
        }
    }
}
