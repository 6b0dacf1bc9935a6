//! An answer for scripts, and to be read again.
//!
//! ```text
//! {"schema_version":1,"answer":"suspects","title":"…","text":["…"],"opening":"goheap core","next":[{"question":"…","command":"…"}],"sections":[
//! {"key":"suspects","title":"…","text":[],"notes":[],"columns":[{"key":"retained","heading":"retained","kind":"bytes"},…],"rows_left_out":0,"rows":[
//! {"retained":4096,"holder":"main.cache","notes":["…"]},
//! …
//! ```
//!
//! A row has its cells by the keys of their columns, and what is missing not at all; addresses are strings. `depth` is a row's level in a
//! tree and absent at the top.

use super::{Answer, Cell, Column, Kind, Row, SCHEMA_VERSION, Section, View};
use crate::ReportError;
use crate::text::json_text;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::io::{BufWriter, Write};

/// Keys of a row that no column may have.
pub(super) const DEPTH: &str = "depth";
pub(super) const NOTES: &str = "notes";

impl Answer {
    /// For scripts: a row a line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"answer\":{},", quoted(&self.name)?)?;
        write!(out, "\"title\":{},\"text\":{},", quoted(&self.title)?, quoted(&self.text)?)?;
        if !self.about.is_empty() {
            write!(out, "\"about\":{},", quoted(&self.about)?)?;
        }
        write!(out, "\"opening\":{},", quoted(&self.opening)?)?;
        write!(out, "\"next\":{},\"sections\":[", quoted(&self.next)?)?;
        for (at, section) in self.sections.iter().enumerate() {
            writeln!(out, "{}", if at == 0 { "" } else { "," })?;
            section.write_json(&mut out)?;
        }
        writeln!(out, "]}}")?;
        Ok(out.flush()?)
    }
}

impl Section {
    fn write_json(&self, out: &mut impl Write) -> Result<(), ReportError> {
        write!(out, "{{\"key\":{},\"title\":{},", quoted(&self.key)?, quoted(&self.title)?)?;
        write!(out, "\"text\":{},\"notes\":{},", quoted(&self.text)?, quoted(&self.notes)?)?;
        if self.is_part {
            write!(out, "\"part\":true,")?;
        }
        if self.view != View::default() {
            write!(out, "\"view\":{},", quoted(&self.view)?)?;
        }
        write!(out, "\"columns\":{},", quoted(&self.columns)?)?;
        write!(out, "\"rows_left_out\":{},\"rows\":[", self.left_out)?;
        for (at, row) in self.rows.iter().enumerate() {
            let row = quoted(&RowOf { columns: &self.columns, row })?;
            write!(out, "{}\n{row}", if at == 0 { "" } else { "," })?;
        }
        Ok(write!(out, "]}}")?)
    }
}

fn quoted(value: &(impl Serialize + ?Sized)) -> Result<String, ReportError> {
    let json = serde_json::to_string(value)?;
    Ok(json_text(&json).into_owned())
}

struct RowOf<'a> {
    columns: &'a [Column],
    row: &'a Row,
}

impl Serialize for RowOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.row.depth > 0 {
            map.serialize_entry(DEPTH, &self.row.depth)?;
        }
        for (at, column) in self.columns.iter().enumerate() {
            match (self.row.cell(at), column.kind) {
                (Cell::None, _) => {}
                (Cell::Number(address), Kind::Address) => {
                    map.serialize_entry(&column.key, &format!("{address:#x}"))?;
                }
                (Cell::Number(number), _) => map.serialize_entry(&column.key, number)?,
                (Cell::Text(text), _) => map.serialize_entry(&column.key, text)?,
                (Cell::Texts(texts), _) => map.serialize_entry(&column.key, texts)?,
            }
        }
        if !self.row.notes.is_empty() {
            map.serialize_entry(NOTES, &self.row.notes)?;
        }
        map.end()
    }
}
