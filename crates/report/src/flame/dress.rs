//! What goheap adds to inferno's drawing: a second number in each frame, colours that mean something with a legend, and a panel to search
//! in and copy from.
//!
//! inferno writes a frame as `<g><title>…</title><rect …/><text …>…</text></g>`, and knows it by where it stands: `fg:x` and `y`. What is
//! not found where it is expected is left as it is.

use super::colors::{Paint, Used, fill};
use crate::text::isolated;
use std::collections::HashMap;
use std::io::{self, Write};

/// How a frame is dressed.
#[derive(Debug, Clone)]
pub(super) struct Dress {
    /// What stands behind its label.
    pub(super) amount: String,
    /// None of the frame of all.
    pub(super) paint: Option<Paint>,
}

/// Of a picture.
#[derive(Debug, Default)]
pub(super) struct Wardrobe {
    /// By where the frame begins, and how many are above it.
    pub(super) frames: HashMap<(u64, u32), Dress>,
    pub(super) used: Used,
}

/// Heights of a frame, of the legend, and of letters.
const FRAME: usize = 16;
const LEGEND: usize = 22;
const LETTERS: usize = 12;
/// Fill of the frame of all.
const ALL: &str = "#eeeeee";
/// Pixels of a letter in a picture of 1180.
const LETTER: f64 = 7.08;
const WIDTH: f64 = 1180.0;

const STYLE: &str = include_str!("panel.css");
const SCRIPT: &str = include_str!("panel.js");

/// Passes on what inferno writes, dressed.
pub(super) struct Dresser<'w, W> {
    wardrobe: &'w Wardrobe,
    /// Where frames of the first level stand; None while the head is not complete.
    top: Option<usize>,
    pending: Vec<u8>,
    out: W,
}

/// Where frames begin.
const FRAMES: &str = "<svg id=\"frames\"";

impl<'w, W: Write> Dresser<'w, W> {
    /// `top` is where inferno puts the frame of all.
    pub(super) fn new(wardrobe: &'w Wardrobe, out: W) -> Self {
        Dresser { wardrobe, top: None, pending: Vec::new(), out }
    }

    /// Writes what was held back.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.pending);
        let rest = String::from_utf8_lossy(&rest);
        match rest.strip_suffix("</svg>") {
            Some(before) if self.top.is_some() => {
                write!(self.out, "{before}<script><![CDATA[{}]]></script></svg>", short(SCRIPT))?;
            }
            _ => self.out.write_all(rest.as_bytes())?,
        }
        self.out.flush()
    }

    /// Passes on all that is complete.
    fn pass_on(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let Ok(text) = std::str::from_utf8(&pending) else {
            self.pending = pending;
            return Ok(());
        };
        let mut rest = text;
        if self.top.is_none() {
            let Some((head, after)) = split_head(rest) else {
                self.pending = pending;
                return Ok(());
            };
            self.out.write_all(head_dressed(head, self.wardrobe.used).as_bytes())?;
            // The details stand a line above the frames.
            let top = attribute(head, "id=\"details\"", "y").and_then(|y| y.parse::<f64>().ok());
            self.top = Some(top.map_or(0, |y| y as usize + LETTERS));
            rest = after;
        }
        while let Some((frame, after)) = rest.split_once("</g>") {
            match self.dressed(frame) {
                Some(frame) => self.out.write_all(frame.as_bytes())?,
                None => self.out.write_all(frame.as_bytes())?,
            }
            self.out.write_all(b"</g>")?;
            rest = after;
        }
        self.pending = rest.as_bytes().to_vec();
        Ok(())
    }

    /// `frame` is what stands before `</g>`.
    fn dressed(&self, frame: &str) -> Option<String> {
        let (start, rest) = frame.split_once("<title>")?;
        let (title, rest) = rest.split_once("</title>")?;
        let (rect, text) = rest.split_once("/>")?;
        let (x, y) = (attribute(rect, "", "fg:x")?.parse().ok()?, attribute(rect, "", "y")?.parse::<usize>().ok()?);
        let depth = y.checked_sub(self.top?)? / FRAME;
        let dress = self.wardrobe.frames.get(&(x, u32::try_from(depth).ok()?))?;
        let (label, numbers) = title.rsplit_once(" (")?;
        let amount = &dress.amount;
        let painted = attribute(rect, "", "fill").map_or_else(
            || rect.to_owned(),
            |color| {
                rect.replacen(
                    &format!("fill=\"{color}\""),
                    &format!("fill=\"{}\"", dress.paint.map_or_else(|| ALL.to_owned(), |paint| fill(paint, label))),
                    1,
                )
            },
        );
        let text = told(text, label, amount, rect).unwrap_or_else(|| text.to_owned());
        let label = isolated(label);
        Some(format!("{start}<title>{label}: {amount} ({numbers}</title>{painted}/>{}", isolated(&text)))
    }
}

impl<W: Write> Write for Dresser<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend(bytes);
        // What is looked at again and again stays short.
        if bytes.ends_with(b"</g>") || self.pending.ends_with(b"</g>") || self.top.is_none() && bytes.ends_with(b">") {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text of a frame with its amount, where the frame is wide enough; inferno's script does the same when it runs.
fn told(text: &str, label: &str, amount: &str, rect: &str) -> Option<String> {
    let (start, shown) = text.split_once('>')?;
    let shown = shown.strip_suffix("</text>")?;
    let wide = attribute(rect, "", "width")?.strip_suffix('%')?.parse::<f64>().ok()?;
    let room = (wide / 100.0 * WIDTH / LETTER) as usize;
    let all = label.chars().count() + 2 + amount.chars().count();
    (shown == label && all < room).then(|| format!("{start}>{label}: {amount}</text>"))
}

/// Code without indents and lines of comment.
fn short(code: &str) -> String {
    let lines = code.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The value of `name="…"` in the first tag of `text` that has `mark`, or behind it.
fn attribute<'t>(text: &'t str, mark: &str, name: &str) -> Option<&'t str> {
    let from = text.find(mark)?;
    let pattern = format!(" {name}=\"");
    let value = &text[from + text[from..].find(&pattern)? + pattern.len()..];
    value.split_once('"').map(|(value, _)| value)
}

/// All up to and with the tag that holds the frames.
fn split_head(text: &str) -> Option<(&str, &str)> {
    let frames = text.find(FRAMES)?;
    let end = frames + text[frames..].find('>')? + 1;
    Some(text.split_at(end))
}

/// The head with patterns, style and legend, and with room for that.
fn head_dressed(head: &str, used: Used) -> String {
    let Some(height) = attribute(head, "<svg", "height").and_then(|height| height.parse::<usize>().ok()) else {
        return head.to_owned();
    };
    let taller = height + LEGEND;
    let details = attribute(head, "id=\"details\"", "y").and_then(|y| y.parse::<f64>().ok()).unwrap_or(0.0) as usize;
    let head = head.replacen(&format!(" height=\"{height}\""), &format!(" height=\"{taller}\""), 1);
    let head = head.replacen(&format!(" {height}\" xmlns"), &format!(" {taller}\" xmlns"), 1);
    let head = head.replacen(&format!("height=\"{height}\""), "height=\"100%\"", 1);
    let head = head.replacen("</defs>", &format!("{}</defs>", used.patterns()), 1);
    let head = head.replacen("</style>", &format!("{}</style>", short(STYLE)), 1);
    let legend = used.legend(10, details + 4);
    head.replacen(FRAMES, &format!("{legend}{FRAMES} y=\"{LEGEND}\""), 1)
}
