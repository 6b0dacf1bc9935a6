//! The headers of C's chunks (glibc malloc/malloc.c): what a walk over a heap needs.

use super::piece::Piece;
use goheap_image::{Address, MemoryImage};
use goheap_runtime::GlibcHeap;
use std::ops::Range;

const SIZE_BITS: u64 = 7;
/// `PREV_INUSE`: where it is not set, the word before the size is the size of the free chunk before.
const PREV_INUSE: u64 = 1;
const LEAST: u64 = 32;
const CHUNK_STEP: u64 = 16;
/// Chunks that may hold a thread's cache, and how many bytes their counts have.
const CACHES: [(u64, u64); 2] = [(0x290, 128), (0x250, 64)];

/// Where chunks begin.
#[derive(Debug, Default)]
pub(super) struct CChunks {
    heaps: Vec<Heap>,
}

#[derive(Debug)]
struct Heap {
    range: Range<u64>,
    /// A bit for each 16 bytes, up to the last chunk: one begins there.
    starts: Vec<u64>,
}

impl CChunks {
    /// Walks all heaps.
    pub(super) fn new(memory: &MemoryImage, glibc: &GlibcHeap) -> Self {
        let mut arenas: Vec<u64> = glibc.arenas.iter().map(|arena| arena.address).collect();
        arenas.sort_unstable();
        let arena_in = |range: &Range<u64>| {
            let first = arenas.get(arenas.partition_point(|&arena| arena < range.start)).copied();
            first.filter(|arena| range.contains(arena))
        };
        let heaps = glibc.arenas.iter().flat_map(|arena| &arena.heaps);
        let mut heaps: Vec<Heap> = heaps.map(|heap| Heap::walk(memory, arena_in(heap), heap.clone())).collect();
        heaps.sort_by_key(|heap| heap.range.start);
        CChunks { heaps }
    }

    /// The heaps.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.heaps.iter().map(|heap| heap.range.clone())
    }

    fn heap(&self, address: u64) -> Option<&Heap> {
        let next = self.heaps.partition_point(|heap| heap.range.start <= address);
        next.checked_sub(1).and_then(|index| self.heaps.get(index)).filter(|heap| address < heap.range.end)
    }

    /// True if the word at `at` is one of a chunk's header, or leads from one free chunk to the next, or counts the chunks in a thread's
    /// cache.
    pub(super) fn is_header(&self, piece: &Piece<'_>, at: u64, word: u64) -> bool {
        let Some(heap) = self.heap(at) else { return false };
        if at.checked_sub(8).is_some_and(|chunk| heap.begins(chunk)) {
            return true;
        }
        if heap.begins(at) {
            return piece.word(at.saturating_add(8)).is_some_and(|size| size & PREV_INUSE == 0);
        }
        // Since 2.32 a link is hidden by its own address.
        if at.checked_sub(16).is_some_and(|chunk| heap.begins(chunk)) {
            let link = word ^ (at >> 12);
            if link == 0 || link.is_multiple_of(CHUNK_STEP) && self.heap(link).is_some() {
                return true;
            }
        }
        self.is_in_cache(piece, heap, at)
    }

    fn is_in_cache(&self, piece: &Piece<'_>, heap: &Heap, at: u64) -> bool {
        let Some(chunk) = heap.chunk_within(at, 16 + 128) else { return false };
        let size = piece.word(chunk.saturating_add(8)).unwrap_or(0) & !SIZE_BITS;
        let Some((_, counts)) = CACHES.iter().find(|cache| cache.0 == size) else { return false };
        let (first, entries) = (chunk + 16, chunk + 16 + counts);
        // A cache has entries of chunks or nothing behind its counts.
        (first..entries).contains(&at)
            && (0..64)
                .all(|bin| piece.word(entries + bin * 8).is_some_and(|entry| entry == 0 || self.heap(entry).is_some()))
    }
}

impl Heap {
    fn walk(memory: &MemoryImage, arena: Option<u64>, range: Range<u64>) -> Heap {
        let mut heap = Heap { starts: Vec::new(), range };
        let firsts: Vec<u64> = match arena {
            Some(arena) => vec![(arena + STATE_BYTES).next_multiple_of(CHUNK_STEP)],
            // Another heap's begins behind its record, whose size differs between releases; the main one's at once.
            None => (0..5).map(|step| heap.range.start.next_multiple_of(CHUNK_STEP) + step * CHUNK_STEP).collect(),
        };
        let mut best: Vec<u64> = Vec::new();
        for first in firsts {
            let found = heap.chain(memory, first);
            if found.len() > best.len() {
                best = found;
            }
        }
        // As far as chunks were seen: a heap says itself how large it is.
        let words = best.iter().max().map_or(0, |last| (last - heap.range.start) / CHUNK_STEP / 64 + 1);
        heap.starts = vec![0; usize::try_from(words).unwrap_or(0)];
        for chunk in best {
            let bit = (chunk - heap.range.start) / CHUNK_STEP;
            if let Some(word) = heap.starts.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
        }
        heap
    }

    fn chain(&self, memory: &MemoryImage, first: u64) -> Vec<u64> {
        let (mut at, mut found) = (first, Vec::new());
        while at.saturating_add(16) <= self.range.end {
            let Some(size) = memory.read_u64(Address(at + 8)).map(|size| size & !SIZE_BITS) else { break };
            found.push(at);
            match at.checked_add(size) {
                Some(next) if size >= LEAST && size.is_multiple_of(CHUNK_STEP) && next < self.range.end => at = next,
                _ => break,
            }
        }
        found
    }

    fn begins(&self, address: u64) -> bool {
        let Some(distance) = address.checked_sub(self.range.start).filter(|distance| distance % CHUNK_STEP == 0) else {
            return false;
        };
        let bit = distance / CHUNK_STEP;
        self.starts.get((bit / 64) as usize).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// The chunk that begins at most `most` bytes before `address`.
    fn chunk_within(&self, address: u64, most: u64) -> Option<u64> {
        let first = address - (address - self.range.start) % CHUNK_STEP;
        (0..=most / CHUNK_STEP).filter_map(|step| first.checked_sub(step * CHUNK_STEP)).find(|&at| self.begins(at))
    }
}

/// `struct malloc_state`, which stands before the first chunk of the first heap of an arena.
pub(super) const STATE_BYTES: u64 = 2200;

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_runtime::GlibcArena;

    const HEAP: u64 = 0x1_0000;
    const BYTES: u64 = 0x1000;
    const SECRET: u64 = 0x5ec2_e75e_c2e7_5ec0;

    /// A heap with these words and the top behind them, of an arena that lies elsewhere.
    fn with<R>(words: &[(u64, u64)], ask: impl FnOnce(&CChunks, &Piece<'_>) -> R) -> R {
        let mut bytes = vec![0; BYTES as usize];
        for (at, word) in words {
            let at = (at - HEAP) as usize;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        let memory = MemoryImage::from_buffers([(Address(HEAP), bytes.clone(), true)]);
        let arena = GlibcArena {
            address: 0x9000,
            heaps: std::iter::once(HEAP..HEAP + BYTES).collect(),
            ..GlibcArena::default()
        };
        let chunks = CChunks::new(&memory, &GlibcHeap { arenas: vec![arena], mmapped: None });
        let mut after = bytes.clone();
        ask(&chunks, &Piece::new(HEAP, &bytes, &mut after, &memory))
    }

    /// A thread's cache, a free chunk in it, one in use behind that, and one more.
    const CACHE: u64 = HEAP;
    const FREE: u64 = CACHE + 0x290;
    const USED: u64 = FREE + 0x40;
    const LAST: u64 = USED + 0x50;
    const TOP: u64 = LAST + 0x30;
    const CHUNKS: [(u64, u64); 7] = [
        (CACHE + 8, 0x291),
        (CACHE + 0x90, FREE + 16),
        (FREE + 8, 0x41),
        (USED, 0x40),
        (USED + 8, 0x50),
        (LAST + 8, 0x31),
        (TOP + 8, (HEAP + BYTES - TOP) | 1),
    ];

    fn headers(words: &[(u64, u64)], asked: &[(u64, u64)]) -> Vec<bool> {
        with(words, |chunks, piece| asked.iter().map(|(at, word)| chunks.is_header(piece, *at, *word)).collect())
    }

    #[test]
    fn sizes_stay_and_that_of_the_chunk_before_only_where_it_is_free() {
        let asked = [
            (CACHE + 8, 0x291),
            (FREE + 8, 0x41),
            (USED + 8, 0x50),
            (TOP + 8, 1),
            (USED, 0x40),
            // The last word of what is in use.
            (LAST, SECRET),
            (USED + 0x20, 0x40),
        ];
        assert_eq!(headers(&CHUNKS, &asked), [true, true, true, true, true, false, false]);
    }

    #[test]
    fn links_stay_where_they_end_or_lead_into_the_heap_hidden_as_they_are() {
        let at = FREE + 16;
        let hidden = |link: u64| (at, link ^ (at >> 12));
        let asked =
            [hidden(0), hidden(USED + 16), hidden(USED + 17), hidden(0x99_0000), (at, SECRET), (at + 8, SECRET)];
        assert_eq!(headers(&CHUNKS, &asked), [true, true, false, false, false, false]);
    }

    #[test]
    fn counts_of_a_threads_cache_stay_where_its_entries_are_chunks() {
        let counts = [(CACHE + 24, 0x0002_0001), (CACHE + 0x88, 5), (CACHE + 0x98, 5)];
        assert_eq!(headers(&CHUNKS, &counts), [true, true, false], "behind the counts entries follow");
        let mut others = CHUNKS;
        others[1].1 = SECRET;
        assert_eq!(headers(&others, &counts), [false; 3], "it is a chunk of the same size");
    }

    #[test]
    fn chunks_are_those_of_the_longest_chain() {
        // Another heap begins with a record, here of two times 16 bytes.
        let words = [(HEAP + 8, 3), (HEAP + 0x28, 0x31), (HEAP + 0x58, 0x48), (HEAP + 0xa0, 0x21)];
        let asked = [(HEAP + 8, 3), (HEAP + 0x28, 0x31), (HEAP + 0x58, 0x48), (HEAP + 0xa0 + 8, 0)];
        assert_eq!(headers(&words, &asked), [false, true, true, false], "no chunk is of a size that is no step");
        assert_eq!(headers(&words, &[(HEAP + BYTES + 8, 0x31), (0, 0)]), [false; 2]);
    }
}
