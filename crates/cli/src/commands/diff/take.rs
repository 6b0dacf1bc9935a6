//! From a core to what is kept of it, so that the next one has the memory.

use crate::args::Input;
use crate::open::{Needs, with_watched_heap};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::watch::Watch;
use goheap_ask::diff::{Moment, OldObjects, ProcessMark};
use goheap_ask::{BirthIndex, goroutine_counts, site_counts};
use goheap_graph::DominatorTree;
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::read_groups;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Births, Claim, DominatorFrames, GoroutineGroups, Observer};
use goheap_runtime::RuntimeModel;

/// What [`OldObjects`] says of its overhead, and what is made of the newer core's objects.
const BYTES_OF_SLOT: u64 = 5;

/// What is wanted of a core.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    /// The reference tree, which is drawn.
    pub(super) tree: bool,
    /// The objects, against which those of another core are held.
    pub(super) objects: bool,
}

/// What is kept of a core.
pub(super) struct Taken {
    pub(super) moment: Moment,
    pub(super) objects: Option<OldObjects>,
    /// The reference tree as frames.
    pub(super) tree: Option<DominatorFrames>,
}

/// Takes a core that nothing is held against object by object. `check` is asked as soon as it is known whose core it is.
pub(super) fn take(
    input: &Input,
    wanted: Wanted,
    check: impl FnOnce(&ProcessMark) -> Result<(), Failure>,
) -> Result<Taken, Failure> {
    with_graph(input, wanted, check, |graph, watch| {
        let births = graph.snapshot().births(watch)?;
        let tree = graph.data().dominators(watch)?;
        let frames = graph.frames_with_births(&tree, &births, watch)?;
        let groups = read_groups(graph.snapshot().model, watch)?;
        let taken = taken(graph, (&tree, &births, &groups), frames, wanted, watch)?;
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        Ok(taken)
    })
}

/// Opens a core and hands its graph to `use_it`.
pub(super) fn with_graph<T>(
    input: &Input,
    wanted: Wanted,
    check: impl FnOnce(&ProcessMark) -> Result<(), Failure>,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let snapshot = SnapshotOptions { roots: true, tree: wanted.tree, ..SnapshotOptions::default() };
    let needs = Needs { snapshot, ..Needs::default() };
    let first = |model: &RuntimeModel<'_>| check(&model.mark());
    with_watched_heap(input, needs, first, |snapshot, watch| {
        let options = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
        use_it(&snapshot.references_with(options, watch)?, watch)
    })
}

/// What is kept of a core whose dominator tree is drawn.
pub(super) fn taken(
    graph: &ReferenceGraph<'_, '_, '_>,
    (tree, births, groups): (&DominatorTree, &Births, &GoroutineGroups),
    frames: DominatorFrames,
    wanted: Wanted,
    watch: &Watch,
) -> Result<Taken, Failure> {
    let (snapshot, heap) = (graph.snapshot(), graph.data().heap());
    let mut moment = Moment::of(snapshot.model.mark(), heap, frames);
    moment.sites = site_counts(&BirthIndex::new(graph.data(), tree, births));
    moment.goroutines = goroutine_counts(groups);
    if wanted.objects {
        watch.claim(Claim { kept: u64::from(heap.objects.len()) * BYTES_OF_SLOT, passing: 0 })?;
    }
    let objects = wanted.objects.then(|| OldObjects::of(heap, snapshot.sweeps(), births));
    let drawn =
        || DominatorFrames { trie: heap.tree.clone(), texts: heap.labels.clone(), ..DominatorFrames::default() };
    Ok(Taken { moment, objects, tree: wanted.tree.then(drawn) })
}
