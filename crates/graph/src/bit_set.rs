//! A set of small numbers, one bit each.

mod shared;

pub use shared::SharedBitSet;
use std::ops::Range;

const WORD_BITS: u32 = u64::BITS;

/// A set of dense `u32` ids.
///
/// Overhead: one bit an id up to the largest that was inserted, so at most 512 MiB; it pays where a good part of the
/// ids is present.
#[derive(Debug, Clone, Default)]
pub struct IdBitSet {
    words: Vec<u64>,
    count: u64,
}

impl IdBitSet {
    /// An empty set with room for the ids below `ids`; greater ones may be inserted and make it grow.
    #[must_use]
    pub fn with_room_for(ids: u32) -> Self {
        let words = ids.div_ceil(WORD_BITS) as usize;
        Self { words: vec![0; words], count: 0 }
    }

    /// The set of the ids whose bits are set in `words`, the least significant bit of a word first.
    #[must_use]
    pub fn from_words(words: Vec<u64>) -> Self {
        let count = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Self { words, count }
    }

    /// The bits as [`IdBitSet::from_words`] takes them.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Puts `id` into the set; true if it was not there before.
    #[inline]
    pub fn insert(&mut self, id: u32) -> bool {
        let (word, bit) = place(id);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    /// Puts `first` + i into the set for every i below `len` whose bit is set in `bits`, the least significant bit of a byte
    /// first.
    pub fn insert_bits(&mut self, first: u32, bits: &[u8], len: u32) {
        let words = (u64::from(first) + u64::from(len)).div_ceil(u64::from(WORD_BITS)) as usize;
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
        for (chunk, start) in bits.chunks(8).zip((0..len).step_by(WORD_BITS as usize)) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            let bits = u64::from_le_bytes(bytes) & (u64::MAX >> WORD_BITS.saturating_sub(len - start));
            let (word, shift) = ((u64::from(first) + u64::from(start)) as usize / 64, (first + start) % WORD_BITS);
            self.merge_word(word, bits << shift);
            if shift > 0 {
                self.merge_word(word + 1, bits >> (WORD_BITS - shift));
            }
        }
    }

    /// Bits beyond the last word are none.
    fn merge_word(&mut self, word: usize, bits: u64) {
        if let Some(old) = self.words.get_mut(word) {
            self.count += u64::from((bits & !*old).count_ones());
            *old |= bits;
        }
    }

    /// The ids of this set that are not in `other`, in ascending order.
    pub fn without<'s>(&'s self, other: &'s IdBitSet) -> impl Iterator<Item = u32> + 's {
        let words = self.words.iter().enumerate().map(|(at, &bits)| bits & !other.words.get(at).copied().unwrap_or(0));
        words.zip((0u32..).step_by(WORD_BITS as usize)).flat_map(|(bits, first)| ones(bits).map(move |bit| first + bit))
    }

    /// The ids of the set in `range`, in ascending order.
    pub fn ones_in(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        // No further: who asks span by span would go over all that is empty behind each of them.
        let (first, end) = (range.start / WORD_BITS, range.end.div_ceil(WORD_BITS) as usize);
        let words = self.words.get(first as usize..self.words.len().min(end)).unwrap_or_default();
        let words = words.iter().zip((first * WORD_BITS..).step_by(WORD_BITS as usize));
        let ids = words.flat_map(|(&bits, first)| ones(bits).map(move |bit| first + bit));
        ids.skip_while(move |&id| id < range.start).take_while(move |&id| id < range.end)
    }

    /// How many ids of the set are in `range`.
    #[must_use]
    pub fn count_in(&self, range: Range<u32>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let (first, last) = ((range.start / WORD_BITS) as usize, ((range.end - 1) / WORD_BITS) as usize);
        let words = self.words.get(first..self.words.len().min(last + 1)).unwrap_or_default();
        let bits = words.iter().zip(first..).map(|(&bits, at)| {
            let below = if at == first { u64::MAX << (range.start % WORD_BITS) } else { u64::MAX };
            let above = if at == last { u64::MAX >> (WORD_BITS - 1 - (range.end - 1) % WORD_BITS) } else { u64::MAX };
            u64::from((bits & below & above).count_ones())
        });
        bits.sum()
    }

    /// The ids of this set that are not in `other`, as a set.
    #[must_use]
    pub fn minus(&self, other: &IdBitSet) -> IdBitSet {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        let words: Vec<u64> = self.words.iter().zip(others).map(|(&bits, other)| bits & !other).collect();
        Self::from_words(words)
    }

    /// Takes `id` out of the set; true if it was there.
    pub fn remove(&mut self, id: u32) -> bool {
        let was_there = self.contains(id);
        if was_there {
            let (word, bit) = place(id);
            self.words[word] &= !bit;
            self.count -= 1;
        }
        was_there
    }

    /// Whether `id` is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, id: u32) -> bool {
        let (word, bit) = place(id);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// How many ids are in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The ids of the set in ascending order.
    pub fn iter_ones(&self) -> impl Iterator<Item = u32> + '_ {
        self.words
            .iter()
            .zip((0u32..).step_by(WORD_BITS as usize))
            .flat_map(|(&bits, first)| ones(bits).map(move |bit| first + bit))
    }
}

#[inline]
fn place(id: u32) -> (usize, u64) {
    ((id / WORD_BITS) as usize, 1 << (id % WORD_BITS))
}

fn ones(bits: u64) -> impl Iterator<Item = u32> {
    let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
    std::iter::successors(Some(bits).filter(|bits| *bits != 0), rest).map(u64::trailing_zeros)
}

impl Extend<u32> for IdBitSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| _ = self.insert(id));
    }
}

impl FromIterator<u32> for IdBitSet {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut set = Self::default();
        set.extend(ids);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn insert_tells_what_is_new() {
        let mut set = IdBitSet::with_room_for(10);
        assert!(set.insert(3));
        assert!(!set.insert(3));
        assert!(set.insert(64), "beyond the room it grows");
        assert!(set.contains(3) && set.contains(64));
        assert!(!set.contains(4) && !set.contains(u32::MAX));
        assert_eq!(set.count(), 2);
    }

    #[test]
    fn nothing_behind_a_range_is_gone_along() {
        let mut set = IdBitSet::with_room_for(1 << 26);
        set.insert((1 << 26) - 1);
        // Of an empty set of words each range would go to the end: 10^12 steps.
        let found: usize = (0..1 << 26).step_by(64).map(|start| set.ones_in(start..start + 64).count()).sum();
        assert_eq!((found, set.ones_in(5..5).count()), (1, 0));
    }

    proptest! {
        #[test]
        fn ids_of_a_range_are_counted_as_one_by_one(ids in proptest::collection::vec(0u32..400, 0..80), start in 0u32..300, len in 0u32..200) {
            let mut set = IdBitSet::default();
            ids.iter().for_each(|&id| _ = set.insert(id));
            prop_assert_eq!(set.count_in(start..start + len), set.ones_in(start..start + len).count() as u64);
        }

        #[test]
        fn bits_are_inserted_as_one_by_one(first in 0u32..200, len in 0u32..300, bytes in proptest::collection::vec(0u8.., 0..40)) {
            let (mut set, mut oracle) = (IdBitSet::with_room_for(10), IdBitSet::default());
            set.insert(first + 3);
            oracle.insert(first + 3);
            set.insert_bits(first, &bytes, len);
            for bit in (0..len).filter(|bit| bytes.get(*bit as usize / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)) {
                oracle.insert(first + bit);
            }
            prop_assert!(set.iter_ones().eq(oracle.iter_ones()));
            prop_assert_eq!(set.count(), oracle.count());
        }

        #[test]
        fn is_a_set(ids in proptest::collection::vec(0u32..2000, 0..300), gone in proptest::collection::vec(0u32..2100, 0..300)) {
            let mut set = IdBitSet::default();
            let mut oracle = BTreeSet::new();
            for id in ids {
                prop_assert_eq!(set.insert(id), oracle.insert(id));
            }
            for id in gone {
                prop_assert_eq!(set.remove(id), oracle.remove(&id));
            }
            prop_assert_eq!(set.count(), oracle.len() as u64);
            let evens: IdBitSet = (0..2100).step_by(2).fold(IdBitSet::default(), |mut set, id| { set.insert(id); set });
            prop_assert!(set.without(&evens).eq(oracle.iter().copied().filter(|id| id % 2 == 1)));
            prop_assert!(set.iter_ones().eq(oracle.iter().copied()));
            prop_assert!((0..2100).all(|id| set.contains(id) == oracle.contains(&id)));
        }
    }
}
