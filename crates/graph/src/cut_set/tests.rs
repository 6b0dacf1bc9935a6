#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Shape, Xorshift};

/// Which nodes are reached from 0 without the edges.
fn still_reached(graph: &CsrGraph, without: &[(u32, u32)]) -> Vec<bool> {
    let edges: Vec<(u32, u32)> = graph.edges().filter(|edge| !without.contains(edge)).collect();
    let left = CsrGraph::from_edges(graph.node_count(), &edges).unwrap();
    crate::testing::reached(&left, &[0], |_| false)
}

/// What [`freed_without`] visits, ascending.
fn freed(graph: &CsrGraph, without: &[(u32, u32)]) -> Vec<u32> {
    let mut nodes = Vec::new();
    freed_without(graph, &[0], without, |node| nodes.push(node));
    nodes.sort_unstable();
    nodes
}

/// The least number of edges, up to 2, without which `node` is not reached, by trying all.
fn least(graph: &CsrGraph, node: u32, may_cut: impl Fn(u32, u32) -> bool) -> Option<usize> {
    let all: Vec<(u32, u32)> = graph.edges().collect();
    let is_single = |edge: &&(u32, u32)| all.iter().filter(|other| other == edge).count() == 1;
    let edges: Vec<(u32, u32)> = all.iter().filter(is_single).filter(|edge| may_cut(edge.0, edge.1)).copied().collect();
    let frees = |cut: &[(u32, u32)]| !still_reached(graph, cut)[node as usize];
    if edges.iter().any(|&edge| frees(&[edge])) {
        return Some(1);
    }
    let pairs = edges.iter().enumerate().flat_map(|(at, &one)| edges[at + 1..].iter().map(move |&other| [one, other]));
    pairs.into_iter().any(|pair| frees(&pair)).then_some(2)
}

#[test]
fn fewest_edges_are_those_that_trying_all_finds_and_free_the_most() {
    let mut random = Xorshift::new(17);
    let mut seen = [0; 4];
    for round in 0..300 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 10);
        let (tree, reversed) = (DominatorTree::new(&graph, 0), graph.reversed());
        let may_cut = |from: u32, to: u32| !(from + to).is_multiple_of(4);
        for node in (1..graph.node_count()).filter(|&node| tree.contains(node)) {
            let found = tree.fewest_cuts(&reversed, node, 2, may_cut);
            assert_eq!(found.as_ref().map(Vec::len), least(&graph, node, may_cut), "{node} in {graph:?}");
            seen[found.as_ref().map_or(0, Vec::len)] += 1;
            let Some(cuts) = found else { continue };
            assert!(cuts.iter().all(|&(from, to)| may_cut(from, to)));
            let still = still_reached(&graph, &cuts);
            assert!(!still[node as usize]);
            let gone: Vec<u32> =
                (0..graph.node_count()).filter(|&at| tree.contains(at) && !still[at as usize]).collect();
            assert_eq!(freed(&graph, &cuts), gone);
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100 && seen[2] > 100, "{seen:?}");
}

#[test]
fn of_cuts_of_one_size_the_one_furthest_up_is_told() {
    // Two lists, 0 → 1 → 2 → 5 and 0 → 3 → 4 → 5.
    let graph = CsrGraph::from_edges(6, &[(0, 1), (1, 2), (2, 5), (0, 3), (3, 4), (4, 5)]).unwrap();
    let (tree, reversed) = (DominatorTree::new(&graph, 0), graph.reversed());
    assert_eq!(tree.fewest_cuts(&reversed, 5, 3, |_, _| true), Some(vec![(0, 1), (0, 3)]));
    assert_eq!(tree.fewest_cuts(&reversed, 5, 1, |_, _| true), None);
    assert_eq!(tree.fewest_cuts(&reversed, 5, 3, |from, _| from != 0), Some(vec![(1, 2), (3, 4)]));
    assert_eq!(tree.fewest_cuts(&reversed, 0, 3, |_, _| true), None);
    assert_eq!(freed(&graph, &[(1, 2), (3, 4)]), [2, 4, 5]);
}
