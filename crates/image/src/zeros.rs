//! Zeros that need not be looked at: gcore writes pages that nobody ever touched, kernels leave holes for them.

use std::ops::Range;

use crate::{Address, MemoryImage};

const PAGE: u64 = 4096;
const CHUNK: usize = 64;

impl MemoryImage {
    /// The parts of the `len` bytes at `address` that are not known to be zero: ascending, apart, as distances from `address`.
    ///
    /// Whole pages of zeros are left out. Holes of a sparse file are passed over unread; all else that is there is looked at once,
    /// at the speed of memory. What is absent is not zero, and so in a part.
    pub fn nonzero_parts(&self, address: Address, len: u64) -> NonzeroParts<'_> {
        NonzeroParts { memory: self, address, at: 0, len: len.min(u64::MAX - address.0), data_end: 0 }
    }
}

/// Iterator of [`MemoryImage::nonzero_parts`].
pub struct NonzeroParts<'m> {
    memory: &'m MemoryImage,
    address: Address,
    at: u64,
    len: u64,
    /// Where the system is to be asked again whether a hole begins.
    data_end: u64,
}

impl NonzeroParts<'_> {
    /// Bytes from `at` to the end of the page, or of all.
    fn step(&self, at: u64) -> u64 {
        (PAGE - (self.address.0 + at) % PAGE).min(self.len - at)
    }

    /// How many bytes at `at` are zeros, up to the end of a page or of all; 0 where the first page has others.
    fn zeros(&mut self, at: u64) -> u64 {
        let (start, step, rest) = (self.address + at, self.step(at), self.len - at);
        if at >= self.data_end {
            let hole = self.memory.hole_len(start);
            let whole = (start + hole).align_down(PAGE).0.saturating_sub(start.0);
            if hole >= rest || whole > 0 {
                return if hole >= rest { rest } else { whole };
            }
            self.data_end = at + hole + self.memory.data_len(start + hole).max(1);
        }
        // A page that two pieces share is rare and not worth stitching.
        if self.memory.slice(start, step).is_some_and(is_zero) { step } else { 0 }
    }
}

impl Iterator for NonzeroParts<'_> {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Range<u64>> {
        while self.at < self.len {
            match self.zeros(self.at) {
                0 => break,
                zeros => self.at += zeros,
            }
        }
        let start = self.at;
        while self.at < self.len {
            if self.zeros(self.at) > 0 {
                break;
            }
            self.at += self.step(self.at);
        }
        (start < self.at).then_some(start..self.at)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    let zero = |chunk: &[u8]| chunk.iter().fold(0, |all, byte| all | byte) == 0;
    let chunks = bytes.chunks_exact(CHUNK);
    zero(chunks.remainder()) && chunks.into_iter().all(zero)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::map::ByteStore;
    use crate::memory::{MemoryBuilder, MemoryRange, RangeSource};
    use std::os::unix::fs::FileExt;
    use std::path::Path;
    use std::sync::Arc;

    fn parts(memory: &MemoryImage, address: u64, len: u64) -> Vec<(u64, u64)> {
        memory.nonzero_parts(Address(address), len).map(|part| (part.start, part.end)).collect()
    }

    #[test]
    fn whole_pages_of_zeros_are_left_out() {
        let mut bytes = vec![0; 5 * 4096];
        bytes[4095] = 1;
        bytes[3 * 4096 + 7] = 1;
        let memory = MemoryImage::from_buffers([(Address(0x10000), bytes, true)]);
        assert_eq!(parts(&memory, 0x10000, 5 * 4096), [(0, 4096), (3 * 4096, 4 * 4096)]);
        assert_eq!(parts(&memory, 0x10ff8, 0x3000), [(0, 8), (0x2008, 0x3000)]);
        assert_eq!(parts(&memory, 0x11000, 0x2000), []);
        assert_eq!(parts(&memory, 0x10fff, 1), [(0, 1)]);
        assert_eq!(parts(&memory, 0x11000, 0), []);
    }

    #[test]
    fn absent_memory_is_not_zero() {
        let memory =
            MemoryImage::from_buffers([(Address(0x1000), vec![0; 4096], true), (Address(0x3000), vec![0; 64], true)]);
        assert_eq!(parts(&memory, 0x1000, 0x3000), [(0x1000, 0x3000)]);
        assert_eq!(parts(&memory, 0x3000, 64), []);
        assert_eq!(parts(&memory, u64::MAX - 1, 100), [(0, 1)], "addresses do not wrap");
    }

    #[test]
    fn holes_and_written_zeros_are_alike() {
        let file = tempfile::tempfile().unwrap();
        let size = 1 << 22;
        file.set_len(size).unwrap();
        file.write_all_at(&[1; 100], 4096 + 50).unwrap();
        file.write_all_at(&[0; 1 << 16], 1 << 20).unwrap();
        file.write_all_at(&[1], (1 << 21) + 8191).unwrap();
        let store = Arc::new(ByteStore::map(&file, Path::new("core")).unwrap());
        let mut builder = MemoryBuilder::default();
        // Pages of memory are no pages of this file.
        let range = MemoryRange { start: Address(0x7000_0800), len: size, writable: true, source: RangeSource::Core };
        builder.add(range, &store, 0);
        let memory = builder.finish();
        let mut sum = 0;
        for part in memory.nonzero_parts(range.start, size) {
            assert!(part.end - part.start <= 2 * 4096, "{part:?}");
            sum += memory
                .slice(range.start + part.start, part.end - part.start)
                .unwrap()
                .iter()
                .map(|b| u64::from(*b))
                .sum::<u64>();
        }
        assert_eq!(sum, 101);
    }

    #[test]
    fn what_is_asked_for_ahead_may_be_anywhere() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 22).unwrap();
        file.write_all_at(&[1; 100], 1 << 20).unwrap();
        let store = Arc::new(ByteStore::map(&file, Path::new("core")).unwrap());
        let mut builder = MemoryBuilder::default();
        let range = MemoryRange { start: Address(0x1000), len: 1 << 22, writable: true, source: RangeSource::Core };
        builder.add(range, &store, 0);
        let memory = builder.finish();
        memory.read_ahead([(Address(0x1001), u64::MAX), (Address(0), 1), (Address(1 << 40), 8)].into_iter());
        assert_eq!(memory.read_u8(Address(0x1000 + (1 << 20))), Some(1));
    }
}
