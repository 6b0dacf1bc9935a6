//! The dominator trees of two kept reports as one, by the texts of their frames.

use super::{Pair, Told, cells, columns};
use crate::answer::{Column, Kind, Section};
use std::cmp::Reverse;
use std::collections::HashMap;

/// A tree of frames as a report keeps it.
#[derive(Default)]
pub(super) struct Tree<'r> {
    /// Parents before children; the first is the whole.
    frames: Vec<Frame<'r>>,
    /// By parent and text.
    known: HashMap<(usize, &'r str), usize>,
    /// What no frame is narrower than.
    smallest: u64,
}

struct Frame<'r> {
    parent: Option<usize>,
    text: &'r str,
    bytes: u64,
    objects: Option<u64>,
}

impl<'r> Tree<'r> {
    pub(super) fn of(section: Option<&'r Section>) -> Self {
        let mut tree = Tree::default();
        let mut open: Vec<usize> = Vec::new();
        for (section, row) in section.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row))) {
            let (Some(bytes), Some(text)) = (section.number(row, "bytes"), section.text(row, "frame")) else {
                continue;
            };
            open.truncate(row.depth as usize);
            let (parent, objects, next) = (open.last().copied(), section.number(row, "objects"), tree.frames.len());
            if parent.is_none() && next > 0 {
                continue;
            }
            open.push(next);
            tree.known.insert((parent.unwrap_or(usize::MAX), text), next);
            tree.frames.push(Frame { parent, text, bytes, objects });
        }
        tree.smallest = tree.frames.iter().map(|frame| frame.bytes).min().unwrap_or(0);
        tree
    }

    /// Bytes of all of it.
    pub(super) fn whole(&self) -> Option<u64> {
        self.frames.first().map(|frame| frame.bytes)
    }

    /// For each frame of this the same one of `other`.
    fn matched(&self, other: &Tree<'_>) -> Vec<Option<usize>> {
        let mut matched: Vec<Option<usize>> = Vec::with_capacity(self.frames.len());
        for frame in &self.frames {
            let above = frame.parent.map_or(Some(usize::MAX), |parent| matched[parent]);
            matched.push(match frame.parent {
                // The whole is the whole, whatever it is called.
                None => Some(0).filter(|_| !other.frames.is_empty()),
                Some(_) => above.and_then(|above| other.known.get(&(above, frame.text)).copied()),
            });
        }
        matched
    }

    fn path(&self, frame: usize) -> Vec<String> {
        let above = |&frame: &usize| self.frames[frame].parent;
        let mut path: Vec<String> =
            std::iter::successors(Some(frame), above).map(|frame| self.frames[frame].text.to_owned()).collect();
        path.pop();
        path.reverse();
        path
    }
}

/// A frame at which growth is told takes at least so many parts of a hundred of what its parent grew by.
const PART_THAT_LEADS_ON: u64 = 10;

/// Where it grows: going down while a part of a frame grew, as far as the container whose elements did.
pub(super) fn grown(before: &Tree<'_>, after: &Tree<'_>, told: Told) -> Section {
    let mut named = columns("holder");
    named.push(Column::new("path", Kind::Texts).hidden());
    let mut section = Section::new("grown", named);
    "What grew: what each retains".clone_into(&mut section.title);
    let matched = after.matched(before);
    let pair = |frame: usize| Pair {
        before: matched[frame].map(|old| before.frames[old].bytes),
        after: Some(after.frames[frame].bytes),
        at_most: (before.smallest, after.smallest),
    };
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); after.frames.len()];
    for (index, frame) in after.frames.iter().enumerate() {
        if let Some(parent) = frame.parent {
            below[parent].push(index);
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![0].into_iter().take(after.frames.len().min(1)).collect::<Vec<_>>());
    while let Some(frame) = open.pop() {
        let grew = pair(frame).grew();
        let least = told.least.max(1).max(grew / 100 * PART_THAT_LEADS_ON);
        let leads: Vec<usize> = below[frame].iter().copied().filter(|&child| pair(child).grew() >= least).collect();
        let is_element = |child: &usize| after.frames[*child].text.starts_with('[');
        if leads.is_empty() || leads.iter().any(is_element) {
            found.push(frame);
        } else {
            open.extend(leads);
        }
    }
    found.retain(|&frame| pair(frame).grew() >= told.least.max(1));
    found.sort_by_key(|&frame| (Reverse(pair(frame).grew()), frame));
    for frame in found {
        let objects = (matched[frame].and_then(|old| before.frames[old].objects), after.frames[frame].objects);
        let mut row = cells(pair(frame), objects, after.frames[frame].text);
        row.push(after.path(frame).into());
        section.row(row).notes = pair(frame).lost(told.page).into_iter().collect();
    }
    section.limit(told.most);
    section
}
