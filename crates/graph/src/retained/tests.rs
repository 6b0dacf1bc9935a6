#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Shape, Xorshift, reached};

fn shallow(node: u32) -> u64 {
    u64::from(node % 7) * 16 + 8
}

fn weigh(node: u32) -> Weight {
    Weight { bytes: shallow(node), objects: 1 }
}

/// What `roots` reach only through `set`, by trying.
fn lost_without(graph: &CsrGraph, set: &[u32]) -> Weight {
    let with = reached(graph, &[0], |_| false);
    let without = reached(graph, &[0], |node| set.contains(&node));
    let mut lost = Weight::default();
    let is_lost = |node: &u32| with[*node as usize] && !without[*node as usize];
    (0..graph.node_count()).filter(is_lost).for_each(|node| lost.add(weigh(node)));
    lost
}

#[test]
fn retained_is_what_is_lost_without_the_node() {
    let mut random = Xorshift::new(3);
    for round in 0..500 {
        let shape = Shape::ALL[round % Shape::ALL.len()];
        let graph = shape.graph(&mut random, 30);
        let tree = DominatorTree::new(&graph, 0);
        let retained = RetainedSizes::new(&tree, shallow);
        for node in 0..graph.node_count() {
            let lost = lost_without(&graph, &[node]);
            assert_eq!(retained.of(node), lost.bytes, "{shape:?}: node {node} of {graph:?}");
            assert_eq!(tree.subtree(node).len() as u64, lost.objects, "{shape:?}: node {node}");
        }
    }
}

#[test]
fn retained_by_a_set_is_what_is_lost_without_it() {
    let mut random = Xorshift::new(4);
    let mut seen_less = 0;
    for round in 0..500 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 40);
        let set: Vec<u32> = (0..random.below(12)).map(|_| random.below(graph.node_count())).collect();
        let exact = retained_by_set(&graph, &[0], &set, weigh);
        assert_eq!(exact, lost_without(&graph, &set), "{set:?} of {graph:?}");
        let tree = DominatorTree::new(&graph, 0);
        let least = RetainedSizes::new(&tree, shallow).minimum_of_set(&tree, &set);
        assert!(least <= exact.bytes);
        seen_less += u32::from(least < exact.bytes);
    }
    assert!(seen_less > 10, "the minimum is less where several keep a node together");
}

#[test]
fn what_the_roots_children_retain_sums_to_the_total() {
    let mut random = Xorshift::new(5);
    for shape in Shape::ALL {
        let graph = shape.graph(&mut random, 3000);
        let tree = DominatorTree::new(&graph, 0);
        let retained = RetainedSizes::new(&tree, shallow);
        let children: u64 = tree.children(0).map(|child| retained.of(child)).sum();
        let total: u64 = reached(&graph, &[0], |_| false)
            .into_iter()
            .zip(0..)
            .filter(|(is_reached, _)| *is_reached)
            .map(|(_, node)| shallow(node))
            .sum();
        assert_eq!((children + shallow(0), retained.of(0)), (total, total), "{shape:?}");
    }
}

#[test]
fn what_two_keep_together_neither_retains() {
    // 0 holds 1 and 2; both hold 3, and 4 is held by nobody.
    let graph = CsrGraph::from_edges(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (4, 3)]).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    let retained = RetainedSizes::new(&tree, |_| 10);
    assert_eq!([1, 2, 3, 4, 9].map(|node| retained.of(node)), [10, 10, 10, 0, 0]);
    assert_eq!(retained.minimum_of_set(&tree, &[1, 2]), 20);
    assert_eq!(retained.minimum_of_set(&tree, &[1, 1, 0, 4, 77]), 40, "0 dominates 1; 4 and 77 are not reached");
    let ten = |_| Weight { bytes: 10, objects: 1 };
    assert_eq!(retained_by_set(&graph, &[0], &[1, 2], ten), Weight { bytes: 30, objects: 3 });
    assert_eq!(retained_by_set(&graph, &[0], &[4, 77], ten), Weight::default());
    assert_eq!(retained_by_set(&graph, &[0, 4, 88], &[1, 2], ten), Weight { bytes: 20, objects: 2 });
}

#[test]
fn lying_sizes_do_not_wrap() {
    let graph = CsrGraph::from_edges(3, &[(0, 1), (0, 2)]).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    let retained = RetainedSizes::new(&tree, |_| u64::MAX / 2 + 1);
    assert_eq!(retained.of(0), u64::MAX);
    assert_eq!(retained.minimum_of_set(&tree, &[1, 2]), u64::MAX);
}

#[test]
fn sizes_that_do_not_fit_in_words_are_the_same() {
    let graph = CsrGraph::from_edges(4, &[(0, 1), (1, 2), (0, 3)]).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    let of = |sizes: [u64; 4]| {
        let retained = RetainedSizes::new(&tree, |node| sizes[node as usize]);
        (matches!(retained.by_place, Sizes::Words(_)), [0, 1, 2, 3, 4].map(|node| retained.of(node)))
    };
    assert_eq!(of([0, 8, 16, 24]), (true, [48, 24, 16, 24, 0]));
    assert_eq!(of([0, 8, 17, 24]), (false, [49, 25, 17, 24, 0]), "no whole word");
    let half = 1 << 34;
    assert_eq!(of([0, half - 8, 8, half - 8]), (true, [2 * half - 8, half, 8, half - 8, 0]));
    assert_eq!(of([0, half, 8, half]), (false, [2 * half + 8, half + 8, 8, half, 0]), "32 GiB");
    assert_eq!(of([0, u64::MAX, 8, 8]).1[0], u64::MAX);
}
