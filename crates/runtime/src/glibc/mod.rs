//! What C's `malloc` holds: the arenas of glibc 2.27 and later (malloc/malloc.c, arena.c), found by their own shape.
//!
//! A core has no names for it, as libraries are stripped and `main_arena` is no exported symbol. But the empty bins of an arena point to
//! themselves, and all arenas stand in a ring: nothing else in the variables of `libc.so` looks like that, on any machine.

mod chunks;
mod find;

use crate::words::word_at;
use chunks::Sums;
use foldhash::HashSet;
use goheap_image::{Address, Process};
use std::ops::Range;

/// `struct malloc_state` since 2.27: where its fields are, and its size.
const FLAGS: u64 = 4;
const FASTBINS: u64 = 16;
const TOP: u64 = 96;
const BINS: u64 = 112;
const NEXT: u64 = 2160;
const SYSTEM_MEM: u64 = 2184;
const STATE_BYTES: u64 = 2200;
/// `NONCONTIGUOUS_BIT`: the main arena has memory from elsewhere than `brk`.
const NONCONTIGUOUS: u32 = 2;
/// `HEAP_MAX_SIZE`: every other arena's memory begins at a multiple of it with a `heap_info`.
const HEAP_BYTES: u64 = 64 << 20;
/// `M_ARENA_MAX` is eight times the processors; a ring of more is broken.
const MOST_ARENAS: usize = 1 << 14;
/// Heaps of one arena.
const MOST_HEAPS: usize = 1 << 18;

/// C's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlibcHeap {
    /// The main arena first, then in the order of their ring.
    pub arenas: Vec<GlibcArena>,
    /// Bytes of the allocations that have a mapping each, by glibc's own count (`mp_.mmapped_mem`), where that was found.
    pub mmapped: Option<u64>,
}

/// One arena.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlibcArena {
    /// Where its `malloc_state` lies.
    pub address: u64,
    /// Its memory: that of `brk` for the main arena, else heaps at multiples of 64 MiB, in the order of the chunks' walk.
    pub heaps: Vec<Range<u64>>,
    /// Bytes by glibc's own count (`system_mem`).
    pub system_bytes: u64,
    /// Bytes of chunks in use, with their headers.
    pub in_use: u64,
    /// How many these are.
    pub chunks: u64,
    /// Bytes of chunks that are free: in bins, in threads' caches, and the top that is not yet cut up.
    pub free: u64,
    /// Bytes of heaps in which no chunks were found, as the chain of chunks is broken or absent there.
    pub not_walked: u64,
}

impl GlibcHeap {
    /// Looks for glibc's arenas; None where the process has no glibc, or another shape of it.
    pub fn find(process: &Process) -> Option<GlibcHeap> {
        let places = find::Places::of(process);
        let main = places.main_arena()?;
        let memory = &process.memory;
        let mut heap = GlibcHeap::default();
        let (mut at, mut seen) = (main, HashSet::default());
        while seen.insert(at) && heap.arenas.len() < MOST_ARENAS {
            heap.arenas.push(GlibcArena::read(process, at, at == main)?);
            at = memory.read_u64(Address(at).add(NEXT))?;
        }
        let start = heap.arenas.first().and_then(|arena| arena.heaps.first()).map(|heap| heap.start);
        heap.mmapped = start.and_then(|start| places.mmapped(start));
        Some(heap)
    }
}

impl GlibcArena {
    fn read(process: &Process, address: u64, is_main: bool) -> Option<GlibcArena> {
        let memory = &process.memory;
        let word = |offset: u64| memory.read_u64(Address(address).add(offset));
        let (top, system_bytes) = (word(TOP)?, word(SYSTEM_MEM)?);
        let mut arena = GlibcArena { address, system_bytes, ..GlibcArena::default() };
        // The first top of an arena that never had memory is its own bin.
        if top == address + TOP || system_bytes == 0 {
            return Some(arena);
        }
        let top_bytes = memory.read_u64(Address(top).add(8)).map(|size| size & !7);
        let top_end = top_bytes.and_then(|bytes| top.checked_add(bytes));
        let pieces = match (is_main, top_end) {
            (true, Some(end)) => main_heap(process, address, end, system_bytes).into_iter().collect(),
            (false, _) => other_heaps(process, address, top),
            (true, None) => Vec::new(),
        };
        let walk = chunks::Walk { memory, top };
        let mut sums = Sums::default();
        for Piece { heap, first } in pieces {
            sums.add(walk.heap(first..heap.end));
            arena.heaps.push(heap);
        }
        sums.free_fast_chunks(memory, address + FASTBINS);
        let bytes: u64 = arena.heaps.iter().map(|heap| heap.end - heap.start).sum();
        (arena.in_use, arena.chunks, arena.free) = (sums.in_use, sums.chunks, sums.free);
        arena.not_walked = bytes.saturating_sub(sums.in_use).saturating_sub(sums.free);
        Some(arena)
    }
}

/// Memory of an arena, and where its first chunk begins.
struct Piece {
    heap: Range<u64>,
    first: u64,
}

/// The main arena's memory, as far as it is in one piece: what ends with the top.
fn main_heap(process: &Process, address: u64, end: u64, system_bytes: u64) -> Option<Piece> {
    let flags = process.memory.read_u32(Address(address).add(FLAGS))?;
    let mapped =
        process.core.segments().iter().find(|segment| (segment.address.0..segment.end().0).contains(&(end - 1)))?;
    let start = end.checked_sub(system_bytes).filter(|&start| flags & NONCONTIGUOUS == 0 && start >= mapped.address.0);
    // Where parts lie elsewhere, where this one begins is not known: it is read from the mapping's start.
    let start = start.unwrap_or(mapped.address.0);
    Some(Piece { heap: start..end, first: start.checked_next_multiple_of(16)? })
}

/// The heaps of another arena, the first last: each begins with the arena's address, the heap before, and its size.
fn other_heaps(process: &Process, address: u64, top: u64) -> Vec<Piece> {
    let memory = &process.memory;
    let (first_heap, mut at) = (address & !(HEAP_BYTES - 1), top & !(HEAP_BYTES - 1));
    let header = address - first_heap;
    let (mut pieces, mut seen) = (Vec::new(), HashSet::default());
    while at != 0 && pieces.len() < MOST_HEAPS && at.is_multiple_of(HEAP_BYTES) {
        let Some(info) = memory.bytes(Address(at), 24) else { break };
        let (owner, before, size) = (word_at(&info, 0), word_at(&info, 8), word_at(&info, 16));
        let (Some(before), Some(size)) = (before, size) else { break };
        if owner != Some(address) || size > HEAP_BYTES || !seen.insert(at) {
            break;
        }
        let used = if at == first_heap { header + STATE_BYTES } else { header };
        // The payload of a chunk, 16 bytes in, is aligned to as many.
        let first = (at + used).next_multiple_of(16);
        pieces.push(Piece { heap: at..at + size, first });
        at = before;
    }
    pieces
}
