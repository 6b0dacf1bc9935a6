//! Rows that tell what something was and is.

use super::{Cell, Column};

/// Bytes and how many, before and after; None where that is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BeforeAfter {
    /// Bytes before.
    pub before: Option<u64>,
    /// Bytes after.
    pub after: Option<u64>,
    /// How many before.
    pub objects_before: Option<u64>,
    /// How many after.
    pub objects_after: Option<u64>,
}

/// The columns of such rows; `name` is what they are told by.
#[must_use]
pub fn change_columns(name: &str) -> Vec<Column> {
    vec![
        Column::bytes("grew"),
        Column::bytes("shrank").hidden(),
        Column::bytes("before").spare(),
        Column::bytes("after").spare(),
        Column::count("objects_before").headed("objects before").spare(),
        Column::count("objects_after").headed("objects after"),
        Column::name(name),
    ]
}

/// The cells of [`change_columns`], of what grew and shrank by so many bytes.
#[must_use]
pub fn change_cells((grew, shrank): (u64, u64), numbers: BeforeAfter, name: &str) -> Vec<Cell> {
    let BeforeAfter { before, after, objects_before, objects_after } = numbers;
    vec![
        grew.into(),
        shrank.into(),
        before.into(),
        after.into(),
        objects_before.into(),
        objects_after.into(),
        name.into(),
    ]
}
