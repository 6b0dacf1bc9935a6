//! An answer that was kept as JSON.

use super::json::{DEPTH, NOTES};
use super::{Answer, Cell, Column, Kind, Next, Row, SCHEMA_VERSION, Section, View};
use serde::Deserialize;
use serde_json::{Map, Value};

/// No section has so many columns.
const MOST_COLUMNS: usize = 256;
/// No row stands so far below the first: each level is written as spaces, row by row.
const MOST_LEVELS: u32 = 1024;

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),

    /// It is not JSON, or lacks what every answer has.
    #[error("not an answer that was kept as JSON")]
    Json(#[from] serde_json::Error),

    /// A later goheap wrote it.
    #[error("schema version {0}; up to {SCHEMA_VERSION} is read")]
    Version(u32),

    /// A section has more columns than any that was written.
    #[error("{section} has {columns} columns; up to {MOST_COLUMNS} are read")]
    Columns {
        /// The section.
        section: String,
        /// How many it has.
        columns: usize,
    },

    /// A cell is not what its column says.
    #[error("the cell {key} of {section} is no {kind:?}")]
    Cell {
        /// The section.
        section: String,
        /// The column.
        key: String,
        /// What it should be.
        kind: Kind,
    },
}

#[derive(Deserialize)]
struct Kept {
    schema_version: u32,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    about: Vec<String>,
    #[serde(default)]
    opening: String,
    #[serde(default)]
    next: Vec<Next>,
    sections: Vec<KeptSection>,
}

#[derive(Deserialize)]
struct KeptSection {
    key: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    part: bool,
    #[serde(default)]
    view: View,
    columns: Vec<Column>,
    #[serde(default)]
    rows_left_out: u64,
    rows: Vec<Map<String, Value>>,
}

impl Answer {
    /// What [`Answer::write_json`] wrote. Fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: the text may come from anywhere.
    pub fn read_json(json: &[u8]) -> Result<Self, ReadError> {
        let mut kept: Kept = serde_json::from_slice(json)?;
        if kept.schema_version > SCHEMA_VERSION {
            return Err(ReadError::Version(kept.schema_version));
        }
        let sections = std::mem::take(&mut kept.sections).into_iter().map(section).collect::<Result<_, _>>()?;
        let Kept { answer: name, title, text, about, next, opening, .. } = kept;
        Ok(Self { name, title, text, about, sections, next, opening })
    }
}

fn section(kept: KeptSection) -> Result<Section, ReadError> {
    let KeptSection { key, title, text, notes, part: is_part, view, columns, rows_left_out, rows } = kept;
    if columns.len() > MOST_COLUMNS {
        return Err(ReadError::Columns { section: key, columns: columns.len() });
    }
    let mut rows = rows.into_iter().map(|row| self::row(&key, &columns, row)).collect::<Result<Vec<_>, _>>()?;
    // A row stands at most one level below the one before: what says otherwise would be drawn as wide as it says.
    let mut deepest = 0;
    for row in &mut rows {
        row.depth = row.depth.min(deepest);
        deepest = MOST_LEVELS.min(row.depth + 1);
    }
    Ok(Section { key, title, text, columns, rows, left_out: rows_left_out, notes, view, is_part })
}

fn row(section: &str, columns: &[Column], mut kept: Map<String, Value>) -> Result<Row, ReadError> {
    let depth = kept.get(DEPTH).and_then(Value::as_u64).and_then(|depth| u32::try_from(depth).ok());
    let notes = match kept.remove(NOTES) {
        Some(notes) => serde_json::from_value(notes)?,
        None => Vec::new(),
    };
    let cells = columns.iter().map(|column| {
        let Some(value) = kept.remove(&column.key) else { return Ok(Cell::None) };
        let wrong = || ReadError::Cell { section: section.to_owned(), key: column.key.clone(), kind: column.kind };
        cell(value, column.kind).ok_or_else(wrong)
    });
    let mut cells = cells.collect::<Result<Vec<_>, _>>()?;
    // What is missing at the end is read as nothing, too, and takes no room.
    cells.truncate(cells.iter().rposition(|cell| *cell != Cell::None).map_or(0, |last| last + 1));
    cells.shrink_to_fit();
    Ok(Row { cells, depth: depth.unwrap_or(0), notes })
}

fn cell(value: Value, kind: Kind) -> Option<Cell> {
    match (value, kind) {
        (Value::Null, _) => Some(Cell::None),
        (Value::Number(number), Kind::Bytes | Kind::Count) => number.as_u64().map(Cell::Number),
        (Value::String(text), Kind::Address) => {
            text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Cell::Number)
        }
        (Value::String(text), Kind::Name | Kind::Word | Kind::Text | Kind::Command) => Some(Cell::Text(text)),
        (texts @ Value::Array(_), Kind::Texts) => serde_json::from_value(texts).ok().map(Cell::Texts),
        _ => None,
    }
}
