//! The two walks over what the roots reach, that of the types and that of the tree, must find the same.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Doing, GoProcess};
use goheap_image::{OpenRequest, Process};
use goheap_model::{Claim, Refusal, RootClass};
use goheap_runtime::ModelOptions;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the tree shows under the frames of the roots of a class.
fn shown(snapshot: &HeapSnapshot<'_, '_>, class: RootClass) -> Share {
    let (trie, of_class) = (&snapshot.tree, snapshot.roots.iter().filter(|root| root.class == class));
    let top = |node| {
        std::iter::successors(Some(node), |&node| trie.parent(node)).filter(|&node| node != PathTrie::ROOT).last()
    };
    let tops: BTreeSet<TrieNode> = of_class.filter_map(|root| top(root.node)).collect();
    let totals = trie.totals();
    tops.into_iter().fold(Share::default(), |mut sum, node| {
        let total = totals[node.index()];
        sum.add(Share { bytes: total.bytes, objects: total.objects });
        sum
    })
}

#[test]
fn marks_and_tree_agree_class_by_class() {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    for folder in cores.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let (core, executable) = (folder.join("structures.core.zst"), Some(folder.join("structures.zst")));
        let process = Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap();
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let options = SnapshotOptions { tree: true, owners: true, roots: true, ..SnapshotOptions::default() };
        let snapshot = HeapSnapshot::take(&model, options).unwrap();
        for (class, marked) in &snapshot.totals.by_class {
            assert_eq!(shown(&snapshot, *class), *marked, "{} {}", folder.display(), class.name());
        }
        for slot in snapshot.objects.allocated() {
            let under_root = snapshot.owner(slot.id).is_some_and(|label| snapshot.label_text(label) != "unreachable");
            assert_eq!(under_root, snapshot.is_reachable(slot.id), "{} {slot:?}", folder.display());
        }
        let whole = snapshot.tree.totals()[PathTrie::ROOT.index()];
        let allocated = &snapshot.totals.allocated;
        assert_eq!((whole.bytes, whole.objects), (allocated.bytes, allocated.objects), "{}", folder.display());
    }
}

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    let (tail, garbage) = (go.object("main.Node"), go.object("main.Node"));
    let head = go.filled("main.Node", &[tail]);
    go.set(garbage, &[tail]);
    go.variable("main.list", "*main.Node", &[head]);
    go.frame("main.work", 1, &[0]);
    go.goroutine(Doing::Runnable, &[("main.work", &[head])]);
    go
}

/// Grants so many claims, and notes the stages.
struct Grants {
    left: AtomicUsize,
    stages: Mutex<Vec<&'static str>>,
}

impl Observer for Grants {
    fn begin(&self, stage: &'static str) {
        self.stages.lock().unwrap().push(stage);
    }

    fn claim(&self, _: Claim) -> Result<(), Refusal> {
        let granted = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        granted.map(|_| ()).map_err(|_| Refusal::Cancelled)
    }
}

const WHOLE: SnapshotOptions = SnapshotOptions { tree: true, owners: true, roots: true, full_names: false };

#[test]
fn a_snapshot_ends_where_a_claim_is_refused() {
    process().open(|model| {
        let mut told: Vec<Option<&str>> = Vec::new();
        for granted in 0.. {
            let grants = Grants { left: AtomicUsize::new(granted), stages: Mutex::default() };
            let taken = HeapSnapshot::take_observed(model, WHOLE, &grants);
            let stages = grants.stages.into_inner().unwrap();
            match taken {
                Ok(_) => {
                    assert_eq!(stages, ["objects", "descriptors", "roots", "inference", "tree", "unreachable", "sums"]);
                    break;
                }
                Err(error) => assert!(matches!(error, HeapError::Refused(Refusal::Cancelled)), "{error}"),
            }
            told.push(stages.last().copied());
        }
        assert_eq!(told, [Some("objects"), Some("inference"), Some("tree")], "nothing begins that was not asked for");
    });
}

#[test]
fn what_is_not_wanted_is_left_out_and_the_rest_is_the_same() {
    process().open(|model| {
        let whole = HeapSnapshot::take(model, WHOLE).unwrap();
        let least = SnapshotOptions { tree: false, owners: false, roots: false, full_names: false };
        let bare = HeapSnapshot::take(model, least).unwrap();
        assert_eq!(bare.totals, whole.totals);
        assert!(bare.roots.is_empty() && bare.owners.is_none() && !whole.roots.is_empty());
        assert_eq!(bare.tree.len(), whole.root_frames, "there are the frames of roots alone");
        for slot in whole.objects.allocated() {
            assert_eq!(bare.object_types.of(slot.id), whole.object_types.of(slot.id));
            assert_eq!(bare.standing(slot.id), whole.standing(slot.id));
            assert_eq!((bare.frame_of(slot.id), bare.owner(slot.id)), (None, None));
        }
        let drawn = HeapSnapshot::take(model, SnapshotOptions { tree: true, ..least }).unwrap();
        assert_eq!(drawn.tree.len(), whole.tree.len());
        assert!(drawn.owners.is_none(), "frames are drawn, and not remembered");
    });
}

#[test]
fn bytes_of_all_parts_are_those_of_the_spans() {
    let go = process();
    go.take(|snapshot| {
        let totals = &snapshot.totals;
        assert_eq!(totals.allocated.bytes + totals.free_slot_bytes + totals.tail_bytes, totals.span_bytes);
        assert_eq!((totals.allocated.objects, totals.unreachable.objects, totals.not_known.objects), (3, 1, 0));
        assert_eq!(totals.reachable().objects, 2);
        let by_class: u64 = totals.by_class.iter().map(|(_, share)| share.objects).sum();
        assert_eq!(by_class, 2, "each is counted with the first class of roots that reaches it");
        assert_eq!(
            totals.by_evidence.iter().sum::<u64>(),
            totals.reachable().bytes,
            "of garbage nobody asks for types"
        );
    });
}
