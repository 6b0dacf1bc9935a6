//! The smaller arrays that arrays took the place of: garbage that has their first words.

use crate::snapshot::HeapSnapshot;
use foldhash::{HashMap, HashSet};
use goheap_graph::IdBitSet;
use goheap_image::Address;
use goheap_model::{ObjectId, Slot};
use goheap_runtime::MALLOC_HEADER_BYTES;
use rayon::prelude::*;

/// Smaller garbage is not looked at: a few words may be alike.
const LEAST: u64 = 128;
/// The words by which arrays are found.
const KEY_WORDS: usize = 4;
/// Of the first [`LEAST`] bytes so many words differ: arrays of one default have no words of their own.
const FEWEST_WORDS: usize = 8;
/// Bytes that are compared at the beginning, and at the end of what the smaller one has.
const COMPARED: u64 = 4096;
const COMPARED_LAST: u64 = 64;
/// At the end of an array so much may be too small for one more element.
const REST: u64 = 1024;

type Key = [u64; KEY_WORDS];

impl HeapSnapshot<'_, '_> {
    /// Of each array the bytes of a smaller one that no root reaches and whose words it has at its beginning: of those that `was_there` says were
    /// there before the largest, else the smallest of all.
    ///
    /// Reads some words of every unreachable object with pointers of 128 bytes or more, and of smaller size than the largest array; nothing where
    /// there are no arrays.
    pub fn outgrown(&self, arrays: &[ObjectId], was_there: &IdBitSet) -> Vec<Option<u64>> {
        let mut by_key: HashMap<Key, Vec<usize>> = HashMap::default();
        for (index, &array) in arrays.iter().enumerate() {
            if let Some(key) = self.key_of_array(self.objects.slot(array)) {
                by_key.entry(key).or_default().push(index);
            }
        }
        let sizes = by_key.values().flatten().map(|&index| self.objects.size(self.objects.slot(arrays[index])));
        let Some(largest) = sizes.max() else { return vec![None; arrays.len()] };
        let spans = (0..self.model.heap.spans.len() as u32).into_par_iter();
        let met: Vec<(usize, ObjectId)> =
            spans.flat_map_iter(|span| self.met(span, largest, (arrays, &by_key))).collect();
        let mut found: Vec<Vec<ObjectId>> = vec![Vec::new(); arrays.len()];
        met.into_iter().for_each(|(index, garbage)| found[index].push(garbage));
        let bytes = |id: &ObjectId| self.objects.size(self.objects.slot(*id));
        let of = |garbage: Vec<ObjectId>| {
            let old = garbage.iter().filter(|id| was_there.contains(id.0)).map(bytes).max();
            old.or_else(|| garbage.iter().map(bytes).min())
        };
        found.into_iter().map(of).collect()
    }

    /// Unreachable objects of a span that have the beginning of an array.
    fn met(
        &self,
        span: u32,
        largest: u64,
        (arrays, by_key): (&[ObjectId], &HashMap<Key, Vec<usize>>),
    ) -> Vec<(usize, ObjectId)> {
        let of_span = &self.model.heap.spans[span as usize];
        if of_span.is_noscan() || of_span.elem_size < LEAST || of_span.elem_size >= largest {
            return Vec::new();
        }
        let first = self.objects.first_of(span);
        let ids = self.objects.allocated_ids().ones_in(first..first + of_span.nelems);
        let garbage = ids.filter(|&id| !self.reached.contains(id)).map(|id| self.objects.slot_in(id, span));
        let alike = garbage.flat_map(|slot| {
            let indexes = self.key(slot).and_then(|key| by_key.get(&key)).into_iter().flatten();
            indexes
                .filter(move |&&index| self.begins_with(self.objects.slot(arrays[index]), slot))
                .map(move |&index| (index, slot.id))
        });
        alike.collect()
    }

    /// The first words of what is long enough.
    fn key(&self, slot: Slot) -> Option<Key> {
        let (payload, bytes) = self.objects.payload(slot);
        if bytes < LEAST - MALLOC_HEADER_BYTES {
            return None;
        }
        let word = |at: usize| self.model.memory().read_u64(Address(payload).add(8 * at as u64));
        let mut key = Key::default();
        for (at, to) in key.iter_mut().enumerate() {
            *to = word(at)?;
        }
        Some(key)
    }

    /// The same of one whose words are its own.
    fn key_of_array(&self, slot: Slot) -> Option<Key> {
        let payload = self.objects.payload(slot).0;
        let words = (0..LEAST / 8).filter_map(|at| self.model.memory().read_u64(Address(payload).add(8 * at)));
        let different: HashSet<u64> = words.filter(|&word| word != 0).collect();
        if different.len() < FEWEST_WORDS { None } else { self.key(slot) }
    }

    /// Whether a larger one has all words of a smaller, as far as they are compared.
    fn begins_with(&self, larger: Slot, smaller: Slot) -> bool {
        let ((larger, room), (smaller, bytes)) = (self.objects.payload(larger), self.objects.payload(smaller));
        let alike = |from: u64, to: u64| {
            let of = |payload: u64| self.model.memory().bytes(Address(payload).add(from), (to - from) as usize);
            of(larger).is_some_and(|one| Some(one) == of(smaller))
        };
        let is_empty = |at: &u64| self.model.memory().read_u64(Address(smaller).add(bytes - at - 8)) == Some(0);
        let rest = (0..REST.min(bytes / 2)).step_by(8).take_while(is_empty).count() as u64 * 8;
        let end = bytes - rest;
        bytes < room && alike(0, end.min(COMPARED)) && alike(end.saturating_sub(COMPARED_LAST), end)
    }
}

#[cfg(test)]
mod tests;
