//! Objects, one a line, as CSV (RFC 4180) or as one JSON object a line.
//!
//! A heap has tens of millions of objects and few different texts: a text is made fit for its form once ([`RowForm::cell`]) and
//! written as often as it occurs.

use crate::ReportError;
use crate::text::{json_text, terminal_text};
use std::io::{BufWriter, Write};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
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

/// Writes rows, through a buffer.
pub struct ObjectWriter<W: Write> {
    out: BufWriter<W>,
    form: RowForm,
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
        Ok(Self { out, form })
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

    /// Ends the output.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn finish(mut self) -> Result<(), ReportError> {
        Ok(self.out.flush()?)
    }
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
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
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
