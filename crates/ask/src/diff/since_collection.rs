//! What one core tells of growth: what was given out since the last collection, and who holds it.
//!
//! The allocation bits of a span are those of its last sweep, and a span is swept before anything is given out of it (mgcsweep.go, mbitmap.go
//! `nextFreeIndex`, 1.17 to 1.27): so an object is known to be younger than the last collection. Whether what is young will live on is not
//! known. What an old object or a variable holds is counted as what stays.

use super::lives::{Lives, lives_since_collection, new_since_collection};
use super::merged::MergedFrames;
use super::staying::{Staying, staying};
use goheap_graph::{DominatorTree, TrieNode};
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
    with_lives((graph, tree), (frames, places), sweeps, lives_since_collection(graph.heap(), sweeps))
}

/// The same in less time, and of [`SinceCollection::lives`] only what is new, not by type.
pub fn new_by_frame(
    (graph, tree): (Graph<'_>, &DominatorTree),
    (frames, places): (&DominatorFrames, &[TrieNode]),
    sweeps: &Sweeps,
) -> SinceCollection {
    with_lives((graph, tree), (frames, places), sweeps, new_since_collection(graph.heap(), sweeps))
}

fn with_lives(
    (graph, tree): (Graph<'_>, &DominatorTree),
    (frames, places): (&DominatorFrames, &[TrieNode]),
    sweeps: &Sweeps,
    lives: Lives,
) -> SinceCollection {
    let heap = graph.heap();
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
    let mut trie = frames.trie.first(frames.trie.len());
    for (node, new) in frames.trie.nodes().zip(new) {
        let own = frames.trie.own(node);
        trie.add(node, own.bytes.saturating_sub(new.bytes), own.objects.saturating_sub(new.objects));
    }
    let mut facts = frames.facts.clone();
    for (values, new) in facts.iter_mut().flat_map(|facts| &mut facts.values).zip(new) {
        *values = values.saturating_sub(new.objects);
    }
    DominatorFrames {
        trie,
        facts,
        texts: frames.texts.clone(),
        names: frames.names.clone(),
        reached: frames.reached,
        unreached: frames.unreached.clone(),
        roots: frames.roots.clone(),
        sampled: frames.sampled.clone(),
    }
}
