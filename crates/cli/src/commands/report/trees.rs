//! The dominator tree to browse, and both trees as flame graphs.

use crate::commands::birth_calls;
use crate::shell;
use goheap_ask::{BirthIndex, DominatorRow, RowsWanted, SiteGrouping, dominator_rows as rows};
use goheap_graph::{Children, Measure, PathTrie, TrieNode, Weight};
use goheap_heap::HeapSnapshot;
use goheap_model::{Births, DominatorFrames, Heap};
use goheap_report::answer::{Column, Section, View};
use goheap_report::page::Page;
use std::cmp::Reverse;

/// Rows of the tree, and its levels.
const ROWS: usize = 1500;
const LEVELS: usize = 30;
/// A row says which line allocated most of what it retains if that is one part in so many of the heap.
const BORN: u64 = 100;
/// And if the line did so of one part in so many: few samples say nothing.
const MOST_BORN: u64 = 10;
/// Frames of a picture.
const FRAMES: usize = 4000;

/// The tree as rows that fold.
pub(super) fn dominator_rows(
    page: Page,
    heap: &Heap,
    frames: &DominatorFrames,
    (births, index): (&Births, &BirthIndex<'_>),
) -> Section {
    let wanted = RowsWanted { limit: ROWS, depth: LEVELS, min_size: 0, matching: None, without_library: true };
    let found = rows(heap, frames, wanted);
    let columns = [
        Column::bytes("retained").of(frames.reached.bytes),
        Column::count("objects").spare(),
        Column::bytes("referred_bytes").headed("referred to").spare(),
        Column::count("count").spare(),
        Column::name("held_by"),
        Column::command("next"),
    ];
    let mut section = Section::new("dominators", columns);
    section.title = "Who retains how much".to_owned();
    section.text = vec![
        "What would be freed if the objects of the line went; below each what it alone keeps. [shared]: several references below the \
         line above lead there, none of which keeps it alone."
            .to_owned(),
    ];
    section.left_out = found.left_out as u64;
    let by_frame = index.by_frame(frames);
    for row in &found.rows {
        let values = Some(row.values).filter(|_| row.own.objects > 0);
        let referred = row.extent.map(|extent| extent.referred);
        let cells = [
            row.retained.bytes.into(),
            row.retained.objects.into(),
            referred.into(),
            values.into(),
            row.text(frames).into(),
            alone(frames, row).into(),
        ];
        let told = section.row(cells);
        told.depth = u32::try_from(row.depth).unwrap_or(u32::MAX);
        if row.retained.bytes >= frames.reached.bytes / BORN {
            let born = birth_calls::most(by_frame.below(row.node, SiteGrouping::Line), births, true);
            let most = born.first().filter(|born| born.bytes >= row.retained.bytes / MOST_BORN);
            told.notes = most.map(|born| born.text(page)).into_iter().collect();
        }
    }
    section
}

/// What tells of a row alone, with those above it.
fn alone(frames: &DominatorFrames, row: &DominatorRow) -> String {
    match frames.trie.label(row.node).map(|label| frames.label_text(label)) {
        Some(text) => format!("dominators --match {}", shell::quoted(&format!("^{}$", regex::escape(text)))),
        None => "dominators".to_owned(),
    }
}

/// Who reaches what first.
pub(super) fn who_holds(snapshot: &HeapSnapshot<'_, '_>) -> Section {
    let text = |label| snapshot.label_text(label);
    let mut section = flame("holds", &snapshot.tree, text, snapshot.totals.allocated.bytes);
    section.title = "Picture: who holds it".to_owned();
    section.text = vec![
        "A width is what the frame reaches first, by the shortest way from roots, class by class: not what dropping it would free. \
         Arrow keys walk, Enter or a click looks closer, Escape goes back."
            .to_owned(),
    ];
    section
}

/// Who retains what.
pub(super) fn who_retains(frames: &DominatorFrames) -> Section {
    let mut section = flame(
        "retains",
        &frames.trie,
        |label| frames.label_text(label),
        frames.trie.totals().first().map_or(0, |all| all.bytes),
    );
    section.title = "Picture: who retains it".to_owned();
    section.text = vec!["A width is what would be freed if the frame's objects went.".to_owned()];
    section
}

/// The widest frames of a tree, narrower ones counted with the frame above.
fn flame<'t>(key: &str, trie: &'t PathTrie, text: impl Fn(u32) -> &'t str, whole: u64) -> Section {
    let columns = [Column::bytes("bytes").of(whole), Column::count("objects"), Column::name("frame")];
    let mut section = Section { view: View::Flame, ..Section::new(key, columns) };
    let pruned = trie.prune(trie.least_of_widest(FRAMES, Measure::Bytes).max(1), Measure::Bytes);
    let mut picture =
        Picture { totals: pruned.totals(), children: pruned.children(), trie: &pruned, text, section: &mut section };
    picture.add(PathTrie::ROOT, 0);
    section
}

struct Picture<'a, F> {
    totals: Vec<Weight>,
    children: Children,
    trie: &'a PathTrie,
    text: F,
    section: &'a mut Section,
}

impl<'t, F: Fn(u32) -> &'t str> Picture<'_, F> {
    /// A frame and those below it, the widest first. A trie is no deeper than folding lets it be.
    fn add(&mut self, node: TrieNode, depth: u32) {
        let Weight { bytes, objects } = self.totals[node.index()];
        let name = self.trie.label(node).map_or("all", &self.text);
        self.section.row([bytes.into(), objects.into(), name.into()]).depth = depth;
        let mut below = self.children.of(node).to_vec();
        below.sort_by_key(|child| (Reverse(self.totals[child.index()].bytes), *child));
        for child in below {
            self.add(child, depth + 1);
        }
    }
}
