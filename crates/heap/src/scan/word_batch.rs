//! Pointer words of some objects, and the slots that they lead to, found together.
//!
//! A scan waits for memory more than for anything else, so it goes in batches: first all words of some objects, then the slots
//! that they lead to, then what is known of these. The loads of each step do not wait for each other.

use crate::objects::table::{ObjectTable, Place};
use crate::scan::span_scan::SpanScan;

/// Objects of a batch.
pub(crate) const BATCH: usize = 64;
/// Words of a batch of objects with bits in their span.
const BATCH_WORDS: usize = BATCH * 64;

/// A pointer that is not nil.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Word {
    pub(crate) value: u64,
    /// Number in the payload.
    pub(crate) word: u32,
    /// Place of its object in the batch.
    pub(crate) object: u32,
}

/// The words of a batch and where they lead; used again for the next.
#[derive(Debug, Default)]
pub(crate) struct WordBatch {
    words: Vec<Word>,
    count: usize,
    places: Vec<Place>,
}

impl WordBatch {
    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        self.words.resize(BATCH_WORDS, Word::default());
        self.count = 0;
    }

    /// True if no further word may be there without [`WordBatch::clear`].
    pub(crate) fn is_full(&self) -> bool {
        self.count >= BATCH_WORDS
    }

    /// Adds the words of the slot at `start` of a span whose pointer bits are `bits`.
    #[inline]
    pub(crate) fn push_slot(&mut self, span: &SpanScan<'_>, start: u64, mut bits: u64, object: u32) {
        while bits != 0 {
            let word = bits.trailing_zeros();
            let value = span.word(start + u64::from(word) * 8);
            // Written in any case and kept if it is not nil: a branch would wait for the value.
            if let Some(place) = self.words.get_mut(self.count) {
                *place = Word { value, word, object };
            }
            self.count += usize::from(value != 0);
            bits &= bits - 1;
        }
    }

    /// Adds one word, if it is not nil and there is room.
    pub(crate) fn push(&mut self, word: Word) {
        if let Some(place) = self.words.get_mut(self.count).filter(|_| word.value != 0) {
            *place = word;
            self.count += 1;
        }
    }

    /// Finds the slots that the words lead into.
    pub(crate) fn locate(&mut self, objects: &ObjectTable<'_, '_>) {
        self.places.clear();
        self.places.extend(self.words[..self.count].iter().map(|word| objects.place(word.value)));
    }

    /// The words so far.
    pub(crate) fn words(&self) -> &[Word] {
        &self.words[..self.count]
    }

    /// Where the words lead, by [`WordBatch::locate`].
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }
}
