//! An answer as one HTML file: it opens from disk, asks no network, and runs no script but its own.
//!
//! Names come from a dead process: they are escaped, stand in `bdi`, and would not run if they were not, for the page's policy
//! (Content-Security-Policy, level 2) lets nothing run but the script with one hash.

use super::table::shown;
use super::{Answer, Cell, Column, Kind, Row, Section, View};
use crate::ReportError;
use crate::page::Page;
use crate::table::{grouped, percent};
use crate::text::{isolated, terminal_text};
use std::io::{BufWriter, Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// SHA-256 of these in base64; a test holds them to the files.
const STYLE_HASH: &str = "ZM4Lvy1Om9tfZgikZLDUvjMVvZrMsUVhaF8S/0tyXtA=";
const SCRIPT_HASH: &str = "R8ATiLs+d0GxIj8nfriYqPTPAFK55e9JhSmg/RdHUJw=";

impl Answer {
    /// For a browser.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_html(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let title = escaped(if self.title.is_empty() { &self.name } else { &self.title });
        writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(
            out,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; \
             script-src 'sha256-{SCRIPT_HASH}'; img-src data:; base-uri 'none'; form-action 'none'\">"
        )?;
        writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        // No request for an icon either.
        writeln!(out, "<link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>")?;
        writeln!(out, "<body>\n<h1>{title}</h1>")?;
        self.write_contents(&mut out)?;
        writeln!(out, "<main data-opening=\"{}\">\n<section class=\"verdict\">", exact(&self.opening))?;
        for (at, line) in self.text.iter().enumerate() {
            let about = self.about.get(at).filter(|key| !key.is_empty());
            let link = about.map(|key| format!(" <a href=\"#{}\" aria-label=\"rows\">→</a>", escaped(key)));
            writeln!(out, "<p><bdi>{}</bdi>{}</p>", escaped(line), link.unwrap_or_default())?;
        }
        writeln!(out, "</section>")?;
        for section in &self.sections {
            section.write_html(page, &mut out)?;
        }
        self.write_next(&mut out)?;
        writeln!(out, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>")?;
        Ok(out.flush()?)
    }

    fn write_contents(&self, out: &mut impl Write) -> Result<(), ReportError> {
        writeln!(out, "<nav aria-label=\"sections\">")?;
        for section in self.sections.iter().filter(|section| !section.title.is_empty() && !section.is_part) {
            writeln!(out, "<a href=\"#{}\">{}</a>", escaped(&section.key), escaped(&section.title))?;
        }
        Ok(writeln!(out, "</nav>")?)
    }

    fn write_next(&self, out: &mut impl Write) -> Result<(), ReportError> {
        if self.next.is_empty() {
            return Ok(());
        }
        writeln!(out, "<section id=\"next\">\n<h2>Ask next</h2>\n<ul>")?;
        for next in &self.next {
            let (question, command) = (escaped(&next.question), exact(&next.command));
            writeln!(out, "<li>{question}: <code class=\"command whole\">{command}</code></li>")?;
        }
        Ok(writeln!(out, "</ul>\n</section>")?)
    }
}

impl Section {
    fn write_html(&self, page: Page, out: &mut impl Write) -> Result<(), ReportError> {
        writeln!(out, "<section id=\"{}\">", escaped(&self.key))?;
        if !self.title.is_empty() {
            let level = if self.is_part { "h3" } else { "h2" };
            writeln!(out, "<{level}>{}</{level}>", escaped(&self.title))?;
        }
        paragraphs(out, &self.text)?;
        match self.view {
            _ if self.rows.is_empty() => {}
            View::Flame => self.write_flame(page, out)?,
            View::Table => self.write_html_rows(page, out)?,
        }
        if self.left_out > 0 {
            writeln!(out, "<p>{} more rows.</p>", grouped(self.left_out))?;
        }
        paragraphs(out, &self.notes)?;
        Ok(writeln!(out, "</section>")?)
    }

    fn write_html_rows(&self, page: Page, out: &mut impl Write) -> Result<(), ReportError> {
        let is_tree = self.rows.iter().any(|row| row.depth > 0);
        let class = if is_tree { " class=\"tree\"" } else { "" };
        write!(out, "<div class=\"scroll\">\n<table{class}>\n<thead><tr>")?;
        let columns: Vec<(usize, &Column)> = self.with_commands().collect();
        for (_, column) in &columns {
            let (class, heading) = (class_of(column.kind), escaped(&column.heading));
            write!(out, "<th scope=\"col\" class=\"{class}\">{heading}</th>")?;
            if column.whole.is_some() {
                write!(out, "<th scope=\"col\" class=\"n\">share</th>")?;
            }
        }
        writeln!(out, "</tr></thead>\n<tbody>")?;
        for row in &self.rows {
            let noted = if row.notes.is_empty() { "" } else { " class=\"noted\"" };
            let depth = if row.depth > 0 { format!(" data-depth=\"{}\"", row.depth) } else { String::new() };
            write!(out, "<tr{noted}{depth}>")?;
            for &(at, column) in &columns {
                cell(out, page, row.cell(at), column)?;
            }
            writeln!(out, "</tr>")?;
            notes(out, row, &columns)?;
        }
        Ok(writeln!(out, "</tbody>\n</table>\n</div>")?)
    }

    /// The columns that people see, and commands.
    fn with_commands(&self) -> impl Iterator<Item = (usize, &Column)> {
        let is_seen = |column: &Column| !column.hidden || column.kind == Kind::Command;
        self.columns.iter().enumerate().filter(move |(_, column)| is_seen(column))
    }

    /// Frames, drawn by the script: the level, the first name, the first bytes, and the numbers in words.
    fn write_flame(&self, page: Page, out: &mut impl Write) -> Result<(), ReportError> {
        let key = escaped(&self.key);
        writeln!(
            out,
            "<div class=\"flame\" data-rows=\"{key}-rows\" role=\"group\" aria-label=\"flame graph\"></div>"
        )?;
        write!(out, "<script type=\"application/json\" id=\"{key}-rows\">[")?;
        for (at, row) in self.rows.iter().enumerate() {
            let frame = serde_json::to_string(&self.frame(page, row))?;
            // Nothing in it ends the element or begins a comment.
            write!(out, "{}\n{}", if at == 0 { "" } else { "," }, frame.replace('<', "\\u003c"))?;
        }
        Ok(writeln!(out, "]</script>")?)
    }

    fn frame(&self, page: Page, row: &Row) -> (u32, String, u64, String) {
        let (mut name, mut bytes, mut told) = (String::new(), None, Vec::new());
        for (at, column) in self.shown() {
            match (row.cell(at), column.kind) {
                (Cell::Text(text), Kind::Name) if name.is_empty() => name = isolated(&terminal_text(text)).into_owned(),
                (cell @ Cell::Number(number), kind) => {
                    let share = column.whole.map(|whole| format!(" ({})", percent(*number, whole)));
                    told.push(format!("{} {}{}", column.heading, shown(page, cell, kind), share.unwrap_or_default()));
                    if kind == Kind::Bytes {
                        bytes = bytes.or(Some(*number));
                    }
                }
                _ => {}
            }
        }
        (row.depth, name, bytes.unwrap_or(0), told.join(", "))
    }
}

/// What the style knows the cells of a column by.
fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Bytes | Kind::Count => "n",
        Kind::Name => "name",
        Kind::Address | Kind::Word => "word",
        Kind::Command => "command",
        Kind::Text | Kind::Texts => "text",
    }
}

fn cell(out: &mut impl Write, page: Page, cell: &Cell, column: &Column) -> Result<(), ReportError> {
    let text = shown(page, cell, column.kind);
    let text = if column.kind == Kind::Command { exact(&text) } else { escaped(&text) };
    let number = match cell {
        Cell::Number(number) => Some(*number),
        _ => None,
    };
    let value = number.map(|number| format!(" data-value=\"{number}\"")).unwrap_or_default();
    let class = class_of(column.kind);
    match column.kind {
        Kind::Bytes | Kind::Count | Kind::Address | Kind::Word => {
            write!(out, "<td class=\"{class}\"{value}>{text}</td>")?
        }
        Kind::Command if text.is_empty() => write!(out, "<td></td>")?,
        Kind::Command => write!(out, "<td class=\"{class}\"><code class=\"command\">{text}</code></td>")?,
        Kind::Name | Kind::Text | Kind::Texts => write!(out, "<td class=\"{class}\"><bdi>{text}</bdi></td>")?,
    }
    match (column.whole, number) {
        (None, _) => Ok(()),
        (Some(_), None) => Ok(write!(out, "<td></td>")?),
        (Some(whole), Some(number)) => share(out, number, whole),
    }
}

fn share(out: &mut impl Write, number: u64, whole: u64) -> Result<(), ReportError> {
    let text = percent(number, whole);
    let share = (number as f64 * 100.0 / whole.max(1) as f64).min(100.0);
    let bar = format!("<span class=\"bar\" data-share=\"{share:.2}\"></span>");
    Ok(write!(out, "<td class=\"n\" data-value=\"{share}\">{text}{bar}</td>")?)
}

/// The sentences on a row, below it.
fn notes(out: &mut impl Write, row: &Row, columns: &[(usize, &Column)]) -> Result<(), ReportError> {
    if row.notes.is_empty() {
        return Ok(());
    }
    let wide = columns.len() + columns.iter().filter(|(_, column)| column.whole.is_some()).count();
    let notes: Vec<String> = row.notes.iter().map(|note| escaped(note)).collect();
    Ok(writeln!(out, "<tr class=\"notes\"><td colspan=\"{wide}\"><bdi>{}</bdi></td></tr>", notes.join("<br>"))?)
}

fn paragraphs(out: &mut impl Write, text: &[String]) -> Result<(), ReportError> {
    for line in text {
        writeln!(out, "<p><bdi>{}</bdi></p>", escaped(line))?;
    }
    Ok(())
}

/// Text as it stands between tags or in a quoted attribute, for people.
fn escaped(text: &str) -> String {
    between_tags(&isolated(&terminal_text(text)))
}

/// A command, to be copied: with no sign that is not its own.
fn exact(text: &str) -> String {
    between_tags(&terminal_text(text))
}

fn between_tags(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use base64::Engine;
    use sha2::Digest;

    fn hash(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text))
    }

    #[test]
    fn the_policy_names_the_script_and_style_that_are_there() {
        assert_eq!((STYLE_HASH, SCRIPT_HASH), (&*hash(STYLE), &*hash(SCRIPT)));
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }

    #[test]
    fn hostile_names_are_text() {
        let name = "</script><script>alert(1)</script>\"' onload=x \u{202e}";
        let mut table = Section::new("rows", [Column::bytes("bytes").of(8), Column::name("name")]);
        table.row([4.into(), name.into()]).notes = vec![name.into()];
        let mut flame = Section { view: View::Flame, ..table.clone() };
        flame.key = "flame".into();
        let answer =
            Answer { title: name.into(), text: vec![name.into()], sections: vec![table, flame], ..Answer::default() };
        let mut out = Vec::new();
        answer.write_html(Page::default(), &mut out).unwrap();
        let html = String::from_utf8(out).unwrap();
        assert_eq!(html.matches("<script").count(), 2, "{html}");
        assert!(!html.contains("<script>alert") && !html.contains('\u{202e}'));
        // In the data of the picture a quote ends nothing but a string of JSON.
        assert!(!html.split("application/json").next().unwrap().contains("\"' onload"));
        assert!(html.contains("<td class=\"n\" data-value=\"4\">4 B</td>"));
        assert!(html.contains("[0,\"\\u003c/script>"));
    }

    #[test]
    fn letters_from_right_to_left_turn_nothing_else_around_and_commands_stay_as_they_are() {
        let name = "main.\u{5e9}[3]";
        let mut table = Section::new("rows", [Column::name("name"), Column::new("command", Kind::Command)]);
        table.row([name.into(), name.into()]);
        let answer = Answer { text: vec![format!("{name}: 5 B")], sections: vec![table], ..Answer::default() };
        let mut out = Vec::new();
        answer.write_html(Page::default(), &mut out).unwrap();
        let html = String::from_utf8(out).unwrap();
        assert!(html.contains("<p><bdi>main.\u{2068}\u{5e9}\u{2069}[3]: 5 B</bdi></p>"), "{html}");
        assert!(html.contains("<td class=\"name\"><bdi>main.\u{2068}\u{5e9}\u{2069}[3]</bdi></td>"), "{html}");
        assert!(html.contains(&format!("<code class=\"command\">{name}</code>")), "{html}");
    }
}
