//! Who has which part of the address space: what is claimed first stays.

use super::part::MemoryPart;
use goheap_image::{Address, MemoryImage, Process, SegmentFlags};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Mapped.
    pub bytes: u64,
    /// Of these, those in pages that hold anything but zeros: they were resident, or swapped out. Not told of files.
    pub nonzero: u64,
}

impl Total {
    pub(super) fn add(&mut self, more: Total) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.nonzero = self.nonzero.saturating_add(more.nonzero);
    }
}

/// A stretch of memory outside of the heap's arenas that is one part's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// First byte.
    pub start: u64,
    /// First address past it.
    pub end: u64,
    /// Whose it is.
    pub part: MemoryPart,
    /// The number of its file.
    pub file: Option<u32>,
}

/// A segment of the core, as far as none before it covers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) start: u64,
    pub(super) end: u64,
    /// First address whose contents the core lacks.
    dumped_end: u64,
    flags: SegmentFlags,
}

impl Mapping {
    pub(super) fn is_writable(&self) -> bool {
        self.flags.writable()
    }
}

/// What is claimed of a core's memory.
pub(super) struct AddressMap<'m> {
    memory: &'m MemoryImage,
    /// Bytes of all segments.
    pub(super) mapped: u64,
    mappings: Vec<Mapping>,
    /// What nobody has claimed: first byte, end, and the number of the mapping.
    free: BTreeMap<u64, (u64, u32)>,
    sums: Vec<(MemoryPart, Total)>,
    regions: Vec<Region>,
}

/// A piece that nobody has claimed yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) mapping: Mapping,
}

impl<'m> AddressMap<'m> {
    pub(super) fn new(process: &'m Process) -> Self {
        let segments =
            process.core.segments().iter().filter(|segment| segment.memory_size > 0).map(|segment| Mapping {
                start: segment.address.0,
                end: segment.end().0,
                dumped_end: segment.address.0 + segment.file_size.saturating_sub(segment.missing),
                flags: segment.flags,
            });
        Self::of(segments.collect(), &process.memory)
    }

    fn of(mut segments: Vec<Mapping>, memory: &'m MemoryImage) -> Self {
        segments.sort_by_key(|segment| (segment.start, std::cmp::Reverse(segment.end)));
        let mut map = AddressMap {
            memory,
            mapped: segments.iter().fold(0, |sum, segment| segment.len().saturating_add(sum)),
            mappings: Vec::with_capacity(segments.len()),
            free: BTreeMap::new(),
            sums: MemoryPart::ALL.iter().map(|&part| (part, Total::default())).collect(),
            regions: Vec::new(),
        };
        let mut end = 0;
        for segment in segments {
            let start = segment.start.max(end);
            let twice = segment.end.min(end).saturating_sub(segment.start);
            map.count(MemoryPart::Overlap, Total { bytes: twice, nonzero: 0 });
            end = end.max(segment.end);
            if start < segment.end {
                map.free.insert(start, (segment.end, map.mappings.len() as u32));
                map.mappings.push(Mapping { start, ..segment });
            }
        }
        map
    }

    fn count(&mut self, part: MemoryPart, total: Total) {
        if let Some((_, sum)) = self.sums.get_mut(part as usize) {
            sum.add(total);
        }
    }

    /// The mapping that holds `address`.
    pub(super) fn mapping(&self, address: u64) -> Option<Mapping> {
        let index = self.mappings.partition_point(|mapping| mapping.start <= address).checked_sub(1)?;
        self.mappings.get(index).copied().filter(|mapping| address < mapping.end)
    }

    /// The mapping that ends where `address` begins.
    pub(super) fn mapping_below(&self, address: u64) -> Option<Mapping> {
        self.mapping(address.checked_sub(1)?).filter(|mapping| mapping.end == address)
    }

    /// The pieces of `range` that nobody has claimed, in order.
    pub(super) fn unclaimed(&self, range: Range<u64>) -> Vec<Piece> {
        if range.start >= range.end {
            return Vec::new();
        }
        let before = self.free.range(..range.start).next_back();
        let pieces = before.into_iter().chain(self.free.range(range.clone()));
        let piece = |(&start, &(end, mapping)): (&u64, &(u64, u32))| {
            let (start, end) = (start.max(range.start), end.min(range.end));
            Some(Piece { start, end, mapping: *self.mappings.get(mapping as usize)? })
        };
        pieces.filter_map(piece).filter(|piece| piece.start < piece.end).collect()
    }

    /// Claims what is free of `range`, each piece for the part that `part` says, if any. Returns how many bytes.
    pub(super) fn claim_by(
        &mut self,
        range: Range<u64>,
        file: Option<u32>,
        part: impl Fn(&Mapping) -> Option<MemoryPart>,
    ) -> u64 {
        let mut claimed = 0;
        for piece in self.unclaimed(range) {
            let Some(part) = part(&piece.mapping) else { continue };
            self.take(piece);
            claimed += piece.end - piece.start;
            let nonzero = if part.is_told_by_contents() { self.nonzero(piece) } else { 0 };
            self.count(part, Total { bytes: piece.end - piece.start, nonzero });
            self.note(Region { start: piece.start, end: piece.end, part, file });
        }
        claimed
    }

    /// Claims what is free of `range`.
    pub(super) fn claim(&mut self, range: Range<u64>, part: MemoryPart) -> u64 {
        self.claim_by(range, None, |_| Some(part))
    }

    /// Claims what is free of `range` and can be written.
    pub(super) fn claim_writable(&mut self, range: Range<u64>, part: MemoryPart) -> u64 {
        self.claim_by(range, None, |mapping| mapping.is_writable().then_some(part))
    }

    /// What the core lacks is not known to be anything.
    fn nonzero(&self, piece: Piece) -> u64 {
        let dumped = piece.end.min(piece.mapping.dumped_end).saturating_sub(piece.start);
        self.memory.nonzero_parts(Address(piece.start), dumped).fold(0, |sum, part| sum + (part.end - part.start))
    }

    fn take(&mut self, piece: Piece) {
        let Some((&start, &(end, mapping))) = self.free.range(..=piece.start).next_back() else { return };
        self.free.remove(&start);
        if start < piece.start {
            self.free.insert(start, (piece.start, mapping));
        }
        if piece.end < end {
            self.free.insert(piece.end, (end, mapping));
        }
    }

    /// Pages of the heap are too many to be told one by one.
    fn note(&mut self, region: Region) {
        if region.part <= MemoryPart::GcWork {
            return;
        }
        match self.regions.last_mut() {
            Some(last) if (last.end, last.part, last.file) == (region.start, region.part, region.file) => {
                last.end = region.end;
            }
            _ => self.regions.push(region),
        }
    }

    /// What nobody wants.
    pub(super) fn claim_rest(&mut self) {
        let part = |mapping: &Mapping| match mapping.is_writable() {
            true => MemoryPart::Anonymous,
            false => MemoryPart::NoAccess,
        };
        self.claim_by(0..u64::MAX, None, |mapping| Some(part(mapping)));
    }

    /// Bytes of each part, and the regions.
    pub(super) fn finish(self) -> (Vec<(MemoryPart, Total)>, Vec<Region>) {
        (self.sums, self.regions)
    }
}

impl Mapping {
    fn len(&self) -> u64 {
        self.end - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: u64, end: u64, dumped: u64, flags: u32) -> Mapping {
        Mapping { start, end, dumped_end: start + dumped, flags: SegmentFlags(flags) }
    }

    /// Read and write, read alone, nothing; of the first a page and a half hold something.
    fn mappings() -> (Vec<Mapping>, MemoryImage) {
        let bytes = [vec![0; 0x800], vec![1; 0x1800], vec![0; 0x1000]].concat();
        let memory = MemoryImage::from_buffers([(Address(0x1000), bytes, true)]);
        let mappings =
            vec![mapping(0x4000, 0x6000, 0, 4), mapping(0x1000, 0x4000, 0x2000, 6), mapping(0x8000, 0x9000, 0, 0)];
        (mappings, memory)
    }

    fn sums(map: AddressMap<'_>) -> Vec<(MemoryPart, u64, u64)> {
        let sums = map.finish().0.into_iter().filter(|(_, total)| total.bytes > 0);
        sums.map(|(part, total)| (part, total.bytes, total.nonzero)).collect()
    }

    #[test]
    fn what_is_claimed_first_stays() {
        let (mappings, memory) = mappings();
        let mut map = AddressMap::of(mappings, &memory);
        assert_eq!(map.claim(0x2000..0x5000, MemoryPart::StacksInUse), 0x3000, "over two mappings");
        assert_eq!(map.claim(0x1800..0x3000, MemoryPart::Persistent), 0x800);
        assert_eq!(map.claim(0x6000..0x8000, MemoryPart::Persistent), 0, "nothing is mapped there");
        assert_eq!(map.claim_writable(0x5000..0x5800, MemoryPart::Kernel), 0);
        map.claim_rest();
        assert_eq!(map.mapped, 0x6000);
        let parts = sums(map);
        assert_eq!(parts.iter().map(|part| part.1).sum::<u64>(), 0x6000);
        assert_eq!(
            parts,
            [
                (MemoryPart::StacksInUse, 0x3000, 0x1000),
                (MemoryPart::Persistent, 0x800, 0x800),
                (MemoryPart::Anonymous, 0x800, 0),
                (MemoryPart::NoAccess, 0x2000, 0),
            ]
        );
    }

    #[test]
    fn segments_that_overlap_count_for_each() {
        let memory = MemoryImage::default();
        let segments = vec![mapping(100, 200, 0, 6), mapping(150, 250, 0, 4), mapping(160, 180, 0, 4)];
        let mut map = AddressMap::of(segments, &memory);
        map.claim_rest();
        assert_eq!(map.mapped, 220);
        assert_eq!(
            sums(map),
            [(MemoryPart::Anonymous, 100, 0), (MemoryPart::NoAccess, 50, 0), (MemoryPart::Overlap, 70, 0)]
        );
    }

    #[test]
    fn regions_are_those_outside_of_the_heap() {
        let (mappings, memory) = mappings();
        let mut map = AddressMap::of(mappings, &memory);
        map.claim(0x1000..0x1010, MemoryPart::HeapReachable);
        map.claim(0x1010..0x1020, MemoryPart::Persistent);
        map.claim(0x1020..0x1030, MemoryPart::Persistent);
        let region = Region { start: 0x1010, end: 0x1030, part: MemoryPart::Persistent, file: None };
        assert_eq!(map.finish().1, [region]);
    }
}
