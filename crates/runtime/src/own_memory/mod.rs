//! The memory that the runtime took from the system for itself: what lies where (malloc.go, mheap.go, mpagealloc.go, mprof.go).

mod lists;
mod page_states;

pub use page_states::{PageState, PageStates};

use crate::heap::{ARENA_BYTES, arena_base, heap_arena_of};
use crate::layout::RuntimeLayout;
use crate::model::RuntimeModel;
use crate::words::{SliceHeader, read_slice, read_words};
use goheap_image::{Address, Machine, MemoryImage};

/// What a piece of the runtime's own memory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnKind {
    /// Records of spans (`mspan`).
    SpanRecords,
    /// Caches of processors (`mcache`).
    Caches,
    /// The list of all spans (`mheap.allspans`).
    SpanList,
    /// The index from addresses to arenas (`mheap.arenas`); none of the runtime's counters has it.
    ArenaIndex,
    /// Records of arenas (`heapArena`), with the heap's pointer bitmap up to 1.21.
    ArenaRecords,
    /// Allocation and mark bits (`gcBitsArenas`).
    MarkBits,
    /// Summaries of free pages (`pageAlloc.summary`).
    PageSummaries,
    /// Bitmaps of free and of returned pages (`pageAlloc.chunks`).
    PageBitmaps,
    /// The index of what can be returned to the system (`pageAlloc.scav.index`, since 1.19).
    ScavengeIndex,
    /// The table of profile buckets (`buckhash`).
    ProfileTable,
    /// Chunks of small things that are never freed (`persistentAlloc`): buckets, specials, interface tables and the like.
    Persistent,
}

/// A piece of the runtime's own memory, or what it reserved for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPiece {
    /// What it holds.
    pub kind: OwnKind,
    /// First byte.
    pub start: u64,
    /// First address past it.
    pub end: u64,
}

/// Pages of the machine; on arm64 they may be larger, and pieces then end sooner than their pages.
const SYSTEM_PAGE: u64 = 4096;
/// `arenaL2Bits` entries of a word (malloc.go): one level on 64-bit Linux.
const ARENA_INDEX_BYTES: u64 = 8 << 22;
/// `[1<<pallocChunksL2Bits]pallocData` (mpagealloc.go).
const PAGE_BITMAP_BYTES: u64 = 128 << 13;
/// `pallocChunksL1Bits`.
const PAGE_BITMAPS: usize = 1 << 13;
/// `summaryLevels` on 64-bit machines.
const SUMMARY_LEVELS: u64 = 5;

/// The words of a slice; none where it makes no sense.
fn words_of(memory: &MemoryImage, slice: Address) -> Vec<u64> {
    let list = read_slice(memory, slice).filter(|list| list.has_words(memory));
    list.and_then(|list| read_words(memory, list.data, usize::try_from(list.len).ok()?)).unwrap_or_default()
}

/// First bytes of the arenas, ascending.
pub(crate) fn arenas(memory: &MemoryImage, layout: &RuntimeLayout, machine: Machine, mheap: Address) -> Vec<u64> {
    let lists = [Some(layout.mheap.heap_arenas), layout.mheap.user_arena_arenas].into_iter().flatten();
    let mut arenas: Vec<u64> = lists
        .flat_map(|list| words_of(memory, mheap.add(list)))
        .map(|index| index.wrapping_mul(ARENA_BYTES).wrapping_add(arena_base(machine)))
        .filter(|base| base.checked_add(ARENA_BYTES).is_some())
        .collect();
    arenas.sort_unstable();
    arenas.dedup();
    arenas
}

impl RuntimeModel<'_> {
    /// First bytes of the arenas, of 64 MiB each, in ascending order; in which order the runtime took them does not matter.
    pub fn arenas(&self) -> Vec<u64> {
        arenas(self.memory(), &self.layout, self.machine(), self.mheap)
    }

    /// What is known of the runtime's own memory. A piece may be reserved in part; where two overlap the first counts.
    pub fn own_memory(&self) -> Vec<OwnPiece> {
        let fields = &self.layout.mheap;
        let mut pieces = self.span_records();
        pieces.extend(self.caches());
        let spans = read_slice(self.memory(), self.mheap.add(fields.allspans));
        pieces.extend(spans.and_then(|list| slice_piece(OwnKind::SpanList, &list, 8)));
        pieces.extend(self.arena_records());
        pieces.extend(self.page_pieces());
        pieces.extend(self.listed_pieces());
        pieces
    }

    /// The records of all spans that there ever were, neighbours as one piece.
    fn span_records(&self) -> Vec<OwnPiece> {
        let mut records = words_of(self.memory(), self.mheap.add(self.layout.mheap.allspans));
        records.sort_unstable();
        records.dedup();
        let mut pieces: Vec<OwnPiece> = Vec::new();
        for start in records {
            let Some(end) = start.checked_add(self.layout.mspan.size) else { continue };
            match pieces.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => pieces.push(OwnPiece { kind: OwnKind::SpanRecords, start, end }),
            }
        }
        pieces
    }

    fn caches(&self) -> impl Iterator<Item = OwnPiece> + '_ {
        let cache = |p: &Address| self.memory().read_u64(p.add(self.layout.p.mcache)).filter(|&cache| cache != 0);
        self.processors.iter().filter_map(cache).filter_map(|start| {
            Some(OwnPiece { kind: OwnKind::Caches, start, end: start.checked_add(self.layout.mcache.size)? })
        })
    }

    fn arena_records(&self) -> Vec<OwnPiece> {
        let memory = self.memory();
        let Some(index) = memory.read_u64(self.mheap.add(self.layout.mheap.arenas)).filter(|&at| at != 0) else {
            return Vec::new();
        };
        let piece = |kind, start: u64, len: u64| Some(OwnPiece { kind, start, end: paged(start.checked_add(len)?)? });
        let records = self.arenas().into_iter().filter_map(|base| {
            let record = heap_arena_of(memory, &self.layout, self.machine(), self.mheap, base)?;
            piece(OwnKind::ArenaRecords, record.0, self.layout.heap_arena.size)
        });
        records.chain(piece(OwnKind::ArenaIndex, index, ARENA_INDEX_BYTES)).collect()
    }

    /// What the page allocator has, and reserved for what it will need.
    fn page_pieces(&self) -> Vec<OwnPiece> {
        let (memory, fields) = (self.memory(), &self.layout.mheap);
        let slice = |offset: u64| read_slice(memory, self.mheap.add(offset));
        let mut pieces = Vec::new();
        for level in 0..SUMMARY_LEVELS {
            let summary = fields.summary.and_then(|at| slice(at + level * 24));
            pieces.extend(summary.and_then(|list| slice_piece(OwnKind::PageSummaries, &list, 8)));
        }
        // Before the index had entries of a word it had one byte for each chunk.
        let entry = self.layout.scavenge_index.size.unwrap_or(1);
        let index = fields.scavenge_index.and_then(slice);
        pieces.extend(index.and_then(|list| slice_piece(OwnKind::ScavengeIndex, &list, entry)));
        let bitmaps = fields.chunks.and_then(|at| read_words(memory, self.mheap.add(at), PAGE_BITMAPS));
        let bitmaps = bitmaps.unwrap_or_default().into_iter().filter(|&at| at != 0);
        pieces.extend(bitmaps.filter_map(|start| {
            Some(OwnPiece { kind: OwnKind::PageBitmaps, start, end: start.checked_add(PAGE_BITMAP_BYTES)? })
        }));
        pieces
    }
}

/// The end of the page that holds the last byte before `end`.
fn paged(end: u64) -> Option<u64> {
    end.checked_next_multiple_of(SYSTEM_PAGE)
}

fn slice_piece(kind: OwnKind, list: &SliceHeader, entry: u64) -> Option<OwnPiece> {
    let end = list.data.0.checked_add(list.cap.checked_mul(entry)?)?;
    (!list.data.is_null()).then_some(OwnPiece { kind, start: list.data.0, end: paged(end)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_their_pages() {
        let list = |data: u64, cap| SliceHeader { data: Address(data), len: 0, cap };
        let piece = |list| slice_piece(OwnKind::SpanList, &list, 8).map(|piece| (piece.start, piece.end));
        assert_eq!(piece(list(0x10_0000, 1)), Some((0x10_0000, 0x10_1000)));
        assert_eq!(piece(list(0x10_0010, 512)), Some((0x10_0010, 0x10_2000)));
        assert_eq!(piece(list(0, 512)), None);
        assert_eq!(piece(list(0x10_0000, u64::MAX / 4)), None, "longer than memory");
        assert_eq!(piece(list(u64::MAX - 64, 8)), None);
    }
}
