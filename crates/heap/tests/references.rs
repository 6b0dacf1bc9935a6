//! The graph of references of every carried core: it reaches what the walk reaches, and its sums are the heap's.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_graph::{DominatorTree, IdBitSet};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_heap::{HeapError, HeapSnapshot, SnapshotOptions};
use goheap_image::{Address, OpenRequest, Process};
use goheap_model::{ObjectId, RootClass, RootKind, Unobserved};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const ROOTS: SnapshotOptions = SnapshotOptions { tree: false, owners: false, roots: true, full_names: false };

/// Shows `check` the snapshot of every carried core, by its release.
fn each_core(options: SnapshotOptions, check: impl Fn(&str, &HeapSnapshot<'_, '_>)) {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    for folder in cores.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let request = OpenRequest {
            core: folder.join("structures.core.zst"),
            executable: Some(folder.join("structures.zst")),
            ..OpenRequest::default()
        };
        let process = Process::open(&request).unwrap();
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let snapshot = HeapSnapshot::take(&model, options).unwrap();
        check(folder.file_name().unwrap().to_str().unwrap(), &snapshot);
    }
}

fn reached(graph: &ReferenceGraph<'_, '_, '_>) -> IdBitSet {
    let mut met = IdBitSet::default();
    let mut open = vec![graph.data().root()];
    met.insert(graph.data().root());
    while let Some(node) = open.pop() {
        open.extend(graph.data().edges().targets(node).iter().copied().filter(|&to| met.insert(to)));
    }
    met
}

#[test]
fn the_graph_reaches_what_the_walk_reaches() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let reached = reached(&graph);
        for id in 0..snapshot.objects.len() {
            assert_eq!(reached.contains(id), snapshot.is_reachable(ObjectId(id)), "{release}: object {id}");
            if !snapshot.is_reachable(ObjectId(id)) {
                assert!(graph.data().edges().targets(id).is_empty(), "{release}: object {id}");
            }
        }
        // Every pointer of a reached object that the walk counted is an edge; groups without roots are reached too.
        let edges: usize = (0..graph.data().object_count()).map(|id| graph.data().edges().targets(id).len()).sum();
        assert_eq!(edges as u64, snapshot.totals.pointers.to_objects, "{release}");
        assert!(graph.data().references().roots().iter().all(|(node, _)| reached.contains(node)), "{release}");
    });
}

#[test]
fn a_snapshot_without_roots_has_no_graph() {
    each_core(SnapshotOptions::default(), |_, snapshot| {
        assert!(matches!(snapshot.references(&Unobserved).err(), Some(HeapError::NoRoots)));
    });
}

#[test]
fn the_children_of_each_root_node_sum_to_it_and_the_whole_is_what_is_reachable() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let tree = graph.data().dominators(&Unobserved).unwrap();
        let retained = graph.data().retained(&tree, &Unobserved).unwrap();
        assert_eq!(retained.of(graph.data().root()), snapshot.totals.reachable().bytes, "{release}");
        for (node, _) in graph.data().references().roots().iter() {
            let sum: u64 = tree.children(node).map(|child| retained.of(child)).sum();
            assert_eq!(retained.of(node), sum, "{release}: {}", graph.data().text(node));
        }
        // What is above a root node dominates it: groups are single numbers.
        for (node, root) in graph.data().references().roots().iter() {
            assert_eq!(tree.idom(node), root.parent, "{release}: {}", graph.data().text(node));
        }
    });
}

#[test]
fn dominators_are_petgraphs() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let tree: DominatorTree = graph.data().dominators(&Unobserved).unwrap();
        let theirs = petgraph::algo::dominators::simple_fast(graph.data().edges(), graph.data().root());
        let mut compared = 0;
        for node in 0..graph.data().edges().node_count() {
            assert_eq!(tree.idom(node), theirs.immediate_dominator(node), "{release}: node {node}");
            compared += u32::from(tree.contains(node));
        }
        assert!(compared > 10_000, "{release}: {compared}");
    });
}

#[test]
fn roots_have_names_and_goroutines_are_grouped_by_stack() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let main = graph.data().references().roots().iter().filter(|(_, root)| match root.kind {
            RootKind::Package(class, package) => {
                class == RootClass::Variables && graph.data().references().roots().package(package) == "main"
            }
            _ => false,
        });
        assert_eq!(main.count(), 1, "{release}");
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for (node, root) in graph.data().references().roots().iter() {
            assert!(!graph.data().text(node).is_empty(), "{release}: {root:?}");
            if let RootKind::Goroutine(goroutine) = root.kind {
                let group = snapshot.stacks.of(goroutine).unwrap();
                assert_eq!(graph.data().root_node(root.parent.unwrap()).unwrap().kind, RootKind::GoroutineGroup(group));
                members.entry(group).or_default().push(goroutine);
            }
        }
        let live = snapshot.model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()).count();
        let grouped: usize = (0..snapshot.stacks.len())
            .map(|group| snapshot.stacks.first_and_count(group).map_or(0, |(_, count)| count as usize))
            .sum();
        assert_eq!(grouped, live, "{release}");
        for (group, members) in members {
            assert!(members.iter().all(|member| snapshot.stacks.of(*member) == Some(group)));
        }
    });
}

#[test]
fn an_edge_has_a_field() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let mut named = 0;
        for node in
            (0..graph.data().object_count()).filter(|node| !graph.data().edges().targets(*node).is_empty()).take(3000)
        {
            let targets = graph.data().edges().targets(node);
            // What a record of the runtime holds for a goroutine is the goroutine's: its own edge leads nowhere.
            if targets[0] == node && graph.edge_places(node, node, 1).is_empty() {
                continue;
            }
            let places = graph.edge_places(node, targets[0], usize::MAX);
            let same = targets.iter().filter(|to| **to == targets[0]).count();
            assert_eq!(places.len(), same, "{release}: {node}");
            named += usize::from(!places[0].path.starts_with('+'));
        }
        assert!(named > 1000, "{release}: {named}");
    });
}

const WORDS: ReferenceOptions = ReferenceOptions { referred: false, words: true };

#[test]
fn an_edge_keeps_its_word() {
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references_with(WORDS, &Unobserved).unwrap();
        assert_eq!(
            graph.data().edges().targets(0),
            snapshot.references(&Unobserved).unwrap().data().edges().targets(0)
        );
        let mut compared = 0;
        for node in
            (0..graph.data().object_count()).filter(|node| !graph.data().edges().targets(*node).is_empty()).take(5000)
        {
            let (targets, words) = (graph.data().edges().targets(node), graph.data().edges().tags(node).unwrap());
            assert_eq!(targets.len(), words.len(), "{release}: {node}");
            assert!(words.is_sorted(), "{release}: {node}");
            // A dropped edge leads to its own node, and no word may.
            for to in targets.iter().filter(|to| **to != node) {
                let offsets = graph.edge_places(node, *to, usize::MAX).into_iter().map(|place| place.offset);
                let own = targets.iter().zip(words).filter(|(other, _)| *other == to);
                assert!(own.map(|(_, word)| u64::from(*word) * 8).eq(offsets), "{release}: {node}");
                compared += 1;
            }
        }
        assert!(compared > 5000, "{release}: {compared}");
        assert_eq!(graph.data().edges().tags(graph.data().root()), None, "{release}");
    });
}

/// `timer.ts` leads back to the processor since Go 1.23: whoever holds a timer would hold all timers.
#[test]
fn a_timer_does_not_hold_the_processor_in_whose_list_it_is() {
    let timers = AtomicUsize::new(0);
    each_core(ROOTS, |release, snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let objects = &snapshot.objects;
        let processors = snapshot.model.processors.iter().filter_map(|processor| objects.find_allocated(processor.0));
        let targets = |node: u32| graph.data().edges().targets(node).iter().copied();
        for processor in processors {
            let address = objects.address(processor);
            let lists: Vec<u32> = targets(processor.id.0).collect();
            let listed = lists.iter().copied().flat_map(targets).filter(|&id| id < objects.len());
            for timer in listed.filter(|id| !lists.contains(id)) {
                let slot = objects.slot(ObjectId(timer));
                let words = (0..objects.span(slot).elem_size).step_by(8);
                let mut words =
                    words.filter_map(|at| snapshot.model.memory().read_u64(Address(objects.address(slot) + at)));
                if words.any(|word| word.wrapping_sub(address) < objects.span(processor).elem_size) {
                    timers.fetch_add(1, Ordering::Relaxed);
                    assert!(targets(timer).all(|to| to != processor.id.0), "{release}: {timer}");
                }
            }
        }
    });
    assert!(timers.into_inner() > 0, "some timer leads back");
}
