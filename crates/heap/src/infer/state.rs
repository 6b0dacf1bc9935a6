//! What is known of each slot in one word, so that one load tells all that following a pointer asks of its target.

use crate::objects::table::ObjectTable;
use goheap_graph::{IdBitSet, SharedBitSet};
use goheap_model::{ObjectId, ObjectType, ObjectTypes};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// The type of a slot, and how far it was marked and followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u32);

/// Set in every slot that is handed out.
const ALLOCATED: u32 = 1 << 25;
/// A root reaches it.
const REACHED: u32 = 1 << 24;
/// A runtime's record that only the runtime's roots may claim.
const RESERVED: u32 = 1 << 23;
/// It was followed after it was reached.
const FOLLOWED: u32 = 1 << 22;
/// It is to be followed, for the first time or because its type changed.
const PENDING: u32 = 1 << 21;

const _: () = assert!(ALLOCATED | REACHED | RESERVED | FOLLOWED | PENDING == ObjectType::FREE_BITS);

impl State {
    /// Of what is no slot, or a free one.
    pub(super) const FREE: State = State(0);

    #[inline]
    pub(super) fn is_free(self) -> bool {
        self == Self::FREE
    }

    #[inline]
    pub(super) fn object(self) -> ObjectType {
        ObjectType::from_bits(self.0 & !ObjectType::FREE_BITS)
    }

    #[inline]
    pub(super) fn is_reached(self) -> bool {
        self.0 & REACHED != 0
    }

    #[inline]
    pub(super) fn is_reserved(self) -> bool {
        self.0 & RESERVED != 0
    }

    #[inline]
    pub(super) fn is_pending(self) -> bool {
        self.0 & PENDING != 0
    }

    /// True if it is reached and what it leads to was not marked yet.
    #[inline]
    pub(super) fn is_unmarked(self) -> bool {
        self.0 & (REACHED | FOLLOWED) == REACHED
    }

    /// True if what it leads to was marked before.
    #[inline]
    pub(super) fn was_followed(self) -> bool {
        self.0 & FOLLOWED != 0
    }

    #[must_use]
    #[inline]
    pub(super) fn with_object(self, object: ObjectType) -> Self {
        State(self.0 & ObjectType::FREE_BITS | object.to_bits())
    }

    #[must_use]
    #[inline]
    pub(super) fn reached(self) -> Self {
        State(self.0 | REACHED)
    }

    #[must_use]
    #[inline]
    pub(super) fn pending(self, is_pending: bool) -> Self {
        State(self.0 | if is_pending { PENDING } else { 0 })
    }

    /// Taken up to be followed.
    #[must_use]
    pub(super) fn followed(self) -> Self {
        State(self.0 & !PENDING | if self.is_reached() { FOLLOWED } else { 0 })
    }
}

/// The state of every slot, which threads share.
///
/// # Overhead
/// Four bytes a slot.
pub(super) struct States {
    words: Vec<AtomicU32>,
    /// Slots whose type changed since this is watched.
    changed: SharedBitSet,
}

/// Slots that are compared at once.
const ALIKE: usize = 16;
/// Slots to a word of a set.
const STEP: usize = u64::BITS as usize;

impl States {
    /// Nothing is known of any allocated slot.
    pub(super) fn new(objects: &ObjectTable<'_, '_>) -> Self {
        let allocated = objects.allocated_ids();
        let state = |id| AtomicU32::new(if allocated.contains(id) { ALLOCATED } else { 0 });
        let words = (0..objects.len()).into_par_iter().map(state).collect();
        States { words, changed: SharedBitSet::default() }
    }

    /// Watches which types change from now on; those that did since that was last asked for.
    pub(super) fn watch(&mut self) -> SharedBitSet {
        let none = IdBitSet::with_room_for(self.len());
        std::mem::replace(&mut self.changed, SharedBitSet::of(&none))
    }

    /// Counts the slot among those that changed, if that is watched.
    #[inline]
    pub(super) fn note_changed(&self, id: ObjectId) {
        self.changed.insert(id.0);
    }

    pub(super) fn len(&self) -> u32 {
        self.words.len() as u32
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> State {
        State(self.words[id as usize].load(Ordering::Relaxed))
    }

    /// Puts a state in the place of `old`; false if it is another by now.
    #[inline]
    pub(super) fn replace(&self, id: u32, old: State, new: State) -> bool {
        self.note_changed(ObjectId(id));
        self.words[id as usize].compare_exchange(old.0, new.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Puts what `new` makes of the state in its place; the state before, unless `new` left it.
    pub(super) fn update(&self, id: ObjectId, mut new: impl FnMut(State) -> Option<State>) -> Option<State> {
        let mut is_other = false;
        let update = |bits| {
            let state = new(State(bits))?;
            is_other = state.object() != State(bits).object();
            Some(state.0)
        };
        let before = self.words[id.0 as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, update).ok();
        if is_other {
            self.note_changed(id);
        }
        before.map(State)
    }

    /// Gives a slot its type while nobody else changes the slot.
    pub(super) fn settle(&self, id: ObjectId, object: ObjectType) {
        let word = &self.words[id.0 as usize];
        let state = State(word.load(Ordering::Relaxed));
        if state.object() != object {
            word.store(state.with_object(object).0, Ordering::Relaxed);
            self.note_changed(id);
        }
    }

    /// Marks a slot as reached and, where that is wanted, to be followed; the state before.
    #[inline]
    pub(super) fn reach(&self, id: u32, is_pending: bool) -> State {
        State(self.words[id as usize].fetch_or(State(0).reached().pending(is_pending).0, Ordering::Relaxed))
    }

    pub(super) fn reserve(&self, id: ObjectId) {
        self.words[id.0 as usize].fetch_or(RESERVED, Ordering::Relaxed);
    }

    /// Takes a pending slot to be followed, for which nobody else may; the state before.
    pub(super) fn take(&self, id: u32, with_unreached: bool) -> Option<State> {
        let word = &self.words[id as usize];
        let state = State(word.load(Ordering::Relaxed));
        let takes = state.is_pending() && (with_unreached || state.is_reached());
        takes.then(|| word.store(state.followed().0, Ordering::Relaxed)).map(|()| state)
    }

    /// The slots of the range that are handed out, with their types, in order.
    #[inline]
    pub(super) fn allocated_in(&self, range: Range<u32>) -> impl Iterator<Item = (u32, ObjectType)> + '_ {
        let words = self.words[range.start as usize..range.end as usize].iter().zip(range);
        let state = |(word, id): (&AtomicU32, u32)| (id, State(word.load(Ordering::Relaxed)));
        words.map(state).filter(|(_, state)| !state.is_free()).map(|(id, state)| (id, state.object()))
    }

    /// Visits the slots of the range that are handed out, in order, but for those of the type that `visit` said last, if it said one:
    /// neighbours are mostly alike.
    pub(super) fn unlike_in(&self, range: Range<u32>, mut visit: impl FnMut(u32, ObjectType) -> Option<ObjectType>) {
        let words = &self.words[range.start as usize..range.end as usize];
        let (mut at, mut passed) = (0, None);
        // Where neighbours are of many types, it is not tried at each of them.
        let mut next_try = 0;
        while let Some(word) = words.get(at) {
            let state = State(word.load(Ordering::Relaxed));
            if !state.is_free() && passed != Some(state.object()) {
                passed = visit(range.start + at as u32, state.object()).or(passed);
            }
            at += 1;
            let Some(passed) = passed.map(ObjectType::to_bits).filter(|_| at >= next_try) else { continue };
            let is_passed = |word: &AtomicU32| {
                let state = State(word.load(Ordering::Relaxed));
                state.is_free() | (state.object().to_bits() == passed)
            };
            // All of some at once: a branch for each would cost more than the comparison.
            let are_passed = |words: &[AtomicU32]| words.iter().fold(true, |all, word| all & is_passed(word));
            while words.get(at..at + ALIKE).is_some_and(are_passed) {
                at += ALIKE;
            }
            next_try = at + ALIKE;
        }
    }

    /// What is reached.
    pub(super) fn reached(&self) -> IdBitSet {
        let word_of = |words: &[AtomicU32]| {
            let bit = |state: &AtomicU32| u64::from(State(state.load(Ordering::Relaxed)).is_reached());
            words.iter().rev().fold(0, |bits, state| bits << 1 | bit(state))
        };
        IdBitSet::from_words(self.words.par_chunks(STEP).map(word_of).collect())
    }

    /// The types alone.
    pub(super) fn into_types(self) -> ObjectTypes {
        let bits = |word: AtomicU32| State(word.into_inner()).object().to_bits();
        ObjectTypes::from_bits(self.words.into_iter().map(bits).collect::<Vec<u32>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{Evidence, Part, TypeId};

    #[test]
    fn what_is_like_the_last_is_passed_over() {
        let object = |ty| ObjectType::new(Part::Value, TypeId(ty), Evidence::Exact);
        let state = |ty| State(ALLOCATED | REACHED).with_object(object(ty)).0;
        let mut states = vec![state(1); 100];
        (states[3], states[40], states[41], states[99]) = (0, state(2), state(3), state(2));
        let states =
            States { words: states.into_iter().map(AtomicU32::new).collect(), changed: SharedBitSet::default() };
        let visited = |range: Range<u32>, passes: &[u32]| {
            let mut visited = Vec::new();
            states.unlike_in(range, |id, found| {
                visited.push(id);
                passes.iter().any(|&ty| found == object(ty)).then_some(found)
            });
            visited
        };
        assert_eq!(visited(0..100, &[1]), [0, 40, 41, 99]);
        assert_eq!(visited(38..100, &[1, 2]), [38, 40, 41, 42, 99], "the last that was said");
        assert_eq!(visited(0..6, &[]), [0, 1, 2, 4, 5], "none was said, and one is free");
    }
}
