//! A set of small numbers, one bit each.

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

    /// Puts `id` into the set; true if it was not there before.
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

fn place(id: u32) -> (usize, u64) {
    ((id / WORD_BITS) as usize, 1 << (id % WORD_BITS))
}

fn ones(bits: u64) -> impl Iterator<Item = u32> {
    let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
    std::iter::successors(Some(bits).filter(|bits| *bits != 0), rest).map(u64::trailing_zeros)
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

    proptest! {
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
            prop_assert!(set.iter_ones().eq(oracle.iter().copied()));
            prop_assert!((0..2100).all(|id| set.contains(id) == oracle.contains(&id)));
        }
    }
}
