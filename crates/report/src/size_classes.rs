//! How the heap's pages are cut up, by size class: as a table, CSV or JSON.

use crate::ReportError;
use crate::page::Page;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, percent};
use crate::text::{json_text, terminal_text};
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The spans of one size class, with pointers or without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SizeClassRow {
    /// Bytes of a slot; 0 of large objects, and of the total.
    pub slot_bytes: u64,
    /// Whether the collector looks into the slots; of the total, false.
    pub has_pointers: bool,
    /// Spans.
    pub spans: u64,
    /// Their bytes: the other four sums together.
    pub span_bytes: u64,
    /// Slots.
    pub slots: u64,
    /// Slots that are handed out.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these, the objects that were selected; absent where all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_objects: Option<u64>,
    /// Their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_bytes: Option<u64>,
    /// Of what is allocated or selected, what rounding up to the size class costs, as far as types tell.
    pub rounding_bytes: u64,
    /// Bytes of free slots.
    pub free_bytes: u64,
    /// Bytes of no slot.
    pub tail_bytes: u64,
}

/// Size classes in the order of showing, and their sum.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SizeClassReport {
    /// Version of the form.
    pub schema_version: u32,
    /// `size-class`.
    pub group: &'static str,
    /// Of which objects the spans are: `reachable main.Session`; absent where all spans are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// What the runtime says that all spans have together.
    pub heap_in_use: u64,
    /// All classes.
    pub total: SizeClassRow,
    /// The classes.
    pub rows: Vec<SizeClassRow>,
}

impl SizeClassReport {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let total = &self.total;
        match (&self.selection, total.selected_bytes, total.selected_objects) {
            (Some(selection), Some(bytes), Some(objects)) => writeln!(
                out,
                "{}: {} in {} objects, which keep spans of {}",
                terminal_text(selection),
                page.bytes(bytes),
                grouped(objects),
                page.bytes(total.span_bytes),
            )?,
            _ => writeln!(
                out,
                "spans in use: {}, the runtime says {}",
                page.bytes(total.span_bytes),
                page.bytes(self.heap_in_use)
            )?,
        }
        writeln!(
            out,
            "  = allocated {} + free slots {} + left over at ends of spans {}; rounding is part of what is {}\n",
            page.bytes(total.bytes),
            page.bytes(total.free_bytes),
            page.bytes(total.tail_bytes),
            if self.selection.is_some() { "selected" } else { "allocated" }
        )?;
        let mut table = match self.selection {
            Some(_) => Table::new(0, &[Right, Right, Right, Right, Right, Right, Right, Left]).spare(&[5, 6, 3, 2]),
            None => Table::new(0, &[Right, Right, Right, Right, Right, Right, Left]).spare(&[4, 5, 2, 1]),
        };
        let selected = self.selection.as_ref().map(|_| "selected");
        let rest = ["allocated", "rounding", "free slots", "free", "left over", "size class"];
        table.row(["spans"].into_iter().chain(selected).chain(rest));
        for row in &self.rows {
            let kind = if row.has_pointers { "" } else { ", no pointers" };
            let name = match row.slot_bytes {
                0 => format!("large{kind}"),
                bytes => format!("{}{kind}", grouped(bytes)),
            };
            table.row(cells(page, row, &name));
        }
        table.row(cells(page, total, "(total)"));
        table.write(&mut out)?;
        Ok(out.flush()?)
    }

    /// For spreadsheets: a line of names, then a line a class. The total is no line: it is the sum of them.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let names = "slot_bytes,has_pointers,spans,span_bytes,slots,objects,bytes,rounding_bytes,free_bytes,tail_bytes";
        let selected = if self.selection.is_some() { ",selected_objects,selected_bytes" } else { "" };
        writeln!(out, "{names}{selected}")?;
        for row in &self.rows {
            let numbers = [
                row.spans,
                row.span_bytes,
                row.slots,
                row.objects,
                row.bytes,
                row.rounding_bytes,
                row.free_bytes,
                row.tail_bytes,
            ];
            let numbers = numbers.into_iter().chain(row.selected_objects).chain(row.selected_bytes);
            let numbers = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",");
            writeln!(out, "{},{},{numbers}", row.slot_bytes, row.has_pointers)?;
        }
        Ok(out.flush()?)
    }

    /// For scripts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "{}", json_text(&serde_json::to_string_pretty(self)?))?;
        Ok(out.flush()?)
    }
}

fn cells(page: Page, row: &SizeClassRow, name: &str) -> Vec<String> {
    let selected = row.selected_bytes.map(|bytes| page.bytes(bytes));
    let rest = [
        page.bytes(row.bytes),
        page.bytes(row.rounding_bytes),
        page.bytes(row.free_bytes),
        percent(row.free_bytes, row.span_bytes),
        page.bytes(row.tail_bytes),
        name.to_owned(),
    ];
    [page.bytes(row.span_bytes)].into_iter().chain(selected).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report() -> SizeClassReport {
        let row = SizeClassRow {
            slot_bytes: 48,
            has_pointers: true,
            spans: 1,
            span_bytes: 8192,
            slots: 167,
            objects: 100,
            bytes: 4800,
            selected_objects: None,
            selected_bytes: None,
            rounding_bytes: 800,
            free_bytes: 3216,
            tail_bytes: 176,
        };
        let total = SizeClassRow { slot_bytes: 0, has_pointers: false, ..row.clone() };
        SizeClassReport {
            schema_version: SCHEMA_VERSION,
            group: "size-class",
            selection: None,
            heap_in_use: 8192,
            total,
            rows: vec![row],
        }
    }

    #[test]
    fn every_form_has_every_number() {
        let mut table = Vec::new();
        report().write_table(Page::default(), &mut table).unwrap();
        let expected = "\
spans in use: 8.0 KiB, the runtime says 8.0 KiB
  = allocated 4.7 KiB + free slots 3.1 KiB + left over at ends of spans 176 B; rounding is part of what is allocated

  spans  allocated  rounding  free slots     free  left over  size class
8.0 KiB    4.7 KiB     800 B     3.1 KiB  39.26 %      176 B  48
8.0 KiB    4.7 KiB     800 B     3.1 KiB  39.26 %      176 B  (total)
";
        assert_eq!(String::from_utf8(table).unwrap(), expected);
        let mut csv = Vec::new();
        report().write_csv(&mut csv).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap().lines().last(), Some("48,true,1,8192,167,100,4800,800,3216,176"));
        let mut json = Vec::new();
        report().write_json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["rows"][0]["tail_bytes"], 176);
    }
}
