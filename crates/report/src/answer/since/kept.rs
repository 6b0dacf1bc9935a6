//! Trees of frames as reports keep them.

use crate::answer::{Answer, Section};
use crate::page::Page;
use goheap_model::{NOT_KNOWN, UNREACHABLE};

/// A frame of a tree that a report keeps, with all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFrame<'r> {
    /// The level: 0 of the whole, and at most one more than that of the frame before.
    pub depth: u32,
    /// Its text; of the whole some word for that.
    pub text: &'r str,
    /// Bytes of it and of all below it.
    pub bytes: u64,
    /// How many objects these are.
    pub objects: Option<u64>,
}

impl Answer {
    /// The frames of one of a report's trees, `holds` or `retains`, a frame above those below it; none where it has no such tree.
    pub fn kept_frames(&self, key: &str) -> Vec<KeptFrame<'_>> {
        let section = self.section_with(key, "bytes");
        let rows = section.iter().flat_map(|section| section.rows.iter().map(move |row| (*section, row)));
        let frames = rows.filter_map(|(section, row)| frame(section, row));
        let (mut kept, mut deepest) = (Vec::new(), 0);
        for frame in frames {
            // There is one whole.
            if frame.depth <= deepest && (frame.depth > 0 || kept.is_empty()) {
                deepest = frame.depth + 1;
                kept.push(frame);
            }
        }
        kept
    }

    /// The same of what roots reach alone: how much garbage there is depends on when the collector ran last.
    pub fn reached_frames(&self, key: &str) -> Vec<KeptFrame<'_>> {
        let (mut reached, mut is_left_out, mut garbage) = (self.kept_frames(key), false, 0_u64);
        reached.retain(|frame| {
            if frame.depth <= 1 {
                is_left_out = frame.depth == 1 && [UNREACHABLE, NOT_KNOWN].contains(&frame.text);
                garbage = garbage.saturating_add(if is_left_out { frame.bytes } else { 0 });
            }
            !is_left_out
        });
        if let Some(whole) = reached.first_mut() {
            whole.bytes = whole.bytes.saturating_sub(garbage);
        }
        reached
    }

    /// What a tree of this and of an older report lack, as a sentence.
    pub fn lost_of_trees(&self, older: &Answer, key: &str, page: Page) -> String {
        let narrowest = |report: &Answer| report.kept_frames(key).iter().map(|frame| frame.bytes).min().unwrap_or(0);
        let (before, after) = (narrowest(older), narrowest(self));
        format!(
            "from kept reports: frames narrower than {} before and {} after are not kept, and counted with the frame above",
            page.bytes(before),
            page.bytes(after)
        )
    }
}

fn frame<'r>(section: &'r Section, row: &'r super::super::Row) -> Option<KeptFrame<'r>> {
    let (bytes, text) = (section.number(row, "bytes")?, section.text(row, "frame")?);
    Some(KeptFrame { depth: row.depth, text, bytes, objects: section.number(row, "objects") })
}

/// By what a frame is one with another report's: how many goroutines stand there changes, and how sure a type is may.
pub(super) fn same_text(text: &str) -> &str {
    match text.split_once(" × ") {
        Some((_, group)) if group.starts_with("goroutine ") => group,
        _ => text.strip_suffix(" ?").unwrap_or(text),
    }
}
