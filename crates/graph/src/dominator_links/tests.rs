#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Shape, Xorshift, reached};

fn shallow(node: u32) -> u64 {
    u64::from(node % 3) * 8
}

/// For each edge what goes without it: the nodes, and their bytes.
fn freed_by_each_edge(graph: &CsrGraph) -> Vec<((u32, u32), Vec<u32>, u64)> {
    let edges: Vec<(u32, u32)> = graph.edges().collect();
    let all = reached(graph, &[0], |_| false);
    let without = |index: usize| {
        let mut left = edges.clone();
        let cut = left.remove(index);
        let still = reached(&CsrGraph::from_edges(graph.node_count(), &left).unwrap(), &[0], |_| false);
        let freed = (0..graph.node_count()).filter(|node| all[*node as usize] && !still[*node as usize]);
        let freed: Vec<u32> = freed.collect();
        let bytes = freed.iter().map(|node| shallow(*node)).sum();
        (cut, freed, bytes)
    };
    (0..edges.len()).map(without).collect()
}

#[test]
fn one_edge_carries_a_link_exactly_if_cutting_it_frees_the_node() {
    let mut random = Xorshift::new(10);
    let mut cuts_seen = 0;
    for round in 0..500 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 16);
        let (tree, reversed) = (DominatorTree::new(&graph, 0), graph.reversed());
        let retained = RetainedSizes::new(&tree, shallow);
        let by_edge = freed_by_each_edge(&graph);
        for node in 0..graph.node_count() {
            let mut expected: Vec<((u32, u32), u64)> = by_edge
                .iter()
                .filter(|(_, freed, _)| freed.contains(&node))
                .map(|(cut, _, sum)| (*cut, *sum))
                .collect();
            expected.sort_unstable();
            let links = tree.links(&reversed, &retained, node).filter(|link| link.is_one_edge);
            let mut found: Vec<_> = links.map(|link| ((link.dominator, link.node), link.retained)).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "of {node} in {graph:?}");
            let best = tree.best_cut(&reversed, &retained, node, |_, _| true);
            let most = expected.iter().map(|(_, bytes)| *bytes).max();
            assert_eq!(best.map(|link| link.retained), most, "of {node} in {graph:?}");
            cuts_seen += expected.len();
        }
    }
    assert!(cuts_seen > 1000);
}

#[test]
fn two_fields_with_the_same_pointer_are_two_edges() {
    // 0 to 1 once, 1 to 2 twice, 2 to 3 once, and back from 3 to 2, which changes nothing; 4 is not reached.
    let edges = [(0, 1), (1, 2), (1, 2), (2, 3), (3, 2), (4, 3)];
    let graph = CsrGraph::from_edges(5, &edges).unwrap();
    let (tree, reversed) = (DominatorTree::new(&graph, 0), graph.reversed());
    let retained = RetainedSizes::new(&tree, |_| 1);
    let link = |dominator, node, retained, is_one_edge| DominatorLink { dominator, node, retained, is_one_edge };
    let links: Vec<_> = tree.links(&reversed, &retained, 3).collect();
    assert_eq!(links, [link(2, 3, 1, true), link(1, 2, 2, false), link(0, 1, 3, true)]);
    assert_eq!(tree.best_cut(&reversed, &retained, 3, |_, _| true), Some(link(0, 1, 3, true)));
    assert_eq!(tree.best_cut(&reversed, &retained, 3, |from, _| from != 0), Some(link(2, 3, 1, true)));
    assert_eq!(tree.best_cut(&reversed, &retained, 2, |from, _| from != 0), None);
    assert_eq!(tree.links(&reversed, &retained, 4).count(), 0);
}
