//! Graphs shaped like heaps: lists, trees and what is shared. This crate knows no core to take one from.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use goheap_graph::{CsrGraph, DominatorTree, IdBitSet, PathTrie, RetainedSizes};
use std::sync::LazyLock;

const NODES: u32 = 200_000;

/// Node 0 leads to every thousandth; each node to its successor, as in a list, and to two others further on, as in a heap of
/// shared values.
static EDGES: LazyLock<Vec<(u32, u32)>> = LazyLock::new(|| {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = |below: u32| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % u64::from(below)) as u32
    };
    let mut edges: Vec<(u32, u32)> = (1..NODES).step_by(1000).map(|node| (0, node)).collect();
    for node in 1..NODES - 1 {
        edges.extend([(node, node + 1), (node, node + 1 + next(NODES - node - 1)), (node, 1 + next(node))]);
    }
    edges
});
static GRAPH: LazyLock<CsrGraph> = LazyLock::new(|| CsrGraph::from_edges(NODES, &EDGES).unwrap());

fn main() {
    divan::main();
}

#[divan::bench]
fn build(bencher: Bencher<'_, '_>) {
    let edges = &*EDGES;
    bencher.counter(ItemsCount::new(edges.len())).bench(|| CsrGraph::from_edges(NODES, black_box(edges)).unwrap());
}

#[divan::bench]
fn breadth_first(bencher: Bencher<'_, '_>) {
    let graph = &*GRAPH;
    bencher.counter(ItemsCount::new(graph.edge_count())).bench(|| {
        let mut reached = IdBitSet::with_room_for(NODES);
        let (mut queue, mut head) = (vec![black_box(0)], 0);
        reached.insert(0);
        while let Some(&node) = queue.get(head) {
            head += 1;
            queue.extend(graph.targets(node).iter().copied().filter(|&target| reached.insert(target)));
        }
        queue.len()
    });
}

#[divan::bench]
fn dominators(bencher: Bencher<'_, '_>) {
    let graph = &*GRAPH;
    bencher.counter(ItemsCount::new(graph.edge_count())).bench(|| DominatorTree::new(black_box(graph), 0));
}

#[divan::bench]
fn retained_sizes(bencher: Bencher<'_, '_>) {
    let tree = DominatorTree::new(&GRAPH, 0);
    bencher
        .counter(ItemsCount::new(tree.len()))
        .bench(|| RetainedSizes::new(black_box(&tree), |node| u64::from(node % 64)));
}

/// Frames found again far more often than made, as for objects of few types.
#[divan::bench]
fn path_trie(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(NODES)).bench(|| {
        let mut trie = PathTrie::new();
        let root = trie.nodes().next().unwrap();
        for node in 0..NODES {
            let first = trie.child(root, node % 37);
            let second = trie.child_folding(first, black_box(node) % 101);
            trie.add(second, 48, 1);
        }
        trie.len()
    });
}
