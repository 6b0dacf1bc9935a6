//! Finding and checking sections.

use super::{Entry, MAGIC, SectionError, TRAILER, checksum};
use bytemuck::AnyBitPattern;
use goheap_graph::{Column, NarrowColumn, SharedBytes};
use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file of sections.
///
/// # Overhead
/// That of its table. Columns are parts of the file's bytes.
pub struct Sections {
    bytes: SharedBytes,
    table: Vec<Entry>,
    /// Of each section, whether its bytes were found to be those that were written.
    checked: Vec<AtomicBool>,
}

impl fmt::Debug for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sections").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Sections {
    /// The sections that bytes have; their table is checked.
    ///
    /// # Errors
    /// [`SectionError::NotSections`], and [`SectionError::Damaged`] of a table that is not what was written.
    pub fn open(bytes: SharedBytes) -> Result<Self, SectionError> {
        let table = table((*bytes).as_ref())?;
        let checked = table.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Sections { bytes, table, checked })
    }

    /// What the sections are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.iter().map(|entry| &*entry.name)
    }

    /// A column.
    ///
    /// # Errors
    /// [`SectionError::Missing`] and [`SectionError::Damaged`].
    pub fn column<T: AnyBitPattern>(&self, name: &str) -> Result<Column<T>, SectionError> {
        let range = self.range(name)?;
        Column::shared(&self.bytes, range).ok_or_else(|| SectionError::Damaged(name.to_owned()))
    }

    /// A column of so many small numbers.
    ///
    /// # Errors
    /// Those of [`Sections::column`].
    pub fn narrow(&self, name: &str, count: usize) -> Result<NarrowColumn, SectionError> {
        let range = self.range(name)?;
        NarrowColumn::shared(&self.bytes, range, count).ok_or_else(|| SectionError::Damaged(name.to_owned()))
    }

    /// A value.
    ///
    /// # Errors
    /// Those of [`Sections::column`], and [`SectionError::Unreadable`].
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T, SectionError> {
        let range = self.range(name)?;
        let bytes = (*self.bytes).as_ref().get(range).unwrap_or_default();
        postcard::from_bytes(bytes).map_err(|error| SectionError::Unreadable(name.to_owned(), error))
    }

    /// Where a section lies, once it was checked.
    fn range(&self, name: &str) -> Result<Range<usize>, SectionError> {
        let at = self
            .table
            .iter()
            .position(|entry| entry.name == name)
            .ok_or_else(|| SectionError::Missing(name.to_owned()))?;
        let damaged = || SectionError::Damaged(name.to_owned());
        let (entry, bytes) = (&self.table[at], (*self.bytes).as_ref());
        let range = range(entry.start, entry.len).ok_or_else(damaged)?;
        let section = bytes.get(range.clone()).ok_or_else(damaged)?;
        if !self.checked[at].load(Ordering::Relaxed) {
            if checksum(section) != entry.checksum {
                return Err(damaged());
            }
            self.checked[at].store(true, Ordering::Relaxed);
        }
        Ok(range)
    }
}

fn table(bytes: &[u8]) -> Result<Vec<Entry>, SectionError> {
    let number = |bytes: &[u8], index: usize| {
        let bytes = bytes.get(index * 8..index * 8 + 8)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    };
    let trailer = bytes.len().checked_sub(TRAILER).and_then(|at| bytes.get(at..)).unwrap_or_default();
    if number(bytes, 0) != Some(MAGIC) || number(trailer, 3) != Some(MAGIC) {
        return Err(SectionError::NotSections);
    }
    let damaged = || SectionError::Damaged("table of sections".to_owned());
    let (start, len) = number(trailer, 0).zip(number(trailer, 1)).ok_or_else(damaged)?;
    let table = range(start, len).and_then(|range| bytes.get(range)).ok_or_else(damaged)?;
    if Some(checksum(table)) != number(trailer, 2) {
        return Err(damaged());
    }
    postcard::from_bytes(table).map_err(|_| damaged())
}

fn range(start: u64, len: u64) -> Option<Range<usize>> {
    let end = start.checked_add(len)?;
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}
