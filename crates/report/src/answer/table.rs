//! An answer for people, on a page.

use super::{Answer, Cell, Column, Kind, Row, Section, View};
use crate::ReportError;
use crate::page::{Lines, Page};
use crate::table::{Align, Table, grouped, percent};
use crate::text::terminal_text;
use std::io::{BufWriter, Write};

/// Between the steps of a path.
pub(super) const ARROW: &str = " → ";

impl Answer {
    /// For people. Sections without rows are their sentences alone.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let mut parts = Parts::default();
        let title = Some(&self.title).filter(|title| !title.is_empty());
        parts.begin(&mut out, title.is_some() || !self.text.is_empty())?;
        for line in title.into_iter().chain(&self.text) {
            writeln!(out, "{}", terminal_text(line))?;
        }
        for section in &self.sections {
            section.write_table(page, &mut parts, &mut out)?;
        }
        parts.begin(&mut out, !self.next.is_empty())?;
        if !self.next.is_empty() {
            writeln!(out, "ask next")?;
        }
        for next in &self.next {
            writeln!(out, "  {}:", terminal_text(&next.question))?;
            // Whole, to be copied.
            out.put(&format!("      {}", terminal_text(&next.command)))?;
        }
        Ok(out.flush()?)
    }
}

/// Puts an empty line between what is written.
#[derive(Default)]
struct Parts {
    is_begun: bool,
}

impl Parts {
    fn begin(&mut self, out: &mut Lines<impl Write>, is_any: bool) -> std::io::Result<()> {
        if is_any && std::mem::replace(&mut self.is_begun, true) {
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Section {
    fn write_table(&self, page: Page, parts: &mut Parts, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        if self.view == View::Flame {
            return Ok(());
        }
        let has_words = !self.title.is_empty() || !self.text.is_empty();
        parts.begin(out, has_words)?;
        if !self.title.is_empty() {
            writeln!(out, "{}", terminal_text(&self.title))?;
        }
        for line in &self.text {
            writeln!(out, "{}", terminal_text(line))?;
        }
        if !self.rows.is_empty() {
            parts.begin(out, !has_words || !self.text.is_empty())?;
            self.table(page).write(out)?;
        }
        if self.left_out > 0 {
            parts.begin(out, true)?;
            let lines = if self.left_out == 1 { "line" } else { "lines" };
            writeln!(out, "{} {lines} more: see --limit", grouped(self.left_out))?;
        }
        parts.begin(out, !self.notes.is_empty())?;
        for line in &self.notes {
            writeln!(out, "{}", terminal_text(line))?;
        }
        Ok(())
    }

    /// The rows. Of a tree, names lean in by their level.
    fn table(&self, page: Page) -> Table {
        let shown: Vec<(usize, &Column)> = self.shown().collect();
        let aligned = shown.iter().flat_map(|(_, column)| {
            let share = column.whole.map(|_| Align::Right);
            std::iter::once(align(column.kind)).chain(share)
        });
        let aligned: Vec<Align> = aligned.collect();
        let is_tree = self.rows.iter().any(|row| row.depth > 0);
        let mut table = Table::new(0, &aligned).spare(&spare(&shown));
        if is_tree {
            table = table.names_first();
        }
        table.row(shown.iter().flat_map(|(_, column)| {
            let share = column.whole.map(|_| "share");
            std::iter::once(column.heading.as_str()).chain(share)
        }));
        let tree = self.shown().find(|(_, column)| column.kind == Kind::Name).map(|(at, _)| at);
        for row in &self.rows {
            let cells = shown.iter().flat_map(|&(at, column)| cells(page, row, (at, column), tree == Some(at)));
            table.row(cells);
            for note in &row.notes {
                table.below(note);
            }
        }
        table
    }
}

fn cells(page: Page, row: &Row, (at, column): (usize, &Column), leans: bool) -> impl Iterator<Item = String> + use<> {
    let cell = row.cell(at);
    let text = shown(page, cell, column.kind);
    let lean = if leans { "  ".repeat(row.depth as usize) } else { String::new() };
    let share = column.whole.map(|whole| match cell {
        Cell::Number(bytes) => percent(*bytes, whole),
        _ => String::new(),
    });
    std::iter::once(lean + &text).chain(share)
}

/// A cell as people read it.
pub(super) fn shown(page: Page, cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::None, Kind::Bytes | Kind::Count) => "-".to_owned(),
        (Cell::None, _) => String::new(),
        (Cell::Number(bytes), Kind::Bytes) => page.bytes(*bytes),
        (Cell::Number(address), Kind::Address) => format!("{address:#x}"),
        (Cell::Number(number), _) => grouped(*number),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Texts(texts), _) => texts.join(ARROW),
    }
}

fn align(kind: Kind) -> Align {
    match kind {
        Kind::Bytes | Kind::Count => Align::Right,
        Kind::Address | Kind::Word => Align::Whole,
        Kind::Name => Align::Left,
        Kind::Text | Kind::Texts | Kind::Command => Align::Words,
    }
}

/// Places of what can be missed, the last first; a share goes before its bytes.
fn spare(shown: &[(usize, &Column)]) -> Vec<usize> {
    let mut at = 0;
    let mut spare = Vec::new();
    for (_, column) in shown {
        if column.spare {
            spare.push(at);
        }
        if column.whole.is_some() {
            at += 1;
            spare.push(at);
        }
        at += 1;
    }
    spare.reverse();
    spare
}
