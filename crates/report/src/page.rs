//! What text for people is written on: how wide it is, which letters it has, and how sizes and names are written.
//!
//! Formats of this crate that people read write through [`Lines`]. A line that is too long goes on in the next one, at a space where
//! there is one. Rows of a [`crate::table::Table`] fit by themselves.

use crate::table::{grouped, human_bytes};
use crate::text::isolated;
use crate::text::width::{TEXT_TAB, width, wrapped};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What is written on. By default it has no end at the right, and all letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    /// Places in a line; None where nobody sees its end, as in a pipe.
    pub columns: Option<usize>,
    /// Whether there are no letters but those of ASCII.
    pub ascii: bool,
    /// Whether names in tables are never shortened, though the line be longer than the page.
    pub full_names: bool,
    /// Whether sizes are written to the byte.
    pub exact_bytes: bool,
}

impl Page {
    /// Lines of this page, written to `out`.
    pub fn lines<W: Write>(self, out: W) -> Lines<W> {
        Lines { page: self, line: Vec::new(), out }
    }

    /// `text` in the page's letters.
    #[must_use]
    pub fn letters(self, text: &str) -> Cow<'_, str> {
        if self.ascii { ascii_text(text) } else { Cow::Borrowed(text) }
    }

    /// A size, as all text has it: `1.2 MiB`, or to the byte `1,258,291 B`.
    #[must_use]
    pub fn bytes(self, bytes: u64) -> String {
        if self.exact_bytes { format!("{} B", grouped(bytes)) } else { human_bytes(bytes) }
    }

    /// What stands for letters that are left out: `…`, or `...`.
    #[must_use]
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }
}

/// `text` without letters that are not in ASCII: what goheap itself writes has a stand-in each, letters of names become `\u{e9}`.
#[must_use]
pub fn ascii_text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut ascii = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '→' => ascii.push_str("->"),
            '…' => ascii.push_str("..."),
            '×' => ascii.push('x'),
            '≥' => ascii.push_str(">="),
            'µ' => ascii.push('u'),
            '·' => ascii.push('.'),
            '–' | '−' => ascii.push('-'),
            c if c.is_ascii() => ascii.push(c),
            // Writing to a String does not fail.
            c => _ = write!(ascii, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    Cow::Owned(ascii)
}

/// Lines of a page. What has no line feed yet is held back until [`Write::flush`].
#[derive(Debug)]
pub struct Lines<W> {
    page: Page,
    line: Vec<u8>,
    out: W,
}

impl<W: Write> Lines<W> {
    /// What is written on.
    pub(crate) fn page(&self) -> Page {
        self.page
    }

    /// Writes a line that fits, or should be as it is.
    pub(crate) fn put(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", isolated(line))
    }

    /// Writes what was held back, without a line feed.
    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = self.page.letters(&line);
        match self.page.columns {
            Some(columns) if width(&line) > columns => {
                let lean = line.len() - line.trim_start_matches(' ').len() + TEXT_TAB;
                let lines = wrapped(&line, columns, lean);
                let lines: Vec<_> = lines.iter().map(|line| isolated(line)).collect();
                self.out.write_all(lines.join("\n").as_bytes())
            }
            _ => self.out.write_all(isolated(&line).as_bytes()),
        }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        for piece in text.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend(end);
                    self.write_line()?;
                    self.out.write_all(b"\n")?;
                }
                None => self.line.extend(piece),
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_line()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(page: Page, text: &str) -> String {
        let mut out = Vec::new();
        let mut lines = page.lines(&mut out);
        // In pieces, as `write!` does.
        text.as_bytes().chunks(5).for_each(|piece| lines.write_all(piece).unwrap());
        lines.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_long_line_goes_on_below() {
        let text = "one two three four\n  five → sixsixsixsix\n\nend";
        assert_eq!(written(Page::default(), text), text);
        let narrow = Page { columns: Some(11), ..Page::default() };
        assert_eq!(written(narrow, text), "one two\n  three\n  four\n  five →\n   sixsixsi\n   xsix\n\nend");
    }

    #[test]
    fn letters_from_the_right_turn_nothing_else_around() {
        let text = "main.\u{5e9}\u{5dc}\u{5d5}\u{5dd}[3]  5 B\nmain.\u{628}\u{64e}\u{628}1.x\nplain\n";
        let shown = written(Page::default(), text);
        let expected = "main.\u{2068}\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{2069}[3]  5 B\nmain.\u{2068}\u{628}\u{64e}\u{628}\u{2069}1.x\nplain\n";
        assert_eq!(shown, expected);
        let narrow = Page { columns: Some(9), ..Page::default() };
        for line in written(narrow, text).lines() {
            assert_eq!(line.matches('\u{2068}').count(), line.matches('\u{2069}').count(), "{line:?}");
            assert!(width(line) <= 9, "{line:?}");
        }
        let ascii = Page { ascii: true, ..Page::default() };
        assert!(written(ascii, text).is_ascii());
    }

    #[test]
    fn sizes_have_one_form() {
        let exact = Page { exact_bytes: true, ..Page::default() };
        assert_eq!([17, 1_258_291].map(|bytes| Page::default().bytes(bytes)), ["17 B", "1.2 MiB"]);
        assert_eq!([17, 1_258_291].map(|bytes| exact.bytes(bytes)), ["17 B", "1,258,291 B"]);
    }

    #[test]
    fn ascii_has_a_stand_in_for_each_letter_of_ours() {
        let page = Page { ascii: true, ..Page::default() };
        let text = written(page, "3 × a → b… ≥ 5 µs, größe\n");
        assert_eq!(text, "3 x a -> b... >= 5 us, gr\\u{f6}\\u{df}e\n");
    }
}
