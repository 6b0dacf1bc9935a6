//! The difference as a flame graph.

use super::compare::Comparison;
use crate::args::{Counted, DiffOptions, Input, Tree};
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_ask::diff::{MergedFrames, Side};
use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_heap::TopFrame;
use goheap_report::flame::{self, Changed, FlameText};
use goheap_report::table::{grouped, human_bytes};
use goheap_report::{Drawn, FlameTree, ReportError, TwoCounts, folded};
use std::path::Path;

/// Frames of a picture, the widest.
const MOST_FRAMES: usize = 10_000;

/// What stands above the picture.
pub(super) struct Captioned {
    pub(super) title: String,
    /// Behind what the colours mean.
    pub(super) rest: String,
}

/// Writes that of two cores.
pub(super) fn write(
    compared: &Comparison,
    output: &Output,
    out: &Path,
    options: &DiffOptions,
    input: &Input,
) -> Result<(), Failure> {
    let merged = match options.tree {
        Tree::Dominator => &compared.merged,
        Tree::BreadthFirst => compared.tree.as_ref().unwrap_or(&compared.merged),
    };
    draw(merged, caption(compared, options), (output, out), options, input)
}

/// Writes that of two trees.
pub(super) fn draw(
    merged: &MergedFrames,
    Captioned { title, rest }: Captioned,
    (output, out): (&Output, &Path),
    options: &DiffOptions,
    input: &Input,
) -> Result<(), Failure> {
    let is_folded = out.extension().is_some_and(|ending| ending == "folded");
    let subtitle =
        format!("red grew, blue shrank, the stronger the more of it; width: the larger of before and after; {rest}");
    let text = FlameText { title, subtitle };
    let drawn = output.write(|to| match is_folded {
        true => folded::write_two(&stacks(merged, options.count), to),
        false => {
            let tree = flame_tree(merged, options.count)?;
            let least = 100.0 / MOST_FRAMES as f64 / 10.0;
            flame::write_svg(&tree, options.count.count(), &text, least, to)
        }
    })?;
    let Drawn { shown, too_narrow, .. } = drawn;
    let speaker = Speaker::new(input.quiet);
    speaker.note(format_args!(
        "wrote {out:?}: {} frames, {} too narrow to show",
        grouped(shown as u64),
        grouped(too_narrow as u64)
    ));
    Ok(())
}

fn caption(compared: &Comparison, options: &DiffOptions) -> Captioned {
    let (before, after) = (compared.before(), compared.after());
    let verb = if options.tree == Tree::Dominator { "retains" } else { "holds" };
    Captioned {
        title: format!(
            "{}: what grew ({} to {}, by who {verb} it)",
            after.mark.program,
            human_bytes(before.reachable.bytes),
            human_bytes(after.reachable.bytes)
        ),
        rest: format!(
            "garbage is left out ({} before, {} after)",
            human_bytes(before.unreachable.bytes),
            human_bytes(after.unreachable.bytes)
        ),
    }
}

fn number(weight: Weight, count: Counted) -> u64 {
    match count {
        Counted::Bytes => weight.bytes,
        Counted::Objects => weight.objects,
    }
}

/// Both as one tree: widths are the larger of both.
fn flame_tree(merged: &MergedFrames, count: Counted) -> Result<FlameTree, ReportError> {
    let trie = &merged.frames.trie;
    let (mut tree, mut indexes) = (FlameTree::default(), vec![None; trie.len()]);
    let is_left_out = garbage(merged);
    for node in trie.nodes().skip(1).filter(|node| !is_left_out[node.index()]) {
        let (before, after) = sides(merged, node);
        let larger = |of: fn(Weight) -> u64| of(before.own).max(of(after.own));
        let parent = trie.parent(node).and_then(|parent| indexes[parent.index()]);
        let index = tree.push(parent, merged.frames.text(node), larger(|own| own.bytes), larger(|own| own.objects))?;
        let change = Changed { before: number(before.retained, count), after: number(after.retained, count) };
        tree.change(index, change);
        indexes[node.index()] = Some(index);
    }
    Ok(tree)
}

/// Of each frame, whether it stands for garbage: how much of that there is depends on when the collector ran last.
fn garbage(merged: &MergedFrames) -> Vec<bool> {
    let trie = &merged.frames.trie;
    let mut is_garbage = vec![false; trie.len()];
    for node in trie.nodes().skip(1) {
        let above = trie.parent(node).unwrap_or(PathTrie::ROOT);
        let is_top = above == PathTrie::ROOT && TopFrame::of(merged.frames.text(node)) == TopFrame::Unreachable;
        is_garbage[node.index()] = is_top || is_garbage[above.index()];
    }
    is_garbage
}

fn sides(merged: &MergedFrames, node: TrieNode) -> (Side, Side) {
    let of = |sides: &[Side]| sides.get(node.index()).copied().unwrap_or_default();
    (of(&merged.before), of(&merged.after))
}

/// Each frame with something of its own, as a stack with both counts.
fn stacks(merged: &MergedFrames, count: Counted) -> Vec<TwoCounts> {
    let (trie, is_left_out) = (&merged.frames.trie, garbage(merged));
    let stack = |node: TrieNode| {
        let (before, after) = sides(merged, node);
        let labels = trie.path(node).into_iter().map(|label| merged.frames.label_text(label).to_owned()).collect();
        TwoCounts { labels, before: number(before.own, count), after: number(after.own, count) }
    };
    let nodes = trie.nodes().skip(1).filter(|node| !is_left_out[node.index()]);
    nodes.map(stack).filter(|one| one.before > 0 || one.after > 0).collect()
}
