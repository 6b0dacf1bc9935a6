//! Objects, one a line, as columns, as CSV (RFC 4180) or as one JSON object a line.
//!
//! A heap has tens of millions of objects and few different texts: a text is made fit for its form once ([`RowForm::cell`]) and
//! written as often as it occurs.

use crate::ReportError;
use crate::page::Page;
use crate::table::Align::{Left, Right, Whole};
use crate::table::{Table, grouped};
use crate::text::{json_text, terminal_text};
use std::io::{BufWriter, Write};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    /// Columns for people, on such a page.
    Table(Page),
    /// A line of names, then a line a row.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

/// A text as it stands in a row of its form, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(Box<str>);

impl RowForm {
    /// Makes `text` fit for a row. CSV: hidden characters become visible ([`terminal_text`]), and what holds a comma, a
    /// quote or a line's end is quoted. JSON: hidden characters become `\u…`.
    #[must_use]
    pub fn cell(self, text: &str) -> Cell {
        match self {
            RowForm::Table(_) => Cell(text.into()),
            RowForm::Csv => Cell(csv_field(text)),
            RowForm::Ndjson => {
                // A string alone always has a JSON form.
                let quoted = serde_json::to_string(text).unwrap_or_default();
                Cell(json_text(&quoted).into())
            }
        }
    }
}

/// A field of a CSV line.
pub(crate) fn csv_field(text: &str) -> Box<str> {
    let text = terminal_text(text);
    if text.contains([',', '"']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// One object.
#[derive(Debug, Clone, Copy)]
pub struct ObjectRow<'a> {
    /// First byte of its slot.
    pub address: u64,
    /// Bytes of its slot.
    pub size: u64,
    /// Its type; empty where it is not known.
    pub ty: &'a Cell,
    /// How the type is known: a plain word.
    pub evidence: &'a str,
    /// Whether a root leads to it; None where perhaps a pointer does that is absent from the core.
    pub reachable: Option<bool>,
    /// The root under which the tree puts it; empty where there is none.
    pub owner: &'a Cell,
}

/// Rows of a table that are held back until their columns are fitted: of a longer one each so many are fitted by themselves.
const TABLE_ROWS: usize = 10_000;

/// Writes rows, through a buffer.
pub struct ObjectWriter<W: Write> {
    out: BufWriter<W>,
    form: RowForm,
    /// Rows held back, and how many.
    table: (Table, usize),
}

impl<W: Write> ObjectWriter<W> {
    /// Begins the output.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn new(out: W, form: RowForm) -> Result<Self, ReportError> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        if form == RowForm::Csv {
            out.write_all(b"addr,size,type,evidence,reachable,owner\n")?;
        }
        Ok(Self { out, form, table: (heading(), 0) })
    }

    /// Writes a row; its cells are of this writer's form.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn row(&mut self, row: &ObjectRow<'_>) -> Result<(), ReportError> {
        let ObjectRow { address, size, evidence, reachable, .. } = row;
        let (ty, owner) = (&row.ty.0, &row.owner.0);
        let (reachable, is_known) = (reachable.unwrap_or(false), reachable.is_some());
        match self.form {
            RowForm::Table(page) => {
                let reachable = if !is_known {
                    "not known"
                } else if reachable {
                    "yes"
                } else {
                    "no"
                };
                let ty = if ty.is_empty() { "(unknown)" } else { ty };
                self.table.0.row([&*format!("{address:#x}"), &page.bytes(*size), ty, evidence, reachable, owner]);
                self.table.1 += 1;
                if self.table.1 == TABLE_ROWS {
                    self.write_table(page)?;
                }
            }
            RowForm::Csv if !is_known => writeln!(self.out, "{address:#x},{size},{ty},{evidence},unknown,{owner}")?,
            RowForm::Csv => writeln!(self.out, "{address:#x},{size},{ty},{evidence},{reachable},{owner}")?,
            RowForm::Ndjson => writeln!(
                self.out,
                "{{\"addr\":\"{address:#x}\",\"size\":{size},\"type\":{ty},\"evidence\":\"{evidence}\",\
                 \"reachable\":{reachable},{}\"owner\":{owner}}}",
                if is_known { "" } else { "\"not_known_to_be_reachable\":true," }
            )?,
        }
        Ok(())
    }

    fn write_table(&mut self, page: Page) -> Result<(), ReportError> {
        let (table, rows) = std::mem::replace(&mut self.table, (heading(), 0));
        let mut lines = page.lines(&mut self.out);
        if rows > 0 {
            table.write(&mut lines)?;
        }
        Ok(lines.flush()?)
    }

    /// Ends the output; a table tells how many objects of how many bytes are no rows of it.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn finish(mut self, left_out: (u64, u64)) -> Result<(), ReportError> {
        if let RowForm::Table(page) = self.form {
            let is_empty = self.table.1 == 0;
            self.write_table(page)?;
            let (objects, bytes) = left_out;
            let mut lines = page.lines(&mut self.out);
            match objects {
                0 if is_empty => writeln!(lines, "no object is like that")?,
                0 => {}
                1 => writeln!(lines, "\n1 object more, {} (--limit)", page.bytes(bytes))?,
                _ => writeln!(lines, "\n{} objects more, {} (--limit)", grouped(objects), page.bytes(bytes))?,
            }
            lines.flush()?;
        }
        Ok(self.out.flush()?)
    }
}

/// A table of objects with its heading. Where there is no room, how types are known is missed first, then whether it is reachable.
fn heading() -> Table {
    let mut table = Table::new(0, &[Whole, Right, Left, Whole, Whole, Left]).spare(&[3, 4, 5]);
    table.row(["object at", "size", "type", "evidence", "reachable", "held by"]);
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(form: RowForm, ty: &str, owner: &str) -> String {
        let mut out = Vec::new();
        let mut writer = ObjectWriter::new(&mut out, form).unwrap();
        let (ty, owner) = (form.cell(ty), form.cell(owner));
        let row =
            ObjectRow { address: 0xc000, size: 48, ty: &ty, evidence: "exact", reachable: Some(true), owner: &owner };
        writer.row(&row).unwrap();
        writer.finish((7, 4096)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_fits_its_page() {
        let table =
            |columns| written(RowForm::Table(Page { columns, ..Page::default() }), "main.\u{1b}Session", "main.x");
        let expected = "\
object at  size  type              evidence  reachable  held by
0xc000     48 B  main.\\x1bSession  exact     yes        main.x

7 objects more, 4.0 KiB (--limit)
";
        assert_eq!(table(None), expected);
        let narrow = table(Some(40));
        assert!(narrow.lines().all(|line| line.chars().count() <= 40) && narrow.contains("(no room here"), "{narrow}");
    }

    #[test]
    fn texts_of_a_core_stay_in_their_field_and_line() {
        let ty = "struct { A, B int \"json:\\\"a\\\"\" }";
        let csv = written(RowForm::Csv, ty, "a\n\u{1b}b");
        let quoted = r#""struct { A, B int ""json:\""a\"""" }""#;
        let expected = format!("addr,size,type,evidence,reachable,owner\n0xc000,48,{quoted},exact,true,a\\x0a\\x1bb\n");
        assert_eq!(csv, expected);
        let json = written(RowForm::Ndjson, ty, "a\n\u{202e}b");
        assert!(json.ends_with("}\n") && json.matches('\n').count() == 1 && json.is_ascii());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&value["type"], &value["owner"]), (&ty.into(), &"a\n\u{202e}b".into()));
        assert_eq!((&value["addr"], &value["size"], &value["reachable"]), (&"0xc000".into(), &48.into(), &true.into()));
    }

    #[test]
    fn what_is_not_known_is_an_empty_field() {
        assert!(written(RowForm::Csv, "", "").ends_with("\n0xc000,48,,exact,true,\n"));
        assert!(written(RowForm::Ndjson, "", "").contains("\"type\":\"\",\"evidence\""));
    }
}
