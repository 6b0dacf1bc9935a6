//! Two reports that were kept held against each other: what can be told without the cores, by paths and names.
//!
//! A kept report has no objects, so none is called the same or new; and of each list it has the largest rows alone. What a report lacks
//! was at most as large as the smallest row that it kept of that list: growth is told as at least what is above that.

mod kept;
mod lists;
mod suspects;
#[cfg(test)]
mod tests;
mod tree;

use super::{Answer, BeforeAfter, Cell, Section, change_cells};
use crate::page::Page;
pub use kept::KeptFrame;
use tree::Tree;

/// What is told of a difference.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// How bytes are written in sentences.
    pub page: Page,
    /// What changed by less is left out.
    pub least: u64,
    /// Rows of each list at the most.
    pub most: usize,
    /// Whether what shrank is told too.
    pub shrank: bool,
}

/// A number before and after. `before` is None where the older report has no row of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pair {
    before: Option<u64>,
    after: Option<u64>,
    /// What a report that has no row had of it at the most.
    at_most: (u64, u64),
}

impl Pair {
    /// By how much it grew at the least.
    fn grew(self) -> u64 {
        self.after.unwrap_or(0).saturating_sub(self.before.unwrap_or(self.at_most.0))
    }

    /// By how much it shrank at the least.
    fn shrank(self) -> u64 {
        self.before.unwrap_or(0).saturating_sub(self.after.unwrap_or(self.at_most.1))
    }

    /// A sentence on what is not known.
    fn lost(self, page: Page) -> Option<String> {
        let told =
            |which: &str, most: u64| format!("not among the rows kept of {which}: at most {} there", page.bytes(most));
        match self {
            Pair { before: None, at_most: (most @ 1.., _), .. } => Some(told("OLD", most)),
            Pair { after: None, at_most: (_, most @ 1..), .. } => Some(told("NEW", most)),
            _ => None,
        }
    }
}

impl Answer {
    /// What grew from `older` to this: both are reports.
    #[must_use]
    pub fn since(&self, older: &Answer, told: Told) -> Answer {
        let (before, after) = (Tree::of(older.reached_frames("retains")), Tree::of(self.reached_frames("retains")));
        let mut sections = vec![tree::grown(&before, &after, told)];
        sections.extend(lists::LISTS.iter().map(|list| list.difference(older, self, told)));
        sections.retain(|section| section.key == "grown" || !section.rows.is_empty());
        let mut text = vec![
            "from a kept report, so by paths and names: whether both are of one process is not kept, nor which objects are the same, and \
             what stays is not told apart from what passes through"
                .to_owned(),
        ];
        text.extend(reachable(&before, &after, told.page));
        if sections[0].rows.is_empty() {
            text.push(format!("nothing grew by {} or more", told.page.bytes(told.least)));
        }
        Answer { name: "diff".into(), text, sections, opening: self.opening.clone(), ..Answer::default() }
    }

    /// The section of that key that has a column of that one: a report that was compared before may have what `diff` told under the same key.
    fn section_with(&self, key: &str, column: &str) -> Option<&Section> {
        let has = |section: &&Section| section.columns.iter().any(|one| one.key == column);
        self.sections.iter().filter(|section| section.key == key).find(has)
    }
}

fn reachable(before: &Tree<'_>, after: &Tree<'_>, page: Page) -> Option<String> {
    let (before, after) = (before.whole()?, after.whole()?);
    let sign = if after < before { '-' } else { '+' };
    Some(format!(
        "reachable: {} before, {} after ({sign}{})",
        page.bytes(before),
        page.bytes(after),
        page.bytes(after.abs_diff(before))
    ))
}

fn cells(bytes: Pair, (objects_before, objects_after): (Option<u64>, Option<u64>), name: &str) -> Vec<Cell> {
    let numbers = BeforeAfter { before: bytes.before, after: bytes.after, objects_before, objects_after };
    change_cells((bytes.grew(), bytes.shrank()), numbers, name)
}

impl Section {
    /// The number in the column of that key.
    fn number(&self, row: &super::Row, key: &str) -> Option<u64> {
        match row.cell(self.columns.iter().position(|column| column.key == key)?) {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text in the column of that key.
    fn text<'r>(&self, row: &'r super::Row, key: &str) -> Option<&'r str> {
        match row.cell(self.columns.iter().position(|column| column.key == key)?) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }
}
