//! Words that are judged by what they hold: on stacks, in objects and variables of unknown type, outside of Go's memory.

use super::Redaction;
use super::piece::Piece;
use std::ops::Range;

const PAGE: u64 = 4096;
/// What stands beside the size of a chunk of C's that is a mapping of its own.
const SIZE_BITS: u64 = 7;
const IS_MMAPPED: u64 = 2;

impl Redaction<'_, '_, '_> {
    /// Any word that leads into mapped memory stays, and what may be its length.
    pub(super) fn loose(&self, piece: &mut Piece<'_>, range: Range<u64>) {
        self.judge(piece, range, &|piece, at, word| {
            self.places.is_mapped(word)
                || self.places.word_of_file(at) == Some(word)
                || self.is_length(piece, at, word, &|_, before| self.places.is_mapped(before))
                || is_mapped_chunk(piece, at, word)
        });
    }

    /// A stack of which maps tell the pointers.
    pub(super) fn strict(&self, piece: &mut Piece<'_>, range: Range<u64>) {
        let is_pointer = |at: u64, word: u64| {
            self.places.is_elsewhere(word) || self.places.is_mapped(word) && self.pointers.binary_search(&at).is_ok()
        };
        self.judge(piece, range, &|piece, at, word| {
            is_pointer(at, word)
                || self.pointers.binary_search(&at).is_ok()
                || self.places.is_code(word)
                || self.is_length(piece, at, word, &is_pointer)
                || self.is_interface(piece, at, word, &is_pointer)
        });
    }

    /// Words of something without a type, of which `is_pointer` says by address and word which are pointers. Of what goes it stays apparent
    /// that it was not zero: by that types are told.
    pub(super) fn untyped(&self, piece: &mut Piece<'_>, range: Range<u64>, is_pointer: &dyn Fn(u64, u64) -> bool) {
        for at in piece.words(&range) {
            let Some(word) = piece.word(at).filter(|&word| word != 0) else { continue };
            let stays = is_pointer(at, word)
                || self.places.word_of_file(at) == Some(word)
                || self.is_length(piece, at, word, is_pointer)
                || self.is_interface(piece, at, word, is_pointer);
            if !stays {
                piece.hide(at);
            }
        }
    }

    /// Zeros what `stays` does not want.
    fn judge(&self, piece: &mut Piece<'_>, range: Range<u64>, stays: &dyn Fn(&Piece<'_>, u64, u64) -> bool) {
        let words: Vec<u64> = piece
            .words(&range)
            .filter(|&at| piece.word(at).is_some_and(|word| word != 0 && stays(piece, at, word)))
            .collect();
        piece.clear(range);
        words.into_iter().for_each(|at| piece.restore(at..at + 8));
    }

    /// True if the word may be the length of what the word before leads to, or the capacity of what the one before that does.
    fn is_length(&self, piece: &Piece<'_>, at: u64, word: u64, is_pointer: &dyn Fn(u64, u64) -> bool) -> bool {
        let led = |distance: u64| {
            let at = at.checked_sub(distance)?;
            let before = piece.word(at).filter(|&before| before != 0 && is_pointer(at, before))?;
            self.places.room(before).filter(|&room| word <= room)
        };
        let is_capacity = || {
            let len = at.checked_sub(8).and_then(|at| piece.word(at));
            len.is_some_and(|len| len <= word) && led(16).is_some()
        };
        led(8).is_some() || is_capacity()
    }

    /// True if the word may be the type or the table of an interface: a pointer follows it.
    fn is_interface(&self, piece: &Piece<'_>, at: u64, word: u64, is_pointer: &dyn Fn(u64, u64) -> bool) -> bool {
        let next = at.saturating_add(8);
        word.is_multiple_of(8)
            && self.places.is_mapped(word)
            && piece.word(next).is_some_and(|after| after != 0 && is_pointer(next, after))
    }

    /// A heap of C's: addresses, and the headers of chunks.
    pub(super) fn chunks(&self, piece: &mut Piece<'_>, range: Range<u64>) {
        let words: Vec<u64> = piece
            .words(&range)
            .filter(|&at| {
                let word = piece.word(at).unwrap_or(0);
                word != 0 && (self.places.is_mapped(word) || self.c_chunks.is_header(piece, at, word))
            })
            .collect();
        // What is zero there means something: the end of a list, an empty bin.
        piece.clear(range);
        words.into_iter().for_each(|at| piece.restore(at..at + 8));
    }
}

/// True if the word is the size of a chunk of C's that has a mapping of its own.
fn is_mapped_chunk(piece: &Piece<'_>, at: u64, word: u64) -> bool {
    at % PAGE == 8
        && word & SIZE_BITS == IS_MMAPPED
        && (word & !SIZE_BITS).is_multiple_of(PAGE)
        && piece.word(at - 8) == Some(0)
}
