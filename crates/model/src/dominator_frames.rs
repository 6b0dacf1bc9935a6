//! The dominator tree as frames, which read as those of the reference tree.

use crate::names::FrameName;
use crate::{Extent, ObjectId, RootKind, Share, TypeTable};
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode};
use serde::{Deserialize, Serialize};

/// The dominator tree of a heap: frames by path, with the bytes and objects of each. What hangs below a frame is what would be
/// freed if all that it stands for went. Towers of what no root reaches stand beside what the roots hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DominatorFrames {
    /// The frames.
    pub trie: PathTrie,
    /// The texts of their labels, by number.
    pub texts: Vec<Box<str>>,
    /// What they are called, as data, by the same numbers; none of trees that were put together of two heaps' or kept as text.
    pub names: Vec<FrameName>,
    /// What the roots dominate: all that they reach.
    pub reached: Share,
    /// What of each frame, with those below it, is referred to, and what room its maps have; None where that was not asked for.
    pub facts: Option<FrameFacts>,
    /// The tops of the towers of what no root reaches, garbage and what is not known to be.
    pub unreached: Vec<TrieNode>,
    /// Those of roots and of groups of them.
    pub roots: HashMap<TrieNode, RootFrame>,
    /// Objects whose birth was sampled with their frames, in order; none where births were not given, or what is referred to not asked for.
    pub sampled: Vec<(ObjectId, TrieNode)>,
}

/// How the texts begin of frames that stand for what several of the roots above hold together.
pub const HELD_BY_SEVERAL: &str = "held by several ";
/// What stands before the type of objects to which several references below the frame above lead, none of which keeps them alone.
pub const SHARED: &str = "[shared]";
/// The text of the top of the tower of garbage.
pub const UNREACHABLE: &str = "unreachable";
/// The text of the top of the tower of what only absent words may have led to.
pub const NOT_KNOWN: &str = "not known to be reachable";

/// What a frame is that stands for no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFrame {
    /// What it is; of several that read alike, the first.
    pub kind: RootKind,
    /// Goroutines that it stands for.
    pub goroutines: u64,
}

impl DominatorFrames {
    /// True of the frames of roots and of what they are grouped by.
    pub fn is_root(&self, node: TrieNode) -> bool {
        self.roots.contains_key(&node)
    }

    /// The text of a label of the tree or of one pruned from it.
    pub fn label_text(&self, label: u32) -> &str {
        self.texts.get(label as usize).map_or("", |text| text)
    }

    /// What a frame is called, as data; None of the root, and of trees without names.
    pub fn name(&self, node: TrieNode) -> Option<&FrameName> {
        self.names.get(self.trie.label(node)? as usize)
    }

    /// The text of a frame; that of the root is empty.
    pub fn text(&self, node: TrieNode) -> &str {
        self.trie.label(node).map_or("", |label| self.label_text(label))
    }

    /// How many values the objects of a frame are, as far as that is known: else how many objects.
    pub fn values(&self, node: TrieNode) -> u64 {
        self.facts.as_ref().map_or(self.trie.own(node).objects, |facts| facts.values(node))
    }

    /// True if all numbers lead somewhere, and names are of these types.
    pub fn is_whole(&self, types: &TypeTable) -> bool {
        let is_node = |node: &TrieNode| node.index() < self.trie.len();
        let is_text = |node| self.trie.label(node).is_none_or(|label| (label as usize) < self.texts.len());
        FrameName::are_of(&self.names, &self.texts, types)
            && self.trie.nodes().all(is_text)
            && self
                .unreached
                .iter()
                .chain(self.roots.keys())
                .chain(self.sampled.iter().map(|(_, node)| node))
                .all(is_node)
    }
}

/// Facts of the frames of a dominator tree beside their sizes. What no root reaches is in none.
///
/// # Overhead
/// 24 bytes a frame, and some 40 for one with maps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FrameFacts {
    /// What of the objects of a frame and of those below it is not referred to, by frame.
    pub rests: Vec<Extent>,
    /// Entries and slots of the maps whose headers are objects of a frame.
    pub maps: HashMap<TrieNode, MapRoom>,
    /// How many values the objects of each frame are.
    pub values: Vec<u64>,
}

impl FrameFacts {
    /// What is referred to of the objects of a frame and of those below it, which are so many bytes.
    pub fn extent(&self, frame: TrieNode, bytes: u64) -> Extent {
        Extent::all(bytes).without(self.rests.get(frame.index()).copied().unwrap_or_default())
    }

    /// How many values the objects of a frame are: a map or channel with all that it is made of is one, and so is a slice whose header
    /// is an object of its own with its array. Objects that are only parts, of a map whose header is no object, are none.
    pub fn values(&self, frame: TrieNode) -> u64 {
        self.values.get(frame.index()).copied().unwrap_or(0)
    }

    /// Entries and slots of the maps whose headers are objects of the frame; None where there are none.
    pub fn maps(&self, frame: TrieNode) -> Option<MapRoom> {
        self.maps.get(&frame).copied()
    }
}

/// Entries of maps, and the slots that they have room for: of one map, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRoom {
    /// Entries.
    pub entries: u64,
    /// Slots for entries: of Swiss maps those of all groups, of older ones those of all buckets, with overflow buckets as far as the
    /// map counts them.
    pub slots: u64,
}

impl MapRoom {
    /// Adds another's.
    pub fn add(&mut self, other: MapRoom) {
        self.entries = self.entries.saturating_add(other.entries);
        self.slots = self.slots.saturating_add(other.slots);
    }
}
