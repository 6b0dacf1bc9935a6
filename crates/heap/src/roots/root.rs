//! Roots: the words from which the collector starts, each with a name.

use crate::absent::Absent;
use crate::infer::Proposal;
use crate::referred::RootWindow;
use crate::samples::Samples;
use goheap_graph::TrieNode;
use rustc_hash::FxHashMap;

/// The order in which roots claim what they reach: what a package variable reaches is charged to it, a goroutine only with what
/// nothing steadier holds, and what collections empty with what nothing else holds at all.
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

/// How well a root is named. Within a class, better named roots claim all that they reach before others begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What was met while collecting roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootCounts {
    /// Words of data and bss that are pointers by their masks.
    pub variable_words: u64,
    /// Words of data and bss that are absent from the core.
    pub absent_words: u64,
    /// Sections of variables whose masks are absent, or not built yet: every word of theirs that looks like a pointer is a root.
    pub unbuilt_masks: u64,
    /// Stacks that were walked to their top.
    pub whole_stacks: u64,
    /// Stacks whose walk ended early.
    pub broken_stacks: u64,
    /// Frames that should have a stack map and have none.
    pub untyped_frames: u64,
}

/// Goroutines by stack: those with the same program counters in all frames are of one group, as in the runtime's goroutine
/// profile, until [`StackGroups::merge`] puts together what reads the same.
///
/// # Overhead
/// Four bytes a goroutine; 24 and 8 a frame for each different stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackGroups {
    /// By index of the goroutine; [`StackGroups::NONE`] of those that are not alive.
    pub(crate) of_goroutine: Vec<u32>,
    by_stack: FxHashMap<Box<[u64]>, u32>,
    /// How many there are, once they are merged.
    merged: Option<u32>,
}

impl StackGroups {
    pub(crate) const NONE: u32 = u32::MAX;

    /// Puts the goroutine with that index into the group of its stack, which has these program counters.
    pub(crate) fn add(&mut self, goroutine: usize, stack: impl Iterator<Item = u64>) {
        let next = self.by_stack.len() as u32;
        let group = *self.by_stack.entry(stack.collect()).or_insert(next);
        if self.of_goroutine.len() <= goroutine {
            self.of_goroutine.resize(goroutine + 1, Self::NONE);
        }
        self.of_goroutine[goroutine] = group;
    }

    /// The group of the goroutine with that index; None of one that is not alive.
    pub(crate) fn of(&self, goroutine: u32) -> Option<u32> {
        self.of_goroutine.get(goroutine as usize).copied().filter(|&group| group != Self::NONE)
    }

    /// The indexes of the goroutines of a group, in order.
    pub(crate) fn members(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.of_goroutine).filter(move |(_, of)| **of == group).map(|(goroutine, _)| goroutine)
    }

    /// Number of groups.
    pub(crate) fn len(&self) -> u32 {
        self.merged.unwrap_or(self.by_stack.len() as u32)
    }

    /// Groups of which `key` says the same become one. It is given the program counters and a member's index, for each stack
    /// and creator once, and `creator` of every goroutine.
    pub(crate) fn merge<K: Eq + std::hash::Hash>(
        &mut self,
        creator: impl Fn(u32) -> u64,
        mut key: impl FnMut(&[u64], u32) -> K,
    ) {
        let mut stacks: Vec<&[u64]> = vec![&[]; self.by_stack.len()];
        for (stack, &group) in &self.by_stack {
            stacks[group as usize] = stack;
        }
        let (mut of_pair, mut of_key) = (FxHashMap::default(), FxHashMap::default());
        for (group, goroutine) in self.of_goroutine.iter_mut().zip(0..).filter(|(group, _)| **group != Self::NONE) {
            let stack = stacks[*group as usize];
            *group = *of_pair.entry((*group, creator(goroutine))).or_insert_with(|| {
                let next = of_key.len() as u32;
                *of_key.entry(key(stack, goroutine)).or_insert(next)
            });
        }
        self.merged = Some(of_key.len() as u32);
        self.by_stack = FxHashMap::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_read_the_same_become_one_group() {
        let mut groups = StackGroups::default();
        for (goroutine, stack) in [(0, [1, 2]), (1, [3, 4]), (2, [1, 2]), (4, [5, 6]), (5, [1, 2])] {
            groups.add(goroutine, stack.into_iter());
        }
        assert_eq!(groups.len(), 3);
        // 1 and 3 stand on one line; the last goroutine was made elsewhere.
        let line = |stack: &[u64], goroutine: u32| (stack[0] % 4 == 1, stack[0] == 3, goroutine == 5);
        groups.merge(
            |goroutine| u64::from(goroutine == 5),
            |stack, goroutine| {
                let (a, b, made) = line(stack, goroutine);
                (a || b, made)
            },
        );
        assert_eq!(groups.len(), 2);
        assert_eq!(
            (groups.of(0), groups.of(1), groups.of(3), groups.of(4), groups.of(5)),
            (Some(0), Some(0), None, Some(0), Some(1))
        );
        assert_eq!(groups.members(0).collect::<Vec<_>>(), [0, 1, 2, 4]);
    }
}
