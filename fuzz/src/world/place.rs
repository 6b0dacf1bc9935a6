//! Pieces of memory in the making, of which every word that is set is remembered.

use goheap_image::{Address, MemoryImage};
use std::collections::BTreeMap;

struct Piece {
    start: u64,
    bytes: Vec<u8>,
    is_writable: bool,
}

/// The memory of a process.
#[derive(Default)]
pub struct Places {
    pieces: Vec<Piece>,
    /// Addresses and bytes of what was set: structures that something reads.
    set: BTreeMap<u64, usize>,
}

impl Places {
    /// Adds a piece of zeros.
    pub fn piece(&mut self, start: u64, len: u64, is_writable: bool) {
        self.pieces.push(Piece { start, bytes: vec![0; len as usize], is_writable });
    }

    /// Sets bytes that are read as they are.
    pub fn bytes(&mut self, at: u64, bytes: &[u8]) {
        let piece =
            self.pieces.iter_mut().find(|piece| (piece.start..piece.start + piece.bytes.len() as u64).contains(&at));
        let piece = piece.unwrap_or_else(|| panic!("nothing lies at {at:#x}"));
        let offset = (at - piece.start) as usize;
        piece.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.set.insert(at, bytes.len());
    }

    /// Sets a word.
    pub fn word(&mut self, at: u64, value: u64) {
        self.bytes(at, &value.to_le_bytes());
    }

    /// Sets words in a row.
    pub fn words(&mut self, at: u64, values: &[u64]) {
        (at..).step_by(8).zip(values).for_each(|(at, value)| self.word(at, *value));
    }

    /// Sets four bytes.
    pub fn half(&mut self, at: u64, value: u32) {
        self.bytes(at, &value.to_le_bytes());
    }

    /// Sets the header of a slice.
    pub fn slice(&mut self, at: u64, data: u64, len: u64) {
        self.words(at, &[data, len, len]);
    }

    /// Where something was set, in order of address.
    pub fn spots(&self) -> Vec<(u64, usize)> {
        self.set.iter().map(|(at, len)| (*at, *len)).collect()
    }

    /// The memory, with `patches` over it.
    pub fn image(&self, patches: &[(u64, [u8; 8], usize)]) -> MemoryImage {
        let mut copies: Vec<Vec<u8>> = self.pieces.iter().map(|piece| piece.bytes.clone()).collect();
        for (at, bytes, len) in patches {
            for (piece, copy) in self.pieces.iter().zip(&mut copies) {
                let Some(offset) = at.checked_sub(piece.start).map(|offset| offset as usize) else { continue };
                copy.iter_mut().skip(offset).zip(&bytes[..*len]).for_each(|(slot, byte)| *slot = *byte);
            }
        }
        let pieces = self.pieces.iter().zip(copies);
        MemoryImage::from_buffers(pieces.map(|(piece, bytes)| (Address(piece.start), bytes, piece.is_writable)))
    }
}
