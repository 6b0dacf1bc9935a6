//! Pieces of memory that grow as they are written.

use goheap_synth::{CoreBuilder, PAGE};
use std::ops::Range;

#[derive(Clone)]
struct Piece {
    start: u64,
    room: u64,
    flags: u32,
    bytes: Vec<u8>,
}

/// The memory of a process.
#[derive(Clone, Default)]
pub(super) struct Pieces(Vec<Piece>);

impl Pieces {
    /// A piece that may grow to `room` bytes.
    pub(super) fn add(&mut self, start: u64, room: u64, flags: u32) {
        self.0.push(Piece { start, room, flags, bytes: Vec::new() });
    }

    /// A piece of zeros.
    pub(super) fn map(&mut self, start: u64, bytes: u64, flags: u32) {
        self.0.push(Piece { start, room: bytes, flags, bytes: vec![0; bytes as usize] });
    }

    /// Writes bytes.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8]) {
        let holds = |piece: &&mut Piece| (piece.start..piece.start + piece.room).contains(&at);
        let piece = self.0.iter_mut().find(holds).unwrap_or_else(|| panic!("nothing may lie at {at:#x}"));
        let offset = (at - piece.start) as usize;
        let end = offset + bytes.len();
        if end > piece.bytes.len() {
            piece.bytes.resize(end.next_multiple_of(PAGE as usize), 0);
        }
        piece.bytes[offset..end].copy_from_slice(bytes);
    }

    /// Sets a bit of a mask that begins at `at`.
    pub(super) fn set_bit(&mut self, at: u64, bit: u64) {
        let at = at + bit / 8;
        let piece = self.0.iter().find(|piece| (piece.start..piece.start + piece.room).contains(&at)).unwrap();
        let byte = piece.bytes.get((at - piece.start) as usize).copied().unwrap_or(0);
        self.put(at, &[byte | 1 << (bit % 8)]);
    }

    /// Makes segments of them; of what is lost, without contents.
    pub(super) fn segments(&self, core: &mut CoreBuilder, lost: &[Range<u64>]) {
        let mut pieces: Vec<&Piece> = self.0.iter().filter(|piece| !piece.bytes.is_empty()).collect();
        pieces.sort_by_key(|piece| piece.start);
        for piece in pieces {
            let end = piece.start + piece.bytes.len() as u64;
            let mut at = piece.start;
            let mut gaps: Vec<&Range<u64>> =
                lost.iter().filter(|gap| piece.start <= gap.start && gap.end <= end).collect();
            gaps.sort_by_key(|gap| gap.start);
            for gap in gaps {
                self.segment(core, piece, at..gap.start);
                core.segment(gap.start, gap.end - gap.start, piece.flags, &[]);
                at = gap.end;
            }
            self.segment(core, piece, at..end);
        }
    }

    fn segment(&self, core: &mut CoreBuilder, piece: &Piece, range: Range<u64>) {
        if !range.is_empty() {
            let bytes = &piece.bytes[(range.start - piece.start) as usize..(range.end - piece.start) as usize];
            core.segment(range.start, range.end - range.start, piece.flags, bytes);
        }
    }
}
