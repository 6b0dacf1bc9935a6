//! What blocked goroutines wait for, taken from the records of waiting and given to the goroutines.
//!
//! A `sudog` points to the channel or the mutex, the goroutine's `g` to the sudog, and the runtime's list of goroutines to the `g`:
//! by that way the runtime would seem to hold every channel that somebody waits for. It holds none: when the goroutine goes, the
//! sudog does. The collector that finds leaks hides the same words (mgc.go `setSyncObjectsUntraceable`, 1.26).

use crate::snapshot::HeapSnapshot;
use goheap_graph::CsrGraph;
use goheap_runtime::{Goroutine, Sudog, WaitClass};
use rustc_hash::FxHashMap;

/// A blocked goroutine and an object that its sudog points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Index in the model.
    pub(super) goroutine: u32,
    /// Id of the object.
    pub(super) object: u32,
    /// Id of the sudog.
    sudog: u32,
}

/// All of them, by goroutine.
///
/// # Overhead
/// 12 bytes a wait; while they are read, 56 more each.
#[derive(Debug, Default)]
pub(super) struct Waits(Vec<Wait>);

impl Waits {
    pub(super) fn read(snapshot: &HeapSnapshot<'_, '_>) -> Self {
        let model = snapshot.model;
        let blocked = |goroutine: &Goroutine| {
            let class = model.wait_class(goroutine);
            goroutine.status.is_live() && class.is_some()
        };
        let mut by_address = FxHashMap::default();
        let mut waits = Waits::default();
        for (index, goroutine) in (0..).zip(&model.goroutines).filter(|(_, goroutine)| blocked(goroutine)) {
            if model.wait_class(goroutine) == Some(WaitClass::Sync) && !model.has_sync_sudogs() {
                by_address.insert(goroutine.address.0, index);
            } else {
                model.sudogs(goroutine).unwrap_or_default().iter().for_each(|sudog| waits.add(snapshot, index, sudog));
            }
        }
        for sudog in model.semaphore_sudogs() {
            if let Some(&index) = by_address.get(&sudog.g) {
                waits.add(snapshot, index, &sudog);
            }
        }
        waits.0.sort_unstable_by_key(|wait| (wait.goroutine, wait.sudog, wait.object));
        waits
    }

    fn add(&mut self, snapshot: &HeapSnapshot<'_, '_>, goroutine: u32, sudog: &Sudog) {
        let reached = |address: u64| {
            let slot = snapshot.objects.find_allocated(address)?;
            snapshot.is_reachable(slot.id).then_some(slot.id.0)
        };
        let Some(record) = reached(sudog.address) else { return };
        for object in [sudog.channel, sudog.elem].into_iter().filter_map(reached) {
            self.0.push(Wait { goroutine, object, sudog: record });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Wait> + '_ {
        self.0.iter().copied()
    }

    /// Drops the edges of the sudogs that the goroutines have now.
    pub(super) fn take_from_sudogs(&self, graph: &mut CsrGraph) {
        for wait in &self.0 {
            graph.drop_edges(wait.sudog, wait.object);
        }
    }
}
