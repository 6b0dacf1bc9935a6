//! What backing arrays tell of growth, from one core: whether an array took the place of a smaller one since the last collection, and where in
//! it that lies which came since.
//!
//! `append` puts a full array's elements into a larger one and drops the old (slice.go `growslice`). What was dropped since the last collection
//! is still there, as garbage: only a sweep frees it. So an array that came since, and of which a smaller one that nothing reaches
//! has the first words, has grown. A copy whose original was dropped looks the same.

use super::lives::Lives;
use crate::suspects::{holder_text, way};
use goheap_graph::TrieNode;
use goheap_model::{DominatorFrames, Graph, ObjectId, Part};
use serde::Serialize;
use std::cmp::Reverse;

/// Arrays of fewer references say nothing.
const FEWEST: usize = 32;
/// Of what came since, so many of a hundred lie behind all else where it was added at the end.
const AT_END: usize = 90;

/// A backing array into which something came since the last collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArrayAge {
    /// The array.
    #[serde(skip)]
    pub id: ObjectId,
    /// What holds it.
    pub holder: String,
    /// Its type.
    pub ty: String,
    /// Its bytes.
    pub bytes: u64,
    /// Those of the array whose place it took since the last collection; None where no such one is left, or it took nobody's.
    pub bytes_before: Option<u64>,
    /// The references in it that lead to objects.
    pub references: u64,
    /// Of these, to objects that came since the last collection.
    pub new: u64,
    /// Where these lie.
    pub lie: NewLie,
}

/// Where in an array references to new objects lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NewLie {
    /// There are none, or no others.
    #[default]
    Unclear,
    /// Behind the others: they were added.
    AtEnd,
    /// Among the others, as where elements are replaced.
    Among,
}

impl NewLie {
    /// In words; empty where nothing can be said.
    pub fn name(self) -> &'static str {
        match self {
            NewLie::Unclear => "",
            NewLie::AtEnd => "at the end",
            NewLie::Among => "among the old",
        }
    }
}

/// Reached backing arrays of which something came since the last collection, those of most new references first. `outgrown` says of arrays that came
/// themselves how many bytes those had whose place they took.
pub fn array_ages(
    graph: Graph<'_>,
    lives: &Lives,
    (frames, places): (&DominatorFrames, &[TrieNode]),
    outgrown: impl FnOnce(&[ObjectId]) -> Vec<Option<u64>>,
) -> Vec<ArrayAge> {
    let mut found = candidates(graph, lives);
    let young: Vec<ObjectId> = found.iter().map(|age| age.id).filter(|&id| lives.is_new(id)).collect();
    let mut before = outgrown(&young).into_iter();
    for age in found.iter_mut().filter(|age| lives.is_new(age.id)) {
        age.bytes_before = before.next().flatten();
    }
    // Of an array that came as a whole nothing is known but that.
    found.retain(|age| age.bytes_before.is_some() || (!lives.is_new(age.id) && age.new > 0));
    found.sort_by_key(|age| (Reverse(age.new), Reverse(age.bytes), age.id));
    let heap = graph.heap();
    for age in &mut found {
        let place = places.get(age.id.0 as usize).copied();
        age.holder = place.map_or_else(String::new, |place| holder_text(heap, frames, &way(frames, place)));
        age.ty = heap.family_text(heap.objects.slot(age.id));
    }
    found
}

fn candidates(graph: Graph<'_>, lives: &Lives) -> Vec<ArrayAge> {
    let heap = graph.heap();
    let is_array = |id: &u32| {
        graph.edges().targets(*id).len() >= FEWEST && heap.object_types.get(ObjectId(*id)).part() == Part::Elements
    };
    let of = |id: u32| {
        let targets = graph.edges().targets(id);
        let is_new = |&&target: &&u32| graph.object_of(target).is_some_and(|target| lives.is_new(target));
        let new = targets.iter().filter(is_new).count();
        let last = targets.iter().rev().take(new).filter(is_new).count();
        let lie = match () {
            () if new == 0 || new == targets.len() => NewLie::Unclear,
            () if last * 100 >= new * AT_END => NewLie::AtEnd,
            () => NewLie::Among,
        };
        ArrayAge {
            id: ObjectId(id),
            holder: String::new(),
            ty: String::new(),
            bytes: heap.objects.size(heap.objects.slot(ObjectId(id))),
            bytes_before: None,
            references: targets.len() as u64,
            new: new as u64,
            lie,
        }
    };
    let spans = heap.objects.spans().iter().zip(heap.objects.firsts());
    let wide = spans.filter(|(span, _)| span.has_pointers && span.slot_bytes >= 8 * FEWEST as u64);
    let reached = wide.flat_map(|(span, &first)| heap.reached.ones_in(first..first.saturating_add(span.slots)));
    reached.filter(is_array).map(of).filter(|age| age.new > 0 || lives.is_new(age.id)).collect()
}
