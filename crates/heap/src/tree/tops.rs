//! Which root each object hangs on in the tree.

use goheap_graph::{NarrowColumn, PathTrie, TrieNode};
use goheap_model::ObjectId;

/// The top frame over each object.
///
/// # Overhead
/// Four bytes a slot and four a frame.
#[derive(Debug)]
pub(crate) struct Owners {
    /// The frame of each slot; the root of the trie for what is not reached.
    frames: NarrowColumn,
    /// The top frame over each frame.
    tops: Vec<TrieNode>,
}

impl Owners {
    /// Of `frames`, one a slot, which are nodes of `trie`.
    pub(crate) fn new(trie: &PathTrie, frames: Vec<TrieNode>) -> Self {
        let numbers = frames.iter().map(|frame| frame.index() as u32);
        Self::of_numbers(trie, NarrowColumn::new(numbers, trie.len() as u32 - 1))
    }

    /// The same of the frames' numbers.
    pub(crate) fn of_numbers(trie: &PathTrie, frames: NarrowColumn) -> Self {
        let mut tops: Vec<TrieNode> = Vec::with_capacity(trie.len());
        // Parents stand before their children.
        for node in trie.nodes() {
            let top = match trie.parent(node) {
                None | Some(PathTrie::ROOT) => node,
                Some(parent) => tops[parent.index()],
            };
            tops.push(top);
        }
        Owners { frames, tops }
    }

    /// The frame of each slot; the root of the trie for what is not reached.
    pub(crate) fn frames(&self) -> &NarrowColumn {
        &self.frames
    }

    /// The frame that the object is counted in; None where no root reaches it.
    pub(crate) fn frame(&self, id: ObjectId) -> Option<TrieNode> {
        let frame = self.frames.get(id.0 as usize).and_then(|frame| TrieNode::of_index(frame as usize));
        frame.filter(|&frame| frame != PathTrie::ROOT)
    }

    /// The top frame over that.
    pub(crate) fn top(&self, id: ObjectId) -> Option<TrieNode> {
        self.frame(id).map(|frame| self.tops[frame.index()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_hangs_on_the_frame_of_the_first_level() {
        let mut trie = PathTrie::new();
        let [one, other] = [0, 1].map(|label| trie.child(PathTrie::ROOT, label));
        let below = trie.child(one, 2);
        let deeper = trie.child(below, 3);
        let owners = Owners::new(&trie, vec![deeper, other, PathTrie::ROOT, one]);
        let tops = [0, 1, 2, 3, 9].map(|id| owners.top(ObjectId(id)));
        assert_eq!(tops, [Some(one), Some(other), None, Some(one), None], "the third is not reached, the last none");
        assert_eq!(owners.frame(ObjectId(0)), Some(deeper));
        let again = Owners::of_numbers(&trie, owners.frames().clone());
        assert_eq!(again.top(ObjectId(0)), Some(one));
    }
}
