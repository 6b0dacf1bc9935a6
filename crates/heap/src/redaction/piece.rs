//! A piece of memory that is rewritten: what it was, and what it becomes.

use goheap_image::{Address, MemoryImage};
use std::ops::Range;

/// What stands in the place of text and numbers: no pointer on any machine.
const FILLER: u8 = b'x';
const PAGE: u64 = 4096;

/// Bytes of memory before and after.
pub(super) struct Piece<'a> {
    /// Address of the first.
    pub(super) start: u64,
    before: &'a [u8],
    after: &'a mut [u8],
    memory: &'a MemoryImage,
}

impl<'a> Piece<'a> {
    /// `after` begins as a copy of `before`.
    pub(super) fn new(start: u64, before: &'a [u8], after: &'a mut [u8], memory: &'a MemoryImage) -> Self {
        Piece { start, before, after, memory }
    }

    /// The word at `address` as it was, in this piece or elsewhere.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let own = address.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let own = own.and_then(|at| self.before.get(at..)).and_then(|rest| rest.first_chunk::<8>());
        own.map(|bytes| u64::from_le_bytes(*bytes)).or_else(|| self.memory.read_u64(Address(address)))
    }

    fn places(&self, range: &Range<u64>) -> Option<Range<usize>> {
        let start = usize::try_from(range.start.max(self.start) - self.start).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?.min(self.before.len());
        (start < end).then_some(start..end)
    }

    /// Makes `range` zeros.
    pub(super) fn clear(&mut self, range: Range<u64>) {
        if let Some(room) = self.places(&range).and_then(|places| self.after.get_mut(places)) {
            room.fill(0);
        }
    }

    /// Makes `range` filler, but for pages of zeros, which it leaves: so holes stay holes.
    pub(super) fn fill(&mut self, range: Range<u64>) {
        let mut at = range.start.max(self.start);
        let end = range.end.min(self.start.saturating_add(self.before.len() as u64));
        while at < end {
            let next = (at - at % PAGE).saturating_add(PAGE).min(end);
            let page = self.places(&(at - at % PAGE..(at - at % PAGE).saturating_add(PAGE)));
            let is_zero =
                page.and_then(|places| self.before.get(places)).is_some_and(|page| page.iter().all(|&byte| byte == 0));
            if let Some(room) =
                self.places(&(at..next)).filter(|_| !is_zero).and_then(|places| self.after.get_mut(places))
            {
                room.fill(FILLER);
            }
            at = next;
        }
    }

    /// The same of memory of which nobody says where things begin in it: parts of pages that were zeros stay so, too.
    pub(super) fn fill_whole(&mut self, range: Range<u64>) {
        for part in pages(&range) {
            let before = self.places(&part).and_then(|places| self.before.get(places));
            if before.is_some_and(|before| before.iter().any(|&byte| byte != 0)) {
                self.fill(part);
            }
        }
    }

    /// Puts back what was in `range`.
    pub(super) fn restore(&mut self, range: Range<u64>) {
        let Some(places) = self.places(&range) else { return };
        if let (Some(to), Some(from)) = (self.after.get_mut(places.clone()), self.before.get(places)) {
            to.copy_from_slice(from);
        }
    }

    /// Makes what is not zero of the word at `address` filler: it stays apparent that there was something.
    pub(super) fn hide(&mut self, address: u64) {
        if self.word(address) != Some(0)
            && let Some(room) =
                self.places(&(address..address.saturating_add(8))).and_then(|places| self.after.get_mut(places))
        {
            room.fill(FILLER);
        }
    }

    /// Sees to it that no page that held anything becomes all zeros: what was resident is told by that.
    pub(super) fn leave_marks(&mut self) {
        let end = self.start.saturating_add(self.before.len() as u64);
        let mut page = self.start;
        while page < end {
            let next = (page - page % PAGE).saturating_add(PAGE).min(end);
            let is_zero = |bytes: Option<&[u8]>| bytes.is_none_or(|bytes| bytes.iter().all(|&byte| byte == 0));
            let places = self.places(&(page..next));
            let (before, after) = match places {
                Some(places) => (self.before.get(places.clone()), self.after.get(places)),
                None => (None, None),
            };
            if is_zero(after) && !is_zero(before) {
                let first = self.words(&(page..next)).find(|&at| self.word(at) != Some(0));
                first.into_iter().for_each(|at| self.hide(at));
            }
            page = next;
        }
    }

    /// Addresses of the whole words of `range`, which is cut to this piece.
    pub(super) fn words(&self, range: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
        let start = range.start.max(self.start).checked_next_multiple_of(8).unwrap_or(u64::MAX);
        let end = range.end.min(self.start.saturating_add(self.before.len() as u64));
        (start..end.saturating_sub(7).max(start)).step_by(8)
    }
}

/// The parts of a range that lie in one page each.
fn pages(range: &Range<u64>) -> impl Iterator<Item = Range<u64>> + use<> {
    let (start, end) = (range.start, range.end);
    let first = start - start % PAGE;
    (first..end).step_by(PAGE as usize).map(move |page| page.max(start)..page.saturating_add(PAGE).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_held_something_go_on_doing_so() {
        let mut before = vec![0; 2 * 4096];
        before[20] = 1;
        let mut after = vec![0; 2 * 4096];
        let memory = MemoryImage::default();
        Piece::new(0x1000, &before, &mut after, &memory).leave_marks();
        assert_eq!((after[15], after[16], after[23], after[24]), (0, b'x', b'x', 0));
        assert!(after[4096..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn pages_of_zeros_stay() {
        let mut before = vec![0; 3 * 4096];
        before[4096 + 7] = 9;
        let mut after = before.clone();
        let memory = MemoryImage::default();
        let mut piece = Piece::new(0x1000, &before, &mut after, &memory);
        piece.fill(0x1800..0x3800);
        assert_eq!(piece.word(0x2000), Some(9 << 56));
        piece.restore(0x2000..0x2008);
        piece.clear(0x2010..0x2018);
        piece.hide(0x2000);
        piece.hide(0x1000);
        assert_eq!(piece.words(&(0x1001..0x1019)).collect::<Vec<_>>(), [0x1008, 0x1010]);
        assert!(after[..4096].iter().all(|&byte| byte == 0) && after[8192..].iter().all(|&byte| byte == 0));
        assert_eq!(
            (&after[4096..4104], &after[4104..4112], &after[4112..4120]),
            (&[b'x'; 8][..], &[b'x'; 8][..], &[0; 8][..])
        );
        assert_eq!(after[8191], b'x');
    }
}
