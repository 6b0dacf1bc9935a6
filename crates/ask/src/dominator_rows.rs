//! The dominator tree as rows: those that retain most, and what is above them.

use crate::gathering::is_gathering;
use goheap_graph::{Children, PathTrie, TrieNode, Weight};
use goheap_model::{DominatorFrames, Extent, Heap, MapRoom};
use std::cmp::Reverse;

/// Which rows are wanted.
#[derive(Clone, Copy)]
pub struct RowsWanted<'a> {
    /// The most rows.
    pub limit: usize,
    /// Levels below that of all roots.
    pub depth: usize,
    /// Bytes that a row retains at least.
    pub min_size: u64,
    /// What the text of a row must be, where that matters; rows above it are there too.
    pub matching: Option<&'a dyn Fn(&str) -> bool>,
    /// Whether frames inside types of the standard library are passed over.
    pub without_library: bool,
}

/// A frame of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DominatorRow {
    /// The row above. Parents stand before their children.
    pub parent: Option<usize>,
    /// Rows above in all.
    pub depth: usize,
    /// The frame.
    pub node: TrieNode,
    /// Whether frames that were passed over are between it and the row above.
    pub is_after_others: bool,
    /// What would be freed if its objects went, they among it.
    pub retained: Weight,
    /// Its own objects.
    pub own: Weight,
    /// How many values these are.
    pub values: u64,
    /// What of `retained` is referred to; None where that is not known.
    pub extent: Option<Extent>,
    /// Entries and slots of the maps among its objects.
    pub maps: Option<MapRoom>,
}

impl DominatorRow {
    /// What it is called: `… ` stands for frames that were passed over.
    pub fn text(&self, frames: &DominatorFrames) -> String {
        let text = frames.trie.label(self.node).map_or("all roots", |label| frames.label_text(label));
        if self.is_after_others { format!("… {text}") } else { text.to_owned() }
    }
}

/// The rows, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DominatorRows {
    /// In the order of showing: a tree from its root, those that retain most first.
    pub rows: Vec<DominatorRow>,
    /// Frames that were asked for and are no row.
    pub left_out: usize,
    /// The most that one of them retains.
    pub greatest_left_out: u64,
}

/// The rows of a tree that are wanted. What no root reaches is in none.
pub fn dominator_rows(heap: &Heap, frames: &DominatorFrames, wanted: RowsWanted<'_>) -> DominatorRows {
    let shown = Shown::new(heap, frames, wanted);
    let all = Weight { bytes: frames.reached.bytes, objects: frames.reached.objects };
    let mut rows = Rows { frames, shown: &shown, children: frames.trie.children(), rows: Vec::new() };
    rows.add(PathTrie::ROOT, None, all, false);
    DominatorRows { rows: rows.rows, left_out: shown.left_out, greatest_left_out: shown.greatest_left_out }
}

/// Which frames are shown.
struct Shown {
    totals: Vec<Weight>,
    is_shown: Vec<bool>,
    /// Frames inside types of the library, which are passed over.
    is_inner: Vec<bool>,
    left_out: usize,
    greatest_left_out: u64,
}

impl Shown {
    /// Those that retain most of what is wanted, and what is above them.
    fn new(heap: &Heap, frames: &DominatorFrames, wanted: RowsWanted<'_>) -> Self {
        let trie = &frames.trie;
        let totals = trie.totals();
        let retained = |node: &TrieNode| totals[node.index()].bytes;
        let depths = depths(trie);
        let is_inner = if wanted.without_library { inner(heap, frames) } else { vec![false; trie.len()] };
        let mut asked = asked(frames, wanted.matching);
        asked.retain(|node| !is_inner[node.index()]);
        asked.retain(|node| retained(node) >= wanted.min_size.max(1));
        let all = asked.len();
        let is_deep = |node: &TrieNode| depths[node.index()] > wanted.depth;
        let greatest_deep = asked.iter().filter(|node| is_deep(node)).map(retained).max();
        asked.retain(|node| !is_deep(node));
        // A frame comes after those above it: they retain no less and have a lesser number. One row is that of all roots.
        asked.sort_by_key(|node| (Reverse(retained(node)), *node));
        let narrow = asked.split_off(wanted.limit.saturating_sub(1).min(asked.len()));
        let greatest = greatest_deep.into_iter().chain(narrow.first().map(retained)).max();
        let mut is_shown = vec![false; trie.len()];
        for node in &asked {
            let up =
                std::iter::successors(Some(*node), |&node| trie.parent(node)).filter(|node| !is_inner[node.index()]);
            let is_new = |node: &TrieNode| !std::mem::replace(&mut is_shown[node.index()], true);
            up.take_while(is_new).for_each(drop);
        }
        let (left_out, greatest_left_out) = (all - asked.len(), greatest.unwrap_or(0));
        Shown { left_out, greatest_left_out, totals, is_shown, is_inner }
    }
}

/// The frames inside types of the library: it and the frame above name nothing but its types, and neither is a root. Where many more
/// things hang on what is few, that is shown whoever's it is.
fn inner(heap: &Heap, frames: &DominatorFrames) -> Vec<bool> {
    let trie = &frames.trie;
    let mut is_library = vec![false; trie.len()];
    let mut inner = vec![false; trie.len()];
    for node in trie.nodes() {
        let (Some(parent), Some(label)) = (trie.parent(node), trie.label(node)) else { continue };
        if frames.is_root(node) {
            continue;
        }
        let is_above = is_library[parent.index()];
        is_library[node.index()] = heap.is_library_text(frames.label_text(label)).unwrap_or(is_above);
        inner[node.index()] = is_above && is_library[node.index()];
    }
    for node in trie.nodes() {
        let Some(parent) = trie.parent(node).filter(|parent| inner[parent.index()]) else { continue };
        let (above, here) = (frames.values(parent), frames.values(node));
        inner[parent.index()] = above == 0 || !is_gathering(here, above);
    }
    inner
}

/// The frames below the root that are held and whose text matches.
fn asked(frames: &DominatorFrames, matching: Option<&dyn Fn(&str) -> bool>) -> Vec<TrieNode> {
    let trie = &frames.trie;
    let matches = |node: &TrieNode| match (matching, trie.label(*node)) {
        (Some(matches), Some(label)) => matches(frames.label_text(label)),
        (matching, _) => matching.is_none(),
    };
    let mut is_garbage = vec![false; trie.len()];
    let mut is_held = |node: &TrieNode| {
        let above = trie.parent(*node).is_some_and(|parent| is_garbage[parent.index()]);
        is_garbage[node.index()] = above || frames.unreached.contains(node);
        !is_garbage[node.index()]
    };
    trie.nodes().skip(1).filter(|node| is_held(node)).filter(matches).collect()
}

/// How far below the root each node is.
fn depths(trie: &PathTrie) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(trie.len());
    for node in trie.nodes() {
        depths.push(trie.parent(node).map_or(0, |parent| depths[parent.index()] + 1));
    }
    depths
}

/// Rows in the order of showing.
struct Rows<'a> {
    frames: &'a DominatorFrames,
    shown: &'a Shown,
    children: Children,
    rows: Vec<DominatorRow>,
}

impl Rows<'_> {
    /// Adds a frame and those below it, those that retain most first. A trie is no deeper than folding lets it be.
    fn add(&mut self, node: TrieNode, parent: Option<usize>, retained: Weight, is_after_others: bool) {
        let (frames, id) = (self.frames, self.rows.len());
        let facts = frames.facts.as_ref();
        self.rows.push(DominatorRow {
            parent,
            depth: parent.map_or(0, |parent| self.rows[parent].depth + 1),
            node,
            is_after_others,
            retained,
            own: frames.trie.own(node),
            values: frames.values(node),
            extent: facts.map(|facts| facts.extent(node, retained.bytes)),
            maps: facts.and_then(|facts| facts.maps(node)),
        });
        let mut below = Vec::new();
        self.below(node, false, &mut below);
        below.sort_by_key(|(child, _)| (Reverse(self.shown.totals[child.index()].bytes), *child));
        for (child, is_after_others) in below {
            self.add(child, Some(id), self.shown.totals[child.index()], is_after_others);
        }
    }

    /// The shown frames below, behind those that are passed over too.
    fn below(&self, node: TrieNode, is_after_others: bool, found: &mut Vec<(TrieNode, bool)>) {
        for &child in self.children.of(node) {
            if self.shown.is_inner[child.index()] {
                self.below(child, true, found);
            } else if self.shown.is_shown[child.index()] {
                found.push((child, is_after_others));
            }
        }
    }
}

#[cfg(test)]
mod tests;
