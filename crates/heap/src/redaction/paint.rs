//! What is done with each address: what was painted last counts.

use std::collections::BTreeMap;
use std::ops::Range;

/// How memory is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It stays: the runtime's own structures, code, types.
    Kept,
    /// All of it goes.
    Gone,
    /// Words that lead into mapped memory stay.
    Loose,
    /// A stack of which maps tell the pointers: words that lead outside of the program's file stay, and return addresses.
    Strict,
    /// A heap of C's: like loose memory, and the chunks' headers stay.
    Chunks,
    /// Objects of the span of that number.
    Span(u32),
    /// Variables: in the section of that number.
    Variables(u32),
}

/// Stretches of address space with one treatment each.
#[derive(Debug, Default)]
pub(super) struct Paint {
    /// First byte; end and treatment.
    pieces: BTreeMap<u64, (u64, Treatment)>,
}

impl Paint {
    /// Treats all of `range` so from now on.
    pub(super) fn paint(&mut self, range: Range<u64>, treatment: Treatment) {
        if range.start >= range.end {
            return;
        }
        self.clear(&range);
        self.pieces.insert(range.start, (range.end, treatment));
    }

    /// The same where `filter` says so of what it was before.
    pub(super) fn repaint(&mut self, range: Range<u64>, treatment: Treatment, filter: impl Fn(Treatment) -> bool) {
        let found: Vec<_> = self.within(range).filter(|&(_, before)| filter(before)).collect();
        found.into_iter().for_each(|(part, _)| self.paint(part, treatment));
    }

    fn clear(&mut self, range: &Range<u64>) {
        let before = self.pieces.range(..range.start).next_back().map(|(&start, &piece)| (start, piece));
        if let Some((start, (end, treatment))) = before.filter(|(_, (end, _))| *end > range.start) {
            self.pieces.insert(start, (range.start, treatment));
            if end > range.end {
                self.pieces.insert(range.end, (end, treatment));
            }
        }
        let covered: Vec<u64> = self.pieces.range(range.clone()).map(|(&start, _)| start).collect();
        for start in covered {
            if let Some((end, treatment)) = self.pieces.remove(&start).filter(|(end, _)| *end > range.end) {
                self.pieces.insert(range.end, (end, treatment));
            }
        }
    }

    /// The pieces of `range` with their treatment, in order; what was never painted is left out.
    pub(super) fn within(&self, range: Range<u64>) -> impl Iterator<Item = (Range<u64>, Treatment)> + '_ {
        let before = self.pieces.range(..range.start).next_back();
        let pieces = before.into_iter().chain(self.pieces.range(range.clone()));
        pieces.filter_map(move |(&start, &(end, treatment))| {
            let part = start.max(range.start)..end.min(range.end);
            (part.start < part.end).then_some((part, treatment))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(paint: &Paint, range: Range<u64>) -> Vec<(u64, u64, Treatment)> {
        paint.within(range).map(|(part, treatment)| (part.start, part.end, treatment)).collect()
    }

    #[test]
    fn the_last_counts() {
        use Treatment::{Gone, Kept, Loose};
        let mut paint = Paint::default();
        paint.paint(10..100, Gone);
        paint.paint(20..30, Kept);
        paint.paint(25..50, Loose);
        paint.paint(90..120, Kept);
        assert_eq!(
            all(&paint, 0..200),
            [(10, 20, Gone), (20, 25, Kept), (25, 50, Loose), (50, 90, Gone), (90, 120, Kept)]
        );
        assert_eq!(all(&paint, 22..60), [(22, 25, Kept), (25, 50, Loose), (50, 60, Gone)]);
        paint.repaint(0..200, Loose, |before| before == Gone);
        assert_eq!(
            all(&paint, 0..95),
            [(10, 20, Loose), (20, 25, Kept), (25, 50, Loose), (50, 90, Loose), (90, 95, Kept)]
        );
        paint.paint(0..1000, Kept);
        assert_eq!(all(&paint, 0..2000), [(0, 1000, Kept)]);
        paint.paint(5..5, Gone);
        assert_eq!(all(&paint, 0..2000), [(0, 1000, Kept)]);
    }
}
