//! Which pages of the heap that are in no span were returned to the system (mpagealloc.go, mpallocbits.go, mpagecache.go).

use super::PAGE_BITMAPS;
use crate::heap::arena_base;
use crate::model::RuntimeModel;
use crate::span::PAGE_BYTES;
use foldhash::HashMap;
use goheap_image::{Address, MemoryImage};
use std::ops::Range;

/// `pallocChunkPages`: a `pallocData` has a bit for each in use, then one for each that was returned.
const CHUNK_PAGES: u64 = 512;
const CHUNK_BYTES: u64 = CHUNK_PAGES * PAGE_BYTES;
const PALLOC_DATA_BYTES: u64 = 128;
const SCAVENGED: u64 = 64;
/// Entries of one array of `pallocData`.
const CHUNKS_AN_ARRAY: u64 = 1 << 13;
/// Pages of a processor's cache, one bit each.
const CACHED_PAGES: u64 = 64;

/// What became of a page without a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Kept for the next span.
    Kept,
    /// Returned to the system, which gives it back as zeros when it is touched.
    Released,
    /// The core lacks the bitmap.
    NotKnown,
}

/// Reads the bitmaps of returned pages.
pub struct PageStates<'m> {
    memory: &'m MemoryImage,
    /// `pageAlloc.chunks`.
    chunks: Option<Address>,
    arena_base: u64,
    /// Pages that processors took for spans to come, and that were returned before: their bits are in the caches.
    cached: HashMap<u64, u64>,
}

impl RuntimeModel<'_> {
    /// Which pages were returned to the system.
    pub fn page_states(&self) -> PageStates<'_> {
        let memory = self.memory();
        let cache = |p: &Address| {
            let cache = p.add(self.layout.p.pcache?);
            let (base, free) = (memory.read_u64(cache)?, memory.read_u64(cache.add(8))?);
            Some((base, free & memory.read_u64(cache.add(16))?))
        };
        PageStates {
            memory,
            chunks: self.layout.mheap.chunks.map(|at| self.mheap.add(at)),
            arena_base: arena_base(self.machine()),
            cached: self.processors.iter().filter_map(cache).filter(|&(_, returned)| returned != 0).collect(),
        }
    }
}

impl PageStates<'_> {
    /// Tells of each run of pages in `range`, in order, what became of it.
    pub fn each(&self, range: Range<u64>, mut tell: impl FnMut(Range<u64>, PageState)) {
        let mut run: Option<(Range<u64>, PageState)> = None;
        let mut at = range.start;
        let (mut chunk, mut returned) = (u64::MAX, None);
        while at < range.end {
            let number = at.wrapping_sub(self.arena_base) / CHUNK_BYTES;
            if number != chunk {
                (chunk, returned) = (number, self.returned(number));
            }
            let end = if returned.is_some() { next_multiple(at, PAGE_BYTES) } else { next_multiple(at, CHUNK_BYTES) };
            let end = end.min(range.end);
            let state = match &returned {
                None => PageState::NotKnown,
                Some(bits) if is_set(bits, at / PAGE_BYTES % CHUNK_PAGES) || self.is_cached(at) => PageState::Released,
                Some(_) => PageState::Kept,
            };
            run = match run {
                Some((pages, before)) if before == state => Some((pages.start..end, state)),
                before => {
                    before.into_iter().for_each(|(pages, state)| tell(pages, state));
                    Some((at..end, state))
                }
            };
            at = end;
        }
        run.into_iter().for_each(|(pages, state)| tell(pages, state));
    }

    /// The bits of the chunk's pages that were returned.
    fn returned(&self, chunk: u64) -> Option<[u64; 8]> {
        let array = chunk / CHUNKS_AN_ARRAY;
        let array = (array < PAGE_BITMAPS as u64).then(|| self.memory.read_u64(self.chunks?.add(array * 8)))??;
        let data = Address(array).add(chunk % CHUNKS_AN_ARRAY * PALLOC_DATA_BYTES + SCAVENGED);
        let mut bits = [0; 8];
        for (bits, word) in bits.iter_mut().zip(0..) {
            *bits = (array != 0).then(|| self.memory.read_u64(data.add(word * 8)))??;
        }
        Some(bits)
    }

    fn is_cached(&self, page: u64) -> bool {
        let bytes = CACHED_PAGES * PAGE_BYTES;
        let returned = self.cached.get(&(page / bytes * bytes));
        returned.is_some_and(|bits| bits >> (page / PAGE_BYTES % CACHED_PAGES) & 1 == 1)
    }
}

fn is_set(bits: &[u64; 8], page: u64) -> bool {
    bits.get((page / 64) as usize).is_some_and(|word| word >> (page % 64) & 1 == 1)
}

/// The first multiple above `at`, which divides the bases of arenas.
fn next_multiple(at: u64, of: u64) -> u64 {
    (at / of + 1).saturating_mul(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One chunk whose pages 3 to 66 were returned.
    fn memory() -> MemoryImage {
        let mut data = vec![0; PALLOC_DATA_BYTES as usize];
        for (word, bits) in [!0_u64 << 3, 0b111].into_iter().enumerate() {
            data[SCAVENGED as usize + word * 8..][..8].copy_from_slice(&bits.to_le_bytes());
        }
        let array = 0x5000 + PALLOC_DATA_BYTES;
        MemoryImage::from_buffers([
            (Address(0x1000), (array - PALLOC_DATA_BYTES).to_le_bytes().to_vec(), true),
            (Address(array), data, true),
        ])
    }

    fn told(states: &PageStates<'_>, range: Range<u64>) -> Vec<(u64, u64, PageState)> {
        let mut told = Vec::new();
        let page = |at: u64| (at - CHUNK_BYTES) / PAGE_BYTES;
        states.each(range, |pages, state| told.push((page(pages.start), page(pages.end), state)));
        told
    }

    #[test]
    fn runs_of_pages_are_told_whole() {
        let memory = memory();
        let cached = [(CHUNK_BYTES, 0b1)].into_iter().collect();
        let mut states = PageStates { memory: &memory, chunks: Some(Address(0x1000)), arena_base: 0, cached };
        let all = CHUNK_BYTES..CHUNK_BYTES + CHUNK_BYTES;
        use PageState::{Kept, NotKnown, Released};
        assert_eq!(
            told(&states, all.clone()),
            [(0, 1, Released), (1, 3, Kept), (3, 67, Released), (67, 512, Kept)],
            "the first is in a processor's cache"
        );
        let part = CHUNK_BYTES + 2 * PAGE_BYTES..CHUNK_BYTES + 4 * PAGE_BYTES;
        assert_eq!(told(&states, part), [(2, 3, Kept), (3, 4, Released)]);
        let beyond = 2 * CHUNK_BYTES..3 * CHUNK_BYTES;
        assert_eq!(told(&states, beyond), [(512, 1024, NotKnown)], "its bits are absent");
        states.chunks = None;
        assert_eq!(told(&states, all), [(0, 512, NotKnown)]);
    }
}
