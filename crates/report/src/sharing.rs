//! Who holds objects at once that nobody holds alone.

use crate::page::Page;
use crate::paths::ShownCuts;
use crate::table::grouped;
use crate::text::terminal_text;
use serde::Serialize;

/// Objects that the same several hold: they go only when all of these let go.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownSharing {
    /// Objects held so.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Who holds each of them.
    pub holders: Vec<ShownSharer>,
    /// Whether more may hold them: so many references lead there that not all were looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more_holders: bool,
    /// First byte of one of the objects.
    pub example: String,
    /// Two or three references of the program's own code without which they go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_together: Option<ShownCuts>,
}

/// One of several that hold the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownSharer {
    /// `object`, `variable`, `function` or `foreign`.
    pub kind: &'static str,
    /// The type, the variable with its type, or the function.
    pub holder: String,
    /// The fields from it to one of the objects; empty where it leads there itself.
    pub way: String,
    /// How many such hold each of the objects, rounded down.
    pub each: u64,
}

/// Holders of a group that a screen has room for.
const HOLDERS_TOLD: usize = 6;

impl ShownSharing {
    /// How many hold each of them.
    pub fn count(&self) -> u64 {
        self.holders.iter().map(|holder| holder.each).sum()
    }

    /// `held by 3`, `held by more than 40`.
    pub fn held_by(&self) -> String {
        let more = if self.more_holders { "more than " } else { "" };
        format!("held by {more}{}", grouped(self.count()))
    }

    /// The holders, each in a line.
    pub fn lines(&self) -> Vec<String> {
        self.lines_of(HOLDERS_TOLD)
    }

    /// The same of so many, and how many more there are.
    pub fn lines_of(&self, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = self.holders.iter().take(most).map(ShownSharer::text).collect();
        match self.holders.len().saturating_sub(most) {
            0 => {}
            more => lines.push(format!("and {} more (--json)", grouped(more as u64))),
        }
        lines
    }
}

impl ShownSharer {
    fn text(&self) -> String {
        let kind = if self.kind == "object" { String::new() } else { format!(" ({})", self.kind) };
        let way = if self.way.is_empty() { String::new() } else { format!(" by {}", self.way) };
        let each = match self.each {
            0 | 1 => String::new(),
            each => format!("{} × ", grouped(each)),
        };
        terminal_text(&format!("{each}{}{kind}{way}", self.holder)).into_owned()
    }
}

impl ShownCuts {
    /// The references in one sentence: `without A and B together 2.0 MiB would go`.
    pub fn sentence(&self, page: Page) -> String {
        let places: Vec<String> = self.cuts.iter().map(crate::paths::ShownCut::place).collect();
        let places = match &places[..] {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => places.join(", "),
        };
        format!("without {places} together {} would go", page.bytes(self.frees))
    }
}
