//! Who has which part of the address space: what is claimed first stays.

use super::part::MemoryPart;
use goheap_image::{CoreFile, SegmentFlags};
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Mapped.
    pub bytes: u64,
    /// Of these, those that the core has the contents of.
    pub dumped: u64,
}

impl Total {
    pub(super) fn add(&mut self, more: Total) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.dumped = self.dumped.saturating_add(more.dumped);
    }
}

/// A stretch of memory outside of the heap's arenas that is one part's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub(super) struct AddressMap {
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

impl AddressMap {
    pub(super) fn new(core: &CoreFile) -> AddressMap {
        let segments = core.segments().iter().filter(|segment| segment.memory_size > 0).map(|segment| Mapping {
            start: segment.address.0,
            end: segment.end().0,
            dumped_end: segment.address.0 + segment.file_size,
            flags: segment.flags,
        });
        Self::of(segments.collect())
    }

    fn of(mut segments: Vec<Mapping>) -> AddressMap {
        segments.sort_by_key(|segment| (segment.start, std::cmp::Reverse(segment.end)));
        let mut map = AddressMap {
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
            map.count(MemoryPart::Overlap, Total { bytes: twice, dumped: 0 });
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
            let dumped = piece.end.min(piece.mapping.dumped_end).saturating_sub(piece.start);
            self.count(part, Total { bytes: piece.end - piece.start, dumped });
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

    /// Read and write, read alone, nothing.
    fn map() -> AddressMap {
        AddressMap::of(vec![mapping(200, 300, 0, 4), mapping(100, 200, 60, 6), mapping(400, 500, 0, 0)])
    }

    fn sums(map: AddressMap) -> Vec<(MemoryPart, u64, u64)> {
        let sums = map.finish().0.into_iter().filter(|(_, total)| total.bytes > 0);
        sums.map(|(part, total)| (part, total.bytes, total.dumped)).collect()
    }

    #[test]
    fn what_is_claimed_first_stays() {
        let mut map = map();
        assert_eq!(map.claim(150..250, MemoryPart::StacksInUse), 100, "over two mappings");
        assert_eq!(map.claim(120..180, MemoryPart::Persistent), 30);
        assert_eq!(map.claim(300..400, MemoryPart::Persistent), 0, "nothing is mapped there");
        assert_eq!(map.claim_writable(240..260, MemoryPart::Kernel), 0);
        map.claim_rest();
        assert_eq!(map.mapped, 300);
        let parts = sums(map);
        assert_eq!(parts.iter().map(|part| part.1).sum::<u64>(), 300);
        assert_eq!(
            parts,
            [
                (MemoryPart::StacksInUse, 100, 10),
                (MemoryPart::Persistent, 30, 30),
                (MemoryPart::Anonymous, 20, 20),
                (MemoryPart::NoAccess, 150, 0),
            ]
        );
    }

    #[test]
    fn segments_that_overlap_count_for_each() {
        let mut map = AddressMap::of(vec![mapping(100, 200, 0, 6), mapping(150, 250, 0, 4), mapping(160, 180, 0, 4)]);
        map.claim_rest();
        assert_eq!(map.mapped, 220);
        assert_eq!(
            sums(map),
            [(MemoryPart::Anonymous, 100, 0), (MemoryPart::NoAccess, 50, 0), (MemoryPart::Overlap, 70, 0)]
        );
    }

    #[test]
    fn regions_are_those_outside_of_the_heap() {
        let mut map = map();
        map.claim(100..110, MemoryPart::HeapReachable);
        map.claim(110..120, MemoryPart::Persistent);
        map.claim(120..130, MemoryPart::Persistent);
        let region = Region { start: 110, end: 130, part: MemoryPart::Persistent, file: None };
        assert_eq!(map.finish().1, [region]);
    }
}
