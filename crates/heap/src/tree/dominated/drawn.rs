//! What is told of the walk beside its frames.

use crate::referred::is_part;
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_model::{ObjectId, ObjectType, Share, TypeTable};

/// What is to be told beside the frames.
#[derive(Clone, Copy)]
pub(crate) struct Told<'t> {
    /// Of which objects the frame, eight bytes each; None for all, four bytes a slot.
    pub(crate) wanted: Option<&'t IdBitSet>,
    /// How many values the objects of each frame are, by these types; None where that is not asked.
    pub(crate) values: Option<&'t TypeTable>,
}

/// What was drawn.
pub(crate) struct Drawn {
    /// How much it is.
    pub(crate) reached: Share,
    /// The frames that were to be told.
    pub(crate) frames: FrameOf,
    /// How many values the objects of each frame are, where that was asked; of frames beyond, none.
    pub(crate) values: Vec<u64>,
}

/// The frames of objects.
pub(crate) enum FrameOf {
    /// In order of objects.
    Some(Vec<(ObjectId, TrieNode)>),
    /// By slot.
    All(Vec<TrieNode>),
}

impl FrameOf {
    /// The frame of an object; the root of the tree for what is not drawn.
    pub(crate) fn of(&self, id: ObjectId) -> TrieNode {
        let found = match self {
            FrameOf::Some(frames) => frames.binary_search_by_key(&id, |(id, _)| *id).ok().map(|index| frames[index].1),
            FrameOf::All(frames) => frames.get(id.0 as usize).copied(),
        };
        found.unwrap_or(PathTrie::ROOT)
    }
}

/// How many of a frame's objects are values: one that is drawn at `frame` below `above`, the object that dominates it and its frame.
pub(super) fn values(
    types: &TypeTable,
    (object, frame): (ObjectType, TrieNode),
    above: Option<(ObjectType, TrieNode)>,
) -> u64 {
    let above = above.filter(|above| above.1 == frame).map(|above| above.0);
    u64::from(!is_part(types, object, above))
}
