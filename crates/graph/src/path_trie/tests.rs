use super::*;
use crate::Measure;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn labels_may_be_changed() {
    let mut trie = PathTrie::new();
    let above = trie.child(PathTrie::ROOT, 1);
    let below = trie.child_folding(above, 2);
    assert_eq!(trie.child_folding(below, 1), above);
    trie.add(PathTrie::ROOT, 1, 1);
    trie.add(above, 2, 1);
    trie.add(below, 4, 1);
    let other = trie.relabelled(|node, label| if node == below { 20 } else { label });
    let lines = |trie: &PathTrie| trie.nodes().map(|node| (trie.path(node), trie.own(node))).collect::<Vec<_>>();
    let mut expected = lines(&trie);
    expected[2].0 = vec![1, 20];
    assert_eq!(lines(&other), expected);
}

#[test]
fn child_is_found_again() {
    let mut trie = PathTrie::new();
    assert!(trie.is_empty());
    let a = trie.child(PathTrie::ROOT, 7);
    let b = trie.child(a, 7);
    assert_ne!(a, b, "without folding a label may repeat");
    assert_eq!(trie.child(PathTrie::ROOT, 7), a);
    assert_eq!(trie.path(b), [7, 7]);
    assert_eq!((trie.label(b), trie.parent(b)), (Some(7), Some(a)));
    let root = PathTrie::ROOT;
    assert_eq!((trie.label(root), trie.parent(root)), (None, None));
    assert_eq!(trie.len(), 3);
}

#[test]
fn folding_returns_to_the_nearest_node_of_that_label() {
    let mut trie = PathTrie::new();
    let tree = trie.child_folding(PathTrie::ROOT, 1);
    let left = trie.child_folding(tree, 2);
    let right = trie.child_folding(left, 3);
    for _ in 0..3 {
        assert_eq!(trie.child_folding(right, 2), left);
        assert_eq!(trie.child_folding(right, 1), tree);
        assert_eq!(trie.child_folding(right, 3), right);
    }
    assert_eq!(trie.len(), 4);
}

#[test]
fn child_after_folding_makes_the_repeated_node() {
    let mut trie = PathTrie::new();
    let a = trie.child_folding(PathTrie::ROOT, 1);
    assert_eq!(trie.child_folding(a, 1), a);
    let repeated = trie.child(a, 1);
    assert_eq!(trie.path(repeated), [1, 1]);
    assert_eq!(trie.child_folding(a, 1), repeated, "the caller's wish is followed");
}

#[test]
fn at_the_limit_weight_stays_in_the_parent() {
    let mut trie = PathTrie::with_node_limit(2);
    let a = trie.child(PathTrie::ROOT, 1);
    assert_eq!(trie.child(a, 2), a);
    assert_eq!(trie.child_folding(a, 3), a);
    assert_eq!(trie.child(PathTrie::ROOT, 1), a);
    assert_eq!(trie.refused(), 2);
    assert_eq!(trie.len(), 2);
}

#[test]
fn a_path_of_ever_new_labels_ends() {
    let mut trie = PathTrie::new();
    let mut node = PathTrie::ROOT;
    for label in 0..5000 {
        node = trie.child_folding(node, label);
    }
    assert_eq!(trie.path(node).len(), PathTrie::FOLDING_DEPTH);
    assert_eq!(trie.refused(), 0);
}

#[test]
fn totals_of_a_million_deep_path_need_no_stack() {
    let mut trie = PathTrie::new();
    let mut node = PathTrie::ROOT;
    for _ in 0..1_000_000 {
        node = trie.child(node, 0);
        trie.add(node, 2, 1);
    }
    let whole = Weight { bytes: 2_000_000, objects: 1_000_000 };
    assert_eq!(trie.totals()[0], whole);
    assert_eq!(trie.children().of(node), []);
}

#[test]
fn sums_do_not_wrap() {
    let mut trie = PathTrie::new();
    let a = trie.child(PathTrie::ROOT, 1);
    trie.add(a, u64::MAX, 1);
    trie.add(PathTrie::ROOT, 5, 1);
    assert_eq!(trie.totals()[0].bytes, u64::MAX);
}

#[test]
fn a_node_costs_what_its_doc_says() {
    assert_eq!(size_of::<Node>(), 24);
}

/// Walks down `labels` and adds at the end, for each path.
fn build(paths: &[(Vec<u32>, u32)], fold: bool) -> (PathTrie, Vec<TrieNode>) {
    let mut trie = PathTrie::new();
    let ends = paths.iter().map(|(labels, bytes)| {
        let end = labels.iter().fold(PathTrie::ROOT, |node, label| match fold {
            true => trie.child_folding(node, *label),
            false => trie.child(node, *label),
        });
        trie.add(end, u64::from(*bytes), 1);
        end
    });
    let ends = ends.collect();
    (trie, ends)
}

fn some_paths() -> impl Strategy<Value = Vec<(Vec<u32>, u32)>> {
    let path = (proptest::collection::vec(0u32..5, 0..12), any::<u32>());
    proptest::collection::vec(path, 0..60)
}

/// What every trie keeps, folded or not.
fn check_shape(trie: &PathTrie, paths: &[(Vec<u32>, u32)]) {
    let totals = trie.totals();
    let bytes: u64 = paths.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
    let whole = Weight { bytes, objects: paths.len() as u64 };
    assert_eq!(totals[0], whole);

    let children = trie.children();
    for node in trie.nodes() {
        let mut sum = trie.own(node);
        let mut labels = BTreeSet::new();
        for &child in children.of(node) {
            assert!(child > node && trie.parent(child) == Some(node));
            assert!(labels.insert(trie.label(child)), "siblings differ in their label");
            sum.add(totals[child.index()]);
        }
        assert!(children.of(node).is_sorted());
        assert_eq!(sum, totals[node.index()]);
    }
}

proptest! {
    #[test]
    fn unfolded_paths_are_kept(paths in some_paths()) {
        let (trie, ends) = build(&paths, false);
        check_shape(&trie, &paths);
        let mut oracle: BTreeMap<&[u32], u64> = BTreeMap::new();
        for ((labels, bytes), end) in paths.iter().zip(&ends) {
            prop_assert_eq!(&trie.path(*end), labels);
            *oracle.entry(labels).or_default() += u64::from(*bytes);
        }
        for ((labels, _), end) in paths.iter().zip(&ends) {
            prop_assert_eq!(trie.own(*end).bytes, oracle[labels.as_slice()]);
        }
    }

    #[test]
    fn folding_leaves_each_label_once_on_a_path(paths in some_paths()) {
        let (trie, ends) = build(&paths, true);
        check_shape(&trie, &paths);
        for node in trie.nodes() {
            let path = trie.path(node);
            let distinct: BTreeSet<u32> = path.iter().copied().collect();
            prop_assert_eq!(distinct.len(), path.len());
        }
        for ((labels, _), end) in paths.iter().zip(&ends) {
            let last = trie.label(*end);
            prop_assert_eq!(last, labels.last().copied(), "an end is still named by its last step");
        }
    }

    #[test]
    fn same_calls_same_trie(paths in some_paths()) {
        let (one, one_ends) = build(&paths, true);
        let (two, two_ends) = build(&paths, true);
        prop_assert_eq!(one_ends, two_ends);
        prop_assert_eq!(format!("{:?}", one.nodes), format!("{:?}", two.nodes));
    }

    #[test]
    fn pruning_keeps_the_totals_of_what_is_left(paths in some_paths(), least in any::<u32>()) {
        let (trie, _) = build(&paths, true);
        let pruned = trie.prune(u64::from(least), Measure::Bytes);
        check_shape(&pruned, &paths);
        let (before, after) = (trie.totals(), pruned.totals());
        let wide: BTreeMap<Vec<u32>, Weight> = trie.nodes()
            .filter(|node| *node == PathTrie::ROOT || before[node.index()].bytes >= u64::from(least))
            .map(|node| (trie.path(node), before[node.index()]))
            .collect();
        let left: BTreeMap<Vec<u32>, Weight> =
            pruned.nodes().map(|node| (pruned.path(node), after[node.index()])).collect();
        prop_assert_eq!(wide, left);
    }
}
