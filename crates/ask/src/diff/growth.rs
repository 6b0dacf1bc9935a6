//! Where it grows: going down the merged tree, the frame at which growth parts into many.

use super::change::more;
use super::merged::{MergedFrames, Side};
use crate::suspects::{self, SuspectRoot, holder_text, type_of, way};
use goheap_graph::{Children, PathTrie, TrieNode, Weight};
use goheap_model::{Heap, RootKind};
use serde::Serialize;
use std::cmp::Reverse;

/// What grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grown {
    /// The variable, goroutines or object that holds it with the fields on the way: `main.cache.entries`.
    pub holder: String,
    /// The frames from the root to the holder, without what roots are grouped by.
    pub path: Vec<String>,
    /// The root above it.
    pub root: SuspectRoot,
    /// What it retained.
    pub before: Weight,
    /// What it retains.
    pub after: Weight,
    /// Of what it retains, new bytes that what was there before holds; None where objects were not held against each other.
    pub staying: Option<u64>,
    /// What there is more of, where it is many things.
    pub entries: Option<Entries>,
    /// The frame.
    #[serde(skip)]
    pub node: TrieNode,
}

/// Entries of a map, elements of a slice or channel, goroutines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entries {
    /// How many there were.
    pub before: u64,
    /// How many there are.
    pub after: u64,
    /// What they retained, without what the holder has for itself.
    pub bytes_before: u64,
    /// What they retain.
    pub bytes_after: u64,
    /// What they are.
    pub ty: String,
    /// The frame in which they hang on the holder; empty of goroutines.
    pub step: String,
}

impl Grown {
    /// How many bytes more it retains.
    pub fn bytes(&self) -> i64 {
        more(self.before.bytes, self.after.bytes)
    }

    /// How much of that stays: no more than it grew by, and no more than what was there holds of new objects.
    pub fn stays(&self) -> u64 {
        let bytes = u64::try_from(self.bytes()).unwrap_or(0);
        self.staying.map_or(bytes, |staying| staying.min(bytes))
    }
}

/// What grew by at least so many bytes, that which stays most first. `heap` is the newer one, for the names of its types.
pub fn grown(heap: &Heap, merged: &MergedFrames, least: u64) -> Vec<Grown> {
    let least = i64::try_from(least.max(1)).unwrap_or(i64::MAX);
    let finder = Finder { heap, merged, children: merged.frames.trie.children(), greatest: greatest(merged), least };
    let mut found = finder.below(PathTrie::ROOT);
    found.sort_by(|a, b| {
        let key = |grown: &Grown| Reverse((grown.stays(), grown.bytes()));
        key(a).cmp(&key(b)).then_with(|| a.holder.cmp(&b.holder))
    });
    found
}

struct Finder<'a> {
    heap: &'a Heap,
    merged: &'a MergedFrames,
    children: Children,
    /// By frame, the most by which it or one below it grew: what shrinks beside it does not hide it.
    greatest: Vec<i64>,
    least: i64,
}

fn greatest(merged: &MergedFrames) -> Vec<i64> {
    let trie = &merged.frames.trie;
    let mut greatest: Vec<i64> = trie.nodes().map(|node| merged.bytes(node)).collect();
    for node in trie.nodes().rev() {
        if let Some(parent) = trie.parent(node) {
            greatest[parent.index()] = greatest[parent.index()].max(greatest[node.index()]);
        }
    }
    greatest
}

impl Finder<'_> {
    fn below(&self, node: TrieNode) -> Vec<Grown> {
        let unreached = &self.merged.frames.unreached;
        let grows = |child: &&TrieNode| self.greatest[child.index()] >= self.least && !unreached.contains(child);
        self.children.of(node).iter().filter(grows).flat_map(|&child| self.at(child)).collect()
    }

    /// Those at a frame that grows enough, and below it. A trie is no deeper than folding lets it be.
    fn at(&self, node: TrieNode) -> Vec<Grown> {
        if self.merged.is_grouping[node.index()] {
            return self.below(node);
        }
        let (before, after) = (self.side(node, false), self.side(node, true));
        let by = self.merged.bytes(node);
        if by < self.least {
            return self.below(node);
        }
        if self.is_group(node) && after.goroutines > before.goroutines {
            return vec![self.found(node, Some(self.goroutines(node, before, after)))];
        }
        let many = self.many(node);
        let own = more(before.own.bytes, after.own.bytes).max(0);
        let gathered: i64 = many.iter().map(|&child| self.merged.bytes(child).max(0)).sum();
        let entries = self.entries(node, &many);
        if gathered.saturating_add(own) >= by / 2 && (own >= by / 2 || entries.is_some()) {
            return vec![self.found(node, entries)];
        }
        let found = self.below(node);
        if found.is_empty() {
            return vec![self.found(node, entries)];
        }
        found
    }

    fn is_group(&self, node: TrieNode) -> bool {
        let root = self.merged.frames.roots.get(&node);
        matches!(root.map(|root| root.kind), Some(RootKind::GoroutineGroup(_)))
    }

    fn side(&self, node: TrieNode, is_after: bool) -> Side {
        let sides = if is_after { &self.merged.after } else { &self.merged.before };
        sides.get(node.index()).copied().unwrap_or_default()
    }

    /// How many things more a frame stands for than it did.
    fn more_values(&self, node: TrieNode) -> i64 {
        more(self.side(node, false).values, self.side(node, true).values)
    }

    /// The frames below one that became more in number than it did itself.
    fn many(&self, node: TrieNode) -> Vec<TrieNode> {
        let here = self.more_values(node).max(0);
        let is_many = |child: &TrieNode| self.more_values(*child) > here.saturating_mul(2);
        self.children.of(node).iter().copied().filter(is_many).collect()
    }

    /// What the entries are: of the frames that became many that which grew most; how many a map tells itself.
    fn entries(&self, node: TrieNode, many: &[TrieNode]) -> Option<Entries> {
        let (before, after) = (self.side(node, false), self.side(node, true));
        let widest = many.iter().copied().max_by_key(|&child| (self.merged.bytes(child), Reverse(child)));
        let maps = match (before.maps, after.maps) {
            (before, Some(after)) => Some((before.map_or(0, |maps| maps.entries), after.entries)),
            _ => None,
        };
        let maps = maps.filter(|(before, after)| after > before);
        let counts = widest.map(|child| (self.side(child, false), self.side(child, true)));
        let (before, after) = maps.or(counts.map(|(before, after)| (before.values, after.values)))?;
        let text = widest.map_or("", |child| self.merged.frames.text(child));
        let bytes = |of: fn(&(Side, Side)) -> u64| counts.as_ref().map_or(0, of);
        Some(Entries {
            before,
            after,
            bytes_before: bytes(|(before, _)| before.retained.bytes),
            bytes_after: bytes(|(_, after)| after.retained.bytes),
            ty: type_of(text).to_owned(),
            step: text.to_owned(),
        })
    }

    fn goroutines(&self, node: TrieNode, before: Side, after: Side) -> Entries {
        Entries {
            before: before.goroutines,
            after: after.goroutines,
            bytes_before: before.retained.bytes,
            bytes_after: after.retained.bytes,
            ty: self.merged.frames.text(node).to_owned(),
            step: String::new(),
        }
    }

    fn found(&self, node: TrieNode, entries: Option<Entries>) -> Grown {
        let frames = &self.merged.frames;
        let way = way(frames, node);
        Grown {
            holder: holder_text(self.heap, frames, &way),
            path: way.iter().map(|&node| frames.text(node).to_owned()).collect(),
            root: suspects::root(frames, &way),
            before: self.side(node, false).retained,
            after: self.side(node, true).retained,
            staying: self.merged.staying.as_ref().map(|staying| staying.get(node.index()).copied().unwrap_or(0)),
            entries,
            node,
        }
    }
}
