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

    /// The numbers that lie in `range` of the bytes, of so many bytes each; None where they do not.
    #[must_use]
    pub fn shared(bytes: &SharedBytes, range: Range<usize>, width: u8) -> Option<Self> {
        match width {
            1 => Column::shared(bytes, range).map(NarrowColumn::One),
            2 => Column::shared(bytes, range).map(NarrowColumn::Two),
            4 => Column::shared(bytes, range).map(NarrowColumn::Four),
            _ => None,
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub fn width(&self) -> u8 {
        match self {
            NarrowColumn::One(_) => 1,
            NarrowColumn::Two(_) => 2,
            NarrowColumn::Four(_) => 4,
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

    #[test]
    fn numbers_take_what_the_largest_takes() {
        for (most, width) in [(255, 1), (256, 2), (65_535, 2), (65_536, 4), (u32::MAX, 4)] {
            let column = NarrowColumn::new([7, most, 0].into_iter(), most);
            assert_eq!((column.width(), column.len(), column.greatest()), (width, 3, most));
            assert_eq!([0, 1, 2, 3].map(|at| column.get(at)), [Some(7), Some(most), Some(0), None]);
            assert_eq!(column.bytes().len(), 3 * usize::from(width));
        }
        assert!(NarrowColumn::default().is_empty());
    }
}
