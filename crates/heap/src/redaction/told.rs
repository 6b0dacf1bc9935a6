//! What stays for what it tells of others: types that reflect made, locks that are waited for, groups by which a map is known.

use super::keeps::Keeps;
use crate::meaning::containers::MapLayout;
use crate::snapshot::HeapSnapshot;
use crate::waits::{WaitKind, Waits};
use foldhash::{HashMap, HashSet};
use goheap_image::Address;
use goheap_model::{ObjectId, Part, TypeId};
use std::ops::Range;

/// Parts of one map of made types: each type and name has an entry.
const MOST_PARTS: usize = 1 << 20;
/// A header whose group is not typed is known by the group's control word.
const HEADER: &str = "internal/runtime/maps.Map";
/// `dirPtr` and `dirLen` of it.
const GROUP: u64 = 16;
const TABLES: u64 = 24;

/// Types that reflect made are as much the program's as those that the compiler made: their names, the descriptors that name them, and
/// the maps by which the runtime finds both.
pub(super) fn made_types(snapshot: &HeapSnapshot<'_, '_>, keeps: &HashMap<u32, Keeps>) -> Vec<Range<u64>> {
    let (model, objects) = (snapshot.model, &snapshot.objects);
    let whole = |address: u64| {
        let slot = objects.find_allocated(address)?;
        Some(objects.address(slot)..objects.address(slot).saturating_add(objects.size(slot)))
    };
    let mut kept: Vec<Range<u64>> = model.run_time_names.addresses().into_iter().filter_map(whole).collect();
    kept.extend(maps(snapshot, model.run_time_names.maps()).into_iter().filter_map(whole));
    let word = |at: u64| model.memory().read_u64(Address(at));
    for id in objects.allocated_ids().iter_ones() {
        let (object, slot) = (snapshot.object_types.of(ObjectId(id)), objects.slot(ObjectId(id)));
        let Some(keeps) = keeps.get(&object.to_bits()) else { continue };
        let (payload, room) = objects.payload(slot);
        if !keeps.names.is_empty() {
            let starts =
                (0..room).step_by(keeps.period.and_then(|period| usize::try_from(period).ok()).unwrap_or(usize::MAX));
            let names = starts.flat_map(|start| keeps.names.iter().map(move |name| payload + start + name));
            kept.extend(names.filter_map(word).filter_map(whole));
        }
        if object.is_known()
            && object.part() == Part::Value
            && &*snapshot.types.get(object.ty()).name == HEADER
            && let (Some(group), Some(0)) = (word(payload + GROUP), word(payload + TABLES))
        {
            kept.push(group..group.saturating_add(8));
        }
    }
    kept
}

/// The parts of the maps with these headers.
fn maps(snapshot: &HeapSnapshot<'_, '_>, headers: &[u64]) -> Vec<u64> {
    let containers = snapshot.containers();
    let layout = |name: &str| {
        let map: TypeId = snapshot.types.by_name(name)?;
        MapLayout::of(&snapshot.types, map, &containers)
    };
    let layouts = [layout("map[int32]unsafe.Pointer"), layout("map[unsafe.Pointer]int32")];
    let mut found = HashSet::default();
    for (header, layout) in headers.iter().zip(&layouts) {
        let mut pending = vec![(Part::MapHeader, *header)];
        while let Some((part, address)) = pending.pop() {
            if found.len() >= MOST_PARTS || !found.insert(address) {
                continue;
            }
            let size = snapshot.objects.find_allocated(address).map_or(0, |slot| snapshot.objects.size(slot));
            let insides = containers.insides(|| layout.as_ref(), part, address, size);
            pending.extend(insides.into_iter().map(|inside| (inside.part, inside.address)));
        }
    }
    found.into_iter().collect()
}

/// The words of the locks and wait groups that goroutines wait for: without debug information nothing else tells them from numbers.
pub(super) fn locks(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Range<u64>> {
    let waits = Waits::read(snapshot);
    let words = waits.groups.iter().map(|group| {
        let bytes = match group.kind {
            WaitKind::Mutex => 8,
            WaitKind::RwMutex => 24,
            WaitKind::WaitGroup => 16,
            WaitKind::Channel | WaitKind::Cond | WaitKind::Semaphore => 0,
        };
        group.address..group.address.saturating_add(bytes)
    });
    words.collect()
}
