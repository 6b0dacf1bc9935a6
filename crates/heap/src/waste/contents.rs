//! Which of many runs of bytes hold the same: by a hash of 128 bits, which stands for the contents.
//!
//! Two different contents with one hash would be taken for one: of a thousand million different ones that is as likely as 10^-21, unless
//! who wrote them made them so (XXH3 is no cryptographic hash).

use crate::error::HeapError;
use crate::waste::headers::Header;
use goheap_model::{Claim, Observer};
use rayon::prelude::*;
use std::borrow::Cow;
use twox_hash::XxHash3_128;

/// Runs that are compared at a time: where there are more, those whose hashes begin alike.
const AT_A_TIME: usize = 1 << 24;
/// Bytes that are hashed for each byte of the heap: runs that overlap may be much more than there is memory.
const MOST_TIMES: u64 = 4;

/// A run and the hash of its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hashed {
    hash: [u64; 2],
    run: u32,
}

/// In place of what the core lacks.
const ABSENT: Hashed = Hashed { hash: [0; 2], run: u32::MAX };

/// What was not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NotCompared {
    /// Runs of which the core lacks a byte.
    pub(super) absent: u64,
    /// Runs that would have taken too long.
    pub(super) left_out: u64,
}

/// Calls `told` with the places of runs that hold the same, ascending, in an order that the contents alone decide; those alone in theirs
/// among them. Runs of different types are never the same. `heap` is how many bytes they lie in.
pub(super) fn same_contents<'b>(
    runs: &[&Header],
    heap: u64,
    read: impl Fn(&Header) -> Option<Cow<'b, [u8]>> + Sync,
    observer: &dyn Observer,
    told: &mut dyn FnMut(u64, &[u32]),
) -> Result<NotCompared, HeapError> {
    let taken = taken(runs, heap.saturating_mul(MOST_TIMES).saturating_add(1 << 20));
    let (runs, left_out) = (&runs[..taken], (runs.len() - taken) as u64);
    let parts = runs.len().div_ceil(AT_A_TIME).next_power_of_two() as u64;
    let bytes = (runs.len() as u64).min(2 * AT_A_TIME as u64) * size_of::<Hashed>() as u64;
    observer.claim(Claim { kept: 0, passing: bytes })?;
    let (mut absent, mut same) = (0, Vec::new());
    for part in 0..parts {
        let hash = |(run, header): (usize, &&Header)| {
            let salt = if header.place.shape.is_value() { header.cap + 1 } else { 0 };
            let hash = read(header).map(|bytes| XxHash3_128::oneshot_with_seed(salt, &bytes));
            let hash = hash.map(|hash| [(hash >> 64) as u64, hash as u64]);
            match hash {
                Some(hash) => (hash[0] % parts == part).then_some(Hashed { hash, run: run as u32 }),
                None => Some(ABSENT),
            }
        };
        let hashes = runs.par_iter().enumerate().map(hash);
        // Of a number that is known there is one allocation.
        let mut found: Vec<Hashed> =
            if parts == 1 { hashes.map(|hash| hash.unwrap_or(ABSENT)).collect() } else { hashes.flatten().collect() };
        found.par_sort_unstable();
        let all = found.len();
        found.retain(|hashed| hashed.run != u32::MAX);
        absent = (all - found.len()) as u64;
        for group in found.chunk_by(|one, other| one.hash == other.hash) {
            same.clear();
            same.extend(group.iter().map(|hashed| hashed.run));
            told(group[0].hash[0], &same);
        }
    }
    Ok(NotCompared { absent, left_out })
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
        let (mut found, runs) = (Vec::new(), runs.iter().collect::<Vec<_>>());
        let not = same_contents(&runs, 10, read, &Unobserved, &mut |_, same| found.push(same.to_vec())).unwrap();
        found.sort();
        assert_eq!(found, [vec![0, 2], vec![1, 3], vec![5, 6], vec![7]]);
        assert_eq!(not, NotCompared { absent: 1, left_out: 0 });
    }

    #[test]
    fn runs_of_more_bytes_than_the_heap_has_are_left_out() {
        let header = header(0, 10, Shape::Text, 10);
        let runs = [&header; 5];
        assert_eq!((taken(&runs, 50), taken(&runs, 49), taken(&runs, 0)), (5, 4, 0));
    }
}
