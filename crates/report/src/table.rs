//! Columns for people, and numbers that can be read.

use crate::page::{Lines, Page};
use crate::text::terminal_text;
use crate::text::width::{shortened_name, width, wrapped};
use std::io::{self, Write};

pub use goheap_model::words::{grouped, human_bytes, percent};

mod fit;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names, at the left. Where there is no room, their middle is left out.
    Left,
    /// Numbers, at the right. They are never cut.
    Right,
    /// Addresses and words of ours, at the left. They are never cut.
    Whole,
    /// Sentences, at the left. Where there is no room, they go on in the next line; in the last column, all of them stand below their row.
    Words,
}

/// Longest name where the page has no end: a hostile core's are no longer than this either.
pub const NAME_COLUMNS: usize = 1000;

/// Places by which lines lean in that stand below a row.
const BELOW: usize = 4;

/// What a table is made of.
#[derive(Debug, Clone)]
enum Row {
    Cells(Vec<String>),
    Below(String),
}

/// Rows of cells, written with columns as wide as their widest cell and two spaces between.
///
/// Cells are made fit for a terminal ([`terminal_text`]). Spaces that a name begins with are how far it leans in, as a level of a tree does;
/// where there is no room, all lean in less.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Align>,
    rows: Vec<Row>,
    indent: usize,
    spare: Vec<usize>,
    is_silent: bool,
    has_names_first: bool,
}

impl Table {
    /// A table of `columns`, each line after `indent` spaces.
    #[must_use]
    pub fn new(indent: usize, columns: &[Align]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
            indent,
            spare: Vec::new(),
            is_silent: false,
            has_names_first: false,
        }
    }

    /// Says that these columns may be left out where names would have no room, the first of them first. A line below the table then names
    /// them by the first row.
    #[must_use]
    pub fn spare(mut self, columns: &[usize]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    /// Says that spare columns go before names are cut much: for trees, whose names lean in.
    #[must_use]
    pub fn names_first(mut self) -> Self {
        self.has_names_first = true;
        self
    }

    /// Without that line.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    /// Adds a row. Cells beyond the last column are left out, missing ones are empty.
    pub fn row<Cell: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Cell>) -> &mut Self {
        let cells = cells.into_iter().take(self.columns.len());
        let cells = cells.map(|cell| terminal_text(cell.as_ref()).into_owned());
        self.rows.push(Row::Cells(cells.collect()));
        self
    }

    /// Adds a sentence on the row before: it stands under the last column, or if that is narrow has the whole page.
    pub fn below(&mut self, text: &str) -> &mut Self {
        self.rows.push(Row::Below(terminal_text(text).into_owned()));
        self
    }

    /// Writes the rows, no space at the end of a line.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, out: &mut Lines<impl Write>) -> io::Result<()> {
        let page = out.page();
        let cells = |row: &'_ Row| match row {
            Row::Cells(cells) => cells.iter().map(|cell| page.letters(cell).into_owned()).collect(),
            Row::Below(_) => Vec::new(),
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(cells).collect();
        let fitted = fit::fit(self, &rows, page);
        for (row, cells) in self.rows.iter().zip(&rows) {
            let lines = match row {
                Row::Cells(_) => self.lines(cells, &fitted, page),
                Row::Below(text) => self.lines_below(&page.letters(text), fitted.start_below(self.indent), page),
            };
            for line in lines {
                out.put(line.trim_end())?;
            }
        }
        if fitted.left_out.is_empty() || self.is_silent {
            return Ok(());
        }
        let heading = rows.first().map_or(&[][..], |row| row);
        let names = fitted.left_out.iter().filter_map(|&at| heading.get(at)).map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}(no room here for: {})", " ".repeat(self.indent), names.join(", "))
    }

    /// The lines of a row: one, or as many as its longest sentence takes.
    fn lines(&self, row: &[String], fitted: &fit::Fitted, page: Page) -> Vec<String> {
        let beside = row.len() - usize::from(fitted.is_last_below && row.len() == self.columns.len());
        let shown = (0..beside).filter_map(|at| Some((at, fitted.widths[at]?)));
        let cells: Vec<(usize, usize, Vec<String>)> =
            shown.map(|(at, wide)| (at, wide, self.cell(at, &row[at], wide, fitted.lean(at), page))).collect();
        let height = cells.iter().map(|(.., lines)| lines.len()).max().unwrap_or(0).max(1);
        let line = |number: usize| {
            let mut line = " ".repeat(self.indent);
            for (place, (at, wide, lines)) in cells.iter().enumerate() {
                let text = lines.get(number).map_or("", |text| text);
                let gap = if place == 0 { "" } else { "  " };
                let pad = " ".repeat(wide.saturating_sub(width(text)));
                match self.columns[*at] {
                    Align::Left | Align::Whole | Align::Words => line.extend([gap, text, &pad]),
                    Align::Right => line.extend([gap, &pad, text]),
                }
            }
            line
        };
        let mut lines: Vec<String> = (0..height).map(line).collect();
        if let Some(below) = row.get(beside).filter(|text| !text.is_empty()) {
            lines.extend(self.lines_below(below, self.indent + BELOW, page));
        }
        lines
    }

    fn lines_below(&self, text: &str, start: usize, page: Page) -> Vec<String> {
        let lean = " ".repeat(start);
        let room = page.columns.map_or(usize::MAX, |columns| columns.saturating_sub(start).max(BELOW));
        wrapped(text, room, BELOW / 2).into_iter().map(|line| format!("{lean}{line}")).collect()
    }

    /// A cell in at most `wide` places.
    fn cell(&self, at: usize, text: &str, wide: usize, lean: fit::Lean, page: Page) -> Vec<String> {
        match self.columns[at] {
            Align::Right | Align::Whole => vec![text.to_owned()],
            Align::Words => wrapped(text, wide, 0),
            Align::Left => {
                let name = text.trim_start_matches(' ');
                let lean = lean.of(text.len() - name.len());
                let name = shortened_name(name, wide.saturating_sub(lean), page.ellipsis());
                vec![format!("{}{name}", " ".repeat(lean))]
            }
        }
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
    use super::Align::{Left, Right, Whole, Words};
    use super::*;

    fn written(table: &Table, page: Page) -> String {
        let mut out = Vec::new();
        table.write(&mut page.lines(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn within(columns: usize) -> Page {
        Page { columns: Some(columns), ..Page::default() }
    }

    #[test]
    fn columns_align_and_lines_end_without_space() {
        let mut table = Table::new(1, &[Left, Right, Left]);
        table.row(["name", "bytes", "note"]);
        table.row(["a\u{1b}é", "1,234", ""]);
        table.row(["世界", "5"]);
        table.row(["c", "6", "last", "too many"]);
        let expected =
            concat!(" name    bytes  note\n", " a\\x1bé  1,234\n", " 世界        5\n", " c           6  last\n",);
        assert_eq!(written(&table, Page::default()), expected);
    }

    #[test]
    fn names_give_way_in_the_middle_and_numbers_never() {
        let mut table = Table::new(0, &[Right, Left]);
        table.row(["1", "shört"]).row(["22", "much_longer"]);
        assert_eq!(written(&table, within(9)), " 1  shört\n22  much…ger\n");
        assert_eq!(written(&table, Page { ascii: true, ..within(12) }), " 1  sh\\...rt\n22  muc...er\n");
        assert_eq!(written(&table, Page { full_names: true, ..within(9) }), " 1  shört\n22  much_longer\n");
        let mut long = Table::new(0, &[Left]);
        long.row(["x".repeat(5000)]);
        assert_eq!(width(written(&long, Page::default()).trim_end()), NAME_COLUMNS);
        assert_eq!(width(written(&long, within(200)).trim_end()), 200);
    }

    #[test]
    fn sentences_go_on_below() {
        let mut table = Table::new(2, &[Left, Words]);
        table.row(["one", "a sentence that is long"]).row(["two", "short"]);
        assert_eq!(written(&table, within(20)), "  one  a sentence\n       that is long\n  two  short\n");
    }

    #[test]
    fn sentences_with_no_room_stand_below() {
        let mut table = Table::new(0, &[Whole, Right, Words]);
        table.row(["", "count", ""]).row(["one", "1", "a sentence that is long"]).row(["other", "22", ""]);
        let expected = "       count\none        1\n    a sentence that\n      is long\nother     22\n";
        assert_eq!(written(&table, within(20)), expected);
        let mut told = Table::new(0, &[Right, Left]);
        told.row(["1", "main.T"]).below("by .next and so on");
        assert_eq!(written(&told, Page::default()), "1  main.T\n     by .next and so on\n");
        assert_eq!(written(&told, within(16)), "1  main.T\n     by .next\n       and so on\n");
    }

    #[test]
    fn spare_columns_are_left_out_and_named() {
        let mut table = Table::new(0, &[Right, Right, Right, Left]).spare(&[1, 2]);
        table.row(["bytes", "objects", "share", "type"]).row(["123,456", "12", "50 %", "main.Session.of.something"]);
        assert_eq!(
            written(&table, within(34)),
            "  bytes  share  type\n123,456   50 %  main.Sess…omething\n(no room here for: objects)\n"
        );
    }

    #[test]
    fn a_tree_leans_in_less_where_there_is_no_room() {
        let mut table = Table::new(0, &[Left]);
        table.row(["all"]).row(["        main.deep.thing"]).row(["                main.deeper.thing"]);
        assert_eq!(written(&table, within(16)), "all\n    main.d…thing\n        main…ing\n");
    }
}
