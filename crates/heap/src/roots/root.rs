//! Roots: the words from which the collector starts, each with a name.

use crate::absent::Absent;
use crate::infer::Proposal;
use crate::referred::RootWindow;
use crate::samples::Samples;
use goheap_graph::TrieNode;
use goheap_model::{RootClass, RootCounts, StackGroups};
use serde::{Deserialize, Serialize};

/// How well a root is named. Within a class, better named roots claim all that they reach before others begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Naming {
    /// A variable, or a record of the runtime.
    Named,
    /// A variable in a register: of those of a loop, the one that is on its way.
    NamedRegister,
    /// A slot of a frame, or a word of data or bss, of no variable.
    Nameless,
    /// A register, or a word that only looks like a pointer: it may be stale, and leads into the middle of what others hold.
    Register,
}

impl Naming {
    /// All, in the order of claim.
    pub(crate) const ALL: [Naming; 4] = [Naming::Named, Naming::NamedRegister, Naming::Nameless, Naming::Register];
}

/// One word that keeps an object alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    /// The pointer; anywhere in its object.
    pub(crate) value: u64,
    pub(crate) class: RootClass,
    /// The frame under which what it reaches is drawn.
    pub(crate) node: TrieNode,
    pub(crate) naming: Naming,
    /// True if the word only looks like a pointer.
    pub(crate) is_conservative: bool,
    /// False if the frame says nothing of the type of what it leads to.
    pub(crate) has_type: bool,
    /// Index of the goroutine whose stack it is on; [`Root::NO_GOROUTINE`] of others.
    pub(crate) goroutine: u32,
}

impl Root {
    pub(crate) const NO_GOROUTINE: u32 = u32::MAX;
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
    /// A frame.
    Frame {
        /// Where its function begins.
        entry: u64,
        /// Where it goes on.
        pc: u64,
        /// Bytes from the frame's end.
        distance: i64,
    },
}

/// The roots in the order of collection, and what their declared types tell.
#[derive(Debug, Default)]
pub(crate) struct RootSet {
    pub(crate) roots: Vec<Root>,
    /// Of those that refer to less than all of their object.
    pub(crate) windows: Vec<RootWindow>,
    pub(crate) proposals: Vec<Proposal>,
    pub(crate) untyped: Vec<UntypedRoot>,
    pub(crate) stacks: StackGroups,
    pub(crate) counts: RootCounts,
    /// What the roots lack.
    pub(crate) absent: Absent,
    pub(crate) samples: Samples,
}
