//! New objects that stay: what was there before, or waits, holds them. What a request holds that is under way will go with it.

use super::lives::Lives;
use super::old_objects::OldObjects;
use goheap_graph::{DominatorTree, IdBitSet, TrieNode};
use goheap_model::{Graph, ObjectId, RootKind, Share, Sweeps};

/// New objects by who holds them.
#[derive(Clone, Debug, Default)]
pub struct Staying {
    /// Those that what was there, a variable, or a goroutine that waits keeps.
    pub objects: IdBitSet,
    /// All of them.
    pub share: Share,
    /// By frame of the dominator tree, its own.
    pub by_frame: Vec<Share>,
}

/// Of the new objects of a heap, those that stay: going up by who dominates them, the first that is not new is an object that was there, a root
/// that is no goroutine's, or a goroutine that was alive in the older core, where there is one, or that a collection saw wait. `frames` has the frame of each slot.
pub fn staying(
    old: Option<&OldObjects>,
    (graph, tree): (Graph<'_>, &DominatorTree),
    (lives, sweeps): (&Lives, &Sweeps),
    (frames, frame_count): (&[TrieNode], usize),
) -> Staying {
    let was_alive = |goroutine: u64| old.is_some_and(|old| old.had_goroutine(goroutine));
    let heap = graph.heap();
    let mut staying = Staying { by_frame: vec![Share::default(); frame_count], ..Staying::default() };
    if lives.counts.new.objects == 0 {
        return staying;
    }
    // The nodes above, with the place behind all that they dominate.
    let mut above: Vec<(u32, bool)> = Vec::new();
    for ((node, end), place) in tree.slices().zip(0_u32..) {
        while above.last().is_some_and(|&(end, _)| end <= place) {
            above.pop();
        }
        let holder = above.last().is_none_or(|&(_, stays)| stays);
        let Some(id) = graph.object_of(node) else {
            let stays = match graph.root_node(node).map(|root| root.kind) {
                Some(RootKind::Goroutine(goroutine)) => {
                    let number = heap.goroutines.id(goroutine);
                    was_alive(number) || sweeps.waits_since(number).is_some()
                }
                Some(RootKind::Frame(_)) => holder,
                _ => true,
            };
            above.push((end, stays));
            continue;
        };
        let is_new = lives.is_new(id);
        above.push((end, !is_new || holder));
        if is_new && holder {
            staying.add(id, heap.objects.size(heap.objects.slot(id)), frames);
        }
    }
    staying
}

impl Staying {
    fn add(&mut self, id: ObjectId, bytes: u64, frames: &[TrieNode]) {
        let share = Share { bytes, objects: 1 };
        self.objects.insert(id.0);
        self.share.add(share);
        if let Some(of_frame) = frames.get(id.0 as usize).and_then(|frame| self.by_frame.get_mut(frame.index())) {
            of_frame.add(share);
        }
    }
}
