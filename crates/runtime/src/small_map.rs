//! Reads maps of the runtime's own that it must understand, by the layout that the compiler gives to maps of such types.
//!
//! Swiss maps (internal/runtime/maps, since 1.24) and the ones before (runtime/map.go). Keys and values are small enough to stand in
//! the map itself.

use crate::version::GoVersion;
use crate::words::word_at;
use foldhash::HashSet;
use goheap_image::{Address, MemoryImage};

/// More groups, buckets or tables than any of these maps has: a bound on what a broken one can ask for.
const MAX_GROUPS: u64 = 1 << 22;
/// Bytes that one run of groups may take.
const MAX_BYTES: usize = 1 << 28;
/// Control bytes or top hashes before the slots of a group or bucket.
const CONTROL_BYTES: usize = 8;
const SLOTS: usize = 8;
/// Top hashes below say that a cell is empty or evacuated (`minTopHash`).
const MIN_TOP_HASH: u8 = 5;

/// Bytes of one key and one value; a value is aligned to 8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapShape {
    pub(crate) key: usize,
    pub(crate) elem: usize,
}

/// Where the keys and values stand in a group or bucket.
struct Slots {
    keys: usize,
    key_stride: usize,
    elems: usize,
    elem_stride: usize,
    /// Bytes up to the end of the last slot.
    end: usize,
}

impl MapShape {
    /// Key and value side by side (`map.group` up to 1.26, and since unless split).
    fn interleaved(self) -> Slots {
        let elem = self.key.next_multiple_of(8);
        let stride = elem + self.elem;
        Slots {
            keys: CONTROL_BYTES,
            key_stride: stride,
            elems: CONTROL_BYTES + elem,
            elem_stride: stride,
            end: CONTROL_BYTES + SLOTS * stride,
        }
    }

    /// All keys, then all values (`map.bucket`; `map.group` under GOEXPERIMENT=mapsplitgroup).
    fn split(self) -> Slots {
        let elems = CONTROL_BYTES + SLOTS * self.key;
        let end = elems + SLOTS * self.elem;
        Slots { keys: CONTROL_BYTES, key_stride: self.key, elems, elem_stride: self.elem, end }
    }
}

/// A reader of one map.
struct Reader<'a, V> {
    memory: &'a MemoryImage,
    shape: MapShape,
    visit: V,
}

/// Calls `visit` with the bytes of each key and value of the map whose header is at `header`; None where the map is null, absent or
/// broken, after what could be read.
pub(crate) fn read(
    memory: &MemoryImage,
    version: &GoVersion,
    header: Address,
    shape: MapShape,
    visit: impl FnMut(&[u8], &[u8]),
) -> Option<()> {
    if header.is_null() {
        return None;
    }
    let mut reader = Reader { memory, shape, visit };
    if version.release().has_swiss_maps {
        let slots = if version.has_experiment("mapsplitgroup") { shape.split() } else { shape.interleaved() };
        reader.swiss(header, &slots)
    } else {
        reader.buckets(header)
    }
}

impl<V: FnMut(&[u8], &[u8])> Reader<'_, V> {
    fn full_slots(&mut self, group: &[u8], slots: &Slots, is_full: impl Fn(u8) -> bool) -> Option<()> {
        for slot in (0..SLOTS).filter(|&slot| is_full(group[slot])) {
            let key = group.get(slots.keys + slot * slots.key_stride..)?.get(..self.shape.key)?;
            let elem = group.get(slots.elems + slot * slots.elem_stride..)?.get(..self.shape.elem)?;
            (self.visit)(key, elem);
        }
        Some(())
    }

    /// `maps.Map`: directory at 16, its length at 24; without a directory one group.
    fn swiss(&mut self, header: Address, slots: &Slots) -> Option<()> {
        let (directory, len) = (self.memory.read_u64(header.add(16))?, self.memory.read_u64(header.add(24))?);
        if len == 0 {
            return self.groups(Address(directory), 1, slots);
        }
        let mut seen = HashSet::default();
        for index in 0..Some(len).filter(|&len| len <= MAX_GROUPS)? {
            let table = self.memory.read_u64(Address(directory).add(index * 8))?;
            if !seen.insert(table) {
                continue;
            }
            let data = self.memory.read_u64(Address(table).add(16))?;
            let mask = self.memory.read_u64(Address(table).add(24))?;
            self.groups(Address(data), mask.checked_add(1).filter(|&count| count <= MAX_GROUPS)?, slots)?;
        }
        Some(())
    }

    fn groups(&mut self, first: Address, count: u64, slots: &Slots) -> Option<()> {
        let size = slots.end.checked_mul(usize::try_from(count).ok()?).filter(|&size| size <= MAX_BYTES)?;
        let bytes = self.memory.bytes(first, size)?;
        bytes
            .chunks_exact(slots.end)
            .try_for_each(|group| self.full_slots(group, slots, |control| control & 0x80 == 0).ok_or(()))
            .ok()
    }

    /// `hmap`: flags at 8, B at 9, buckets at 16, oldbuckets at 24. While the map grows an entry stands in one of both arrays.
    fn buckets(&mut self, header: Address) -> Option<()> {
        let memory = self.memory;
        let log = u32::from(memory.read_u8(header.add(9))?);
        let count = 1_u64.checked_shl(log).filter(|&count| count <= MAX_GROUPS)?;
        let same_size = memory.read_u8(header.add(8))? & 8 != 0;
        let old_count = if same_size { count } else { count / 2 };
        let slots = self.shape.split();
        let stride = slots.end as u64 + 8;
        let mut seen = HashSet::default();
        for (array, count) in [(memory.read_u64(header.add(24))?, old_count), (memory.read_u64(header.add(16))?, count)]
        {
            if array == 0 {
                continue;
            }
            for index in 0..count {
                self.chain(Address(array.wrapping_add(index * stride)), &slots, &mut seen)?;
            }
        }
        Some(())
    }

    /// A bucket and those that its last word leads to.
    fn chain(&mut self, first: Address, slots: &Slots, seen: &mut HashSet<Address>) -> Option<()> {
        let mut at = first;
        while !at.is_null() && seen.insert(at) {
            let bucket = self.memory.bytes(at, slots.end + 8)?;
            self.full_slots(&bucket, slots, |top_hash| top_hash >= MIN_TOP_HASH)?;
            at = Address(word_at(&bucket, slots.end)?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::words::half_at;

    const GROUP_BYTES: usize = 136;
    const BUCKET_BYTES: usize = 112;

    /// The entries of a `map[int32]unsafe.Pointer`.
    fn entries(memory: &MemoryImage, release: &str) -> Option<Vec<(i32, u64)>> {
        let mut found = Vec::new();
        let visit = |key: &[u8], elem: &[u8]| found.push((half_at(key, 0).unwrap() as i32, word_at(elem, 0).unwrap()));
        let whole = read(memory, &version(release), Address(0x1000), MapShape { key: 4, elem: 8 }, visit);
        found.sort_unstable();
        whole.map(|()| found)
    }

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
        assert_eq!(entries(&small, "go1.26.6").unwrap(), [(-1, 0x77)]);
        // One table twice in the directory.
        let large = image(vec![
            (0x1000, words(&[1, 0, 0x2000, 2, 0, 0])),
            (0x2000, words(&[0x3000, 0x3000])),
            (0x3000, words(&[0, 0, 0x4000, 0])),
            (0x4000, group(0x99)),
        ]);
        assert_eq!(entries(&large, "go1.24.1").unwrap(), [(-1, 0x99)]);
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
        assert_eq!(entries(&memory, "go1.21.13").unwrap(), [(-2, 6), (-1, 5)]);
    }

    #[test]
    fn hostile_sizes_ask_for_nothing() {
        let memory = image(vec![(0x1000, words(&[1, 0, 0x2000, u64::MAX, 0, 0])), (0x2000, words(&[0x2000; 8]))]);
        assert!(entries(&memory, "go1.26.6").is_none());
        let memory = image(vec![(0x1000, words(&[1, 0xff00, 0x2000, 0, 0, 0]))]);
        assert!(entries(&memory, "go1.21.13").is_none());
    }
}
