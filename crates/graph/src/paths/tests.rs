#![allow(clippy::unwrap_used)]

use super::*;
use crate::GraphBuilder;
use crate::testing::{Shape, Xorshift, cheapest_costs};
use std::collections::{BTreeMap, BTreeSet};

fn is_root(node: u32) -> bool {
    node.is_multiple_of(5)
}

/// Some edges are not to be taken, some cost nothing.
fn cost(from: u32, to: u32) -> Option<u8> {
    let kind = (from * 7 + to * 3) % 11;
    (kind != 10).then_some([0, 1, 1, 1, 2, 3, 200, 255][kind as usize % 8])
}

/// For each pair of a root and what it holds that reaches `node` through no root, the least cost; by trying.
fn expected_hops(graph: &CsrGraph, node: u32) -> BTreeMap<(u32, u32), u32> {
    let backwards = |to, from| (!is_root(from)).then(|| cost(from, to)).flatten();
    let costs = cheapest_costs(&graph.reversed(), &[node], backwards);
    let hops = graph.edges().filter(|(from, to)| is_root(*from) && !is_root(*to));
    hops.filter_map(|(from, to)| Some(((from, to), costs[to as usize]? + u32::from(cost(from, to)?)))).collect()
}

#[test]
fn there_is_one_path_for_each_last_hop_and_it_is_the_cheapest() {
    let mut random = Xorshift::new(8);
    let mut paths_seen = 0;
    for round in 0..1000 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 40);
        let edges: BTreeSet<(u32, u32)> = graph.edges().collect();
        let reversed = graph.reversed();
        let node = random.below(graph.node_count());
        let paths: Vec<Path> = PathsToRoots::new(&reversed, node, is_root, cost).collect();
        if is_root(node) {
            assert_eq!(paths, [Path { nodes: vec![node], cost: 0 }]);
            continue;
        }
        assert!(paths.is_sorted_by_key(|path| path.cost), "{paths:?}");
        for path in &paths {
            assert_eq!(path.nodes.last(), Some(&node));
            assert!(path.nodes.windows(2).all(|hop| edges.contains(&(hop[0], hop[1]))), "{path:?} in {graph:?}");
            assert!(is_root(path.nodes[0]) && !path.nodes[1..].iter().copied().any(is_root), "{path:?}");
            assert_eq!(path.nodes.iter().collect::<BTreeSet<_>>().len(), path.nodes.len(), "{path:?}");
            let sum: u32 = path.nodes.windows(2).map(|hop| u32::from(cost(hop[0], hop[1]).unwrap())).sum();
            assert_eq!(path.cost, sum, "{path:?}");
        }
        let hops: BTreeMap<_, _> = paths.iter().map(|path| ((path.nodes[0], path.nodes[1]), path.cost)).collect();
        assert_eq!(hops.len(), paths.len(), "no last hop twice: {paths:?}");
        assert_eq!(hops, expected_hops(&graph, node), "to {node} in {graph:?}");
        paths_seen += paths.len();
    }
    assert!(paths_seen > 1000);
}

#[test]
fn of_equal_paths_the_first_met_comes_first() {
    let graph = CsrGraph::from_edges(6, &[(4, 3), (2, 5), (0, 4), (0, 2), (0, 2), (3, 5), (0, 3)]).unwrap();
    let reversed = graph.reversed();
    let paths = PathsToRoots::new(&reversed, 5, |node| node == 0, |_, _| Some(1));
    let nodes: Vec<_> = paths.map(|path| path.nodes).collect();
    assert_eq!(nodes, [vec![0, 2, 5], vec![0, 3, 5], vec![0, 4, 3, 5]]);
    assert_eq!(PathsToRoots::new(&reversed, 6, |node| node == 0, |_, _| Some(1)).count(), 0, "no node");
}

#[test]
fn the_path_down_a_list_of_three_million() {
    let many = 3_000_000;
    let list = GraphBuilder::new(many).unwrap().build(|node| Some(node + 1).filter(|next| *next < many)).unwrap();
    let reversed = list.reversed();
    let mut paths = PathsToRoots::new(&reversed, many - 1, |node| node == 0, |_, _| Some(255));
    let path = paths.next().unwrap();
    assert!(path.nodes.into_iter().eq(0..many));
    assert_eq!(path.cost, 255 * (many - 1));
    assert_eq!(paths.next(), None);
}
