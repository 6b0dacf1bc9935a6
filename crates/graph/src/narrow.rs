//! Small numbers in a row, in as few bytes each as the largest takes.

use crate::{Column, SharedBytes};
use std::ops::Range;

/// A row of numbers in one, two or four bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NarrowColumn {
    /// None is greater than 255.
    One(Column<u8>),
    /// None is greater than 65,535.
    Two(Column<u16>),
    /// Any.
    Four(Column<u32>),
}

impl Default for NarrowColumn {
    fn default() -> Self {
        NarrowColumn::One(Column::default())
    }
}

impl NarrowColumn {
    /// These numbers, none of which is greater than `most`.
    pub fn new(numbers: impl Iterator<Item = u32>, most: u32) -> Self {
        match most {
            0..=0xff => NarrowColumn::One(numbers.map(|number| number as u8).collect()),
            0x100..=0xffff => NarrowColumn::Two(numbers.map(|number| number as u16).collect()),
            _ => NarrowColumn::Four(numbers.collect()),
        }
    }

    /// So many numbers that lie in `range` of the bytes; None where it is no room for just these.
    #[must_use]
    pub fn shared(bytes: &SharedBytes, range: Range<usize>, count: usize) -> Option<Self> {
        let len = range.len();
        let width = |width: usize| count.checked_mul(width) == Some(len);
        match (width(1), width(2), width(4)) {
            (true, ..) => Column::shared(bytes, range).map(NarrowColumn::One),
            (_, true, _) => Column::shared(bytes, range).map(NarrowColumn::Two),
            (.., true) => Column::shared(bytes, range).map(NarrowColumn::Four),
            _ => None,
        }
    }

    /// The bytes of all numbers.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            NarrowColumn::One(numbers) => numbers,
            NarrowColumn::Two(numbers) => bytemuck::cast_slice(numbers),
            NarrowColumn::Four(numbers) => bytemuck::cast_slice(numbers),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            NarrowColumn::One(numbers) => numbers.len(),
            NarrowColumn::Two(numbers) => numbers.len(),
            NarrowColumn::Four(numbers) => numbers.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at that place.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> Option<u32> {
        match self {
            NarrowColumn::One(numbers) => numbers.get(at).map(|&number| u32::from(number)),
            NarrowColumn::Two(numbers) => numbers.get(at).map(|&number| u32::from(number)),
            NarrowColumn::Four(numbers) => numbers.get(at).copied(),
        }
    }

    /// The greatest; 0 of none.
    #[must_use]
    pub fn greatest(&self) -> u32 {
        match self {
            NarrowColumn::One(numbers) => numbers.iter().max().map_or(0, |&number| u32::from(number)),
            NarrowColumn::Two(numbers) => numbers.iter().max().map_or(0, |&number| u32::from(number)),
            NarrowColumn::Four(numbers) => numbers.iter().max().copied().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared_copy;

    #[test]
    fn numbers_take_what_the_largest_takes() {
        for (most, width) in [(255, 1), (256, 2), (65_535, 2), (65_536, 4), (u32::MAX, 4)] {
            let column = NarrowColumn::new([7, most, 0].into_iter(), most);
            assert_eq!((column.bytes().len(), column.len(), column.greatest()), (3 * width, 3, most));
            assert_eq!([0, 1, 2, 3].map(|at| column.get(at)), [Some(7), Some(most), Some(0), None]);
            let bytes = shared_copy(column.bytes());
            assert_eq!(NarrowColumn::shared(&bytes, 0..3 * width, 3), Some(column));
            assert_eq!(
                [0, 2, 4, 5].map(|count| NarrowColumn::shared(&bytes, 0..3 * width, count)),
                [None, None, None, None]
            );
        }
        assert!(NarrowColumn::default().is_empty());
    }
}
