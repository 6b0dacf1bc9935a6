//! Two heaps held against each other, all at once.

use super::moment::counts;
use super::{
    Change, Grown, LifeCounts, MergedFrames, NamedChange, OldObjects, Relation, WrongPair, changes, grown, lives,
    relation, staying,
};
use crate::births::{BirthIndex, site_counts};
use crate::goroutines::goroutine_counts;
use crate::histogram::Grouping;
use goheap_graph::{DominatorTree, TrieNode};
use goheap_model::{Births, DominatorFrames, GoroutineGroups, Graph, ProcessMark, Share, Sweeps};
use serde::Serialize;

/// What is known of one of the heaps.
#[derive(Clone, Copy)]
pub struct OneHeap<'h> {
    /// Whose it is, and of when.
    pub mark: &'h ProcessMark,
    /// The heap with its references.
    pub graph: Graph<'h>,
    /// Who dominates whom in it.
    pub tree: &'h DominatorTree,
    /// That tree as frames.
    pub frames: &'h DominatorFrames,
    /// The frame of each slot.
    pub places: &'h [TrieNode],
    /// The collector's bits.
    pub sweeps: &'h Sweeps,
    /// Where sampled objects were allocated.
    pub births: &'h Births,
    /// Its goroutines.
    pub goroutines: &'h GoroutineGroups,
}

/// What changed from one heap to the other. Lists begin with what grew most; what did not change is among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How the two belong together.
    pub relation: Relation,
    /// What roots reach.
    pub reachable: Change,
    /// What they do not.
    pub unreachable: Change,
    /// Where it grew.
    pub grown: Vec<Grown>,
    /// By type.
    pub types: Vec<NamedChange>,
    /// By package of the type.
    pub packages: Vec<NamedChange>,
    /// Goroutines by where they stand, each an object of no bytes.
    pub goroutines: Vec<NamedChange>,
    /// What sampled objects stand for, by the line that allocated them.
    pub sites: Vec<NamedChange>,
    /// What became of objects; None of heaps of two processes.
    pub objects: Option<LifeCounts>,
    /// New objects that what was there before holds; None of heaps of two processes.
    pub staying: Option<Share>,
}

/// What changed; of places where it grew those that grew by `least` bytes.
///
/// # Overhead
/// Some five bytes a slot of both heaps, while it works.
///
/// # Errors
/// The heaps are of two programs, of one moment, or in the wrong order.
pub fn difference(before: &OneHeap<'_>, after: &OneHeap<'_>, least: u64) -> Result<Difference, WrongPair> {
    let relation = relation(before.mark, after.mark)?;
    let same = (relation == Relation::SameProcess).then(|| {
        let old = OldObjects::of(before.graph.heap(), before.sweeps.clone(), before.births);
        let lives = lives(&old, after.graph, (after.sweeps, after.births));
        let frames = (after.places, after.frames.trie.len());
        let staying = staying(Some(&old), (after.graph, after.tree), (&lives, after.sweeps), frames);
        (lives.counts, staying)
    });
    let (objects, staying) = same.unzip();
    let merged = MergedFrames::new(before.frames, after.frames, staying.as_ref());
    let (old, new) = (before.graph.heap(), after.graph.heap());
    let by = |grouping| changes(&counts(old, grouping), &counts(new, grouping));
    Ok(Difference {
        relation,
        reachable: Change { before: old.totals.reachable(), after: new.totals.reachable() },
        unreachable: Change { before: old.totals.unreachable, after: new.totals.unreachable },
        grown: grown(new, &merged, least),
        types: by(Grouping::Whole),
        packages: by(Grouping::Package),
        goroutines: changes(&goroutine_counts(before.goroutines), &goroutine_counts(after.goroutines)),
        sites: changes(&before.sites(), &after.sites()),
        objects,
        staying: staying.map(|staying| staying.share),
    })
}

impl OneHeap<'_> {
    fn sites(&self) -> Vec<super::NamedCount> {
        site_counts(&BirthIndex::new(self.graph, self.tree, self.births))
    }
}
