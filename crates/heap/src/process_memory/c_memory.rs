//! What C's `malloc` holds.

use super::address_map::{AddressMap, Total};
use super::part::MemoryPart;
use goheap_image::{Address, MemoryImage};
use goheap_runtime::GlibcHeap;

/// Another arena's address space.
const HEAP_BYTES: u64 = 64 << 20;
const PAGE: u64 = 4096;
/// `IS_MMAPPED`: of the bits beside a chunk's size, a mapping of its own has this alone.
const IS_MMAPPED: u64 = 2;
const SIZE_BITS: u64 = 7;

pub(super) fn claim(map: &mut AddressMap<'_>, memory: &MemoryImage, glibc: Option<&GlibcHeap>) {
    let Some(glibc) = glibc else { return };
    for (arena, is_main) in glibc.arenas.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
        for heap in &arena.heaps {
            map.claim_writable(heap.clone(), MemoryPart::MallocInUse);
            if !is_main {
                let reserved = heap.end..heap.start.saturating_add(HEAP_BYTES);
                map.claim_by(reserved, None, |mapping| (!mapping.is_writable()).then_some(MemoryPart::MallocReserved));
            }
        }
    }
    if glibc.mmapped.is_none_or(|bytes| bytes > 0) {
        mapped_chunks(map, memory);
    }
}

/// Allocations that are a mapping each: such a chunk begins at a page, nothing is before it, and it is of whole pages. The kernel joins
/// neighbouring mappings, so that they may begin anywhere in one.
fn mapped_chunks(map: &mut AddressMap<'_>, memory: &MemoryImage) {
    for piece in map.unclaimed(0..u64::MAX).into_iter().filter(|piece| piece.mapping.is_writable()) {
        for part in memory.present_parts(Address(piece.start), piece.end - piece.start) {
            let (mut at, end) = ((piece.start + part.start).next_multiple_of(PAGE), piece.start + part.end);
            while at < end {
                match chunk(memory, at).filter(|&len| len <= piece.end - at) {
                    Some(len) => {
                        map.claim(at..at + len, MemoryPart::MallocMapped);
                        at += len;
                    }
                    None => at += PAGE,
                }
            }
        }
    }
}

/// Bytes of the mapping whose chunk begins at `at`. What aligned its payload further has left the bytes before it in `prev_size`.
fn chunk(memory: &MemoryImage, at: u64) -> Option<u64> {
    let (before, size) = (memory.read_u64(Address(at))?, memory.read_u64(Address(at).add(8))?);
    let len = size & !SIZE_BITS;
    (before == 0 && size & SIZE_BITS == IS_MMAPPED && len.is_multiple_of(PAGE) && len > 0).then_some(len)
}

/// Puts what the arenas hold in the place of their bytes.
pub(super) fn split(glibc: &GlibcHeap, parts: &mut [(MemoryPart, Total)]) {
    let sum = |of: fn(&goheap_runtime::GlibcArena) -> u64| glibc.arenas.iter().map(of).fold(0, u64::saturating_add);
    let whole = parts.iter().find(|(part, _)| *part == MemoryPart::MallocInUse).map_or(0, |(_, total)| total.bytes);
    let (in_use, free) = (sum(|arena| arena.in_use), sum(|arena| arena.free));
    let other = whole.saturating_sub(in_use).saturating_sub(free);
    super::part_out(
        parts,
        MemoryPart::MallocInUse,
        whole,
        &[(MemoryPart::MallocOther, other), (MemoryPart::MallocFree, free)],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_of_its_own_has_whole_pages() {
        let at = |before: u64, size: u64| {
            let words = [before, size].map(u64::to_le_bytes).concat();
            chunk(&MemoryImage::from_buffers([(Address(0x1000), words, true)]), 0x1000)
        };
        assert_eq!(at(0, 0x3002), Some(0x3000));
        assert_eq!([at(0, 0x3001), at(0, 0x3010), at(8, 0x3002), at(0, 2)], [None; 4]);
    }
}
