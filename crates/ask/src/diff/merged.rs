//! Two dominator trees as one.

use super::staying::Staying;
use crate::suspects::is_grouping;
use foldhash::HashMap;
use goheap_graph::{Children, PathTrie, TrieNode, Weight};
use goheap_model::{DominatorFrames, MapRoom, RootFrame, RootKind, Share};
use std::borrow::Cow;

/// What one of the two says of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// What its objects retain, they among it.
    pub retained: Weight,
    /// Its own objects.
    pub own: Weight,
    /// How many values these are.
    pub values: u64,
    /// Goroutines, of a frame of these.
    pub goroutines: u64,
    /// Entries and slots of the maps among its objects.
    pub maps: Option<MapRoom>,
}

/// The frames of two dominator trees by their texts, as a tree that has those of both.
#[derive(Clone, Debug, Default)]
pub struct MergedFrames {
    /// The frames, with the weights and roots of the newer, and what that says is unreached.
    pub frames: DominatorFrames,
    /// By index of the frame.
    pub before: Vec<Side>,
    /// The same.
    pub after: Vec<Side>,
    /// New bytes that stay, with those of the frames below; None where objects were not held against each other.
    pub staying: Option<Vec<u64>>,
    /// Whether a frame only stands for what roots are grouped by.
    pub is_grouping: Vec<bool>,
}

impl MergedFrames {
    /// Of an older and a newer tree, and of what of the newer one's own stays.
    pub fn new(before: &DominatorFrames, after: &DominatorFrames, staying: Option<&Staying>) -> Self {
        let mut merging = Merging::default();
        let of_after = merging.add(after);
        let of_before = merging.add(before);
        let mut merged = MergedFrames {
            before: merging.sides(before, &of_before),
            after: merging.sides(after, &of_after),
            is_grouping: vec![false; merging.trie.len()],
            ..MergedFrames::default()
        };
        for (frames, of) in [(before, &of_before), (after, &of_after)] {
            for (node, one) in frames.trie.nodes().zip(of) {
                merged.is_grouping[one.index()] |= is_grouping(frames, node);
            }
        }
        merged.staying = staying.map(|staying| merging.totals(&staying.by_frame, &of_after));
        let mut unreached: Vec<TrieNode> = Vec::new();
        for (frames, of) in [(before, &of_before), (after, &of_after)] {
            unreached.extend(frames.unreached.iter().filter_map(|node| of.get(node.index())));
        }
        unreached.sort_unstable();
        unreached.dedup();
        merged.frames = DominatorFrames {
            texts: merging.texts,
            trie: merging.trie,
            reached: after.reached,
            roots: merging.roots,
            unreached,
            ..DominatorFrames::default()
        };
        merged
    }

    /// How many bytes more a frame retains, or less.
    pub fn bytes(&self, node: TrieNode) -> i64 {
        let retained = |sides: &[Side]| sides.get(node.index()).map_or(0, |side| side.retained.bytes);
        super::change::more(retained(&self.before), retained(&self.after))
    }
}

/// What the frames of a tree retain, by their paths.
#[derive(Debug)]
pub struct RetainedByPath<'f> {
    frames: &'f DominatorFrames,
    totals: Vec<Weight>,
    children: Children,
}

impl<'f> RetainedByPath<'f> {
    /// Of a tree that was not merged.
    pub fn new(frames: &'f DominatorFrames) -> Self {
        RetainedByPath { frames, totals: frames.trie.totals(), children: frames.trie.children() }
    }

    /// What the frames at a path of texts, which are a merged tree's, retain.
    pub fn at<T: AsRef<str>>(&self, path: &[T]) -> Weight {
        let mut here = vec![PathTrie::ROOT];
        for step in path {
            let below = here.iter().flat_map(|&node| self.children.of(node)).copied();
            here = below.filter(|&node| step_of(self.frames, node) == step.as_ref()).collect();
        }
        let mut sum = Weight::default();
        here.into_iter().for_each(|node| sum.add(self.totals[node.index()]));
        sum
    }

    /// What the frame of another tree retains in this one.
    pub fn of(&self, frames: &DominatorFrames, node: TrieNode) -> Weight {
        let up = std::iter::successors(Some(node), |&node| frames.trie.parent(node));
        let steps = up.filter(|&node| node != PathTrie::ROOT);
        let mut path: Vec<Cow<'_, str>> = steps.map(|node| step_of(frames, node)).collect();
        path.reverse();
        self.at(&path)
    }
}

fn step_of(frames: &DominatorFrames, node: TrieNode) -> Cow<'_, str> {
    key(frames.text(node), frames.roots.get(&node).map(|root| root.kind))
}

#[derive(Default)]
struct Merging {
    trie: PathTrie,
    texts: Vec<Box<str>>,
    labels: HashMap<String, u32>,
    roots: HashMap<TrieNode, RootFrame>,
}

impl Merging {
    /// Adds the frames of a tree; where each of them is.
    fn add(&mut self, frames: &DominatorFrames) -> Vec<TrieNode> {
        let mut of: Vec<TrieNode> = Vec::with_capacity(frames.trie.len());
        for node in frames.trie.nodes() {
            let root = frames.roots.get(&node);
            let merged = match frames.trie.parent(node) {
                None => PathTrie::ROOT,
                Some(parent) => {
                    let label = self.label(frames.text(node), root.map(|root| root.kind));
                    self.trie.child(of[parent.index()], label)
                }
            };
            if let Some(&root) = root {
                self.roots.entry(merged).or_insert(root);
            }
            of.push(merged);
        }
        of
    }

    fn label(&mut self, text: &str, root: Option<RootKind>) -> u32 {
        let key = key(text, root);
        if let Some(&label) = self.labels.get(&*key) {
            return label;
        }
        let label = self.texts.len() as u32;
        self.texts.push((&*key).into());
        self.labels.insert(key.into_owned(), label);
        label
    }

    /// What a tree says of each frame.
    fn sides(&self, frames: &DominatorFrames, of: &[TrieNode]) -> Vec<Side> {
        let mut sides = vec![Side::default(); self.trie.len()];
        let totals = frames.trie.totals();
        for ((node, retained), merged) in frames.trie.nodes().zip(totals).zip(of) {
            let side = &mut sides[merged.index()];
            side.retained.add(retained);
            side.own.add(frames.trie.own(node));
            side.values = side.values.saturating_add(frames.values(node));
            side.goroutines += frames.roots.get(&node).map_or(0, |root| root.goroutines);
            if let Some(maps) = frames.facts.as_ref().and_then(|facts| facts.maps(node)) {
                side.maps.get_or_insert_default().add(maps);
            }
        }
        sides
    }

    /// Bytes of frames, each with those below it.
    fn totals(&self, own: &[Share], of: &[TrieNode]) -> Vec<u64> {
        let mut totals = vec![0_u64; self.trie.len()];
        for (share, merged) in own.iter().zip(of) {
            totals[merged.index()] += share.bytes;
        }
        for node in self.trie.nodes().rev() {
            if let Some(parent) = self.trie.parent(node) {
                totals[parent.index()] += totals[node.index()];
            }
        }
        totals
    }
}

/// By what a frame is one with another core's: how many goroutines stand there changes, and how sure a type is may.
fn key(text: &str, root: Option<RootKind>) -> Cow<'_, str> {
    let is_group = matches!(root, Some(RootKind::GoroutineGroup(_)));
    match (text.split_once(" × "), root) {
        (Some((_, group)), _) if is_group || group.starts_with("goroutine ") => group.into(),
        (_, Some(_)) => text.into(),
        (_, None) => text.strip_suffix(" ?").unwrap_or(text).into(),
    }
}
