//! The two walks over what the roots reach, that of the types and that of the tree, must find the same.
#![allow(clippy::unwrap_used)]

use super::*;
use goheap_image::{OpenRequest, Process};
use goheap_model::RootClass;
use goheap_runtime::ModelOptions;
use std::collections::BTreeSet;
use std::path::Path;

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
