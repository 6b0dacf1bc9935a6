//! The tree of paths: many objects, few ways to reach them.

mod stored;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::hash_map::Entry;

/// A node of a [`PathTrie`]; its number is greater than its parent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrieNode(pub(crate) u32);

impl TrieNode {
    /// The node with that place.
    #[must_use]
    pub fn of_index(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(TrieNode)
    }

    /// Place of the node in [`PathTrie::totals`] and in any table the caller keeps beside the trie.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What lies on a node or under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Weight {
    /// Bytes of the objects.
    pub bytes: u64,
    /// Number of the objects.
    pub objects: u64,
}

impl Weight {
    /// Adds, staying at the greatest number instead of wrapping: a lying input may not end the run.
    pub fn add(&mut self, more: Weight) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.objects = self.objects.saturating_add(more.objects);
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Node {
    parent: u32,
    label: u32,
    own: Weight,
}

/// A tree of labels with the weight of the objects at each node.
///
/// A label is an opaque number chosen by the caller. Nodes are numbered in the order they were asked for, so the same
/// calls give the same tree.
///
/// Overhead: 24 bytes a node, and about 14 to 28 more for its place in the hash map (12 bytes an entry and a control
/// byte, filled 7/16 to 7/8); each folded pair of node and label costs one more such place. Nothing per object.
#[derive(Debug, Clone)]
pub struct PathTrie {
    nodes: Vec<Node>,
    /// (node, label) to the child; or, where folding answered, to an ancestor, which is known by not being greater
    /// than the node itself.
    steps: HashMap<(u32, u32), u32>,
    node_limit: u32,
    refused: u64,
}

impl Default for PathTrie {
    fn default() -> Self {
        Self::new()
    }
}

impl PathTrie {
    /// The node all paths start from; it has no label.
    pub const ROOT: TrieNode = TrieNode(0);

    /// Longest path that [`PathTrie::child_folding`] makes; beyond it everything stays in the last node. It bounds the
    /// walk up the path, which a hostile input could else make quadratic.
    pub const FOLDING_DEPTH: usize = 1024;

    /// A trie of the root alone.
    #[must_use]
    pub fn new() -> Self {
        Self::with_node_limit(u32::MAX)
    }

    /// A trie that will not grow beyond `limit` nodes (and always has its root). At the limit a child that would be new is
    /// its parent instead, so no weight is lost; [`PathTrie::refused`] tells how often.
    #[must_use]
    pub fn with_node_limit(limit: u32) -> Self {
        let root = Node { parent: 0, label: 0, own: Weight::default() };
        Self { nodes: vec![root], steps: HashMap::default(), node_limit: limit, refused: 0 }
    }

    /// The child of `parent` with `label`, found or made.
    pub fn child(&mut self, parent: TrieNode, label: u32) -> TrieNode {
        match self.steps.get(&(parent.0, label)) {
            Some(&step) if step > parent.0 => TrieNode(step),
            _ => self.grow(parent, label),
        }
    }

    /// Like [`PathTrie::child`], but a label that already stands on the path from the root to `parent`, `parent`
    /// included, leads back to that node. So recursive data is one frame and no label is twice on a path.
    ///
    /// The answer for a pair is found once and remembered. A repeated label that was made by [`PathTrie::child`] on
    /// purpose is followed.
    pub fn child_folding(&mut self, parent: TrieNode, label: u32) -> TrieNode {
        let step = match self.steps.entry((parent.0, label)) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(unknown) => fold_target(&self.nodes, parent.0, label).map(|at| *unknown.insert(at)),
        };
        step.map_or_else(|| self.grow(parent, label), TrieNode)
    }

    fn grow(&mut self, parent: TrieNode, label: u32) -> TrieNode {
        let fits = u32::try_from(self.nodes.len()).ok();
        let Some(index) = fits.filter(|index| *index < self.node_limit) else {
            self.refused += 1;
            return parent;
        };
        self.nodes.push(Node { parent: parent.0, label, own: Weight::default() });
        self.steps.insert((parent.0, label), index);
        TrieNode(index)
    }

    /// Adds the weight of objects that lie at `node` itself.
    #[inline]
    pub fn add(&mut self, node: TrieNode, bytes: u64, objects: u64) {
        self.nodes[node.index()].own.add(Weight { bytes, objects });
    }

    /// The same trie with the labels that `label` gives, asked for every node but the root, parents first. It may not give the
    /// same to two children of a node.
    #[must_use]
    pub fn relabelled(&self, mut label: impl FnMut(TrieNode, u32) -> u32) -> PathTrie {
        let mut trie = PathTrie::new();
        for node in self.nodes().skip(1) {
            let old = &self.nodes[node.index()];
            let new = trie.grow(TrieNode(old.parent), label(node, old.label));
            trie.add(new, old.own.bytes, old.own.objects);
        }
        let root = self.own(PathTrie::ROOT);
        trie.add(PathTrie::ROOT, root.bytes, root.objects);
        trie
    }

    /// The first `count` nodes, before anything was added at them.
    #[must_use]
    pub fn first(&self, count: usize) -> PathTrie {
        let mut trie = PathTrie::new();
        for node in self.nodes().take(count).skip(1) {
            let Node { parent, label, .. } = self.nodes[node.index()];
            trie.grow(TrieNode(parent), label);
        }
        trie
    }

    /// What was added at the node itself.
    #[must_use]
    pub fn own(&self, node: TrieNode) -> Weight {
        self.nodes[node.index()].own
    }

    /// For each node, by [`TrieNode::index`], its own weight and that of everything under it.
    #[must_use]
    pub fn totals(&self) -> Vec<Weight> {
        let mut totals: Vec<Weight> = self.nodes.iter().map(|node| node.own).collect();
        for index in (1..self.nodes.len()).rev() {
            let total = totals[index];
            totals[self.nodes[index].parent as usize].add(total);
        }
        totals
    }

    /// The label of a node; none for the root.
    #[must_use]
    pub fn label(&self, node: TrieNode) -> Option<u32> {
        (node != Self::ROOT).then(|| self.nodes[node.index()].label)
    }

    /// The parent of a node; none for the root.
    #[must_use]
    pub fn parent(&self, node: TrieNode) -> Option<TrieNode> {
        (node != Self::ROOT).then(|| TrieNode(self.nodes[node.index()].parent))
    }

    /// The labels from the root down to `node`.
    #[must_use]
    pub fn path(&self, node: TrieNode) -> Vec<u32> {
        let up = std::iter::successors(Some(node), |node| self.parent(*node));
        let mut path: Vec<u32> = up.filter_map(|node| self.label(node)).collect();
        path.reverse();
        path
    }

    /// All nodes, the root first, parents before children.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = TrieNode> + DoubleEndedIterator + use<> {
        // `grow` lets no index pass u32.
        (0..self.nodes.len() as u32).map(TrieNode)
    }

    /// Number of nodes, the root among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing but the root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// How often a node was refused because of the limit.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The children of every node; made anew by each call, in two passes.
    #[must_use]
    pub fn children(&self) -> Children {
        let mut ends = vec![0u32; self.nodes.len()];
        for node in &self.nodes[1..] {
            ends[node.parent as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        // Filled from behind, `ends` become starts.
        let mut ids = vec![TrieNode(0); self.nodes.len() - 1];
        for child in self.nodes().skip(1).rev() {
            let start = &mut ends[self.nodes[child.index()].parent as usize];
            *start -= 1;
            ids[*start as usize] = child;
        }
        Children { starts: ends, ids }
    }
}

/// Where `label` stands on the path that ends in `from`, or `from` itself where the path is as long as it may be.
fn fold_target(nodes: &[Node], from: u32, label: u32) -> Option<u32> {
    let mut at = from;
    for _ in 0..PathTrie::FOLDING_DEPTH {
        if at == 0 {
            return None;
        }
        let node = &nodes[at as usize];
        if node.label == label {
            return Some(at);
        }
        at = node.parent;
    }
    Some(from)
}

/// The children of every node of a [`PathTrie`], each list in the order the children were made.
///
/// Overhead: 8 bytes a node.
#[derive(Debug, Clone)]
pub struct Children {
    starts: Vec<u32>,
    ids: Vec<TrieNode>,
}

impl Children {
    /// The children of `node`.
    #[must_use]
    pub fn of(&self, node: TrieNode) -> &[TrieNode] {
        let start = self.starts[node.index()] as usize;
        let next = self.starts.get(node.index() + 1);
        &self.ids[start..next.map_or(self.ids.len(), |end| *end as usize)]
    }
}

#[cfg(test)]
mod tests;
