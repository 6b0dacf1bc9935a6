//! Writing sections one after the other.

use super::{ALIGNMENT, Entry, MAGIC, SectionError, checksum};
use bytemuck::NoUninit;
use goheap_graph::NarrowColumn;
use serde::Serialize;
use std::io::{self, Write};

/// Writes sections to a file or pipe; nothing is gone back to.
///
/// # Overhead
/// Columns are written from where they are; a value takes its bytes while it is written.
pub struct SectionWriter<W> {
    out: W,
    at: u64,
    table: Vec<Entry>,
}

impl<W: Write> SectionWriter<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = SectionWriter { out, at: 0, table: Vec::new() };
        writer.write(&MAGIC.to_ne_bytes())?;
        Ok(writer)
    }

    /// Adds a column.
    ///
    /// # Errors
    /// [`SectionError::Write`].
    pub fn column<T: NoUninit>(&mut self, name: &str, numbers: &[T]) -> Result<(), SectionError> {
        self.section(name, bytemuck::cast_slice(numbers))
    }

    /// Adds a column of small numbers.
    ///
    /// # Errors
    /// [`SectionError::Write`].
    pub fn narrow(&mut self, name: &str, numbers: &NarrowColumn) -> Result<(), SectionError> {
        self.section(name, numbers.bytes())
    }

    /// Adds a value.
    ///
    /// # Errors
    /// [`SectionError::Write`], and [`SectionError::Unreadable`] of a value that cannot be kept.
    pub fn value(&mut self, name: &str, value: &impl Serialize) -> Result<(), SectionError> {
        let bytes = postcard::to_stdvec(value).map_err(|error| SectionError::Unreadable(name.to_owned(), error))?;
        self.section(name, &bytes)
    }

    /// Ends the file; its length.
    ///
    /// # Errors
    /// [`SectionError::Write`].
    pub fn finish(mut self) -> Result<u64, SectionError> {
        let table =
            postcard::to_stdvec(&self.table).map_err(|error| SectionError::Unreadable("table".to_owned(), error))?;
        let (start, len) = (self.at, table.len() as u64);
        self.write(&table)?;
        for number in [start, len, checksum(&table), MAGIC] {
            self.write(&number.to_ne_bytes())?;
        }
        self.out.flush()?;
        Ok(self.at)
    }

    fn section(&mut self, name: &str, bytes: &[u8]) -> Result<(), SectionError> {
        let room = self.at.next_multiple_of(ALIGNMENT) - self.at;
        self.write(&[0; ALIGNMENT as usize][..room as usize])?;
        let (start, len) = (self.at, bytes.len() as u64);
        self.table.push(Entry { name: name.to_owned(), start, len, checksum: checksum(bytes) });
        Ok(self.write(bytes)?)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
