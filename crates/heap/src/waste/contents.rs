//! Which of many runs of bytes hold the same: by a hash of 128 bits, which stands for the contents.
//!
//! Two different contents with one hash would be taken for one: of a thousand million different ones that is as likely as 10^-21, unless
//! who wrote them made them so (XXH3 is no cryptographic hash).

use crate::error::HeapError;
use crate::waste::headers::Header;
use foldhash::{HashMap, HashSet};
use goheap_graph::{IdBitSet, SharedBitSet};
use goheap_model::{Claim, Observer};
use rayon::prelude::*;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;
use twox_hash::XxHash3_128;

/// Runs that are compared at a time: where there are more, those whose hashes begin alike.
const AT_A_TIME: usize = 1 << 24;
/// Bytes that are hashed for each byte of the heap: runs that overlap may be much more than there is memory.
const MOST_TIMES: u64 = 4;
/// Runs that a thread hashes at a time.
const CHUNK: usize = 1 << 16;
/// Of each bucket, those whose hashes end alike, the different contents should stay in the cache.
const OF_BUCKET: usize = 1 << 13;
const MOST_BUCKETS: usize = 1 << 10;

/// A run, the hash of its contents, and by number who refers to it.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed {
    hash: [u64; 2],
    run: u32,
    holder: u32,
}

impl Hashed {
    fn bucket(&self, buckets: usize) -> usize {
        self.hash[1] as usize % buckets
    }
}

/// Several runs that hold the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Same {
    /// Bytes beside the first.
    again: u64,
    /// Bytes of one.
    pub(super) len: u64,
    /// The first half of the hash.
    pub(super) hash: u64,
    /// The first of them.
    pub(super) first: u32,
    /// How many there are.
    pub(super) runs: u64,
}

/// What runs hold.
pub(super) struct Compared {
    /// Different contents.
    pub(super) contents: u64,
    /// The same of the runs of each holder; of holders beyond, none.
    pub(super) of_holder: Vec<u64>,
    /// The runs beside the first of each content.
    pub(super) again: IdBitSet,
    /// Contents that are there most, the most first.
    pub(super) most: Vec<Same>,
    /// Runs of which the core lacks a byte.
    pub(super) absent: u64,
    /// Runs that would have taken too long.
    pub(super) left_out: u64,
}

/// What to compare.
pub(super) struct Compare<'r, F> {
    /// Of each, by number, who refers to it.
    pub(super) holders: &'r [u32],
    pub(super) runs: &'r [&'r Header],
    /// The bytes of a run; None where the core lacks some.
    pub(super) read: F,
    /// How many bytes the runs lie in.
    pub(super) heap: u64,
    /// How many are told of the contents that are there most.
    pub(super) most: usize,
}

impl<'b, F: Fn(&Header) -> Option<Cow<'b, [u8]>> + Sync> Compare<'_, F> {
    /// Compares them. Runs of different types are never the same.
    pub(super) fn compare(self, observer: &dyn Observer) -> Result<Compared, HeapError> {
        let taken = taken(self.runs, self.heap.saturating_mul(MOST_TIMES).saturating_add(1 << 20));
        let parts = taken.div_ceil(AT_A_TIME).next_power_of_two() as u64;
        // Hashes are sorted a chunk at a time, and few chunks at once.
        let bytes = taken.min(2 * AT_A_TIME) * size_of::<Hashed>() + taken / 8;
        observer.claim(Claim { kept: 0, passing: bytes as u64 })?;
        let again = SharedBitSet::of(&IdBitSet::with_room_for(taken as u32));
        let empty = || Tally { most: Most::new(self.most), ..Tally::default() };
        let (mut tally, mut absent) = (empty(), 0);
        for part in 0..parts {
            let hashed = Buckets::hash(&self, taken, (part, parts));
            absent = hashed.chunks.iter().map(|chunk| chunk.absent).sum();
            let count = |tally: Tally, bucket| hashed.count(bucket, &self, &again, tally);
            let tallies = (0..hashed.buckets).into_par_iter().fold(empty, count);
            tally = tally.and(tallies.reduce(empty, Tally::and));
        }
        let Tally { contents, of_holder, most } = tally;
        let (again, left_out) = (again.into_set(), (self.runs.len() - taken) as u64);
        Ok(Compared { contents, of_holder, again, most: most.into_sorted(), absent, left_out })
    }
}

/// Runs by their hashes.
struct Buckets {
    chunks: Vec<Chunk>,
    buckets: usize,
}

/// Some runs, in order within each bucket.
struct Chunk {
    hashed: Vec<Hashed>,
    /// Where each bucket ends.
    ends: Vec<u32>,
    absent: u64,
}

impl Buckets {
    /// Of the first `taken` runs, those of one part of all.
    fn hash<'b, F>(compare: &Compare<'_, F>, taken: usize, (part, parts): (u64, u64)) -> Self
    where
        F: Fn(&Header) -> Option<Cow<'b, [u8]>> + Sync,
    {
        let buckets = (taken / OF_BUCKET).next_power_of_two().min(MOST_BUCKETS);
        let chunk = |first: usize| {
            let (mut hashed, mut absent) = (Vec::new(), 0);
            for run in first..taken.min(first + CHUNK) {
                let header = compare.runs[run];
                let salt = if header.place.shape.is_value() { header.cap + 1 } else { 0 };
                let Some(bytes) = (compare.read)(header) else {
                    absent += 1;
                    continue;
                };
                let hash = XxHash3_128::oneshot_with_seed(salt, &bytes);
                let hash = [(hash >> 64) as u64, hash as u64];
                if hash[0] % parts == part {
                    hashed.push(Hashed { hash, run: run as u32, holder: compare.holders[run] });
                }
            }
            let (hashed, ends) = by_bucket(&hashed, buckets);
            Chunk { hashed, ends, absent }
        };
        let firsts: Vec<usize> = (0..taken).step_by(CHUNK).collect();
        Buckets { chunks: firsts.into_par_iter().map(chunk).collect(), buckets }
    }

    /// Counts the contents of one bucket.
    fn count<F>(&self, bucket: usize, compare: &Compare<'_, F>, again: &SharedBitSet, mut tally: Tally) -> Tally {
        let mut known: HashMap<[u64; 2], (u32, u32, u64)> = HashMap::default();
        let mut others: HashSet<([u64; 2], u32)> = HashSet::default();
        for hashed in self.chunks.iter().flat_map(|chunk| chunk.of(bucket)) {
            let is_new = match known.entry(hashed.hash) {
                Entry::Vacant(entry) => {
                    entry.insert((hashed.run, hashed.holder, 1));
                    tally.contents += 1;
                    true
                }
                Entry::Occupied(mut entry) => {
                    let (_, holder, runs) = entry.get_mut();
                    *runs += 1;
                    again.insert(hashed.run);
                    *holder != hashed.holder && others.insert((hashed.hash, hashed.holder))
                }
            };
            if is_new {
                tally.saw(hashed.holder);
            }
        }
        for (hash, (first, _, runs)) in known.into_iter().filter(|(_, (.., runs))| *runs > 1) {
            let len = compare.runs[first as usize].len;
            tally.most.add(Same { again: len.saturating_mul(runs - 1), len, hash: hash[0], first, runs });
        }
        tally
    }
}

impl Chunk {
    fn of(&self, bucket: usize) -> &[Hashed] {
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.hashed[start as usize..self.ends[bucket] as usize]
    }
}

/// The same by bucket, in order within each, and where each ends.
fn by_bucket(hashed: &[Hashed], buckets: usize) -> (Vec<Hashed>, Vec<u32>) {
    let mut ends = vec![0_u32; buckets];
    hashed.iter().for_each(|one| ends[one.bucket(buckets)] += 1);
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    let mut sorted = vec![Hashed::default(); hashed.len()];
    for one in hashed {
        // Starts become ends.
        let place = &mut ends[one.bucket(buckets)];
        sorted[*place as usize] = *one;
        *place += 1;
    }
    (sorted, ends)
}

/// What was counted so far.
#[derive(Default)]
struct Tally {
    contents: u64,
    of_holder: Vec<u64>,
    most: Most,
}

impl Tally {
    /// A content that the holder was not seen with.
    fn saw(&mut self, holder: u32) {
        let holder = holder as usize;
        if self.of_holder.len() <= holder {
            self.of_holder.resize(holder + 1, 0);
        }
        self.of_holder[holder] += 1;
    }

    fn and(mut self, mut other: Tally) -> Tally {
        if self.of_holder.len() < other.of_holder.len() {
            std::mem::swap(&mut self.of_holder, &mut other.of_holder);
        }
        self.of_holder.iter_mut().zip(other.of_holder).for_each(|(sum, more)| *sum += more);
        self.contents += other.contents;
        other.most.same.into_iter().for_each(|Reverse(same)| self.most.add(same));
        self
    }
}

/// The contents that are there most.
#[derive(Default)]
struct Most {
    /// How many of them are kept.
    kept: usize,
    same: BinaryHeap<Reverse<Same>>,
}

impl Most {
    fn new(kept: usize) -> Self {
        Most { kept, same: BinaryHeap::new() }
    }

    fn add(&mut self, same: Same) {
        self.same.push(Reverse(same));
        if self.same.len() > self.kept {
            self.same.pop();
        }
    }

    fn into_sorted(self) -> Vec<Same> {
        self.same.into_sorted_vec().into_iter().map(|Reverse(same)| same).collect()
    }
}

/// How many of the first runs have no more bytes together.
fn taken(runs: &[&Header], most: u64) -> usize {
    let mut sum = 0_u64;
    let fits = |header: &&Header| {
        sum = sum.saturating_add(header.len);
        sum <= most
    };
    runs.iter()
        .take(u32::MAX as usize - 1)
        .map(fits)
        .position(|fits| !fits)
        .unwrap_or(runs.len().min(u32::MAX as usize - 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::waste::headers::{HeaderPlace, Shape};
    use goheap_model::Unobserved;

    fn header(address: u64, len: u64, shape: Shape, cap: u64) -> Header {
        Header { address, len, cap, place: HeaderPlace { shape, is_root: false, id: 0 } }
    }

    #[test]
    fn what_holds_the_same_is_found_by_contents_length_and_type() {
        let memory = b"abcabcab\0\0";
        let read = |header: &Header| memory.get(header.address as usize..header.end() as usize).map(Cow::Borrowed);
        let text = |address, len| header(address, len, Shape::Text, len);
        let value = |address, ty| header(address, 1, Shape::Boxed, ty);
        let runs = [text(0, 3), text(0, 2), text(3, 3), text(6, 2), text(7, 9), value(8, 1), value(9, 1), value(9, 2)];
        let runs: Vec<&Header> = runs.iter().collect();
        let holders = [0, 0, 1, 0, 1, 2, 2, 2];
        let compare = Compare { runs: &runs, holders: &holders, read, heap: 10, most: 2 };
        let found = compare.compare(&Unobserved).unwrap();
        let Compared { contents, of_holder, again, most, absent, left_out } = found;
        assert_eq!((contents, of_holder, absent, left_out), (4, vec![2, 1, 2], 1, 0));
        assert_eq!(again.iter_ones().collect::<Vec<_>>(), [2, 3, 6]);
        assert_eq!(
            most.iter().map(|same| (same.len, same.first, same.runs)).collect::<Vec<_>>(),
            [(3, 0, 2), (2, 1, 2)]
        );
    }

    #[test]
    fn runs_of_more_bytes_than_the_heap_has_are_left_out() {
        let header = header(0, 10, Shape::Text, 10);
        let runs = [&header; 5];
        assert_eq!((taken(&runs, 50), taken(&runs, 49), taken(&runs, 0)), (5, 4, 0));
    }
}
