//! Maps of buckets (runtime/map.go, up to 1.23; 1.24 and 1.25 with `noswissmap`): header, buckets, overflow buckets.

use super::{Inside, MapLayout};
use goheap_image::{Address, MemoryImage};
use goheap_model::Part;
use goheap_runtime::words::{read_slice, read_words};

/// `hmap`: count, flags, B, noverflow, hash0, buckets, oldbuckets, nevacuate, extra.
const LOG_BUCKETS: u64 = 9;
const OVERFLOW_BUCKETS: u64 = 10;
const BUCKETS: u64 = 16;
/// Slots of a bucket.
const BUCKET_SLOTS: u64 = 8;
/// More buckets than that no memory holds.
const MAX_LOG_BUCKETS: u8 = 48;
const OLD_BUCKETS: u64 = 24;
const EXTRA: u64 = 40;
/// `mapextra`: overflow, oldoverflow, nextOverflow.
const OVERFLOWS: [u64; 2] = [0, 8];
const NEXT_OVERFLOW: u64 = 16;

pub(super) fn from_header(memory: &MemoryImage, header: u64) -> Vec<Inside> {
    let part = |offset: u64, part: Part| {
        let address = memory.read_u64(Address(header).add(offset)).filter(|&address| address != 0)?;
        Some(Inside { address, part })
    };
    [part(BUCKETS, Part::MapBuckets), part(OLD_BUCKETS, Part::MapBuckets), part(EXTRA, Part::MapExtra)]
        .into_iter()
        .flatten()
        .collect()
}

/// Where neither keys nor values hold pointers, nothing but these lists keeps overflow buckets alive.
pub(super) fn from_extra(memory: &MemoryImage, extra: u64) -> Vec<Inside> {
    let word = |offset: u64| memory.read_u64(Address(extra).add(offset)).filter(|&address| address != 0);
    let mut parts: Vec<Inside> = Vec::new();
    for list in OVERFLOWS.into_iter().filter_map(word) {
        parts.push(Inside { address: list, part: Part::Machinery });
        let Some(slice) = read_slice(memory, Address(list)) else { continue };
        parts.push(Inside { address: slice.data.0, part: Part::Machinery });
        let buckets = usize::try_from(slice.len).ok().and_then(|len| read_words(memory, slice.data, len));
        parts.extend(buckets.into_iter().flatten().map(|address| Inside { address, part: Part::MapBuckets }));
    }
    parts.extend(word(NEXT_OVERFLOW).map(|address| Inside { address, part: Part::MapBuckets }));
    parts
}

/// The overflow bucket of each bucket in a row, from its last word.
pub(super) fn from_buckets(memory: &MemoryImage, layout: &MapLayout, buckets: u64, size: u64) -> Vec<Inside> {
    let count = size / layout.stride;
    (0..count)
        .filter_map(|index| memory.read_u64(Address(buckets).add((index + 1) * layout.stride - 8)))
        .filter(|&overflow| overflow != 0)
        .map(|address| Inside { address, part: Part::MapBuckets })
        .collect()
}

/// Entries of a map and slots of its buckets. Of many overflow buckets the map keeps but a guess at their number.
pub(super) fn slots(memory: &MemoryImage, header: u64) -> Option<(u64, u64)> {
    let at = |offset: u64| Address(header).add(offset);
    let (count, buckets) = (memory.read_u64(at(0))?, memory.read_u64(at(BUCKETS))?);
    let log = memory.read_u8(at(LOG_BUCKETS)).filter(|&log| log <= MAX_LOG_BUCKETS)?;
    let overflow = u64::from(memory.read_u16(at(OVERFLOW_BUCKETS))?);
    let buckets = if buckets == 0 { 0 } else { (1 << log) + overflow };
    Some((count, buckets * BUCKET_SLOTS))
}
