//! Where the row of each node begins, in four bytes where that is enough.

use crate::Column;
use std::ops::Range;

/// Starts of rows, one more than there are rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offsets {
    /// Fewer than 2^32 entries in all rows.
    Narrow(Column<u32>),
    /// Any more.
    Wide(Column<u64>),
}

/// A place in the array of all rows; loops over both widths are written once.
pub(crate) trait Offset: Copy + Send + Sync {
    /// The place as an index.
    fn index(self) -> usize;
    /// The place one before. The caller has counted that there is one.
    fn before(self) -> Self;
}

impl Offset for u32 {
    fn index(self) -> usize {
        self as usize
    }

    fn before(self) -> Self {
        self - 1
    }
}

impl Offset for u64 {
    fn index(self) -> usize {
        self as usize
    }

    fn before(self) -> Self {
        self - 1
    }
}

impl Offsets {
    /// From the length of each row and one 0 at the end, the start of each row and the end of the last.
    pub(crate) fn starts(lengths: Vec<u32>) -> Self {
        Self::sums(lengths, |sum, length| *sum - length)
    }

    /// From the length of each row and one 0 at the end, the end of each row, and once more that of the last. Who fills the
    /// rows from behind, counting down, has the starts when all is filled.
    pub(crate) fn ends(lengths: Vec<u32>) -> Self {
        Self::sums(lengths, |sum, _| *sum)
    }

    /// The same of rows whose entries come in two parts.
    pub(crate) fn wide_ends(first: &[u32], second: &[u32]) -> Self {
        let lengths = first.iter().zip(second).map(|(first, second)| u64::from(*first) + u64::from(*second));
        let end = |sum: &mut u64, length| {
            *sum += length;
            Some(*sum)
        };
        Self::Wide(lengths.scan(0, end).collect())
    }

    fn sums(mut lengths: Vec<u32>, entry: fn(&u64, u64) -> u64) -> Self {
        let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        let mut sum = 0u64;
        let mut next = |length: u32| {
            sum += u64::from(length);
            entry(&sum, u64::from(length))
        };
        if u32::try_from(total).is_err() {
            return Self::Wide(lengths.into_iter().map(next).collect());
        }
        for length in &mut lengths {
            // No more than `total`, which fits.
            *length = next(*length) as u32;
        }
        Self::Narrow(lengths.into())
    }

    /// Number of starts: one more than rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Narrow(starts) => starts.len(),
            Self::Wide(starts) => starts.len(),
        }
    }

    /// The start of row `row`, or of the one after the last.
    pub(crate) fn start(&self, row: u32) -> usize {
        match self {
            Self::Narrow(starts) => starts[row as usize].index(),
            Self::Wide(starts) => starts[row as usize].index(),
        }
    }

    /// Where row `row` lies.
    pub(crate) fn range(&self, row: u32) -> Range<usize> {
        self.start(row)..self.start(row + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_and_ends_of_rows() {
        assert_eq!(Offsets::starts(vec![2, 0, 3, 0]), Offsets::Narrow(vec![0, 2, 2, 5].into()));
        assert_eq!(Offsets::ends(vec![2, 0, 3, 0]), Offsets::Narrow(vec![2, 2, 5, 5].into()));
    }

    #[test]
    fn places_beyond_four_bytes_take_eight() {
        let lengths = vec![u32::MAX, 1, 7, 0];
        let most = u64::from(u32::MAX);
        assert_eq!(Offsets::starts(lengths.clone()), Offsets::Wide(vec![0, most, most + 1, most + 8].into()));
        assert_eq!(Offsets::ends(lengths).range(1), (most as usize + 1)..(most as usize + 8));
        assert_eq!(Offsets::starts(vec![u32::MAX, 0]), Offsets::Narrow(vec![0, u32::MAX].into()));
    }
}
