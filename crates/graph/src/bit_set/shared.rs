//! A set that one thread empties while others ask.

use super::{IdBitSet, place};
use std::sync::atomic::{AtomicU64, Ordering};

/// A set of `u32` ids, from which one thread may take ids while others look whether an id is there.
///
/// A reader may still see what is being taken, and nothing else; once the threads have met, it sees all.
///
/// Overhead: one bit an id.
#[derive(Debug, Default)]
pub struct SharedBitSet {
    words: Vec<AtomicU64>,
}

impl SharedBitSet {
    /// A set of the same ids.
    #[must_use]
    pub fn of(set: &IdBitSet) -> Self {
        Self { words: set.words.iter().map(|&word| AtomicU64::new(word)).collect() }
    }

    /// Adds `id`, if there is room for it. Any number of threads may, while none takes.
    #[inline]
    pub fn insert(&self, id: u32) {
        let (word, bit) = place(id);
        if let Some(word) = self.words.get(word)
            && word.load(Ordering::Relaxed) & bit == 0
        {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Takes `id` out of the set; true if it was there. Only one thread at a time may do so: of two at once, one may be lost.
    #[inline]
    pub fn remove(&self, id: u32) -> bool {
        let (word, bit) = place(id);
        let Some(word) = self.words.get(word) else { return false };
        let bits = word.load(Ordering::Relaxed);
        // A store of its own costs a tenth of what a locked instruction does.
        word.store(bits & !bit, Ordering::Relaxed);
        bits & bit != 0
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
        IdBitSet::from_words(self.words.into_iter().map(AtomicU64::into_inner).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_no_longer_there() {
        let mut set = IdBitSet::default();
        [3, 68, 69].into_iter().for_each(|id| _ = set.insert(id));
        let shared = SharedBitSet::of(&set);
        assert!(shared.remove(3) && shared.remove(69) && !shared.remove(3));
        assert!(!shared.remove(1000), "beyond the bound");
        assert!(shared.contains(68) && !shared.contains(3) && !shared.contains(1000));
        let left = shared.into_set();
        assert_eq!(left.count(), 1);
        let taken = set.minus(&left);
        assert!(taken.iter_ones().eq([3, 69]));
        assert_eq!(taken.count(), 2);
    }
}
