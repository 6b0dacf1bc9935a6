//! The address space of the dead process: sorted pieces of the core and of files, read as one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::map::ByteStore;
use crate::{Address, CoreFile};

/// Where the bytes of a range come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum RangeSource {
    /// Dumped in the core.
    Core,
    /// Not dumped; read from the executable or a mapped file.
    File,
    /// Not dumped, as nobody ever wrote there: zeros.
    Untouched,
}

/// A range of memory that can be read, in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryRange {
    /// First address.
    pub start: Address,
    /// Bytes.
    pub len: u64,
    /// True when the process could write it.
    pub writable: bool,
    /// Where its bytes come from.
    pub source: RangeSource,
}

impl MemoryRange {
    /// First address past the range.
    pub fn end(&self) -> Address {
        self.start + self.len
    }
}

#[derive(Clone)]
struct Piece {
    range: MemoryRange,
    store: Arc<ByteStore>,
    offset: usize,
}

impl Piece {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.store.get(self.offset..).and_then(|rest| rest.get(..self.range.len as usize)).unwrap_or_default()
    }
}

/// The memory of the dead process, as far as the core and the files it had mapped hold it. The rest is absent, not zero.
///
/// Reads find their piece by binary search and stitch neighbouring pieces together; they share nothing mutable, so any number
/// of threads may read.
#[derive(Default)]
pub struct MemoryImage {
    /// First address of each piece: apart from the pieces, so that a search touches few cache lines.
    starts: Vec<u64>,
    pieces: Vec<Piece>,
}

impl MemoryImage {
    /// An image of buffers (address, bytes, writable), for tests; where they overlap the first counts.
    pub fn from_buffers(buffers: impl IntoIterator<Item = (Address, Vec<u8>, bool)>) -> MemoryImage {
        let mut builder = MemoryBuilder::default();
        for (start, bytes, writable) in buffers {
            let len = bytes.len() as u64;
            let range = MemoryRange { start, len, writable, source: RangeSource::Core };
            builder.add(range, &Arc::new(ByteStore::Owned(bytes.into())), 0);
        }
        builder.finish()
    }

    /// The rest of the piece that holds `address`: at least one byte.
    #[inline]
    pub fn contiguous(&self, address: Address) -> Option<&[u8]> {
        let (piece, skip) = self.piece(address)?;
        piece.bytes().get(skip..).filter(|rest| !rest.is_empty())
    }

    /// The first address after `address` from which on something can be read, where nothing can at `address` itself.
    pub fn next_readable(&self, address: Address) -> Option<Address> {
        let next = self.starts.partition_point(|&start| start <= address.0);
        let pieces = self.pieces.get(next..)?;
        pieces.iter().find(|piece| !piece.bytes().is_empty()).map(|piece| piece.range.start)
    }

    /// The last piece that begins at or before `address`, and how far it does so.
    #[inline]
    fn piece(&self, address: Address) -> Option<(&Piece, usize)> {
        let index = self.starts.partition_point(|&start| start <= address.0).checked_sub(1)?;
        let piece = self.pieces.get(index)?;
        Some((piece, usize::try_from(address.0 - piece.range.start.0).ok()?))
    }

    /// The file that holds the byte at `address`, where in it, and how many bytes of the piece follow.
    pub(crate) fn stored(&self, address: Address) -> Option<(&Arc<ByteStore>, usize, usize)> {
        let (piece, skip) = self.piece(address)?;
        let rest = piece.bytes().len().checked_sub(skip).filter(|&rest| rest > 0)?;
        Some((&piece.store, piece.offset + skip, rest))
    }

    /// Bytes from `address` on up to where a hole of a sparse file begins, or the piece ends.
    pub(crate) fn data_len(&self, address: Address) -> u64 {
        self.stored(address).map_or(0, |(store, offset, rest)| store.data_len(offset).min(rest) as u64)
    }

    /// Bytes of a hole of a sparse file that follow from `address` on, which is in it; 0 elsewhere.
    pub(crate) fn hole_len(&self, address: Address) -> u64 {
        self.stored(address).map_or(0, |(store, offset, rest)| store.hole_len(offset).min(rest) as u64)
    }

    #[inline]
    fn array<const N: usize>(&self, address: Address) -> Option<[u8; N]> {
        match self.contiguous(address)?.first_chunk::<N>() {
            Some(bytes) => Some(*bytes),
            None => self.stitched(address),
        }
    }

    #[cold]
    fn stitched<const N: usize>(&self, address: Address) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(address, &mut bytes).then_some(bytes)
    }

    /// The byte at `address`.
    #[inline]
    pub fn read_u8(&self, address: Address) -> Option<u8> {
        self.contiguous(address)?.first().copied()
    }

    /// The little-endian u16 at `address`.
    #[inline]
    pub fn read_u16(&self, address: Address) -> Option<u16> {
        self.array(address).map(u16::from_le_bytes)
    }

    /// The little-endian u32 at `address`.
    #[inline]
    pub fn read_u32(&self, address: Address) -> Option<u32> {
        self.array(address).map(u32::from_le_bytes)
    }

    /// The little-endian u64 at `address`.
    #[inline]
    pub fn read_u64(&self, address: Address) -> Option<u64> {
        self.array(address).map(u64::from_le_bytes)
    }

    /// The pointer at `address`.
    #[inline]
    pub fn read_address(&self, address: Address) -> Option<Address> {
        self.read_u64(address).map(Address)
    }

    /// Fills `buffer` from `address`; false, and the buffer in part overwritten, when any byte is absent.
    pub fn read_exact(&self, address: Address, buffer: &mut [u8]) -> bool {
        let (mut address, mut rest) = (address, buffer);
        while !rest.is_empty() {
            let Some(bytes) = self.contiguous(address) else { return false };
            let count = bytes.len().min(rest.len());
            let (filled, unfilled) = rest.split_at_mut(count);
            filled.copy_from_slice(bytes.get(..count).unwrap_or_default());
            let Some(next) = address.checked_add(count as u64) else { return unfilled.is_empty() };
            (address, rest) = (next, unfilled);
        }
        true
    }

    /// `len` bytes at `address`, when one piece holds them all.
    #[inline]
    pub fn slice(&self, address: Address, len: u64) -> Option<&[u8]> {
        self.contiguous(address)?.get(..usize::try_from(len).ok()?)
    }

    /// `len` bytes at `address`, copied only where they span pieces. Memory is reserved only once all are known to be there.
    pub fn bytes(&self, address: Address, len: usize) -> Option<Cow<'_, [u8]>> {
        if len == 0 {
            return Some(Cow::Borrowed(&[]));
        }
        if let Some(bytes) = self.contiguous(address)?.get(..len) {
            return Some(Cow::Borrowed(bytes));
        }
        if self.readable_len(address, len as u64) < len as u64 {
            return None;
        }
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(len).ok()?;
        buffer.resize(len, 0);
        self.read_exact(address, &mut buffer).then_some(Cow::Owned(buffer))
    }

    /// How many bytes from `address` on can be read without a gap, at most `limit`.
    pub fn readable_len(&self, address: Address, limit: u64) -> u64 {
        let mut total = 0;
        while total < limit {
            let next = address.checked_add(total).and_then(|next| self.contiguous(next));
            let Some(bytes) = next else { break };
            total += bytes.len() as u64;
        }
        total.min(limit)
    }

    /// The NUL-terminated string at `address`, without the NUL; `None` when none ends within `limit` bytes.
    pub fn c_string(&self, address: Address, limit: usize) -> Option<Cow<'_, [u8]>> {
        let there = usize::try_from(self.readable_len(address, limit as u64)).ok()?;
        let end = |bytes: &[u8]| bytes.iter().position(|&byte| byte == 0);
        match self.bytes(address, there)? {
            Cow::Borrowed(bytes) => bytes.get(..end(bytes)?).map(Cow::Borrowed),
            Cow::Owned(mut bytes) => {
                bytes.truncate(end(&bytes)?);
                Some(Cow::Owned(bytes))
            }
        }
    }

    /// Number of the first piece that ends past `address`.
    pub(crate) fn first_past(&self, address: Address) -> usize {
        let after = self.starts.partition_point(|&start| start <= address.0);
        let before = after.checked_sub(1).and_then(|index| self.pieces.get(index));
        if before.is_some_and(|piece| piece.range.end() > address) { after - 1 } else { after }
    }

    /// The piece with that number in ascending order.
    pub(crate) fn range(&self, index: usize) -> Option<MemoryRange> {
        self.pieces.get(index).map(|piece| piece.range)
    }

    /// The pieces that can be read, in ascending order, none overlapping.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = MemoryRange> + '_ {
        self.pieces.iter().map(|piece| piece.range)
    }
}

/// Puts pieces together in order of precedence: what is added first wins.
#[derive(Clone, Default)]
pub(crate) struct MemoryBuilder {
    /// Merged covered intervals: start to end. End u64::MAX stands for the last byte left out: harmless.
    covered: BTreeMap<u64, u64>,
    pieces: Vec<Piece>,
}

impl MemoryBuilder {
    /// Adds what a core holds. Returns how many of its segments overlap earlier ones, and the first such address.
    pub(crate) fn add_core(&mut self, core: &CoreFile) -> (u64, Option<Address>) {
        let (mut overlaps, mut first) = (0, None);
        for segment in core.segments() {
            let range = MemoryRange {
                start: segment.address,
                len: segment.file_size,
                writable: segment.flags.writable(),
                source: RangeSource::Core,
            };
            if let Some(overlap) = self.add(range, &core.bytes, segment.file_offset) {
                overlaps += 1;
                first.get_or_insert(overlap);
            }
        }
        (overlaps, first)
    }

    /// Adds the parts of `range` that nothing has yet, its bytes at `offset` of `store`. Returns the first address that was
    /// taken already, if any.
    pub(crate) fn add(&mut self, range: MemoryRange, store: &Arc<ByteStore>, offset: u64) -> Option<Address> {
        let available = (store.len() as u64).saturating_sub(offset);
        let len = range.len.min(available).min(u64::MAX - range.start.0);
        let (start, end) = (range.start.0, range.start.0 + len);
        let mut overlap = None;
        for (gap_start, gap_end) in self.cover(start, end, &mut overlap) {
            let Ok(gap_offset) = usize::try_from(offset + (gap_start - start)) else { continue };
            let range = MemoryRange { start: Address(gap_start), len: gap_end - gap_start, ..range };
            self.pieces.push(Piece { range, store: Arc::clone(store), offset: gap_offset });
        }
        overlap
    }

    /// Marks `start..end` as covered and returns what was not before.
    fn cover(&mut self, start: u64, end: u64, overlap: &mut Option<Address>) -> Vec<(u64, u64)> {
        if start >= end {
            return Vec::new();
        }
        let before = self.covered.range(..=start).next_back();
        let first = before.filter(|(_, before_end)| **before_end >= start).map_or(start, |(key, _)| *key);
        let touched: Vec<(u64, u64)> = self.covered.range(first..=end).map(|(a, b)| (*a, *b)).collect();
        let (mut gaps, mut at, mut merged_end) = (Vec::new(), start, end);
        for (a, b) in touched {
            if a > at {
                gaps.push((at, a.min(end)));
            }
            if a.max(start) < b.min(end) && overlap.is_none() {
                *overlap = Some(Address(a.max(start)));
            }
            at = at.max(b);
            merged_end = merged_end.max(b);
            self.covered.remove(&a);
        }
        if at < end {
            gaps.push((at, end));
        }
        self.covered.insert(first, merged_end);
        gaps
    }

    /// The image: pieces sorted, and joined where both memory and file go on.
    pub(crate) fn finish(mut self) -> MemoryImage {
        self.pieces.sort_by_key(|piece| piece.range.start);
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            match pieces.last_mut() {
                Some(last) if continues(last, &piece) => last.range.len += piece.range.len,
                _ => pieces.push(piece),
            }
        }
        MemoryImage { starts: pieces.iter().map(|piece| piece.range.start.0).collect(), pieces }
    }
}

fn continues(last: &Piece, next: &Piece) -> bool {
    last.range.end() == next.range.start
        && last.range.writable == next.range.writable
        && last.range.source == next.range.source
        && Arc::ptr_eq(&last.store, &next.store)
        && last.offset as u64 + last.range.len == next.offset as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn image() -> MemoryImage {
        let first: Vec<u8> = (0..16).collect();
        let second = b"a string\0rest".to_vec();
        MemoryImage::from_buffers([
            (Address(0x1010), second, false),
            (Address(0x1000), first, true),
            (Address(0x3000), vec![7; 3], true),
            (Address(u64::MAX - 3), vec![9; 4], true),
        ])
    }

    #[test]
    fn words_of_each_size() {
        let m = image();
        assert_eq!(m.read_u8(Address(0x1001)), Some(1));
        assert_eq!(m.read_u16(Address(0x1001)), Some(0x0201));
        assert_eq!(m.read_u32(Address(0x1001)), Some(0x0403_0201));
        assert_eq!(m.read_u64(Address(0x1000)), Some(0x0706_0504_0302_0100));
        assert_eq!(m.read_u64(Address(0x100c)), Some(u64::from_le_bytes(*b"\x0c\x0d\x0e\x0fa st")));
        assert_eq!(m.read_address(Address(0x1000)), Some(Address(0x0706_0504_0302_0100)));
    }

    #[test]
    fn a_read_that_meets_a_gap_yields_nothing() {
        let m = image();
        assert_eq!(m.read_u32(Address(0x3000)), None);
        assert_eq!(m.read_u8(Address(0x3003)), None);
        assert_eq!(m.read_u8(Address(0xfff)), None);
        assert_eq!(m.bytes(Address(0x3000), usize::MAX), None);
        let mut buffer = [0; 4];
        assert!(!m.read_exact(Address(0x3000), &mut buffer));
        assert!(m.read_exact(Address(0x9999), &mut []));
    }

    #[test]
    fn nothing_wraps_at_the_top() {
        let m = image();
        assert_eq!(m.read_u16(Address(u64::MAX - 3)), Some(0x0909));
        assert_eq!(m.read_u64(Address(u64::MAX - 3)), None);
        assert_eq!(m.readable_len(Address(u64::MAX - 3), 100), 3);
    }

    #[test]
    fn strings_end_at_their_nul_within_the_limit() {
        let m = image();
        assert_eq!(m.c_string(Address(0x1010), 100).unwrap().as_ref(), b"a string");
        assert_eq!(m.c_string(Address(0x100e), 100).unwrap().as_ref(), b"\x0e\x0fa string");
        assert_eq!(m.c_string(Address(0x1010), 8), None);
        assert_eq!(m.c_string(Address(0x3000), 100), None);
        assert_eq!(m.c_string(Address(0x9999), 100), None);
    }

    #[test]
    fn pieces_that_go_on_in_file_and_memory_are_joined() {
        let store = Arc::new(ByteStore::Owned((0..64).collect()));
        let range = |start, len| MemoryRange { start: Address(start), len, writable: true, source: RangeSource::Core };
        let mut builder = MemoryBuilder::default();
        assert_eq!(builder.add(range(0x1010, 16), &store, 16), None);
        assert_eq!(builder.add(range(0x1000, 16), &store, 0), None);
        assert_eq!(builder.add(range(0x1020, 16), &store, 33), None);
        assert_eq!(builder.add(range(0x2000, 100), &store, 60), None);
        assert_eq!(builder.add(range(0x3000, 100), &store, 64), None);
        assert_eq!(builder.add(range(0x3000, 100), &store, u64::MAX), None);
        let ranges: Vec<(u64, u64)> = builder.finish().ranges().map(|range| (range.start.0, range.len)).collect();
        assert_eq!(ranges, [(0x1000, 32), (0x1020, 16), (0x2000, 4)]);
    }

    #[test]
    fn what_is_added_first_wins_everywhere_it_is() {
        let m = MemoryImage::from_buffers([
            (Address(10), vec![1; 10], true),
            (Address(30), vec![2; 10], true),
            (Address(0), vec![3; 60], false),
            (Address(5), vec![4; 100], false),
        ]);
        let expected = [vec![3; 10], vec![1; 10], vec![3; 10], vec![2; 10], vec![3; 20], vec![4; 45]].concat();
        assert_eq!(m.bytes(Address(0), 105).unwrap().as_ref(), expected);
        assert_eq!(m.ranges().len(), 6);
    }

    #[test]
    fn any_number_of_threads_may_read() {
        fn shared<T: Send + Sync>() {}
        shared::<MemoryImage>();
        shared::<crate::Process>();
    }
}
