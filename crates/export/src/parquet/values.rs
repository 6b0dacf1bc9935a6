//! Values of rows as they come, and the values of one column as they are encoded.

use super::schema::{Column, Kind};

/// A value of any column: a number, a text's number, 0 or 1, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell(i64);

impl Cell {
    /// None. No number of 64 bits without a sign is it.
    pub(super) const MISSING: Cell = Cell(i64::MIN);

    /// A number of 64 bits; none of one that no signed number is, which only a made-up core has.
    #[inline]
    pub(super) fn of(number: u64) -> Cell {
        i64::try_from(number).map_or(Cell::MISSING, Cell)
    }

    /// A number that may be missing.
    #[inline]
    pub(super) fn of_option(number: Option<u64>) -> Cell {
        number.map_or(Cell::MISSING, Cell::of)
    }

    /// A number of 32 bits.
    #[inline]
    pub(super) fn small(number: u32) -> Cell {
        Cell(i64::from(number))
    }

    /// A count, of which the greatest stands for all that are greater.
    #[inline]
    pub(super) fn count(number: u64) -> Cell {
        Cell(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// True or false.
    #[inline]
    pub(super) fn flag(flag: bool) -> Cell {
        Cell(i64::from(flag))
    }
}

/// Values of a column that are there, as the file has them.
#[derive(Debug)]
pub(super) enum Numbers {
    Wide(Vec<i64>),
    Narrow(Vec<i32>),
    Flags(Vec<bool>),
    Texts(Vec<u32>),
}

/// Values of a column, some rows at a time.
#[derive(Debug)]
pub(super) struct Values {
    numbers: Numbers,
    /// Of each row, 1 where it has a value; None of a column where each has.
    levels: Option<Vec<i16>>,
}

impl Values {
    /// None yet.
    pub(super) fn new(column: &Column) -> Self {
        let numbers = match column.kind {
            Kind::Number | Kind::Address | Kind::Time => Numbers::Wide(Vec::new()),
            Kind::Small => Numbers::Narrow(Vec::new()),
            Kind::Flag => Numbers::Flags(Vec::new()),
            Kind::Text => Numbers::Texts(Vec::new()),
        };
        Values { numbers, levels: column.is_optional.then(Vec::new) }
    }

    /// Takes the cells in the place of those before. False where one does not fit the column.
    pub(super) fn take(&mut self, cells: &[Cell]) -> bool {
        if let Some(levels) = &mut self.levels {
            levels.clear();
            levels.extend(cells.iter().map(|&cell| i16::from(cell != Cell::MISSING)));
        } else if cells.contains(&Cell::MISSING) {
            return false;
        }
        let there = cells.iter().filter(|&&cell| cell != Cell::MISSING).map(|cell| cell.0);
        match &mut self.numbers {
            Numbers::Wide(numbers) => {
                numbers.clear();
                numbers.extend(there);
                true
            }
            Numbers::Narrow(numbers) => convert(there, numbers, |number| i32::try_from(number).ok()),
            Numbers::Texts(numbers) => convert(there, numbers, |number| u32::try_from(number).ok()),
            Numbers::Flags(flags) => convert(there, flags, |number| Some(number != 0)),
        }
    }

    /// Those that are there.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Of each row, 1 where it has a value; None where each has.
    pub(super) fn levels(&self) -> Option<&[i16]> {
        self.levels.as_deref()
    }
}

/// Numbers as others; false where one is none.
fn convert<T>(from: impl Iterator<Item = i64>, to: &mut Vec<T>, as_other: impl Fn(i64) -> Option<T>) -> bool {
    to.clear();
    for number in from {
        let Some(other) = as_other(number) else { return false };
        to.push(other);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, is_optional: bool) -> Column {
        Column { name: "x", kind, is_optional, meaning: "" }
    }

    #[test]
    fn what_is_missing_has_a_level_and_no_value() {
        let mut values = Values::new(&column(Kind::Text, true));
        let cells = [Cell::small(7), Cell::MISSING, Cell::MISSING, Cell::small(8), Cell::small(9)];
        for _ in 0..2 {
            assert!(values.take(&cells));
            assert_eq!(values.levels(), Some(&[1, 0, 0, 1, 1][..]));
            assert!(matches!(values.numbers(), Numbers::Texts(texts) if *texts == [7, 8, 9]));
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut small = Values::new(&column(Kind::Small, false));
        assert!(small.take(&[Cell::count(1 << 30)]) && small.levels().is_none());
        assert!(!small.take(&[Cell::count(1 << 31)]) && !small.take(&[Cell::MISSING]));
        assert!(Values::new(&column(Kind::Small, true)).take(&[Cell::MISSING]));
    }

    #[test]
    fn numbers_beyond_the_signed_ones_are_missing_and_counts_stay_at_the_greatest() {
        assert_eq!((Cell::of(u64::MAX), Cell::of(1 << 62)), (Cell::MISSING, Cell(1 << 62)));
        assert_eq!((Cell::of_option(None), Cell::count(u64::MAX)), (Cell::MISSING, Cell(i64::MAX)));
    }
}
