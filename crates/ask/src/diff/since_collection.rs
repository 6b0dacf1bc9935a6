//! What one core tells of growth: what was given out since the last collection, and who holds it.
//!
//! The allocation bits of a span are those of its last sweep, and a span is swept before anything is given out of it (mgcsweep.go, mbitmap.go
//! `nextFreeIndex`, 1.17 to 1.27): so an object is known to be younger than the last collection. Whether what is young will live on is not
//! known. What an old object or a variable holds is counted as what stays.

use super::lives::{Lives, lives_since_collection};
use super::merged::MergedFrames;
use super::staying::{Staying, staying};
use goheap_graph::{DominatorTree, PathTrie, TrieNode};
use goheap_model::{DominatorFrames, Graph, Share, Sweeps};

/// A heap held against what of it was there when the last collection ended.
#[derive(Clone, Debug, Default)]
pub struct SinceCollection {
    /// What each object is.
    pub lives: Lives,
    /// What of the new objects stays.
    pub staying: Staying,
    /// The dominator tree without what is new, and with it.
    pub merged: MergedFrames,
    /// The dominator tree without what is new.
    pub before: DominatorFrames,
}

/// What is new since the last collection, by frame of the dominator tree; `places` has the frame of each slot.
pub fn since_collection(
    (graph, tree): (Graph<'_>, &DominatorTree),
    (frames, places): (&DominatorFrames, &[TrieNode]),
    sweeps: &Sweeps,
) -> SinceCollection {
    let heap = graph.heap();
    let lives = lives_since_collection(heap, sweeps);
    let mut new = vec![Share::default(); frames.trie.len()];
    for slot in heap.objects.slots_of(lives.new.iter_ones()) {
        let place = places.get(slot.id.0 as usize).and_then(|place| new.get_mut(place.index()));
        place.into_iter().for_each(|place| place.add(Share { bytes: heap.objects.size(slot), objects: 1 }));
    }
    let staying = staying(None, (graph, tree), (&lives, sweeps), (places, frames.trie.len()));
    let before = without(frames, &new);
    let merged = MergedFrames::new(&before, frames, Some(&staying));
    SinceCollection { lives, staying, merged, before }
}

/// The same tree without so much of each frame.
fn without(frames: &DominatorFrames, new: &[Share]) -> DominatorFrames {
    let (mut trie, mut of) = (PathTrie::new(), Vec::with_capacity(frames.trie.len()));
    for node in frames.trie.nodes() {
        let parent = frames.trie.parent(node).zip(frames.trie.label(node));
        let here = parent.map_or(PathTrie::ROOT, |(parent, label): (TrieNode, u32)| {
            let above = of.get(parent.index()).copied().unwrap_or(PathTrie::ROOT);
            trie.child(above, label)
        });
        of.push(here);
        let (own, new) = (frames.trie.own(node), new.get(node.index()).copied().unwrap_or_default());
        trie.add(here, own.bytes.saturating_sub(new.bytes), own.objects.saturating_sub(new.objects));
    }
    let mut before = DominatorFrames { trie, ..frames.clone() };
    if let Some(facts) = &mut before.facts {
        for (values, new) in facts.values.iter_mut().zip(new) {
            *values = values.saturating_sub(new.objects);
        }
    }
    before
}
