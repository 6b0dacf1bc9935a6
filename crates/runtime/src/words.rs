//! Go's compound words in memory: strings and slices, with the bounds that hostile input asks for.

use goheap_image::{Address, MemoryImage};
use std::ops::Range;

/// A slice header: three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceHeader {
    /// First element.
    pub data: Address,
    /// Elements in use.
    pub len: u64,
    /// Elements allocated.
    pub cap: u64,
}

impl SliceHeader {
    /// True if all of its words are there, as a slice of words. A broken header may claim any length.
    pub fn has_words(&self, memory: &MemoryImage) -> bool {
        self.len.checked_mul(8).is_some_and(|bytes| memory.readable_len(self.data, bytes) == bytes)
    }
}

/// Reads the slice header at `at`; None where it is absent or its length exceeds its capacity.
pub fn read_slice(memory: &MemoryImage, at: Address) -> Option<SliceHeader> {
    let data = Address(memory.read_u64(at)?);
    let len = memory.read_u64(at.add(8))?;
    let cap = memory.read_u64(at.add(16))?;
    (len <= cap).then_some(SliceHeader { data, len, cap })
}

/// Reads the Go string whose header is at `at`, at most `limit` bytes of it; invalid UTF-8 is replaced.
pub fn read_string(memory: &MemoryImage, at: Address, limit: usize) -> Option<String> {
    let data = Address(memory.read_u64(at)?);
    let len = usize::try_from(memory.read_u64(at.add(8))?).ok()?.min(limit);
    let bytes = memory.bytes(data, len)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a run of `count` words at `at`; None where any of them is absent.
pub fn read_words(memory: &MemoryImage, at: Address, count: usize) -> Option<Vec<u64>> {
    let bytes = memory.bytes(at, count.checked_mul(8)?)?;
    Some(words(&bytes).collect())
}

/// The addresses of the words in the first `limit` bytes of `range`, as far as these are there: a broken core may claim a range of any
/// length.
pub fn present_words<'m>(
    memory: &'m MemoryImage,
    range: &Range<u64>,
    limit: u64,
) -> impl Iterator<Item = Address> + use<'m> {
    let start = range.start;
    let parts = memory.present_parts(Address(start), range.end.saturating_sub(start).min(limit));
    parts.flat_map(move |part| {
        let (first, end) = (start.saturating_add(part.start), start.saturating_add(part.end));
        (first.checked_next_multiple_of(8).unwrap_or(end)..end).step_by(8).map(Address)
    })
}

/// The little-endian words of `bytes`; a tail shorter than a word is left out.
pub fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word))
}

/// The word at byte `offset` of `bytes`.
pub fn word_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let word = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(word.try_into().ok()?))
}

/// The four bytes at byte `offset` of `bytes`.
pub fn half_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let half = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(half.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_no_memory_has_costs_nothing() {
        let buffers = [(Address(0x1004), vec![0; 20], true), (Address(1 << 40), vec![0; 16], true)];
        let memory = MemoryImage::from_buffers(buffers);
        let words = |limit| present_words(&memory, &(0x1000..u64::MAX), limit).map(|at| at.0).collect::<Vec<_>>();
        assert_eq!(words(u64::MAX), [0x1008, 0x1010, 1 << 40, (1 << 40) + 8]);
        assert_eq!(words(0x10), [0x1008]);
        let turned = std::ops::Range { start: 0x1000, end: 0x10 };
        assert_eq!(present_words(&memory, &turned, u64::MAX).count(), 0);
    }
}
