//! An answer as data: sections of rows under typed columns, which any format of [`Answer`] writes.
//!
//! A question fills an [`Answer`]; a file beside this one is a format. So one more question writes every format, and one more format
//! every question. What is kept as JSON ([`Answer::write_json`]) can be read again ([`Answer::read_json`]) and written in any format,
//! without the core.
//!
//! ```
//! use goheap_report::answer::{Answer, Cell, Column, Row, Section};
//! use goheap_report::page::Page;
//!
//! let mut section = Section::new("holders", [Column::bytes("retained"), Column::name("holder")]);
//! section.row([Cell::Number(4096), Cell::from("main.cache")]);
//! let answer = Answer { name: "suspects".into(), sections: vec![section], ..Answer::default() };
//! let mut out = Vec::new();
//! answer.write_table(Page::default(), &mut out)?;
//! assert_eq!(String::from_utf8_lossy(&out), "retained  holder\n 4.0 KiB  main.cache\n");
//! # Ok::<(), goheap_report::ReportError>(())
//! ```

mod changes;
mod csv;
mod html;
mod json;
mod markdown;
mod read;
mod since;
mod table;
#[cfg(test)]
mod tests;

pub use changes::{BeforeAfter, change_cells, change_columns};
pub use read::ReadError;
pub use since::{KeptFrame, Told};

use serde::{Deserialize, Serialize};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// What was asked, and what is to be said to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The command that asks this alone: `suspects`.
    pub name: String,
    /// What people read first; empty where the sentences say it.
    pub title: String,
    /// Sentences, the most important first.
    pub text: Vec<String>,
    /// For each of these the key of the section that has the rows behind it, where there is one; missing ones at the end are none.
    pub about: Vec<String>,
    /// The rows. The first section is what was asked for, and all that CSV has.
    pub sections: Vec<Section>,
    /// What to ask next.
    pub next: Vec<Next>,
    /// The words that open the same core, which [`Kind::Command`]s follow; empty where nothing asks.
    pub opening: String,
}

/// A question that follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// What it answers.
    pub question: String,
    /// The command line.
    pub command: String,
}

/// Rows that have the same columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// What scripts find it by.
    pub key: String,
    /// Its heading; empty where the answer's title says it.
    pub title: String,
    /// Sentences above the rows.
    pub text: Vec<String>,
    /// What stands in the rows' cells, in their order.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows there are beside these.
    pub left_out: u64,
    /// Sentences below the rows.
    pub notes: Vec<String>,
    /// How the rows are shown.
    pub view: View,
    /// Whether it tells more of the section before: it is in no list of contents.
    pub is_part: bool,
}

/// One thing that is told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// As many as the section has columns; what is missing at the end is [`Cell::None`].
    pub cells: Vec<Cell>,
    /// The level in a tree: 0 of the first row, and at most one more than that of the row before.
    pub depth: u32,
    /// Sentences on it.
    pub notes: Vec<String>,
}

/// What stands in one place of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cell {
    /// Nothing: it is not known, or means nothing there.
    #[default]
    None,
    /// Bytes, a count or an address.
    Number(u64),
    /// A name, type or sentence.
    Text(String),
    /// Several of them, as the steps of a path.
    Texts(Vec<String>),
}

/// What a column means: formats decide by it how cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bytes.
    Bytes,
    /// How many.
    Count,
    /// An address in the dead process.
    Address,
    /// A name out of the program: a type, variable, function or file, or a path of fields.
    Name,
    /// A word of ours that is never cut.
    Word,
    /// Sentences.
    Text,
    /// Steps or words: [`Cell::Texts`].
    Texts,
    /// The command that tells more of the row, behind [`Answer::opening`]. Columns of it are hidden where they would take the place of names.
    Command,
}

impl Kind {
    /// True for what stands at the right, and of which nothing is a `-`.
    fn is_number(self) -> bool {
        matches!(self, Kind::Bytes | Kind::Count)
    }
}

/// How rows are shown where there is more than one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// One below the other.
    #[default]
    Table,
    /// As a flame graph: a tree of which the first bytes are the widths. On a page of text it is left out.
    Flame,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What scripts find its cells by.
    pub key: String,
    /// What stands above it for people.
    pub heading: String,
    /// What it means.
    pub kind: Kind,
    /// The whole that its bytes are a share of, for formats that tell shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<u64>,
    /// Whether people can miss it where there is no room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spare: bool,
    /// Whether only scripts get it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl Column {
    /// A column whose heading is its key, with spaces for underscores.
    #[must_use]
    pub fn new(key: &str, kind: Kind) -> Self {
        Self { key: key.to_owned(), heading: key.replace('_', " "), kind, whole: None, spare: false, hidden: false }
    }

    /// A column of bytes.
    #[must_use]
    pub fn bytes(key: &str) -> Self {
        Self::new(key, Kind::Bytes)
    }

    /// A column of numbers.
    #[must_use]
    pub fn count(key: &str) -> Self {
        Self::new(key, Kind::Count)
    }

    /// A column of names out of the program.
    #[must_use]
    pub fn name(key: &str) -> Self {
        Self::new(key, Kind::Name)
    }

    /// A column of commands.
    #[must_use]
    pub fn command(key: &str) -> Self {
        Self::new(key, Kind::Command).headed("more").hidden()
    }

    /// Under another heading.
    #[must_use]
    pub fn headed(mut self, heading: &str) -> Self {
        self.heading = heading.to_owned();
        self
    }

    /// With the share that its bytes are of `whole`.
    #[must_use]
    pub fn of(mut self, whole: u64) -> Self {
        self.whole = Some(whole);
        self
    }

    /// That may be left out where names would have no room; the last of them first.
    #[must_use]
    pub fn spare(mut self) -> Self {
        self.spare = true;
        self
    }

    /// For scripts alone: people read it in a row's sentences.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

impl Section {
    /// A section without rows.
    #[must_use]
    pub fn new(key: &str, columns: impl IntoIterator<Item = Column>) -> Self {
        Self { key: key.to_owned(), columns: columns.into_iter().collect(), ..Self::default() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> &mut Row {
        let row = Row { cells: cells.into_iter().take(self.columns.len()).collect(), ..Row::default() };
        self.rows.push(row);
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    /// Leaves the first `most` rows and counts the others.
    pub fn limit(&mut self, most: usize) {
        let more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        self.left_out += more as u64;
    }

    /// Leaves the rows one of whose names is wanted.
    pub fn keep(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let names: Vec<usize> =
            self.columns.iter().enumerate().filter(|(_, column)| column.kind == Kind::Name).map(|(at, _)| at).collect();
        self.rows.retain(|row| names.iter().any(|&at| matches!(row.cell(at), Cell::Text(text) if is_wanted(text))));
    }

    /// The columns that people see, with their places.
    fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| !column.hidden)
    }
}

impl Row {
    /// The cell at a place.
    pub fn cell(&self, at: usize) -> &Cell {
        self.cells.get(at).unwrap_or(&Cell::None)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<u64>> for Cell {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for Cell {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}
