//! Some of the many that a count counts, so that it can be traced: the first, or the largest; the same at any number of threads.

use goheap_model::ObjectId;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

use goheap_model::SHOWN;

/// The runtime's name of a struct. Those of what a snapshot counts are never kept in a file.
type RecordName = &'static str;

/// One of those that a count counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sample {
    /// An object.
    Object(ObjectId),
    /// A word, at its address.
    Word(u64),
    /// A root: what it holds, and its name.
    Root(u64, String),
    /// The goroutine with that index in the model.
    Goroutine(u32),
    /// A struct of the runtime, at its address.
    #[serde(skip)]
    Record(u64, RecordName),
}

/// The largest objects that were noted, of as many bytes those of lower number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Largest(Vec<(Reverse<u64>, u32)>);

impl Largest {
    pub(crate) fn note(&mut self, bytes: u64, id: u32) {
        let one = (Reverse(bytes), id);
        let at = self.0.partition_point(|other| *other < one);
        if at < SHOWN {
            self.0.insert(at, one);
            self.0.truncate(SHOWN);
        }
    }

    pub(crate) fn add(&mut self, other: Largest) {
        other.0.into_iter().for_each(|(bytes, id)| self.note(bytes.0, id));
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.0.iter().map(|&(_, id)| Sample::Object(ObjectId(id))).collect()
    }
}

/// Samples of what a snapshot counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// Goroutines whose stacks were not walked to their top.
    pub broken_stacks: Vec<Sample>,
    /// Goroutines with frames that lack their stack map.
    pub untyped_frames: Vec<Sample>,
    /// Roots that lead to free slots.
    pub roots_to_free: Vec<Sample>,
    /// Objects with pointers that their type does not explain.
    pub unexplained: Vec<Sample>,
    /// Objects that two types fit.
    pub conflicts: Vec<Sample>,
    /// The largest reachable objects without a type.
    pub untyped: Vec<Sample>,
    /// The largest whose type is told by their shape alone.
    pub guessed: Vec<Sample>,
}

impl Samples {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sample> {
        let Samples { broken_stacks, untyped_frames, roots_to_free, unexplained, conflicts, untyped, guessed } = self;
        [broken_stacks, untyped_frames, roots_to_free, unexplained, conflicts, untyped, guessed].into_iter().flatten()
    }
}

/// Keeps a sample if few were before.
pub(crate) fn keep(samples: &mut Vec<Sample>, sample: impl FnOnce() -> Sample) {
    if samples.len() < SHOWN {
        samples.push(sample());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_in_any_order_of_noting() {
        let mut largest = Largest::default();
        (0..9).for_each(|id| largest.note(u64::from(id % 3), id));
        let mut other = Largest::default();
        other.note(7, 100);
        other.add(largest);
        assert_eq!(other.samples(), [100, 2, 5, 8, 1].map(|id| Sample::Object(ObjectId(id))));
    }
}
