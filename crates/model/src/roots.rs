//! Roots by class, and the nodes above objects: roots, and what roots are grouped by.

use goheap_graph::TrieNode;
use serde::{Deserialize, Serialize};

/// The order in which roots claim what they reach: what a package variable reaches is charged to it, a goroutine only with what
/// nothing steadier holds, and what collections empty with what nothing else holds at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RootClass {
    /// Package variables of the program and its libraries.
    Variables,
    /// Goroutine stacks.
    Goroutines,
    /// The runtime's own variables.
    Runtime,
    /// Finalizers, cleanups, weak handles, queues and the allocator's tiny blocks.
    Other,
    /// Lists that collections empty: `sync.allPools`, and the map of interned values, which loses what nobody else holds.
    Emptied,
}

impl RootClass {
    /// Every class in the order of claim.
    pub const ALL: [RootClass; 5] =
        [RootClass::Variables, RootClass::Goroutines, RootClass::Runtime, RootClass::Other, RootClass::Emptied];

    /// A name for people.
    pub fn name(self) -> &'static str {
        match self {
            RootClass::Variables => "package variables",
            RootClass::Goroutines => "goroutines",
            RootClass::Runtime => "runtime variables",
            RootClass::Other => "finalizers, cleanups, allocator",
            RootClass::Emptied => "lists that collections empty",
        }
    }
}

/// What a node is that is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RootKind {
    /// All roots.
    All,
    /// All roots of a class.
    Class(RootClass),
    /// Those of one class that are variables of one package, by its number.
    Package(RootClass, u32),
    /// Those of all goroutines whose stacks are the same, by the number of the stack.
    GoroutineGroup(u32),
    /// Those of one goroutine, by its index in the model.
    Goroutine(u32),
    /// Those in one frame of the tree or below it: a variable, one of its fields, a function, a finalizer.
    Frame(TrieNode),
}

/// A node that is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootNode {
    /// What it is.
    pub kind: RootKind,
    /// The node above it; None of the uppermost.
    pub parent: Option<u32>,
}
