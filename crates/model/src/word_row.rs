//! The references of one object, by their words.

use crate::ObjectId;

/// Bytes of a word.
const WORD: u64 = 8;

/// The references of one object in order of address: of each, the number of the object that it leads to, and that of its word in the
/// slot.
#[derive(Clone, Copy, Debug)]
pub struct WordRow<'g> {
    /// What each leads to.
    pub targets: &'g [u32],
    /// The number of each word, ascending.
    pub words: &'g [u32],
}

impl<'g> WordRow<'g> {
    /// Each reference: bytes from the slot's start to its word, and what it leads to.
    pub fn references(&self) -> impl Iterator<Item = (u64, ObjectId)> + use<'g> {
        self.words.iter().zip(self.targets).map(|(&word, &to)| (offset_of(word), ObjectId(to)))
    }
}

/// Bytes from the slot's start to the word of that number.
#[inline]
pub fn offset_of(word: u32) -> u64 {
    u64::from(word) * WORD
}
