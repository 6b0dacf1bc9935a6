//! What is kept of the older heap's objects, so that the rest can go before the newer one is taken.

use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{Birth, Births, Heap, ObjectId, ObjectTypes, Objects, Slot, SlotSpan, Sweeps, TypeTable, Unreached};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What is kept of the older heap's objects.
///
/// # Overhead
/// Seven bits a slot and 4 bytes for its type, and what [`Objects`] and [`Sweeps`] say.
#[derive(Clone, Debug, Default)]
pub struct OldObjects {
    pub(super) objects: Arc<Objects>,
    pub(super) types: ObjectTypes,
    pub(super) table: TypeTable,
    pub(super) reached: IdBitSet,
    pub(super) unreached: Unreached,
    pub(super) sweeps: Sweeps,
    /// Numbers of goroutines that were alive, in order.
    goroutines: Vec<u64>,
    pub(super) births: Option<Born>,
}

/// What sampled objects were allocated by, each in few words. Slots of several tiny objects are left out: what is put into one later may be
/// sampled alone.
pub(super) type Born = HashMap<ObjectId, u64>;

/// Those of a heap; None where some are not known.
pub(super) fn born(objects: &Objects, births: &Births) -> Option<Born> {
    if births.rate().is_none() || births.known().absent > 0 {
        return None;
    }
    let is_tiny = |span: &SlotSpan| span.slot_bytes == TINY_BYTES && !span.has_pointers;
    let one = |birth: &Birth| {
        let record = births.record(birth.record);
        let mut hash = DefaultHasher::new();
        record.object_bytes.hash(&mut hash);
        births.calls(record.stack).for_each(|call| call.pc.hash(&mut hash));
        (birth.object, hash.finish())
    };
    let told = births.all().iter().filter(|birth| !is_tiny(objects.span_of(objects.slot(birth.object))));
    Some(told.map(one).collect())
}

/// `maxTinySize` (malloc.go, 1.17 to 1.27).
const TINY_BYTES: u64 = 16;

impl OldObjects {
    /// Of a heap and the collector's bits of it.
    pub fn of(heap: &Heap, sweeps: Sweeps, births: &Births) -> Self {
        let living = (0..heap.stacks.of_goroutine.len() as u32).filter(|&index| heap.stacks.of(index).is_some());
        let mut goroutines: Vec<u64> = living.map(|index| heap.goroutines.id(index)).collect();
        goroutines.sort_unstable();
        OldObjects {
            objects: Arc::clone(&heap.objects),
            types: heap.object_types.clone(),
            table: heap.types.clone(),
            reached: heap.reached.clone(),
            unreached: heap.unreached.clone(),
            sweeps,
            goroutines,
            births: born(&heap.objects, births),
        }
    }

    /// Whether a goroutine of that number was alive.
    pub fn had_goroutine(&self, id: u64) -> bool {
        self.goroutines.binary_search(&id).is_ok()
    }

    /// The object in a slot that lies so; None where the slot was free or of another size.
    pub(super) fn allocated_at(&self, address: u64, bytes: u64) -> Option<Slot> {
        let slot = self.objects.find_allocated(address)?;
        (self.objects.address(slot) == address && self.objects.size(slot) == bytes).then_some(slot)
    }
}
