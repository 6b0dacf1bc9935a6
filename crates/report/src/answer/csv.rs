//! An answer for spreadsheets: the rows of its first section.

use super::{Answer, Cell, Kind, Section};
use crate::ReportError;
use crate::objects::csv_field;
use std::io::{BufWriter, Write};

impl Answer {
    /// For spreadsheets: a line of names, then a line a row of the first section, with what only scripts get and, of a tree, the level
    /// first. Sentences are left out; steps are parted by ` → `.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        if let Some(section) = self.sections.first() {
            section.write_csv(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

impl Section {
    fn write_csv(&self, out: &mut impl Write) -> Result<(), ReportError> {
        let depth = self.rows.iter().any(|row| row.depth > 0);
        let names = self.columns.iter().map(|column| csv_field(&column.key));
        line(out, depth.then(|| "depth".into()).into_iter().chain(names))?;
        for row in &self.rows {
            let cells = self.columns.iter().enumerate().map(|(at, column)| field(row.cell(at), column.kind));
            line(out, depth.then(|| row.depth.to_string().into()).into_iter().chain(cells))?;
        }
        Ok(())
    }
}

fn field(cell: &Cell, kind: Kind) -> Box<str> {
    match (cell, kind) {
        (Cell::None, _) => Box::default(),
        (Cell::Number(address), Kind::Address) => format!("{address:#x}").into(),
        (Cell::Number(number), _) => number.to_string().into(),
        (Cell::Text(text), _) => csv_field(text),
        (Cell::Texts(texts), _) => csv_field(&texts.join(super::table::ARROW)),
    }
}

fn line(out: &mut impl Write, fields: impl Iterator<Item = Box<str>>) -> Result<(), ReportError> {
    for (at, field) in fields.enumerate() {
        write!(out, "{}{field}", if at == 0 { "" } else { "," })?;
    }
    Ok(writeln!(out)?)
}
