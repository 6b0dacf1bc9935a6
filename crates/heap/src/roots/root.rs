//! Roots: the words from which the collector starts, each with a name.

use crate::absent::Absent;
use crate::infer::Proposal;
use crate::referred::RootWindow;
use crate::samples::Samples;
use goheap_graph::TrieNode;
use goheap_model::{ObjectId, RootClass, RootCounts, StackGroups};
use serde::{Deserialize, Serialize};
use std::ops::Range;

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

/// What a finalizer keeps of the object that it is set on: all that this leads to (mgcmark.go `markrootSpans`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finalized {
    pub(crate) object: ObjectId,
    /// The roots that stand for the object's words.
    pub(crate) roots: Range<usize>,
}

/// The roots in the order of collection, and what their declared types tell.
#[derive(Debug, Default)]
pub(crate) struct RootSet {
    pub(crate) roots: Vec<Root>,
    /// Of those that refer to less than all of their object.
    pub(crate) windows: Vec<RootWindow>,
    /// Those that finalizers are the reason of.
    pub(crate) finalized: Vec<Finalized>,
    pub(crate) proposals: Vec<Proposal>,
    pub(crate) untyped: Vec<UntypedRoot>,
    pub(crate) stacks: StackGroups,
    pub(crate) counts: RootCounts,
    /// What the roots lack.
    pub(crate) absent: Absent,
    pub(crate) samples: Samples,
}

impl RootSet {
    /// Lets go of those of finalizers on objects that are held anyhow: the object holds what it leads to, and its holder that. `held` are these
    /// in [`RootSet::finalized`].
    pub(crate) fn let_go_of_finalized(&mut self, held: &[usize]) {
        let mut ranges = held.iter().filter_map(|&at| self.finalized.get(at)).map(|one| one.roots.clone()).peekable();
        let mut index = 0;
        self.roots.retain(|_| {
            while ranges.next_if(|range| range.end <= index).is_some() {}
            let is_held = ranges.peek().is_some_and(|range| range.contains(&index));
            index += 1;
            !is_held
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::PathTrie;

    fn root(value: u64) -> Root {
        Root {
            value,
            class: RootClass::Other,
            node: PathTrie::ROOT,
            naming: Naming::Named,
            is_conservative: false,
            has_type: false,
            goroutine: Root::NO_GOROUTINE,
        }
    }

    fn left(finalized: &[Range<usize>], held: &[usize]) -> Vec<u64> {
        let mut set = RootSet { roots: (0..8).map(root).collect(), ..RootSet::default() };
        set.finalized = finalized.iter().map(|roots| Finalized { object: ObjectId(0), roots: roots.clone() }).collect();
        set.let_go_of_finalized(held);
        set.roots.iter().map(|root| root.value).collect()
    }

    #[test]
    fn roots_of_finalizers_go_where_their_object_is_held_anyhow() {
        let finalized = [1..3, 4..4, 5..8];
        assert_eq!(left(&finalized, &[]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(left(&finalized, &[0]), [0, 3, 4, 5, 6, 7]);
        assert_eq!(left(&finalized, &[0, 1, 2]), [0, 3, 4], "one of an object without pointers has none");
        assert_eq!(left(&finalized, &[2, 9]), [0, 1, 2, 3, 4], "one that is not there is passed over");
    }

    #[test]
    fn names_go_before_places_and_these_before_what_may_be_stale() {
        assert!(Naming::ALL.is_sorted());
        assert!(Naming::NamedRegister < Naming::Nameless && Naming::Nameless < Naming::Register);
    }
}
