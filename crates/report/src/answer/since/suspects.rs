//! Suspects of a report by how much they grew since an older one.

use super::Pair;
use super::kept::{KeptFrame, same_text};
use crate::answer::{Answer, Cell, Row, Section};
use crate::page::Page;
use std::cmp::Reverse;

impl Answer {
    /// Puts those suspects first that grew most since `older`, and says of each by how much at the least: by its path among the suspects of `older`, else in
    /// its dominator tree.
    pub fn rank_suspects_since(&mut self, older: &Answer, page: Page) {
        let old = Older::of(older);
        let Some(at) = self.sections.iter().position(|section| section.key == "suspects") else { return };
        let section = &self.sections[at];
        let grew = |row: &Row| {
            let after = section.number(row, "retained");
            Pair { before: old.retained(&path(section, row)), after, at_most: (old.smallest, 0) }
        };
        let grown: Vec<Pair> = section.rows.iter().map(grew).collect();
        let section = &mut self.sections[at];
        let mut rows: Vec<(Pair, Row)> = grown.into_iter().zip(std::mem::take(&mut section.rows)).collect();
        rows.sort_by_key(|(pair, _)| Reverse(i128::from(pair.grew()) - i128::from(pair.shrank())));
        section.rows = rows.into_iter().map(|(pair, row)| noted(pair, row, page)).collect();
        section.text.retain(|line| line != RANKED);
        section.text.push(RANKED.to_owned());
    }
}

/// Said of the section, and how sentences on rows begin; what was said of another report goes.
const RANKED: &str = "Those that grew most since the older report stand first.";
const TOLD: [&str; 3] = ["grew by ", "did not grow: ", "not among the rows kept of "];

/// The row with a sentence on how it grew.
fn noted(pair: Pair, mut row: Row, page: Page) -> Row {
    row.notes.retain(|note| !TOLD.iter().any(|told| note.starts_with(told)));
    let told = match pair.before {
        Some(before) if pair.grew() > 0 => {
            Some(format!("grew by {}, from {}", page.bytes(pair.grew()), page.bytes(before)))
        }
        Some(before) => Some(format!("did not grow: {} before", page.bytes(before))),
        None => pair.lost(page),
    };
    told.into_iter().for_each(|told| row.notes.insert(0, told));
    row
}

fn path<'r>(section: &Section, row: &'r Row) -> Vec<&'r str> {
    let at = section.columns.iter().position(|column| column.key == "path");
    match at.map(|at| row.cell(at)) {
        Some(Cell::Texts(steps)) => steps.iter().map(|step| same_text(step)).collect(),
        _ => Vec::new(),
    }
}

/// What an older report says of holders.
struct Older<'r> {
    suspects: Vec<(Vec<&'r str>, u64)>,
    frames: Vec<KeptFrame<'r>>,
    /// What it does not tell of retained no more.
    smallest: u64,
}

impl<'r> Older<'r> {
    fn of(report: &'r Answer) -> Self {
        let section = report.section_with("suspects", "retained");
        let rows = section.iter().flat_map(|section| section.rows.iter().map(move |row| (*section, row)));
        let suspects = rows.filter_map(|(section, row)| Some((path(section, row), section.number(row, "retained")?)));
        let frames = report.kept_frames("retains");
        let smallest = frames.iter().map(|frame| frame.bytes).min().unwrap_or(0);
        Older { suspects: suspects.collect(), frames, smallest }
    }

    /// What the holder at a path retained.
    fn retained(&self, path: &[&str]) -> Option<u64> {
        let of_suspect = self.suspects.iter().find(|(other, _)| !path.is_empty() && other == path);
        of_suspect.map(|&(_, retained)| retained).or_else(|| self.of_frames(path))
    }

    /// The same by the tree. A path begins below what roots are grouped by, so wherever its first step stands.
    fn of_frames(&self, path: &[&str]) -> Option<u64> {
        let (mut sum, mut met) = (None, Vec::new());
        for frame in &self.frames {
            met.truncate(frame.depth as usize);
            // How many steps of the path lead here, from where they may begin.
            let above = met.last().copied().unwrap_or(0);
            let is_step = |step: usize| path.get(step).is_some_and(|text| *text == same_text(frame.text));
            let here = if is_step(above) { above + 1 } else { 0 };
            met.push(here);
            if here == path.len() && here > 0 && above + 1 == here {
                sum = Some(frame.bytes.saturating_add(sum.unwrap_or(0)));
            }
        }
        sum
    }
}
