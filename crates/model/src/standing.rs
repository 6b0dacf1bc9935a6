//! Whether roots reach an object, and what that is known by.

use crate::ObjectId;
use goheap_graph::IdBitSet;

/// What of an object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A root leads to it.
    Reachable,
    /// No word that is there leads to it; one that is absent may have.
    NotKnown,
    /// Nothing leads to it.
    Unreachable,
}

impl Standing {
    /// Whether a root leads to it; None where that is not known.
    pub fn is_reachable(self) -> Option<bool> {
        (self != Standing::NotKnown).then_some(self == Standing::Reachable)
    }
}

/// What of the objects that no word leads to is known.
#[derive(Clone, Debug, Default)]
pub struct Unreached {
    /// True if a word is absent that may have led to one.
    pub lacks: bool,
    /// Those that are dead all the same.
    pub dead: IdBitSet,
}

impl Unreached {
    /// The standing of an object that was not reached.
    pub fn standing(&self, id: ObjectId) -> Standing {
        if self.lacks && !self.dead.contains(id.0) { Standing::NotKnown } else { Standing::Unreachable }
    }
}
