//! Pointers that the core lacks. What nothing else leads to may hang on them, so it cannot be called garbage.
//!
//! Words count where the collector would have read them: in roots and in what roots reach. What an absent word held is not known, not
//! even of what type: so if one such word is absent, everything that was not reached is not known to be unreachable, but for what
//! the runtime itself found dead (`HeapSnapshot::standing`).

use crate::objects::table::ObjectTable;
use goheap_graph::IdBitSet;
use goheap_model::Unreached;
use goheap_model::{ObjectId, RootClass};
use goheap_runtime::{RuntimeModel, Span, SweepState};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Who holds words that are absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AbsentHolder {
    /// A package variable: its name, or that of its section, and where the first absent word lies.
    Variable(u64, String),
    /// The stack of the goroutine with that index in the model.
    Goroutine(u32),
    /// An object that a root reaches.
    Object(ObjectId),
}

/// The words that one holder lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentOf {
    /// Who holds them.
    pub holder: AbsentHolder,
    /// The class of the root that it is, or that reaches it first.
    pub class: RootClass,
    /// How many: pointers by the collector's masks, or words that may be where the masks are absent too.
    pub words: u64,
}

/// What one class of roots lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentSum {
    /// Words in the roots themselves.
    pub root_words: u64,
    /// Words in objects that the class reaches first.
    pub object_words: u64,
    /// How many objects that are.
    pub objects: u64,
}

impl AbsentSum {
    /// Words in all.
    pub fn words(&self) -> u64 {
        self.root_words + self.object_words
    }
}

/// What is absent of the pointers from which, and through which, objects are reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Absent {
    /// By class, in the order of [`RootClass::ALL`].
    pub by_class: [AbsentSum; RootClass::ALL.len()],
    /// Those that lack most, at most [`Absent::SHOWN`] of each kind of holder.
    pub most: Vec<AbsentOf>,
    /// Spans whose record is absent: what is in them is not counted as allocated and may lead anywhere.
    pub spans: u64,
    /// Goroutines whose record is absent, and with it their stack; 1 where the list of them is.
    pub goroutines: u64,
    /// 1 if a module's record is absent, and with it its variables.
    pub modules: u64,
    /// The goroutines whose stacks lack words, ascending.
    pub(crate) stacks: Vec<u32>,
    /// The objects that lack words.
    #[serde(skip)]
    pub(crate) objects: IdBitSet,
}

impl Absent {
    /// How many holders are named.
    pub const SHOWN: usize = 5;

    /// Words in all.
    pub fn words(&self) -> u64 {
        self.by_class.iter().map(AbsentSum::words).sum()
    }

    /// True if anything is absent that may have led to an object.
    pub fn is_any(&self) -> bool {
        self.words() > 0 || self.is_unbounded()
    }

    /// True if a word is absent that a walk may pass which marks these objects, and the stacks of these goroutines.
    pub(crate) fn is_met(&self, is_marked: impl Fn(u32) -> bool, counts: impl Fn(u32) -> bool) -> bool {
        let of_stacks = RootClass::Goroutines as usize;
        let others = self.by_class.iter().enumerate().any(|(class, sum)| class != of_stacks && sum.root_words > 0);
        let stacks = || self.stacks.iter().any(|&goroutine| counts(goroutine));
        self.is_unbounded() || others || stacks() || self.objects.iter_ones().any(is_marked)
    }

    /// True if whole records are absent, so that it is not known how many words are.
    pub(crate) fn is_unbounded(&self) -> bool {
        self.spans > 0 || self.goroutines > 0 || self.modules > 0
    }

    pub(crate) fn add_root(&mut self, holder: AbsentHolder, class: RootClass, words: u64) {
        self.by_class[class as usize].root_words += words;
        if let AbsentHolder::Goroutine(goroutine) = holder {
            self.stacks.push(goroutine);
        }
        self.note(AbsentOf { holder, class, words });
    }

    /// Records of the runtime that keep objects, such as finalizers.
    pub(crate) fn add_records(&mut self, words: u64) {
        self.by_class[RootClass::Other as usize].root_words += words;
    }

    pub(crate) fn add_object(&mut self, id: ObjectId, class: RootClass, words: u64) {
        if !self.objects.insert(id.0) {
            return;
        }
        let sum = &mut self.by_class[class as usize];
        (sum.object_words, sum.objects) = (sum.object_words + words, sum.objects + 1);
        self.note(AbsentOf { holder: AbsentHolder::Object(id), class, words });
    }

    /// Keeps it if few of its kind lack more; of those that lack as much, the first in order.
    fn note(&mut self, one: AbsentOf) {
        let kind = std::mem::discriminant(&one.holder);
        let is_before = |other: &AbsentOf| (Reverse(other.words), &other.holder) < (Reverse(one.words), &one.holder);
        let at = self.most.partition_point(is_before);
        self.most.insert(at, one);
        let mut of_kind = 0;
        self.most.retain(|other| {
            of_kind += usize::from(std::mem::discriminant(&other.holder) == kind);
            std::mem::discriminant(&other.holder) != kind || of_kind <= Self::SHOWN
        });
    }
}

/// What of the objects that no word leads to is known. In a span that waits to be swept, what the last collection did not mark is garbage: the
/// runtime read every word.
pub(crate) fn unreached(model: &RuntimeModel<'_>, objects: &ObjectTable<'_, '_>, absent: &Absent) -> Unreached {
    let (lacks, mut dead) = (absent.is_any(), IdBitSet::default());
    let waiting = |(_, span): &(usize, &Span<'_>)| lacks && span.sweep == SweepState::NeedsSweep;
    for (index, span) in model.heap.spans.iter().enumerate().filter(waiting) {
        let Some(marks) = span.marks(model.memory()) else { continue };
        let unmarked = objects.allocated_of(index as u32).filter(|slot| !marks.get(slot.slot as usize));
        unmarked.for_each(|slot| _ = dead.insert(slot.id.0));
    }
    Unreached { lacks, dead }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_lack_most_are_named_and_each_object_counts_once() {
        let mut absent = Absent { objects: IdBitSet::with_room_for(64), ..Absent::default() };
        assert!(!absent.is_any());
        for id in (0..20).chain(0..20) {
            absent.add_object(ObjectId(id), RootClass::Variables, u64::from(id % 7) + 1);
        }
        absent.add_root(AbsentHolder::Goroutine(3), RootClass::Goroutines, 6);
        let named: Vec<(u64, AbsentHolder)> = absent.most.iter().map(|one| (one.words, one.holder.clone())).collect();
        let object = |id| AbsentHolder::Object(ObjectId(id));
        assert_eq!(
            named,
            [
                (7, object(6)),
                (7, object(13)),
                (6, AbsentHolder::Goroutine(3)),
                (6, object(5)),
                (6, object(12)),
                (6, object(19)),
            ]
        );
        let sum = absent.by_class[RootClass::Variables as usize];
        assert_eq!((sum.objects, sum.words()), (20, 77));
        assert_eq!((absent.words(), absent.stacks), (83, vec![3]));
    }

    #[test]
    fn a_walk_meets_what_is_absent_where_it_comes_by() {
        let mut absent = Absent { objects: IdBitSet::with_room_for(64), ..Absent::default() };
        assert!(!absent.is_met(|_| true, |_| true));
        absent.add_object(ObjectId(5), RootClass::Variables, 1);
        assert!(absent.is_met(|id| id == 5, |_| false) && !absent.is_met(|id| id == 6, |_| false));
        let mut stack = Absent::default();
        stack.add_root(AbsentHolder::Goroutine(3), RootClass::Goroutines, 2);
        assert!(stack.is_met(|_| false, |goroutine| goroutine == 3), "its stack counts");
        assert!(!stack.is_met(|_| false, |goroutine| goroutine != 3));
        let mut variable = Absent::default();
        variable.add_root(AbsentHolder::Variable(8, "main.x".into()), RootClass::Variables, 1);
        assert!(variable.is_met(|_| false, |_| false), "every walk begins at variables");
        let records = Absent { modules: 1, ..Absent::default() };
        assert!(records.is_any() && records.is_met(|_| false, |_| false), "nobody knows where whole records led");
    }

    #[test]
    fn words_of_records_count_and_name_nobody() {
        let mut absent = Absent::default();
        absent.add_records(4);
        assert_eq!((absent.words(), absent.most.len()), (4, 0));
        assert_eq!(absent.by_class[RootClass::Other as usize].root_words, 4);
    }
}
