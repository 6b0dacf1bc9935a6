//! What is kept of one core to be held against another.

use crate::histogram::{Grouping, Histogram, Selection, histogram};
use goheap_model::{DominatorFrames, Heap, ProcessMark, Share};
use serde::Serialize;

/// Something by its name, and how much of it there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NamedCount {
    /// What it is called, in any core of the program.
    pub name: String,
    /// How much.
    pub share: Share,
}

/// A core's heap by names, without its objects.
///
/// # Overhead
/// That of [`DominatorFrames`], and some 50 bytes a type, package, place of goroutines and line that allocated.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    /// Whose core it is, and of when.
    pub mark: ProcessMark,
    /// What roots reach.
    pub reachable: Share,
    /// What they do not.
    pub unreachable: Share,
    /// What roots reach, by type; the insides of a map are the map.
    pub types: Vec<NamedCount>,
    /// The same by package of the type.
    pub packages: Vec<NamedCount>,
    /// The dominator tree.
    pub frames: DominatorFrames,
    /// Goroutines by where they stand, each an object of no bytes.
    pub goroutines: Vec<NamedCount>,
    /// What sampled objects stand for, by the line that allocated them.
    pub sites: Vec<NamedCount>,
}

impl Moment {
    /// Of a heap and its dominator tree; goroutines and lines that allocated are for who can read them.
    pub fn of(mark: ProcessMark, heap: &Heap, frames: DominatorFrames) -> Self {
        Moment {
            mark,
            reachable: heap.totals.reachable(),
            unreachable: heap.totals.unreachable,
            types: counts(heap, Grouping::Whole),
            packages: counts(heap, Grouping::Package),
            frames,
            goroutines: Vec::new(),
            sites: Vec::new(),
        }
    }
}

/// What roots reach of a heap, by name.
pub(super) fn counts(heap: &Heap, grouping: Grouping) -> Vec<NamedCount> {
    named(histogram(heap, grouping, Selection::Reachable, |_| true))
}

fn named(histogram: Histogram) -> Vec<NamedCount> {
    histogram.rows.into_iter().map(|row| NamedCount { name: row.name, share: row.share }).collect()
}
