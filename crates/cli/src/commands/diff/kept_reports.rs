//! Reports that were kept, held against each other or against a core.

use super::picture::{self, Captioned};
use crate::args::{DiffOptions, Input, Tree, usage};
use crate::commands::report::{kept, of_core};
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use clap::error::ErrorKind;
use goheap_ask::diff::MergedFrames;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::DominatorFrames;
use goheap_report::answer::{Answer, KeptFrame, Told};
use goheap_report::flame::MAX_TOTAL;
use goheap_report::page::Page;
use goheap_report::table::human_bytes;
use std::path::{Path, PathBuf};

/// What stands for the frames at the top that were too narrow to be kept.
const NOT_KEPT: &str = "(frames too narrow to be kept)";

/// Two reports: of the older, and of the newer.
pub(super) struct Pair {
    older: Answer,
    newer: Answer,
}

/// The reports, where one of both is a kept one; None where both are cores.
pub(super) fn pair(input: &Input, newer: &[PathBuf], options: &DiffOptions) -> Result<Option<Pair>, Failure> {
    let old = &input.request.core;
    let reports = newer.iter().map(|path| kept(path)).collect::<Result<Vec<_>, _>>()?;
    let older = kept(old)?;
    if older.is_none() && reports.iter().all(Option::is_none) {
        return Ok(None);
    }
    let ([new], [report]) = (newer, &reports[..]) else {
        return Err(refused("a kept report is held against one other, or against one core: name two"));
    };
    if options.objects {
        return Err(refused("a kept report has no objects: --objects needs two cores"));
    }
    let of = |kept: Option<Answer>, core: &Path, exe: Option<&Path>| match kept {
        Some(report) => Ok(report),
        None => of_core(&input.of_core(core, exe), Page { columns: None, ascii: false, ..page(input) }, None),
    };
    let older = of(older, old, options.exe_old.as_deref())?;
    Ok(Some(Pair { older, newer: of(report.clone(), new, None)? }))
}

impl Pair {
    /// What grew.
    pub(super) fn difference(&self, input: &Input, options: &DiffOptions) -> Answer {
        let told =
            Told { page: page(input), least: options.min_size, most: usize::MAX, shrank: !options.written.is_table() };
        let mut answer = self.newer.since(&self.older, told);
        for (section, at) in answer.sections.iter_mut().zip(0..) {
            if let Some(wanted) = &options.matching {
                section.keep(|name| wanted.is_match(name));
            }
            let usual = if at == 0 { super::shown::USUAL_GROWN } else { super::shown::USUAL_ROWS };
            section.limit(options.most(usual));
        }
        answer.sections.retain(|section| section.key == "grown" || !section.rows.is_empty());
        answer
    }

    /// Draws the trees that both keep.
    pub(super) fn draw(
        &self,
        output: &Output,
        out: &Path,
        options: &DiffOptions,
        input: &Input,
    ) -> Result<(), Failure> {
        let (key, verb) = match options.tree {
            Tree::Dominator => ("retains", "retains"),
            Tree::BreadthFirst => ("holds", "holds"),
        };
        let [before, after] = [&self.older, &self.newer].map(|report| report.kept_frames(key));
        if before.is_empty() || after.is_empty() {
            return Err(refused(
                "there is no tree in one of the kept reports: pictures need two reports that have one, or two cores",
            ));
        }
        let whole = |report: &Answer| report.reached_frames("retains").first().map_or(0, |whole| whole.bytes);
        let program = self.newer.title.split_once(':').map_or("", |(program, _)| program);
        let caption = Captioned {
            title: format!(
                "{program}: what grew ({} to {}, by who {verb} it)",
                human_bytes(whole(&self.older)),
                human_bytes(whole(&self.newer))
            ),
            rest: self.newer.lost_of_trees(&self.older, key, page(input)),
        };
        let merged = MergedFrames::new(&frames(&before), &frames(&after), None);
        picture::draw(&merged, caption, (output, out), options, input)
    }
}

/// The tree, where each frame has for itself what those below it leave. What is written in a file need not add up: those below have no more
/// than is there.
fn frames(kept: &[KeptFrame<'_>]) -> DominatorFrames {
    let (mut trie, mut texts) = (PathTrie::default(), Vec::new());
    // The frames above, each with what is left of it.
    let mut open: Vec<(TrieNode, u64, u64)> = Vec::new();
    let mut own: Vec<(TrieNode, u64, u64)> = Vec::new();
    for frame in kept {
        own.extend(open.drain((frame.depth as usize).min(open.len())..).rev());
        let label = texts.len() as u32;
        let (node, bytes, objects) = match open.last_mut() {
            None => (PathTrie::ROOT, frame.bytes.min(MAX_TOTAL), frame.objects.unwrap_or(0).min(MAX_TOTAL)),
            Some((above, bytes, objects)) => {
                texts.push(frame.text.into());
                let here = (frame.bytes.min(*bytes), frame.objects.unwrap_or(0).min(*objects));
                (*bytes, *objects) = (*bytes - here.0, *objects - here.1);
                (trie.child(*above, label), here.0, here.1)
            }
        };
        open.push((node, bytes, objects));
    }
    own.extend(open);
    let label = texts.len() as u32;
    texts.push(NOT_KEPT.into());
    for (node, bytes, objects) in own.into_iter().filter(|&(_, bytes, objects)| bytes > 0 || objects > 0) {
        let node = if node == PathTrie::ROOT { trie.child(node, label) } else { node };
        trie.add(node, bytes, objects);
    }
    DominatorFrames { trie, texts, ..DominatorFrames::default() }
}

/// In a report.
pub(in crate::commands) fn told_in_report(page: Page) -> Told {
    let options = DiffOptions::of_report();
    Told { page, least: options.min_size, most: options.limit.unwrap_or(usize::MAX), shrank: false }
}

fn refused(message: &str) -> Failure {
    usage(ErrorKind::ArgumentConflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::Weight;

    fn frame(depth: u32, bytes: u64, text: &str) -> KeptFrame<'_> {
        KeptFrame { depth, text, bytes, objects: Some(bytes / 10) }
    }

    #[test]
    fn a_kept_tree_adds_up_to_its_whole() {
        let frames = frames(&[
            frame(0, 1000, "all"),
            frame(1, 600, "main.cache"),
            frame(2, 500, "[value] T"),
            frame(1, 300, "main.list"),
            frame(2, 400, "more than there is"),
            frame(1, u64::MAX, "hostile"),
        ]);
        let own: Vec<(&str, u64)> =
            frames.trie.nodes().skip(1).map(|node| (frames.text(node), frames.trie.own(node).bytes)).collect();
        assert_eq!(
            own,
            [("main.cache", 100), ("[value] T", 500), ("main.list", 0), ("more than there is", 300), ("hostile", 100)]
        );
        assert_eq!(frames.trie.totals()[0], Weight { bytes: 1000, objects: 100 });
        assert_eq!(super::frames(&[]).trie.totals()[0], Weight::default());
    }

    #[test]
    fn what_was_too_narrow_is_a_frame_of_its_own() {
        let frames = frames(&[frame(0, 1000, "all"), frame(1, 600, "main.cache")]);
        let texts: Vec<&str> = frames.trie.nodes().skip(1).map(|node| frames.text(node)).collect();
        assert_eq!(texts, ["main.cache", NOT_KEPT]);
        assert_eq!(frames.trie.totals()[0].bytes, 1000);
    }
}
