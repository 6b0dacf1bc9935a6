//! Who reaches an object first where a level is read in any order: each word has a number by its place in the queue, and of the words that
//! lead to an object the least number has it.

use super::scan::{Candidate, Detail};
use super::walk_plan::WordCode;
use crate::names::label_text::{Beyond, Entered};
use goheap_graph::{IdBitSet, SharedBitSet, TrieNode};
use goheap_model::ObjectType;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of what nothing claims.
const UNCLAIMED: u64 = u64::MAX;

/// What was claimed so far.
///
/// # Overhead
/// Eight bytes and a bit a slot.
pub(super) struct Claims {
    /// Of a slot that is claimed in this level the number of the word, and by which step; of one that is to be read the number that its
    /// first word has, and its frame: a half of the bits each. In chunks made by all threads: they may lie in what the
    /// allocator kept of what these threads had before (glibc keeps arenas by thread).
    chunks: Vec<Box<[AtomicU64]>>,
    len: u32,
    /// What is claimed in this level.
    claimed: SharedBitSet,
    /// What may not be claimed yet.
    pub(super) held_back: Option<IdBitSet>,
}

/// Slots of a chunk.
const CHUNK: u32 = 1 << 16;

/// Both halves of what a slot has.
fn packed(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

impl Claims {
    pub(super) fn new(slots: u32) -> Self {
        let starts: Vec<u32> = (0..slots).step_by(CHUNK as usize).collect();
        let chunk = |start: u32| (0..CHUNK.min(slots - start)).map(|_| AtomicU64::new(UNCLAIMED)).collect();
        let chunks = starts.into_par_iter().map(chunk).collect();
        let none = IdBitSet::with_room_for(slots);
        Claims { chunks, len: slots, claimed: SharedBitSet::of(&none), held_back: None }
    }

    #[inline]
    fn slot(&self, id: u32) -> Option<&AtomicU64> {
        self.chunks.get((id / CHUNK) as usize)?.get((id % CHUNK) as usize)
    }

    /// What the slot has: a number, and a step or a frame.
    #[inline]
    pub(super) fn get(&self, id: u32) -> (u32, u32) {
        let both = self.slot(id).map_or(UNCLAIMED, |slot| slot.load(Ordering::Relaxed));
        ((both >> 32) as u32, both as u32)
    }

    pub(super) fn set(&self, id: u32, high: u32, low: u32) {
        if let Some(slot) = self.slot(id) {
            slot.store(packed(high, low), Ordering::Relaxed);
        }
    }

    /// Claims a slot for a word; any number of threads may.
    #[inline]
    pub(super) fn claim(&self, id: u32, number: u32, step: u32) {
        let Some(slot) = self.slot(id) else { return };
        if slot.fetch_min(packed(number, step), Ordering::Relaxed) == UNCLAIMED {
            self.claimed.insert(id);
        }
    }

    /// What was claimed since that was last asked for.
    pub(super) fn take_claimed(&mut self) -> IdBitSet {
        let none = IdBitSet::with_room_for(self.len);
        std::mem::replace(&mut self.claimed, SharedBitSet::of(&none)).into_set()
    }
}

/// A step down the tree that has not been taken yet.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) candidate: Candidate,
    pub(super) detail: Option<Detail>,
}

/// What tells one step from another: the frame, the code, what the target tells, and what the word does.
type StepKey = (TrieNode, WordCode, Beyond, Option<(u64, ObjectType, Entered)>);

/// Steps that are remembered beside the table of all.
const MEMO: usize = 1 << 10;

/// The steps that one thread met, which are numbered beside those of others.
pub(super) struct Steps {
    known: FxHashMap<StepKey, u32>,
    memo: Box<[Option<(StepKey, u32)>]>,
    pub(super) steps: Vec<Step>,
}

impl Default for Steps {
    fn default() -> Self {
        Steps { known: FxHashMap::default(), memo: vec![None; MEMO].into(), steps: Vec::new() }
    }
}

impl Steps {
    /// The number of a step among those of this thread.
    #[inline]
    pub(super) fn number(&mut self, candidate: &Candidate, detail: Option<&Detail>) -> u32 {
        let &Candidate { node, code, beyond, .. } = candidate;
        let key = (node, code, beyond, detail.map(|detail| (detail.dynamic, detail.found, detail.entered)));
        let place = spread(candidate, detail) % MEMO;
        match self.memo[place] {
            Some((known, number)) if known == key => number,
            _ => self.find(key, place, candidate, detail),
        }
    }

    fn find(&mut self, key: StepKey, place: usize, candidate: &Candidate, detail: Option<&Detail>) -> u32 {
        let next = self.steps.len() as u32;
        let step = Step { candidate: *candidate, detail: detail.copied() };
        // Where no plan was made, a label depends on the very word.
        if key.1 == WordCode::UNPLANNED {
            self.steps.push(step);
            return next;
        }
        let number = match self.known.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                self.steps.push(step);
                *unknown.insert(next)
            }
        };
        self.memo[place] = Some((key, number));
        number
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.steps.clear();
        self.memo.fill(None);
    }
}

/// A number that mostly tells two steps apart.
#[inline]
fn spread(candidate: &Candidate, detail: Option<&Detail>) -> usize {
    let &Candidate { node, code, beyond, .. } = candidate;
    let spread = node.index().wrapping_mul(0x9e37_79b1) ^ beyond.number().wrapping_mul(0x85eb_ca6b) as usize;
    let dynamic = detail.map_or(0, |detail| (detail.dynamic >> 5) as usize);
    spread ^ dynamic ^ code.number() as usize
}

/// A word that leads to what is held back: its number, its step, the object.
pub(super) type HeldBack = (u32, u32, u32);

/// What one thread claims with.
pub(super) struct Claimant {
    pub(super) steps: Steps,
    pub(super) held_back: Vec<HeldBack>,
    /// Which of how many threads it is.
    place: u32,
    of: u32,
}

impl Claimant {
    pub(super) fn new(place: u32, of: u32) -> Self {
        Claimant { steps: Steps::default(), held_back: Vec::new(), place, of }
    }

    /// The number of a step among those of all threads.
    #[inline]
    pub(super) fn step(&mut self, candidate: &Candidate, detail: Option<&Detail>) -> u32 {
        self.steps.number(candidate, detail).wrapping_mul(self.of).wrapping_add(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::PathTrie;

    #[test]
    fn the_least_number_has_the_slot() {
        let mut claims = Claims::new(100);
        for (id, number, step) in [(70, 9, 1), (70, 4, 3), (70, 5, 2), (3, 1, 1), (200, 0, 0)] {
            claims.claim(id, number, step);
        }
        assert_eq!((claims.get(70), claims.get(3)), ((4, 3), (1, 1)));
        assert!(claims.take_claimed().iter_ones().eq([3, 70]));
        claims.claim(70, 2, 0);
        assert_eq!(claims.take_claimed().count(), 0, "it is no longer new");
    }

    #[test]
    fn equal_steps_are_one_but_for_words_without_a_plan() {
        let candidate = |code| Candidate { target: 0, span: 0, node: PathTrie::ROOT, code, beyond: Beyond::Nothing };
        let (mut steps, detail) = (Steps::default(), Detail::default());
        assert_eq!(steps.number(&candidate(WordCode::UNTYPED), None), 0);
        assert_eq!(steps.number(&candidate(WordCode::STAY), None), 1);
        assert_eq!(steps.number(&candidate(WordCode::UNTYPED), None), 0);
        assert_eq!(steps.number(&candidate(WordCode::UNPLANNED), Some(&detail)), 2);
        assert_eq!(steps.number(&candidate(WordCode::UNPLANNED), Some(&detail)), 3);
        assert_eq!(steps.number(&candidate(WordCode::UNTYPED), Some(&Detail { dynamic: 5, ..detail })), 4);
    }
}
