//! The chain of chunks of a heap: which are in use, and which only look so.

use crate::words::word_at;
use goheap_image::{Address, MemoryImage};
use std::ops::Range;

/// `PREV_INUSE`; the two bits beside it say where a chunk is from.
const PREV_INUSE: u64 = 1;
const SIZE_BITS: u64 = 7;
/// `MINSIZE`.
const LEAST: u64 = 32;
/// `TCACHE_MAX_BINS`; the bin of that number has chunks of 32 bytes and 16 more for each.
const TCACHE_BINS: usize = 64;
/// Chunks that hold a thread's cache (`tcache_perthread_struct`): counts of two bytes since 2.30, of one before.
const TCACHE_CHUNKS: [(u64, usize); 2] = [(0x290, 2), (0x250, 1)];
const FASTBINS: u64 = 10;

/// What a walk found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) in_use: u64,
    pub(super) chunks: u64,
    pub(super) free: u64,
}

impl Sums {
    pub(super) fn add(&mut self, more: Sums) {
        self.in_use += more.in_use;
        self.chunks += more.chunks;
        self.free += more.free;
    }

    /// Bytes that look used and are not.
    fn turn_free(&mut self, chunks: u64, bytes: u64) {
        let bytes = bytes.min(self.in_use);
        self.in_use -= bytes;
        self.free += bytes;
        self.chunks = self.chunks.saturating_sub(chunks);
    }

    /// Takes out what lies in the fast bins, whose heads are at `heads`.
    pub(super) fn free_fast_chunks(&mut self, memory: &MemoryImage, heads: u64) {
        for bin in 0..FASTBINS {
            let size = LEAST + bin * 16;
            let head = memory.read_u64(Address(heads + bin * 8)).unwrap_or(0);
            let most = self.in_use / LEAST;
            // Since 2.32 a pointer is hidden by its own address.
            let lists = [true, false].map(|is_hidden| fast_chunks(memory, head, size, most, is_hidden));
            let count = lists.into_iter().flatten().max().unwrap_or(0);
            self.turn_free(count, count.saturating_mul(size));
        }
    }
}

/// How many chunks of `size` bytes are in the list at `head`; None where one has another size, or they are more than `most`.
fn fast_chunks(memory: &MemoryImage, head: u64, size: u64, most: u64, is_hidden: bool) -> Option<u64> {
    let (mut at, mut count) = (head, 0);
    while at != 0 {
        let chunk = Address(at);
        if count == most || memory.read_u64(chunk.add(8))? & !SIZE_BITS != size {
            return None;
        }
        count += 1;
        let link = chunk.add(16);
        let next = memory.read_u64(link)?;
        at = if is_hidden { next ^ (link.0 >> 12) } else { next };
    }
    Some(count)
}

/// Walks heaps of one arena.
pub(super) struct Walk<'m> {
    pub(super) memory: &'m MemoryImage,
    /// The chunk that is not yet cut up.
    pub(super) top: u64,
}

impl Walk<'_> {
    /// The chunks from the first byte of `range` on, up to the top or the end. Each is at least 32 bytes that are there: a broken chain
    /// ends sooner.
    pub(super) fn heap(&self, range: Range<u64>) -> Sums {
        let (mut sums, mut at) = (Sums::default(), range.start);
        let size_at = |chunk: u64| self.memory.read_u64(Address(chunk).add(8));
        let Some(mut size) = size_at(at) else { return sums };
        let (mut cached, mut cached_bytes) = (0, 0);
        loop {
            let bytes = size & !SIZE_BITS;
            let Some(end) =
                at.checked_add(bytes).filter(|&end| bytes >= LEAST && bytes.is_multiple_of(16) && end <= range.end)
            else {
                break;
            };
            if at == self.top {
                sums.free += bytes;
                break;
            }
            let Some(next) = size_at(end) else { break };
            if next & PREV_INUSE == 0 {
                sums.free += bytes;
            } else {
                sums.in_use += bytes;
                sums.chunks += 1;
                let (chunks, bytes) = self.cached(at, bytes);
                cached += chunks;
                cached_bytes += bytes;
            }
            (at, size) = (end, next);
        }
        sums.turn_free(cached, cached_bytes);
        sums
    }

    /// The chunks in a thread's cache, if the chunk holds one: how many, and their bytes. They look used.
    fn cached(&self, chunk: u64, bytes: u64) -> (u64, u64) {
        let Some(&(_, width)) = TCACHE_CHUNKS.iter().find(|known| known.0 == bytes) else { return (0, 0) };
        let len = TCACHE_BINS * (width + 8);
        let Some(cache) = self.memory.bytes(Address(chunk).add(16), len) else { return (0, 0) };
        let (mut chunks, mut sum) = (0, 0);
        for bin in 0..TCACHE_BINS {
            let count = match width {
                2 => cache.get(bin * 2..bin * 2 + 2).map_or(0, |two| u64::from(two[0]) | u64::from(two[1]) << 8),
                _ => cache.get(bin).map_or(0, |&one| u64::from(one)),
            };
            let size = LEAST + bin as u64 * 16;
            let first = word_at(&cache, TCACHE_BINS * width + bin * 8).unwrap_or(0);
            let is_list = first.checked_sub(8).and_then(|at| self.memory.read_u64(Address(at)));
            match (count, first) {
                (0, 0) => {}
                (1.., 1..) if is_list.is_some_and(|found| found & !SIZE_BITS == size) => {
                    chunks += count;
                    sum += count * size;
                }
                // Not a cache, but an allocation of the program of the same size.
                _ => return (0, 0),
            }
        }
        (chunks, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAP: u64 = 0x10_0000;

    fn image(chunks: &[(u64, u64)]) -> (MemoryImage, u64) {
        let mut bytes = Vec::new();
        for &(size, content) in chunks {
            let start = bytes.len();
            bytes.resize(start + (size & !SIZE_BITS) as usize, 0);
            bytes[start + 8..start + 16].copy_from_slice(&size.to_le_bytes());
            bytes[start + 16..start + 24].copy_from_slice(&content.to_le_bytes());
        }
        let end = HEAP + bytes.len() as u64;
        (MemoryImage::from_buffers([(Address(HEAP), bytes, true)]), end)
    }

    #[test]
    fn what_the_next_chunk_says_is_free_is_free() {
        // Used, free, used, top.
        let (memory, end) = image(&[(0x31, 0), (0x41, 0), (0x50, 0), (0x101, 0)]);
        let walk = Walk { memory: &memory, top: end - 0x100 };
        let sums = walk.heap(HEAP..end);
        assert_eq!(sums, Sums { in_use: 0x30 + 0x50, chunks: 2, free: 0x40 + 0x100 });
    }

    #[test]
    fn a_broken_chain_ends() {
        let (memory, end) = image(&[(0x31, 0), (0x41, 0)]);
        let walk = Walk { memory: &memory, top: 0 };
        assert_eq!(walk.heap(HEAP..end).in_use, 0x30, "nothing follows the second");
        let (memory, end) = image(&[(0x31, 0)]);
        assert_eq!(Walk { memory: &memory, top: 0 }.heap(HEAP..end), Sums::default());
        assert_eq!(Walk { memory: &memory, top: 0 }.heap(0..64), Sums::default());
    }

    #[test]
    fn chunks_in_fast_bins_are_free() {
        let hidden = |at: u64, to: u64| to ^ ((at + 16) >> 12);
        let (first, second) = (HEAP, HEAP + 0x20);
        for is_hidden in [true, false] {
            let to = |at: u64, to: u64| if is_hidden { hidden(at, to) } else { to };
            let (memory, _) = image(&[(0x21, to(first, second)), (0x21, to(second, 0)), (0x21, 0)]);
            let heads = MemoryImage::from_buffers([
                (Address(0x1000), first.to_le_bytes().to_vec(), true),
                (Address(HEAP), memory.bytes(Address(HEAP), 0x60).unwrap_or_default().into_owned(), true),
            ]);
            let mut sums = Sums { in_use: 0x60, chunks: 3, free: 0 };
            sums.free_fast_chunks(&heads, 0x1000);
            assert_eq!(sums, Sums { in_use: 0x20, chunks: 1, free: 0x40 }, "{is_hidden}");
        }
        // A list that leads back to its head.
        let (memory, _) = image(&[(0x21, first)]);
        assert_eq!(fast_chunks(&memory, first, 0x20, 10, false), None);
    }
}
