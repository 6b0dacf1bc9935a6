//! What is referred to of the objects of each frame.

use super::{Extent, MapRoom};
use crate::references::ReferenceGraph;
use goheap_graph::{PathTrie, TrieNode};
use rustc_hash::{FxHashMap, FxHashSet};

/// Facts of the frames of a dominator tree beside their sizes. What no root reaches is in none.
///
/// # Overhead
/// 16 bytes a frame, and some 40 for one with maps.
#[derive(Debug, Default)]
pub struct FrameFacts {
    /// What of the objects of a frame and of those below it is not referred to.
    rests: Vec<Extent>,
    maps: FxHashMap<TrieNode, MapRoom>,
}

impl FrameFacts {
    /// Of the frame of each slot.
    pub(crate) fn new(graph: &ReferenceGraph<'_, '_, '_>, trie: &PathTrie, frames: &[TrieNode]) -> Self {
        let snapshot = graph.snapshot();
        let mut facts = FrameFacts { rests: vec![Extent::default(); trie.len()], maps: FxHashMap::default() };
        graph.for_each_partly_referred(|slot, extent| {
            if let Some(frame) = frames.get(slot.id.0 as usize) {
                let size = snapshot.objects.span(slot).elem_size;
                facts.rests[frame.index()].add(Extent::all(size).without(extent));
            }
        });
        let mut directories = FxHashSet::default();
        for id in snapshot.map_headers() {
            // A directory is one map's.
            let (Some(&frame), slot) = (frames.get(id.0 as usize), snapshot.objects.slot(id)) else { continue };
            let room = snapshot.map_room_at(snapshot.payload(slot).0, |directory| directories.insert(directory));
            facts.maps.entry(frame).or_default().add(room.unwrap_or_default());
        }
        // Parents stand before their children.
        let nodes: Vec<TrieNode> = trie.nodes().collect();
        for node in nodes.into_iter().rev() {
            if let Some(parent) = trie.parent(node) {
                let rest = facts.rests[node.index()];
                facts.rests[parent.index()].add(rest);
            }
        }
        facts
    }

    /// What is referred to of the objects of a frame and of those below it, which are so many bytes.
    pub fn extent(&self, frame: TrieNode, bytes: u64) -> Extent {
        Extent::all(bytes).without(self.rests.get(frame.index()).copied().unwrap_or_default())
    }

    /// Entries and slots of the maps whose headers are objects of the frame; None where there are none.
    pub fn maps(&self, frame: TrieNode) -> Option<MapRoom> {
        self.maps.get(&frame).copied()
    }
}
