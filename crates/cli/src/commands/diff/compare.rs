//! The last core held against those before it.

use super::related;
use super::take::{Taken, Wanted, taken, with_graph};
use crate::args::Input;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use goheap_ask::diff::{
    LifeCounts, Lives, MergedFrames, Moment, OldObjects, ProcessMark, Relation, Staying, lives, staying,
};
use goheap_heap::references::ReferenceGraph;
use goheap_model::{DominatorFrames, Heap, Observer, Share, Sweeps};
use rustc_hash::FxHashMap;

/// Two cores, and those between them.
pub(super) struct Comparison {
    pub(super) relation: Relation,
    /// In order; at least two.
    pub(super) moments: Vec<Moment>,
    pub(super) merged: MergedFrames,
    /// What is the same, where the process is.
    pub(super) objects: Option<Objects>,
    /// The reference trees of the first and the last as one, where that is drawn.
    pub(super) tree: Option<MergedFrames>,
    /// Of the last heap what names need: its types and packages.
    pub(super) names: Heap,
}

/// What became of objects.
pub(super) struct Objects {
    pub(super) counts: LifeCounts,
    pub(super) by_type: FxHashMap<String, LifeCounts>,
    pub(super) staying: Share,
    pub(super) collections: Option<u32>,
}

impl Comparison {
    /// Takes the last core.
    pub(super) fn of(input: &Input, mut earlier: Vec<Taken>, wanted: Wanted) -> Result<Self, Failure> {
        let mark = |taken: Option<&Taken>| taken.map(|taken| taken.moment.mark.clone()).unwrap_or_default();
        let (first, latest) = (mark(earlier.first()), mark(earlier.last()));
        let old = earlier.first_mut().and_then(|taken| taken.objects.take());
        let check = |mark: &ProcessMark| related(&latest, mark).map(drop);
        with_graph(input, wanted, check, |graph, watch| {
            let births = graph.snapshot().births(watch)?;
            let tree = graph.data().dominators(watch)?;
            let (frames, places) = graph.frames_with_places(&tree, &births, watch)?;
            let last = taken(graph, (&tree, &births), frames, Wanted { objects: false, ..wanted }, watch)?;
            let relation = related(&first, &last.moment.mark)?;
            watch.begin("comparison");
            let old = old.filter(|_| relation == Relation::SameProcess);
            let sweeps = graph.snapshot().sweeps();
            let same = old.map(|old| held_against(graph, (&old, &sweeps), &tree, (&places, &last.moment)));
            let merged_tree = trees(&earlier, &last);
            watch.report();
            diagnostics::warn(graph.snapshot(), input.quiet);
            let mut moments: Vec<Moment> = earlier.into_iter().map(|taken| taken.moment).collect();
            moments.push(last.moment);
            let (staying, objects) = same.unzip();
            let (before, after) = (&moments[0].frames, &moments[moments.len() - 1].frames);
            let merged = MergedFrames::new(before, after, staying.as_ref());
            Ok(Comparison { relation, merged, objects, tree: merged_tree, names: names(graph.data().heap()), moments })
        })
    }

    /// The first core.
    pub(super) fn before(&self) -> &Moment {
        &self.moments[0]
    }

    /// The last.
    pub(super) fn after(&self) -> &Moment {
        &self.moments[self.moments.len() - 1]
    }
}

fn held_against(
    graph: &ReferenceGraph<'_, '_, '_>,
    (old, sweeps): (&OldObjects, &Sweeps),
    tree: &goheap_graph::DominatorTree,
    (places, last): (&[goheap_graph::TrieNode], &Moment),
) -> (Staying, Objects) {
    let lives: Lives = lives(old, graph.data(), sweeps);
    let found = staying(old, (graph.data(), tree), (&lives, sweeps), (places, last.frames.trie.len()));
    let Lives { counts, by_type, collections, .. } = lives;
    let objects = Objects { counts, by_type, staying: found.share, collections };
    (found, objects)
}

fn trees(earlier: &[Taken], last: &Taken) -> Option<MergedFrames> {
    let of = |taken: &Taken| -> Option<DominatorFrames> { taken.tree.clone() };
    Some(MergedFrames::new(&of(earlier.first()?)?, &of(last)?, None))
}

/// A heap without objects, for its names.
fn names(heap: &Heap) -> Heap {
    let mut names = Heap::default();
    (names.types, names.packages) = (heap.types.clone(), heap.packages.clone());
    names
}
