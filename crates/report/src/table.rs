//! Columns for people, and numbers that can be read.

use crate::text::{shortened, terminal_text};
use std::io::{self, Write};

/// To which side the cells of a column lean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// Rows of cells, written with columns as wide as their widest cell and two spaces between.
///
/// Cells are made fit for a terminal ([`terminal_text`]). A character counts as one place, so wide scripts may lean.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Table {
    /// A table of `columns`, each line after `indent` spaces.
    #[must_use]
    pub fn new(indent: usize, columns: &[Align]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), indent }
    }

    /// Adds a row. Cells beyond the last column are left out, missing ones are empty.
    pub fn row<Cell: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Cell>) -> &mut Self {
        let cells = cells.into_iter().take(self.columns.len());
        let cells = cells.map(|cell| terminal_text(cell.as_ref()).into_owned());
        self.rows.push(cells.collect());
        self
    }

    /// Writes the rows, no space at the end of a line.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        self.write_within(None, out)
    }

    /// The same with lines of at most `columns` characters; one that is cut ends in `…`.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_within(&self, columns: Option<usize>, mut out: impl Write) -> io::Result<()> {
        let widths = self.widths();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            for (at, cell) in row.iter().enumerate() {
                let gap = if at == 0 { "" } else { "  " };
                let pad = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
                match self.columns[at] {
                    Align::Left => line.extend([gap, cell, &pad]),
                    Align::Right => line.extend([gap, &pad, cell]),
                }
            }
            writeln!(out, "{}", shortened(line.trim_end(), columns.unwrap_or(usize::MAX)))?;
        }
        Ok(())
    }

    fn widths(&self) -> Vec<usize> {
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.columns.len()).map(width).collect()
    }
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the greatest unit of 1024 that leaves at least one: `512 B`, `1.2 GiB`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be printed as 1024.0.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `part` of `whole` as `12.34 %`; nothing where there is no whole.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => String::new(),
        _ => format!("{:.2} %", part as f64 * 100.0 / whole as f64),
    }
}

/// `97 %`; `<1 %` and `>99 %` where rounding would hide the rest, and `-` for none at all.
#[must_use]
pub fn whole_percent(part: u64, whole: u64) -> String {
    if part == 0 {
        return "-".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent.round() as u64 {
        0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn columns_align_and_lines_end_without_space() {
        let mut table = Table::new(1, &[Align::Left, Align::Right, Align::Left]);
        table.row(["name", "bytes", "note"]);
        table.row(["a\u{1b}é", "1,234", ""]);
        table.row(["b", "5"]);
        table.row(["c", "6", "last", "too many"]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        let expected =
            concat!(" name    bytes  note\n", " a\\x1bé  1,234\n", " b           5\n", " c           6  last\n",);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        let mut table = Table::new(0, &[Align::Right, Align::Left]);
        table.row(["1", "shört"]);
        table.row(["22", "longer"]);
        let mut out = Vec::new();
        table.write_within(Some(9), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), " 1  shört\n22  long…\n");
    }

    #[test]
    fn numbers_read_well() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (1_288_490_188, "1.2 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(human_bytes(bytes), text);
        }
        assert_eq!(percent(1, 3), "33.33 %");
        assert_eq!(percent(1, 0), "");
    }
}
