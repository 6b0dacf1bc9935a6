//! What backing arrays tell of growth, from one core: whether an array took the place of a smaller one since the last collection, and where in
//! it that lies which came since.
//!
//! `append` puts a full array's elements into a larger one and drops the old (slice.go `growslice`). What was dropped since the last collection
//! is still there, as garbage: only a sweep frees it. So an array that came since, and of which a smaller one that nothing reaches
//! has the first words, has grown. A copy whose original was dropped looks the same.

use super::lives::Lives;
use crate::frame_parts::frame_at;
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
        age.holder =
            frame_at(places, age.id).map_or_else(String::new, |place| holder_text(heap, frames, &way(frames, place)));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diff::since_collection;
    use goheap_graph::PathTrie;
    use goheap_model::{Evidence, HeapBuilder, SpanSweep, Sweeps, Unobserved};

    const BYTES: u64 = 512;

    /// What is told of an array of so many references of which those at `new` came since the last collection, as it did itself where `came`.
    fn told(references: usize, new: &[usize], came: bool, before: Option<u64>) -> Option<(u64, Option<u64>, NewLie)> {
        let mut heap = HeapBuilder::default();
        let array = heap.part("main.T", BYTES, Part::Elements, Evidence::Exact);
        heap.variable("main.list []*main.T", array);
        let mut sweeps = Sweeps { generation: 10, ..Sweeps::default() };
        if !came {
            sweeps.kept.insert(array.0);
        }
        for at in 0..references {
            let element = heap.object("main.T", 16);
            heap.refer(array, element);
            if !new.contains(&at) {
                sweeps.kept.insert(element.0);
            }
        }
        sweeps.spans = vec![SpanSweep::Swept; references + 1];
        let heap = heap.build().unwrap();
        let graph = Graph::new(&heap).unwrap();
        let tree = graph.dominators(&Unobserved).unwrap();
        let frames = (&DominatorFrames::default(), &[PathTrie::ROOT; 1][..]);
        let lives = since_collection((graph, &tree), frames, &sweeps).lives;
        let outgrown = |arrays: &[ObjectId]| {
            assert_eq!(arrays.contains(&array), came);
            vec![before; arrays.len()]
        };
        let found = array_ages(graph, &lives, frames, outgrown);
        found.first().map(|age| (age.new, age.bytes_before, age.lie))
    }

    #[test]
    fn what_was_added_lies_at_the_end() {
        assert_eq!(told(40, &[37, 38, 39], false, None), Some((3, None, NewLie::AtEnd)));
        assert_eq!(told(40, &[3, 20, 31], false, None), Some((3, None, NewLie::Among)));
        assert_eq!(told(40, &[0, 38, 39], false, None), Some((3, None, NewLie::Among)));
        let all: Vec<usize> = (0..40).collect();
        assert_eq!(told(40, &all, false, None), Some((40, None, NewLie::Unclear)));
        assert_eq!(told(40, &[], false, None), None, "nothing came into it");
        assert_eq!(told(FEWEST - 1, &[FEWEST - 2], false, None), None, "too few to say anything");
    }

    #[test]
    fn an_array_that_came_has_grown_if_a_smaller_one_is_left() {
        assert_eq!(told(40, &[39], true, Some(256)), Some((1, Some(256), NewLie::AtEnd)));
        assert_eq!(told(40, &[], true, Some(256)), Some((0, Some(256), NewLie::Unclear)));
        assert_eq!(told(40, &[39], true, None), None, "made as it is, or copied from what lives on");
    }
}
