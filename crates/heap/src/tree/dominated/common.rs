//! What is known to all who read, and to the one who makes frames: who is taken, and what of each object is asked.

use crate::scan::pieces::PIECE;
use crate::tree::merge::{NOSCAN, bytes};
use crate::tree::scan::Item;
use goheap_graph::{DominatorTree, IdBitSet, TrieNode};
use goheap_model::{ObjectId, TypeTable};
use std::sync::atomic::{AtomicU32, Ordering};

/// Instead of its immediate dominator, that an object is drawn already, or that nothing dominates it.
pub(super) const TAKEN: u32 = u32::MAX;

/// What is known to all who read, and to the one who makes frames.
pub(super) struct Common<'w> {
    pub(super) tree: &'w DominatorTree,
    /// The immediate dominator of each slot, or [`TAKEN`].
    pub(super) idoms: Vec<AtomicU32>,
    /// What dominates others.
    pub(super) leads_on: IdBitSet,
    /// Of each span what the merger knows.
    pub(super) facts: Vec<u64>,
    /// The objects whose frames are to be told.
    pub(super) wanted: Option<&'w IdBitSet>,
    /// Where the frames of all are.
    pub(super) all_frames: Option<Vec<AtomicU32>>,
    /// Where values are to be counted.
    pub(super) types: Option<&'w TypeTable>,
}

impl Common<'_> {
    /// The immediate dominator of an object, or [`TAKEN`].
    #[inline]
    pub(super) fn idom(&self, id: u32) -> u32 {
        self.idoms.get(id as usize).map_or(TAKEN, |idom| idom.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn take(&self, id: u32) {
        if let Some(idom) = self.idoms.get(id as usize) {
            idom.store(TAKEN, Ordering::Relaxed);
        }
    }

    /// What the object dominates and nobody took.
    pub(super) fn untaken(&self, id: u32) -> impl Iterator<Item = u32> {
        self.tree.children(id).filter(move |&child| self.idom(child) == id)
    }

    /// Tells the frame of an object, where that is asked.
    #[inline]
    pub(super) fn tell(&self, id: ObjectId, frame: TrieNode, frames: &mut Vec<(ObjectId, TrieNode)>) {
        if self.wanted.is_some_and(|wanted| wanted.contains(id.0)) {
            frames.push((id, frame));
        }
        if let Some(place) = self.all_frames.as_ref().and_then(|all| all.get(id.0 as usize)) {
            place.store(frame.index() as u32, Ordering::Relaxed);
        }
    }

    /// Whether an object leads to more; notes if it is large.
    #[inline]
    pub(super) fn is_read_next(&self, item: &Item, has_large: &mut bool) -> bool {
        let facts = self.facts[item.span as usize];
        let is_read = facts & NOSCAN == 0 && self.leads_on.contains(item.id);
        *has_large |= is_read && bytes(facts) > PIECE;
        is_read
    }
}
