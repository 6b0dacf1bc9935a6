//! Objects of nothing but zeros: buffers that were made and never filled, or cleared and kept.

use crate::snapshot::HeapSnapshot;
use goheap_image::{Address, MemoryImage};
use goheap_model::{Meter, Slot};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Smaller objects are not looked at.
const LEAST: u64 = 1 << 10;
/// Bytes of which the first that is not zero is sought.
const CHUNK: usize = 1 << 12;

/// Those of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Zeros {
    /// The type, of arrays without the length; empty where it is not known.
    pub ty: String,
    /// Objects of nothing but zeros.
    pub objects: u64,
    /// Their bytes. Pages that were never written to may have none in memory.
    pub bytes: u64,
    /// All objects of the type that were looked at: of a KiB or more.
    pub of: u64,
}

/// By type, those of most bytes first.
pub(super) fn zeros(snapshot: &HeapSnapshot<'_, '_>, meter: &Meter<'_>) -> Vec<Zeros> {
    let (spans, objects) = (&snapshot.model.heap.spans, &snapshot.objects);
    let of_span = |index: u32| {
        let (span, first) = (&spans[index as usize], objects.first_of(index));
        meter.add(u64::from(span.nelems));
        let ids = snapshot.reached.ones_in(first..first + if span.elem_size < LEAST { 0 } else { span.nelems });
        let is_zero = |slot: Slot| {
            let (payload, bytes) = objects.payload(slot);
            is_zero(snapshot.model.memory(), payload, bytes)
        };
        ids.map(|id| objects.slot_in(id, index)).map(|slot| (slot, is_zero(slot))).collect::<Vec<_>>()
    };
    let found: Vec<Vec<(Slot, bool)>> = (0..spans.len() as u32).into_par_iter().map(of_span).collect();
    let mut by_type: BTreeMap<String, Zeros> = BTreeMap::new();
    for (slot, is_zero) in found.into_iter().flatten() {
        let ty = snapshot.family_text(slot);
        let zeros = by_type.entry(ty).or_default();
        zeros.of += 1;
        if is_zero {
            (zeros.objects, zeros.bytes) = (zeros.objects + 1, zeros.bytes + objects.span(slot).elem_size);
        }
    }
    let named = by_type.into_iter().map(|(ty, zeros)| Zeros { ty, ..zeros });
    let mut all: Vec<Zeros> = named.filter(|zeros| zeros.objects > 0).collect();
    all.sort_by_key(|zeros| Reverse((zeros.bytes, zeros.objects)));
    all
}

/// True if all bytes are there and zero.
fn is_zero(memory: &MemoryImage, address: u64, len: u64) -> bool {
    let (mut at, end) = (address, address.saturating_add(len));
    while at < end {
        let Some(piece) = memory.contiguous(Address(at)) else { return false };
        let piece = &piece[..piece.len().min((end - at) as usize)];
        if piece.is_empty() || piece.chunks(CHUNK).any(|chunk| chunk.iter().fold(0, |all, byte| all | byte) != 0) {
            return false;
        }
        at += piece.len() as u64;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_not_zero() {
        let pieces = [(0x1000, vec![0; 8192]), (0x3000, vec![0; 100]), (0x4000, vec![0, 0, 1])];
        let memory = MemoryImage::from_buffers(pieces.map(|(at, bytes)| (Address(at), bytes, true)));
        assert!(is_zero(&memory, 0x1000, 8192) && is_zero(&memory, 0x1100, 0x1f64), "in two pieces");
        assert!(!is_zero(&memory, 0x3000, 101) && !is_zero(&memory, 0x5000, 1), "absent");
        assert!(is_zero(&memory, 0x4000, 2) && !is_zero(&memory, 0x4000, 3));
    }
}
