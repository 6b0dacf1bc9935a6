#![allow(clippy::unwrap_used)]

use super::*;
use crate::GraphBuilder;
use crate::reaching;
use crate::testing::{Shape, Xorshift, cheapest_costs};
use std::collections::BTreeSet;

fn weigh(node: u32) -> Weight {
    Weight { bytes: u64::from(node) + 1, objects: 1 }
}

fn cost(from: u32, to: u32) -> Option<u8> {
    let kind = (from * 5 + to * 3) % 9;
    (kind != 8).then_some([0, 1, 2, 255][kind as usize % 4])
}

/// The path to the node of that index.
fn path(merged: &MergedPaths, index: usize) -> Vec<u32> {
    let up = |&index: &usize| Some(merged.parents[index] as usize).filter(|&parent| parent != index);
    let mut path: Vec<u32> = std::iter::successors(Some(index), up).map(|index| merged.nodes[index]).collect();
    path.reverse();
    path
}

#[test]
fn each_path_is_a_cheapest_one() {
    let mut random = Xorshift::new(9);
    for round in 0..1000 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 40);
        let roots: Vec<u32> = (0..random.below(4)).map(|_| random.below(graph.node_count() + 1)).collect();
        let set: Vec<u32> = (0..random.below(9)).map(|_| random.below(graph.node_count())).collect();
        let merged = MergedPaths::new(&graph, &roots, &set, cost, weigh);
        let costs = cheapest_costs(&graph, &roots, cost);
        let members: BTreeSet<u32> = set.iter().copied().collect();
        let (there, missing): (Vec<u32>, Vec<u32>) = members.iter().partition(|node| costs[**node as usize].is_some());
        let sum = |nodes: &[u32]| nodes.iter().map(|node| weigh(*node).bytes).sum::<u64>();
        assert_eq!((merged.unreached.bytes, merged.unreached.objects), (sum(&missing), missing.len() as u64));
        let mut total = Weight::default();
        merged.weights.iter().for_each(|&weight| total.add(weight));
        assert_eq!(total, Weight { bytes: sum(&there), objects: there.len() as u64 });
        let found: Vec<usize> = (0..merged.nodes.len()).filter(|&index| merged.weights[index].objects > 0).collect();
        let nodes: BTreeSet<u32> = found.iter().map(|&index| merged.nodes[index]).collect();
        assert_eq!(nodes, there.into_iter().collect());
        for index in found {
            let (node, path) = (merged.nodes[index], path(&merged, index));
            assert!(roots.contains(&path[0]), "{path:?}");
            let sum: Option<u32> = path.windows(2).map(|hop| cost(hop[0], hop[1]).map(u32::from)).sum();
            assert!(path.windows(2).all(|hop| graph.targets(hop[0]).contains(&hop[1])), "{path:?}");
            assert_eq!(sum, costs[node as usize], "{path:?} in {graph:?}");
            assert_eq!(merged.weights[index], weigh(node));
        }
        assert!(merged.parents.iter().enumerate().all(|(index, &parent)| parent as usize <= index));
        let once: BTreeSet<u32> = merged.nodes.iter().copied().collect();
        assert_eq!(once.len(), merged.nodes.len(), "a node stands in the tree once");
    }
}

#[test]
fn paths_are_the_same_where_only_what_leads_to_the_set_is_entered() {
    let mut random = Xorshift::new(14);
    let mut fewer = 0;
    for round in 0..500 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 40);
        let roots: Vec<u32> = (0..random.below(4)).map(|_| random.below(graph.node_count())).collect();
        let members: BTreeSet<u32> = (0..random.below(4)).map(|_| random.below(graph.node_count())).collect();
        let members: Vec<u32> = members.into_iter().collect();
        let mut sought = IdBitSet::with_room_for(graph.node_count());
        sought.extend(members.iter().copied());
        let Some(of_use) = reaching::found_in(&graph, &sought, u64::MAX) else { continue };
        fewer += usize::from(of_use.count() < u64::from(graph.node_count()));
        let narrow = |from, to| if of_use.contains(to) { cost(from, to) } else { None };
        let wide = MergedPaths::of_members(&graph, &roots, (&members, sought.clone()), cost, weigh);
        let narrow = MergedPaths::of_members(&graph, &roots, (&members, sought), narrow, weigh);
        assert_eq!(
            (wide.nodes, wide.parents),
            (narrow.nodes, narrow.parents),
            "{members:?} from {roots:?} in {graph:?}"
        );
        assert_eq!((wide.weights, wide.unreached), (narrow.weights, narrow.unreached));
    }
    assert!(fewer > 200, "{fewer}");
}

#[test]
fn all_of_a_list_of_a_million_is_one_path() {
    let many = 1_000_000;
    let list = GraphBuilder::new(many).unwrap().build(|node| Some(node + 1).filter(|next| *next < many)).unwrap();
    let set: Vec<u32> = (0..many).rev().collect();
    let merged = MergedPaths::new(&list, &[0], &set, |_, _| Some(1), |_| Weight { bytes: 8, objects: 1 });
    assert!(merged.nodes.iter().copied().eq(0..many));
    assert!(merged.parents.iter().copied().eq(std::iter::once(0).chain(0..many - 1)));
}
