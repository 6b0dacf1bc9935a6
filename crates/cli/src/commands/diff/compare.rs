//! The last core held against those before it.

use super::take::{Taken, Wanted, taken, with_graph};
use super::{recent, related};
use crate::args::{DiffOptions, Input};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use foldhash::HashMap;
use goheap_ask::diff::{
    LifeCounts, Lives, MergedFrames, Moment, NamedCount, OldObjects, ProcessMark, Relation, SinceCollection, Staying,
    lives, staying,
};
use goheap_graph::{DominatorTree, TrieNode};
use goheap_heap::goroutines::read_groups;
use goheap_heap::references::ReferenceGraph;
use goheap_model::{Births, DominatorFrames, GoroutineGroups, Heap, Observer, Share, Slot, Sweeps};
use goheap_report::answer::Section;
use goheap_report::page::Page;

/// Two cores, and those between them.
pub(in crate::commands) struct Comparison {
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
    /// Of one core, what else is told of how old things are.
    pub(super) estimates: Vec<Section>,
}

/// What became of objects.
pub(super) struct Objects {
    pub(super) counts: LifeCounts,
    pub(super) by_type: HashMap<String, LifeCounts>,
    pub(super) staying: Share,
    /// Each of them, where that was asked for.
    pub(super) each: Vec<ObjectLife>,
}

impl Objects {
    fn of(heap: &Heap, lives: Lives, staying: &Staying, wants_each: bool) -> Self {
        let each = if wants_each { each(heap, &lives, staying) } else { Vec::new() };
        let Lives { counts, by_type, .. } = lives;
        Objects { counts, by_type, staying: staying.share, each }
    }
}

/// An object of the last core.
pub(super) struct ObjectLife {
    pub(super) address: u64,
    pub(super) bytes: u64,
    /// For scripts: `survived`, `perhaps` or `new`.
    pub(super) life: &'static str,
    /// Of a new one, whether it stays.
    pub(super) stays: bool,
    pub(super) ty: String,
}

/// The last core as it is at hand.
pub(crate) struct Last<'a> {
    pub(crate) graph: &'a ReferenceGraph<'a, 'a, 'a>,
    pub(crate) tree: &'a DominatorTree,
    pub(crate) births: &'a Births,
    pub(crate) groups: &'a GoroutineGroups,
    /// The frame of each slot.
    pub(crate) places: &'a [TrieNode],
}

impl Comparison {
    /// Takes the last core.
    pub(super) fn of(input: &Input, earlier: Vec<Taken>, wanted: Wanted, wants_each: bool) -> Result<Self, Failure> {
        let latest = earlier.last().map(|taken| taken.moment.mark.clone()).unwrap_or_default();
        let check = |mark: &ProcessMark| related(&latest, mark).map(drop);
        Self::of_last(input, wanted, check, |last, frames, watch| {
            Comparison::with(earlier, last, frames, wanted, wants_each, watch)
        })
    }

    /// Opens the last core, and compares it by `compare`.
    fn of_last(
        input: &Input,
        wanted: Wanted,
        check: impl FnOnce(&ProcessMark) -> Result<(), Failure>,
        compare: impl FnOnce(&Last<'_>, DominatorFrames, &Watch) -> Result<Self, Failure>,
    ) -> Result<Self, Failure> {
        with_graph(input, wanted, check, |graph, watch| {
            let births = graph.snapshot().births(watch)?;
            let tree = graph.data().dominators(watch)?;
            let (frames, places) = graph.frames_with_places(&tree, &births, watch)?;
            let groups = read_groups(graph.snapshot().model, watch)?;
            let last = Last { graph, tree: &tree, births: &births, groups: &groups, places: &places };
            let comparison = compare(&last, frames, watch)?;
            watch.report();
            diagnostics::warn(graph.snapshot(), input.quiet);
            Ok(comparison)
        })
    }

    /// The same of a core that is at hand.
    pub(in crate::commands) fn with(
        mut earlier: Vec<Taken>,
        at_hand: &Last<'_>,
        frames: DominatorFrames,
        wanted: Wanted,
        wants_each: bool,
        watch: &Watch,
    ) -> Result<Self, Failure> {
        let Last { graph, tree, births, groups, .. } = *at_hand;
        let old = earlier.first_mut().and_then(|taken| taken.objects.take());
        let last = taken(graph, (tree, births, groups), frames, Wanted { objects: false, ..wanted }, watch)?;
        let first = earlier.first().map(|taken| taken.moment.mark.clone()).unwrap_or_default();
        let relation = related(&first, &last.moment.mark)?;
        watch.begin("comparison");
        let heap = graph.data().heap();
        let same = old.filter(|_| relation == Relation::SameProcess).map(|old| {
            let sweeps = graph.snapshot().sweeps();
            let (lives, staying) = held_against(at_hand, (&old, &sweeps), &last.moment);
            (Objects::of(heap, lives, &staying, wants_each), staying)
        });
        let drawn = trees(&earlier, &last);
        let mut moments: Vec<Moment> = earlier.into_iter().map(|taken| taken.moment).collect();
        moments.push(last.moment);
        let (objects, staying) = same.unzip();
        let (before, after) = (&moments[0].frames, &moments[moments.len() - 1].frames);
        let merged = MergedFrames::new(before, after, staying.as_ref());
        Ok(Comparison { relation, merged, objects, tree: drawn, names: names(heap), moments, estimates: Vec::new() })
    }

    /// One core against what of it was there when the last collection ended; of arrays those of `min_size` bytes.
    pub(super) fn since_collection(input: &Input, options: &DiffOptions) -> Result<Self, Failure> {
        let of_one = |last: &Last<'_>, frames, watch: &Watch| Self::of_one(last, frames, (page(input), options), watch);
        Self::of_last(input, Wanted::default(), |_| Ok(()), of_one)
    }

    fn of_one(
        at_hand: &Last<'_>,
        frames: DominatorFrames,
        (page, options): (Page, &DiffOptions),
        watch: &Watch,
    ) -> Result<Self, Failure> {
        let Last { graph, tree, births, groups, .. } = *at_hand;
        let sweeps = graph.snapshot().sweeps();
        let found = recent::found(at_hand, (&frames, &sweeps), true, watch)?;
        let estimates = recent::estimates(page, at_hand, (&frames, &sweeps), &found.lives, options.min_size);
        let SinceCollection { lives, staying, merged, before } = found;
        let after = taken(graph, (tree, births, groups), frames, Wanted::default(), watch)?.moment;
        let before = Moment {
            frames: before,
            types: without_new(&after.types, &lives),
            reachable: less(after.reachable, lives.counts.new),
            mark: after.mark.clone(),
            unreachable: after.unreachable,
            packages: after.packages.clone(),
            goroutines: after.goroutines.clone(),
            sites: after.sites.clone(),
        };
        let heap = graph.data().heap();
        Ok(Comparison {
            relation: Relation::LastCollection,
            merged,
            objects: Some(Objects::of(heap, lives, &staying, options.objects)),
            tree: None,
            names: names(heap),
            moments: vec![before, after],
            estimates,
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

fn held_against(at_hand: &Last<'_>, (old, sweeps): (&OldObjects, &Sweeps), last: &Moment) -> (Lives, Staying) {
    let Last { graph, tree, births, places, .. } = *at_hand;
    let lives = lives(old, graph.data(), (sweeps, births));
    let staying = staying(Some(old), (graph.data(), tree), (&lives, sweeps), (places, last.frames.trie.len()));
    (lives, staying)
}

/// What there was of each type before what is new.
fn without_new(types: &[NamedCount], lives: &Lives) -> Vec<NamedCount> {
    let new = |name: &str| lives.by_type.get(name).map(|counts| counts.new).unwrap_or_default();
    let of = |count: &NamedCount| NamedCount { name: count.name.clone(), share: less(count.share, new(&count.name)) };
    types.iter().map(of).collect()
}

fn less(share: Share, by: Share) -> Share {
    Share { bytes: share.bytes.saturating_sub(by.bytes), objects: share.objects.saturating_sub(by.objects) }
}

fn each(heap: &Heap, lives: &Lives, staying: &Staying) -> Vec<ObjectLife> {
    let life = |slot: Slot| ObjectLife {
        address: heap.objects.address(slot),
        bytes: heap.objects.size(slot),
        life: match () {
            () if lives.survived.contains(slot.id.0) => "survived",
            () if lives.is_new(slot.id) => "new",
            () => "perhaps",
        },
        stays: staying.objects.contains(slot.id.0),
        ty: heap.type_text(slot),
    };
    heap.objects.slots_of(heap.reached.iter_ones()).map(life).collect()
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
