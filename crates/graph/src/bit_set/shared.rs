//! A set that one thread fills while others ask.

use super::{IdBitSet, place};
use std::sync::atomic::{AtomicU64, Ordering};

/// A set of `u32` ids below a bound, which one thread may fill while others look whether an id is there.
///
/// A reader may miss what is being inserted, and nothing else; once the threads have met, it sees all.
///
/// Overhead: one bit an id.
#[derive(Debug, Default)]
pub struct SharedBitSet {
    words: Vec<AtomicU64>,
}

impl SharedBitSet {
    /// An empty set of ids below `ids`.
    #[must_use]
    pub fn with_room_for(ids: u32) -> Self {
        let words = ids.div_ceil(u64::BITS) as usize;
        Self { words: std::iter::repeat_with(AtomicU64::default).take(words).collect() }
    }

    /// Puts `id` into the set; true if it was not there before. False for an id beyond the bound. Only one thread at a time may
    /// insert: of two at once, one may be lost.
    #[inline]
    pub fn insert(&self, id: u32) -> bool {
        let (word, bit) = place(id);
        let Some(word) = self.words.get(word) else { return false };
        let bits = word.load(Ordering::Relaxed);
        // A store of its own costs a tenth of what a locked instruction does.
        word.store(bits | bit, Ordering::Relaxed);
        bits & bit == 0
    }

    /// Whether `id` is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, id: u32) -> bool {
        let (word, bit) = place(id);
        self.words.get(word).is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0)
    }

    /// The set as it is now.
    #[must_use]
    pub fn into_set(self) -> IdBitSet {
        let words: Vec<u64> = self.words.into_iter().map(AtomicU64::into_inner).collect();
        let count = words.iter().map(|word| u64::from(word.count_ones())).sum();
        IdBitSet { words, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn becomes_a_set_of_what_was_inserted() {
        let shared = SharedBitSet::with_room_for(70);
        assert!(shared.insert(3) && shared.insert(69) && !shared.insert(3));
        assert!(!shared.insert(1000), "beyond the bound");
        assert!(shared.contains(69) && !shared.contains(4) && !shared.contains(1000));
        let set = shared.into_set();
        assert_eq!(set.count(), 2);
        assert!(set.iter_ones().eq([3, 69]));
    }
}
