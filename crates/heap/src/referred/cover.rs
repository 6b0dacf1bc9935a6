//! Which units of a long row are covered, where many threads cover runs of them at once.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const BITS: u64 = 64;

/// Words that are allocated together, once one of them is written.
const CHUNK: usize = 64;

/// A bit a unit, and above it a bit for each 64 of those below: a run is covered by a few words of each level however long it is,
/// so that a million windows of one large buffer cost no more than a million of small ones.
///
/// # Overhead
/// One bit a unit and a 63rd of that, in pieces of 512 bytes of which those are there in which something is covered; 16 bytes a piece.
pub(super) struct Cover {
    levels: Vec<Level>,
}

/// The words of a level.
struct Level {
    words: u64,
    chunks: Vec<OnceLock<Box<[AtomicU64; CHUNK]>>>,
}

impl Level {
    fn new(words: u64) -> Self {
        let mut chunks = Vec::new();
        chunks.resize_with(words.div_ceil(CHUNK as u64) as usize, OnceLock::new);
        Level { words, chunks }
    }

    fn word(&self, at: u64) -> u64 {
        let chunk = self.chunks.get(at as usize / CHUNK).and_then(OnceLock::get);
        chunk.map_or(0, |chunk| chunk[at as usize % CHUNK].load(Ordering::Relaxed))
    }

    fn set(&self, at: u64, bits: u64) {
        let Some(chunk) = self.chunks.get(at as usize / CHUNK) else { return };
        let word = &chunk.get_or_init(|| Box::new([const { AtomicU64::new(0) }; CHUNK]))[at as usize % CHUNK];
        if word.load(Ordering::Relaxed) & bits != bits {
            word.fetch_or(bits, Ordering::Relaxed);
        }
    }
}

impl Cover {
    /// Nothing is covered yet of so many units.
    pub(super) fn new(units: u64) -> Self {
        let mut levels = Vec::new();
        let mut words = units.div_ceil(BITS);
        loop {
            levels.push(Level::new(words));
            if words <= 1 {
                return Cover { levels };
            }
            words = words.div_ceil(BITS);
        }
    }

    /// Covers a run of units; any order of runs gives the same.
    pub(super) fn cover(&self, run: Range<u64>) {
        let (mut start, mut end) = (run.start, run.end);
        for level in &self.levels {
            if start >= end {
                return;
            }
            let (first, last) = (start / BITS, (end - 1) / BITS);
            let is_top = level.words <= 1;
            if first == last || is_top {
                return level.set(first, mask(start % BITS, end - first * BITS));
            }
            if !start.is_multiple_of(BITS) {
                level.set(first, mask(start % BITS, BITS));
            }
            if !end.is_multiple_of(BITS) {
                level.set(last, mask(0, end % BITS));
            }
            (start, end) = (start.div_ceil(BITS), end / BITS);
        }
    }

    /// Makes the lowest level say all: to be called when all is covered.
    pub(super) fn settle(&mut self) {
        while self.levels.len() > 1 {
            let (Some(above), Some(below)) = (self.levels.pop(), self.levels.last()) else { return };
            for (chunk, first) in above.chunks.iter().zip((0..).step_by(CHUNK)) {
                for (word, at) in chunk.get().into_iter().flat_map(|chunk| chunk.iter()).zip(first..) {
                    let mut bits = word.load(Ordering::Relaxed);
                    while bits != 0 {
                        below.set(at * BITS + u64::from(bits.trailing_zeros()), u64::MAX);
                        bits &= bits - 1;
                    }
                }
            }
        }
    }

    /// How many units of a run are covered by this or by `other`, which are settled.
    pub(super) fn count_with(&self, other: Option<&Cover>, run: Range<u64>) -> u64 {
        let word = |at: u64| self.word(at) | other.map_or(0, |other| other.word(at));
        if run.is_empty() {
            return 0;
        }
        let (first, last) = (run.start / BITS, (run.end - 1) / BITS);
        let inside = |at: u64| {
            let from = if at == first { run.start % BITS } else { 0 };
            let to = if at == last { run.end - last * BITS } else { BITS };
            u64::from((word(at) & mask(from, to)).count_ones())
        };
        (first..=last).map(inside).sum()
    }

    /// Whether a unit is covered; it is settled.
    pub(super) fn contains(&self, unit: u64) -> bool {
        self.word(unit / BITS) >> (unit % BITS) & 1 != 0
    }

    fn word(&self, at: u64) -> u64 {
        self.levels.first().map_or(0, |level| level.word(at))
    }
}

/// The bits from `start` to `end`, at most 64.
fn mask(start: u64, end: u64) -> u64 {
    (u64::MAX << start) & u64::MAX.checked_shr((BITS - end.min(BITS)) as u32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_every_length_are_what_single_bits_would_be() {
        for units in [1_u64, 63, 64, 65, 4096, 4097, 300_000] {
            let (mut cover, mut plain) = (Cover::new(units), vec![false; units as usize]);
            let mut number = units;
            for _ in 0..20 {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (one, other) = (number % (units + 1), (number >> 32) % (units + 1));
                let run = one.min(other)..one.min(other) + (one.abs_diff(other) / 3);
                cover.cover(run.clone());
                plain[run.start as usize..run.end as usize].fill(true);
            }
            cover.settle();
            let count = plain.iter().filter(|&&is| is).count() as u64;
            assert_eq!(cover.count_with(None, 0..units), count, "{units}");
            let half = units / 3..units / 3 * 2;
            let part = plain[half.start as usize..half.end as usize].iter().filter(|&&is| is).count() as u64;
            assert_eq!(cover.count_with(Some(&Cover::new(units)), half), part);
            assert!((0..units).all(|unit| cover.contains(unit) == plain[unit as usize]));
        }
    }

    #[test]
    fn the_whole_row_and_nothing() {
        for units in [64, 4096, 4096 * 64] {
            let mut cover = Cover::new(units);
            cover.cover(5..5);
            cover.cover(0..units);
            cover.settle();
            assert_eq!(cover.count_with(None, 0..units), units);
        }
        assert_eq!(Cover::new(0).count_with(None, 0..0), 0);
    }
}
