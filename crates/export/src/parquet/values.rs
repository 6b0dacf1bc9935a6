//! The values of a column of one row group, before they are encoded.

use super::schema::{Column, Kind};

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// None.
    Missing,
    /// A number, of which a column of 32 bits takes those that fit.
    Number(i64),
    /// A text by its number.
    Text(u32),
    /// True or false.
    Flag(bool),
}

impl Cell {
    /// A number of 64 bits; none of one that no signed number is, which only a made-up core has.
    #[inline]
    pub(super) fn of(number: u64) -> Cell {
        i64::try_from(number).map_or(Cell::Missing, Cell::Number)
    }

    /// A number that may be missing.
    #[inline]
    pub(super) fn of_option(number: Option<u64>) -> Cell {
        number.map_or(Cell::Missing, Cell::of)
    }

    /// A count, of which the greatest stands for all that are greater.
    #[inline]
    pub(super) fn count(number: u64) -> Cell {
        Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// True or false, where that is known.
    pub(super) fn of_flag(flag: Option<bool>) -> Cell {
        flag.map_or(Cell::Missing, Cell::Flag)
    }
}

/// Those values of a column that are there.
#[derive(Debug)]
pub(super) enum Numbers {
    Wide(Vec<i64>),
    Narrow(Vec<i32>),
    Flags(Vec<bool>),
    Texts(Vec<u32>),
}

/// The values of a column.
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

    /// Adds that of a row. False where the column has no room for it.
    #[inline]
    pub(super) fn push(&mut self, cell: Cell) -> bool {
        let is_there = match (&mut self.numbers, cell) {
            (_, Cell::Missing) => self.levels.is_some(),
            (Numbers::Wide(numbers), Cell::Number(number)) => {
                numbers.push(number);
                true
            }
            (Numbers::Narrow(numbers), Cell::Number(number)) => {
                i32::try_from(number).map(|number| numbers.push(number)).is_ok()
            }
            (Numbers::Flags(flags), Cell::Flag(flag)) => {
                flags.push(flag);
                true
            }
            (Numbers::Texts(texts), Cell::Text(text)) => {
                texts.push(text);
                true
            }
            _ => false,
        };
        if let Some(levels) = &mut self.levels {
            levels.push(i16::from(cell != Cell::Missing));
        }
        is_there
    }

    /// Those that are there.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Of each row, 1 where it has a value; None where each has.
    pub(super) fn levels(&self) -> Option<&[i16]> {
        self.levels.as_deref()
    }

    /// None again.
    pub(super) fn clear(&mut self) {
        match &mut self.numbers {
            Numbers::Wide(numbers) => numbers.clear(),
            Numbers::Narrow(numbers) => numbers.clear(),
            Numbers::Flags(flags) => flags.clear(),
            Numbers::Texts(texts) => texts.clear(),
        }
        if let Some(levels) = &mut self.levels {
            levels.clear();
        }
    }
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
        let cells = [Cell::Text(7), Cell::Missing, Cell::Missing, Cell::Text(8), Cell::Text(9)];
        assert!(cells.into_iter().all(|cell| values.push(cell)));
        assert_eq!(values.levels(), Some(&[1, 0, 0, 1, 1][..]));
        assert!(matches!(values.numbers(), Numbers::Texts(texts) if *texts == [7, 8, 9]));
        values.clear();
        assert!(matches!((values.numbers(), values.levels()), (Numbers::Texts(texts), Some([])) if texts.is_empty()));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut small = Values::new(&column(Kind::Small, false));
        assert!(small.push(Cell::Number(1 << 30)) && !small.push(Cell::Number(1 << 31)) && !small.push(Cell::Missing));
        assert!(!Values::new(&column(Kind::Flag, false)).push(Cell::Number(1)));
    }

    #[test]
    fn numbers_beyond_the_signed_ones_are_missing_and_counts_stay_at_the_greatest() {
        assert_eq!((Cell::of(u64::MAX), Cell::of(1 << 62)), (Cell::Missing, Cell::Number(1 << 62)));
        assert_eq!((Cell::of_option(None), Cell::count(u64::MAX)), (Cell::Missing, Cell::Number(i64::MAX)));
    }
}
