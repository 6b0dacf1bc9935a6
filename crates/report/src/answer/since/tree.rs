//! The dominator trees of two kept reports as one, by the texts of their frames.

use super::kept::{KeptFrame, same_text};
use super::{Pair, Told, cells};
use crate::answer::{Column, Kind, Section, change_columns};
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
    depth: u32,
    bytes: u64,
    objects: Option<u64>,
}

impl<'r> Tree<'r> {
    pub(super) fn of(frames: Vec<KeptFrame<'r>>) -> Self {
        let mut tree = Tree::default();
        let mut open: Vec<usize> = Vec::new();
        for (KeptFrame { depth, text, bytes, objects }, next) in frames.into_iter().zip(0..) {
            open.truncate(depth as usize);
            let parent = open.last().copied();
            open.push(next);
            if let Some(parent) = parent {
                tree.known.entry((parent, same_text(text))).or_insert(next);
            }
            tree.frames.push(Frame { parent, text, depth, bytes, objects });
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
            matched.push(match frame.parent {
                // The whole is the whole, whatever it is called.
                None => Some(0).filter(|_| !other.frames.is_empty()),
                Some(parent) => {
                    matched[parent].and_then(|above| other.known.get(&(above, same_text(frame.text))).copied())
                }
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

/// A frame at which growth is told takes at least so many parts of a hundred of what its parent grew by, but for those at the top, which only stand
/// for what roots are grouped by: the whole, classes and packages.
const PART_THAT_LEADS_ON: u64 = 10;
const LEVELS_OF_GROUPS: u32 = 3;

/// Where it grows: going down while a part of a frame grew, as far as the container whose elements did.
pub(super) fn grown(before: &Tree<'_>, after: &Tree<'_>, told: Told) -> Section {
    let mut columns = change_columns("holder");
    columns.push(Column::new("path", Kind::Texts).hidden());
    let mut section = Section::new("grown", columns);
    "What grew: what each retains".clone_into(&mut section.title);
    let both = Both { before, after, matched: after.matched(before) };
    let mut found = both.places(told.least.max(1));
    found.sort_by_key(|&frame| (Reverse(both.pair(frame).grew()), frame));
    for frame in found {
        let (bytes, here) = (both.pair(frame), &after.frames[frame]);
        let mut row = cells(bytes, (both.old(frame).and_then(|old| old.objects), here.objects), here.text);
        row.push(after.path(frame).into());
        section.row(row).notes = bytes.lost(told.page).into_iter().collect();
    }
    section.limit(told.most);
    section
}

struct Both<'t, 'r> {
    before: &'t Tree<'r>,
    after: &'t Tree<'r>,
    /// For each frame of the newer tree that of the older one.
    matched: Vec<Option<usize>>,
}

impl Both<'_, '_> {
    fn old(&self, frame: usize) -> Option<&Frame<'_>> {
        self.matched[frame].map(|old| &self.before.frames[old])
    }

    fn pair(&self, frame: usize) -> Pair {
        Pair {
            before: self.old(frame).map(|old| old.bytes),
            after: Some(self.after.frames[frame].bytes),
            at_most: (self.before.smallest, self.after.smallest),
        }
    }

    /// The frames at which growth of `least` bytes is told.
    fn places(&self, least: u64) -> Vec<usize> {
        let frames = &self.after.frames;
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); frames.len()];
        for (index, parent) in frames.iter().enumerate().filter_map(|(index, frame)| Some((index, frame.parent?))) {
            below[parent].push(index);
        }
        let grew = |frame: usize| self.pair(frame).grew();
        let is_element = |child: &usize| frames[*child].text.starts_with('[');
        let (mut found, mut open) = (Vec::new(), Vec::from_iter((!frames.is_empty()).then_some(0)));
        while let Some(frame) = open.pop() {
            let leads_on = if frames[frame].depth < LEVELS_OF_GROUPS { 0 } else { PART_THAT_LEADS_ON };
            let part = least.max(grew(frame) / 100 * leads_on);
            let leads: Vec<usize> = below[frame].iter().copied().filter(|&child| grew(child) >= part).collect();
            // Goroutines that stand at one place are what grows, not their variables.
            let is_many = same_text(frames[frame].text).starts_with("goroutine ") || leads.iter().any(is_element);
            if !leads.is_empty() && !is_many {
                open.extend(leads);
            } else if grew(frame) >= least {
                found.push(frame);
            }
        }
        found
    }
}
