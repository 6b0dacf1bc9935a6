//! How many things each frame stands for.

use goheap_graph::TrieNode;
use goheap_model::{DominatorFrames, RootKind};

/// By index of the frame.
pub(super) struct Counts(Vec<u64>);

impl Counts {
    /// Of objects, their values; of goroutines' roots, the goroutines; of other roots, one. Frames that are only parts of what is above
    /// count as that.
    pub(super) fn new(frames: &DominatorFrames) -> Self {
        let mut counts: Vec<u64> = Vec::with_capacity(frames.trie.len());
        // Parents stand before their children.
        for node in frames.trie.nodes() {
            let above = frames.trie.parent(node).map_or(1, |parent| counts[parent.index()]);
            counts.push(match frames.roots.get(&node).map(|root| (root.kind, root.goroutines)) {
                Some((RootKind::GoroutineGroup(_), goroutines)) => goroutines.max(1),
                Some((RootKind::Frame(_), _)) => above,
                Some(_) => 1,
                None => match frames.values(node) {
                    0 => above,
                    values => values,
                },
            });
        }
        Counts(counts)
    }

    pub(super) fn of(&self, node: TrieNode) -> u64 {
        self.0.get(node.index()).copied().unwrap_or(1)
    }
}
