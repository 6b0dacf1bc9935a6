//! Reads a `map[int32]unsafe.Pointer` of the runtime's, by the layout that the compiler gives this one type of map.
//!
//! Swiss maps (internal/runtime/maps, since 1.24) and the ones before (runtime/map.go).

use crate::version::GoVersion;
use crate::words::{half_at, word_at};
use goheap_image::{Address, MemoryImage};
use rustc_hash::{FxHashMap, FxHashSet};

/// Entries of more than any program's: a bound on what a broken map can ask for.
const MAX_ENTRIES: u64 = 1 << 24;
/// Control bytes or top hashes before the slots of a group or bucket.
const CONTROL_BYTES: usize = 8;
const SLOTS: usize = 8;
/// Bytes of a group with keys of 4 bytes padded to 8: 8 + 8*16; the same where keys and values stand apart.
const GROUP_BYTES: usize = 136;
const SPLIT_GROUP_BYTES: usize = 8 + 8 * 4 + 8 * 8;
/// `tophash`, keys, values, overflow.
const BUCKET_BYTES: usize = 8 + 8 * 4 + 8 * 8 + 8;
/// Top hashes below say that a cell is empty or evacuated (`minTopHash`).
const MIN_TOP_HASH: u8 = 5;

type Entries = FxHashMap<i32, u64>;

/// The entries of the map whose header is at `header`; None where it is null, absent or broken.
pub(crate) fn read(memory: &MemoryImage, version: &GoVersion, header: Address) -> Option<Entries> {
    if header.is_null() {
        return None;
    }
    if version.uses_swiss_maps() { swiss(memory, version, header) } else { buckets(memory, header) }
}

fn swiss(memory: &MemoryImage, version: &GoVersion, header: Address) -> Option<Entries> {
    let (directory, len) = (memory.read_u64(header.add(16))?, memory.read_u64(header.add(24))?);
    let split = version.has_experiment("mapsplitgroup");
    let mut entries = Entries::default();
    if len == 0 {
        groups(memory, Address(directory), 1, split, &mut entries)?;
        return Some(entries);
    }
    let mut seen = FxHashSet::default();
    for index in 0..Some(len).filter(|&len| len <= MAX_ENTRIES)? {
        let table = memory.read_u64(Address(directory).add(index * 8))?;
        if !seen.insert(table) {
            continue;
        }
        let (data, mask) = (memory.read_u64(Address(table).add(16))?, memory.read_u64(Address(table).add(24))?);
        groups(memory, Address(data), mask.checked_add(1).filter(|&count| count <= MAX_ENTRIES)?, split, &mut entries)?;
    }
    Some(entries)
}

fn groups(memory: &MemoryImage, first: Address, count: u64, split: bool, entries: &mut Entries) -> Option<()> {
    let size = if split { SPLIT_GROUP_BYTES } else { GROUP_BYTES };
    let bytes = memory.bytes(first, size.checked_mul(usize::try_from(count).ok()?)?)?;
    for group in bytes.chunks_exact(size) {
        for slot in (0..SLOTS).filter(|&slot| group[slot] & 0x80 == 0) {
            let (key, elem) = match split {
                true => (CONTROL_BYTES + slot * 4, CONTROL_BYTES + SLOTS * 4 + slot * 8),
                false => (CONTROL_BYTES + slot * 16, CONTROL_BYTES + slot * 16 + 8),
            };
            entries.insert(half_at(group, key)? as i32, word_at(group, elem)?);
        }
    }
    Some(())
}

/// `hmap`: B at 9, buckets at 16, oldbuckets at 24. While the map grows an entry stands in one of both arrays.
fn buckets(memory: &MemoryImage, header: Address) -> Option<Entries> {
    let mut entries = Entries::default();
    let count = 1_u64.checked_shl(u32::from(memory.read_u8(header.add(9))?)).filter(|&count| count <= MAX_ENTRIES)?;
    let same_size = memory.read_u8(header.add(8))? & 8 != 0;
    let old_count = if same_size { count } else { count / 2 };
    for (array, count) in [(memory.read_u64(header.add(24))?, old_count), (memory.read_u64(header.add(16))?, count)] {
        if array == 0 {
            continue;
        }
        for index in 0..count {
            chain(memory, Address(array).add(index * BUCKET_BYTES as u64), &mut entries)?;
        }
    }
    Some(entries)
}

fn chain(memory: &MemoryImage, first: Address, entries: &mut Entries) -> Option<()> {
    let mut at = first;
    let mut seen = FxHashSet::default();
    while !at.is_null() && seen.insert(at) {
        let bucket = memory.bytes(at, BUCKET_BYTES)?;
        for slot in (0..SLOTS).filter(|&slot| bucket[slot] >= MIN_TOP_HASH) {
            let key = half_at(&bucket, CONTROL_BYTES + slot * 4)?;
            entries.insert(key as i32, word_at(&bucket, CONTROL_BYTES + SLOTS * 4 + slot * 8)?);
        }
        at = Address(word_at(&bucket, BUCKET_BYTES - 8)?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn version(text: &str) -> GoVersion {
        GoVersion::parse(text).unwrap()
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn image(parts: Vec<(u64, Vec<u8>)>) -> MemoryImage {
        MemoryImage::from_buffers(parts.into_iter().map(|(at, bytes)| (Address(at), bytes, false)))
    }

    /// A group whose only full slot is its third, of key -1.
    fn group(value: u64) -> Vec<u8> {
        let mut group = vec![0x80; 8];
        group[2] = 0x11;
        group.resize(GROUP_BYTES, 0);
        group[40..44].copy_from_slice(&(-1_i32).to_le_bytes());
        group[48..56].copy_from_slice(&value.to_le_bytes());
        group
    }

    #[test]
    fn swiss_maps_of_one_group_and_of_tables() {
        let small = image(vec![(0x1000, words(&[1, 0, 0x2000, 0, 0, 0])), (0x2000, group(0x77))]);
        let read_small = read(&small, &version("go1.26.6"), Address(0x1000)).unwrap();
        assert_eq!(read_small.into_iter().collect::<Vec<_>>(), [(-1, 0x77)]);
        // One table twice in the directory.
        let large = image(vec![
            (0x1000, words(&[1, 0, 0x2000, 2, 0, 0])),
            (0x2000, words(&[0x3000, 0x3000])),
            (0x3000, words(&[0, 0, 0x4000, 0])),
            (0x4000, group(0x99)),
        ]);
        assert_eq!(read(&large, &version("go1.24.1"), Address(0x1000)).unwrap().get(&-1), Some(&0x99));
    }

    #[test]
    fn buckets_with_overflow() {
        let bucket = |slot: usize, key: i32, value: u64, overflow: u64| {
            let mut bucket = vec![0_u8; BUCKET_BYTES];
            bucket[slot] = 9;
            bucket[8 + slot * 4..][..4].copy_from_slice(&key.to_le_bytes());
            bucket[40 + slot * 8..][..8].copy_from_slice(&value.to_le_bytes());
            bucket[BUCKET_BYTES - 8..].copy_from_slice(&overflow.to_le_bytes());
            bucket
        };
        let memory = image(vec![
            (0x1000, words(&[2, 0, 0x2000, 0, 0, 0])),
            (0x2000, bucket(0, -1, 5, 0x3000)),
            // The chain of a broken map leads back.
            (0x3000, bucket(7, -2, 6, 0x2000)),
        ]);
        let mut found: Vec<_> = read(&memory, &version("go1.21.13"), Address(0x1000)).unwrap().into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, [(-2, 6), (-1, 5)]);
    }

    #[test]
    fn hostile_sizes_ask_for_nothing() {
        let memory = image(vec![(0x1000, words(&[1, 0, 0x2000, u64::MAX, 0, 0])), (0x2000, words(&[0x2000; 8]))]);
        assert!(read(&memory, &version("go1.26.6"), Address(0x1000)).is_none());
        let memory = image(vec![(0x1000, words(&[1, 0xff00, 0x2000, 0, 0, 0]))]);
        assert!(read(&memory, &version("go1.21.13"), Address(0x1000)).is_none());
    }
}
