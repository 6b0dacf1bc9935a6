//! Which parts of a range can be read, and which are absent.

use std::ops::Range;

use crate::{Address, MemoryImage};

impl MemoryImage {
    /// The parts of the `len` bytes at `address` that can be read: ascending, apart, as distances from `address`.
    pub fn present_parts(&self, address: Address, len: u64) -> PresentParts<'_> {
        let end = address.0.saturating_add(len);
        PresentParts { memory: self, start: address.0, end, index: self.first_past(address) }
    }

    /// The parts of the `len` bytes at `address` that are absent: ascending, apart, as distances from `address`.
    pub fn absent_parts(&self, address: Address, len: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let len = len.min(u64::MAX - address.0);
        let present = self.present_parts(address, len).chain(std::iter::once(len..len));
        let gap = |at: &mut u64, part: Range<u64>| Some(std::mem::replace(at, part.end)..part.start);
        present.scan(0, gap).filter(|gap| gap.start < gap.end)
    }
}

/// Iterator of [`MemoryImage::present_parts`].
#[derive(Clone)]
pub struct PresentParts<'m> {
    memory: &'m MemoryImage,
    start: u64,
    end: u64,
    /// The piece to look at next.
    index: usize,
}

impl Iterator for PresentParts<'_> {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Range<u64>> {
        let mut part: Option<Range<u64>> = None;
        while let Some(range) = self.memory.range(self.index).filter(|range| range.start.0 < self.end) {
            let piece = range.start.0.max(self.start) - self.start..range.end().0.min(self.end) - self.start;
            match &mut part {
                Some(part) if part.end < piece.start => break,
                Some(part) => part.end = piece.end,
                None => part = Some(piece),
            }
            self.index += 1;
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(parts: impl Iterator<Item = Range<u64>>) -> Vec<(u64, u64)> {
        parts.map(|part| (part.start, part.end)).collect()
    }

    #[test]
    fn present_and_absent_make_the_whole() {
        let memory = MemoryImage::from_buffers([
            (Address(0x1000), vec![1; 0x100], true),
            (Address(0x1100), vec![2; 0x100], false),
            (Address(0x1300), vec![3; 0x100], true),
            (Address(u64::MAX - 16), vec![4; 8], true),
        ]);
        let present = |at, len| pairs(memory.present_parts(Address(at), len));
        let absent = |at, len| pairs(memory.absent_parts(Address(at), len));
        assert_eq!(present(0x1000, 0x400), [(0, 0x200), (0x300, 0x400)], "neighbours are one part");
        assert_eq!(absent(0x1000, 0x400), [(0x200, 0x300)]);
        assert_eq!((present(0x1180, 0x10), absent(0x1180, 0x10)), (vec![(0, 0x10)], vec![]));
        assert_eq!((present(0x1200, 0x100), absent(0x1200, 0x100)), (vec![], vec![(0, 0x100)]));
        assert_eq!(absent(0xf00, 0x1000), [(0, 0x100), (0x300, 0x400), (0x500, 0x1000)]);
        assert_eq!((present(0x1000, 0), absent(0x1000, 0)), (vec![], vec![]));
        assert_eq!(present(u64::MAX - 20, u64::MAX), [(4, 12)], "addresses do not wrap");
        assert_eq!(absent(u64::MAX - 20, u64::MAX), [(0, 4), (12, 20)]);
    }
}
