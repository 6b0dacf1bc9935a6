//! Roots: the words from which the collector starts, each with a name.

use crate::infer::Proposal;
use goheap_graph::TrieNode;

/// The order in which roots claim what they reach: what a package variable reaches is charged to it, and a goroutine only with
/// what nothing steadier holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootClass {
    /// Package variables of the program and its libraries.
    Variables,
    /// Goroutine stacks.
    Goroutines,
    /// The runtime's own variables.
    Runtime,
    /// Finalizers, cleanups, weak handles, queues and the allocator's tiny blocks.
    Other,
}

impl RootClass {
    /// Every class in the order of claim.
    pub const ALL: [RootClass; 4] = [RootClass::Variables, RootClass::Goroutines, RootClass::Runtime, RootClass::Other];

    /// A name for people.
    pub fn name(self) -> &'static str {
        match self {
            RootClass::Variables => "package variables",
            RootClass::Goroutines => "goroutines",
            RootClass::Runtime => "runtime variables",
            RootClass::Other => "finalizers, cleanups, allocator",
        }
    }
}

/// One word that keeps an object alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The pointer; anywhere in its object.
    pub(crate) value: u64,
    pub(crate) class: RootClass,
    /// The frame under which what it reaches is drawn.
    pub(crate) node: TrieNode,
    /// True if the word only looks like a pointer.
    pub(crate) is_conservative: bool,
    /// False if the frame says nothing of the type of what it leads to.
    pub(crate) has_type: bool,
}

/// A root that no debug information names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UntypedRoot {
    /// The pointer.
    pub(crate) value: u64,
    /// Where it lies.
    pub(crate) at: u64,
    pub(crate) owner: WordOwner,
}

/// What such a word lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordOwner {
    /// Data or bss, at this address.
    Variable(u64),
    /// A frame of the function that begins at this address.
    Frame(u64),
}

/// The roots in the order of collection, and what their declared types tell.
#[derive(Debug, Default)]
pub(crate) struct RootSet {
    pub(crate) roots: Vec<Root>,
    pub(crate) proposals: Vec<Proposal>,
    pub(crate) untyped: Vec<UntypedRoot>,
    pub(crate) counts: RootCounts,
}

/// What was met while collecting roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootCounts {
    /// Words of data and bss that are pointers by their masks.
    pub variable_words: u64,
    /// Words of data and bss that are absent from the core.
    pub absent_words: u64,
    /// Modules whose masks the runtime had not built yet.
    pub unbuilt_masks: u64,
    /// Stacks that were walked to their top.
    pub whole_stacks: u64,
    /// Stacks whose walk ended early.
    pub broken_stacks: u64,
    /// Frames that should have a stack map and have none.
    pub untyped_frames: u64,
}
