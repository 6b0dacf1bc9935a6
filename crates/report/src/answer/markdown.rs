//! An answer for a ticket: Markdown that reads well as plain text, as GitHub and its like draw it.

use super::table::shown;
use super::{Answer, Cell, Column, Kind, Row, Section, View};
use crate::ReportError;
use crate::page::Page;
use crate::table::{grouped, percent};
use crate::text::{isolated, one_line};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};

impl Answer {
    /// For a ticket.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_markdown(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let title = if self.title.is_empty() { &self.name } else { &self.title };
        writeln!(out, "# {}", plain(title))?;
        paragraphs(&mut out, &self.text)?;
        for section in &self.sections {
            section.write_markdown(page, &mut out)?;
        }
        if !self.next.is_empty() {
            writeln!(out, "\n## Ask next\n")?;
        }
        for next in &self.next {
            writeln!(out, "- {}: {}", plain(&next.question), code(&next.command))?;
        }
        Ok(out.flush()?)
    }
}

impl Section {
    fn write_markdown(&self, page: Page, out: &mut impl Write) -> Result<(), ReportError> {
        if self.view == View::Flame {
            return Ok(());
        }
        if !self.title.is_empty() {
            let level = if self.is_part { "###" } else { "##" };
            writeln!(out, "\n{level} {}", plain(&self.title))?;
        }
        paragraphs(out, &self.text)?;
        if !self.rows.is_empty() {
            writeln!(out)?;
            self.write_rows(page, out)?;
        }
        if self.left_out > 0 {
            writeln!(out, "\n{} more rows.", grouped(self.left_out))?;
        }
        paragraphs(out, &self.notes)
    }

    fn write_rows(&self, page: Page, out: &mut impl Write) -> Result<(), ReportError> {
        let (mut heading, mut rule) = (String::from("|"), String::from("|"));
        for (_, column) in self.shown() {
            let side = if column.kind.is_number() { "---:" } else { "---" };
            let shares = column.whole.map(|_| "share");
            for name in std::iter::once(column.heading.as_str()).chain(shares) {
                let _ = write!(heading, " {} |", plain(name));
                let _ = write!(rule, "{side}|");
            }
        }
        writeln!(out, "{heading}\n{rule}")?;
        for row in &self.rows {
            let mut line = String::from("|");
            for (at, column) in self.shown() {
                cell(&mut line, page, row, (at, column));
            }
            writeln!(out, "{line}")?;
        }
        self.write_notes(out)
    }

    /// Sentences on rows stand in a list below, each with its row's first name.
    fn write_notes(&self, out: &mut impl Write) -> Result<(), ReportError> {
        let named = self.shown().find(|(_, column)| column.kind == Kind::Name).map(|(at, _)| at);
        for (at, row) in self.rows.iter().filter(|row| !row.notes.is_empty()).enumerate() {
            if at == 0 {
                writeln!(out)?;
            }
            let name = named.map(|named| row.cell(named)).map(|cell| match cell {
                Cell::Text(name) => format!("{}: ", code(&isolated(name))),
                _ => String::new(),
            });
            let notes: Vec<String> = row.notes.iter().map(|note| plain(note)).collect();
            writeln!(out, "- {}{}", name.unwrap_or_default(), notes.join("; "))?;
        }
        Ok(())
    }
}

fn cell(line: &mut String, page: Page, row: &Row, (at, column): (usize, &Column)) {
    let cell = row.cell(at);
    let text = shown(page, cell, column.kind);
    let text = match column.kind {
        // A level is told by a sign, for spaces do not count.
        Kind::Name if !text.is_empty() => format!("{}{}", "· ".repeat(row.depth as usize), code(&isolated(&text))),
        _ => plain(&text),
    };
    let share = column.whole.map(|whole| match cell {
        Cell::Number(bytes) => percent(*bytes, whole),
        _ => String::new(),
    });
    // Writing to a String does not fail.
    let _ = write!(line, " {text} |");
    if let Some(share) = share {
        let _ = write!(line, " {share} |");
    }
}

fn paragraphs(out: &mut impl Write, text: &[String]) -> Result<(), ReportError> {
    for line in text {
        writeln!(out, "\n{}", plain(line))?;
    }
    Ok(())
}

/// Text in which nothing is a sign of Markdown, in one line.
pub(super) fn plain(text: &str) -> String {
    let line = one_line(text);
    let line = isolated(&line);
    let mut plain = String::with_capacity(line.len() + 8);
    for c in line.chars() {
        match c {
            // Entities: a backslash before `<` or `|` is not taken alike by all that draw Markdown.
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '|' => plain.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '@' => {
                plain.push('\\');
                plain.push(c);
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// A span of code. Fenced by more backticks than it has in a row; a bar would end its cell of a table even there.
pub(super) fn code(text: &str) -> String {
    let line = one_line(text).replace('|', "¦");
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{line}{space}{fence}")
}
