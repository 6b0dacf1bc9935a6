#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Shape, Xorshift, in_pool, reached};
use crate::{GraphBuilder, RetainedSizes};
use petgraph::algo::dominators::simple_fast;

fn graph(nodes: u32, edges: &[(u32, u32)]) -> CsrGraph {
    CsrGraph::from_edges(nodes, edges).unwrap()
}

/// Every question of the tree, answered again from immediate dominators alone.
fn check_shape(tree: &DominatorTree, context: &str) {
    let nodes: Vec<u32> = (0..tree.node_count()).filter(|node| tree.contains(*node)).collect();
    let chain = |node: u32| std::iter::successors(Some(node), |node| tree.idom(*node)).collect::<Vec<_>>();
    let mut preorder = tree.preorder().to_vec();
    for (place, node) in preorder.iter().enumerate() {
        let up = chain(*node);
        assert_eq!(tree.dominators(*node).collect::<Vec<_>>(), up, "{context}");
        assert_eq!(tree.depth(*node), Some(up.len() as u32 - 1), "{context}");
        assert_eq!(tree.depths()[place], up.len() as u32 - 1, "{context}");
        let mut children: Vec<u32> = tree.children(*node).collect();
        children.sort_unstable();
        let expected: Vec<u32> = nodes.iter().copied().filter(|child| tree.idom(*child) == Some(*node)).collect();
        assert_eq!(children, expected, "{context}: children of {node}");
        let mut subtree = tree.subtree(*node).to_vec();
        assert_eq!(subtree[0], *node);
        subtree.sort_unstable();
        let expected: Vec<u32> = nodes.iter().copied().filter(|below| chain(*below).contains(node)).collect();
        assert_eq!(subtree, expected, "{context}: subtree of {node}");
        assert!(nodes.iter().all(|below| tree.dominates(*node, *below) == expected.contains(below)));
    }
    let lengths = tree.slices().zip(0..).map(|((node, end), place)| (node, end - place));
    assert!(lengths.eq(tree.preorder().iter().map(|node| (*node, tree.subtree(*node).len() as u32))), "{context}");
    let from_below: Vec<(u32, Option<u32>)> = preorder.iter().rev().map(|node| (*node, tree.idom(*node))).collect();
    assert_eq!(tree.bottom_up().collect::<Vec<_>>(), from_below, "{context}");
    preorder.sort_unstable();
    assert_eq!(preorder, nodes, "{context}");
    let idoms: Vec<u32> = (0..tree.node_count() + 1).map(|node| tree.idom(node).unwrap_or(NONE)).collect();
    assert_eq!(tree.idoms_below(tree.node_count() + 1), idoms, "{context}");
    let reached = (0..tree.node_count()).filter(|node| tree.contains(*node));
    assert!(tree.reached_below(tree.node_count() + 1).iter_ones().eq(reached), "{context}");
    assert_eq!(tree.idoms_below(tree.node_count() / 2), idoms[..tree.node_count() as usize / 2], "{context}");
}

fn check_against_petgraph(graph: &CsrGraph, root: u32, context: &str) -> DominatorTree {
    let tree = DominatorTree::new(graph, root);
    let oracle = simple_fast(graph, root);
    let seen = reached(graph, &[root], |_| false);
    for node in 0..graph.node_count() {
        assert_eq!(tree.contains(node), seen[node as usize], "{context}: node {node} of {graph:?}");
        assert_eq!(tree.idom(node), oracle.immediate_dominator(node), "{context}: node {node} of {graph:?}");
    }
    tree
}

#[test]
fn equal_to_petgraph_on_ten_thousand_graphs() {
    let mut random = Xorshift::new(1);
    for round in 0..10_000 {
        let shape = Shape::ALL[round % Shape::ALL.len()];
        let graph = shape.graph(&mut random, if round % 10 == 9 { 60 } else { 14 });
        let context = format!("round {round}, {shape:?}");
        let tree = check_against_petgraph(&graph, 0, &context);
        if round % 20 < Shape::ALL.len() {
            check_shape(&tree, &context);
        }
    }
}

#[test]
fn equal_to_petgraph_on_larger_graphs() {
    let mut random = Xorshift::new(2);
    for shape in Shape::ALL.into_iter().filter(|shape| !matches!(shape, Shape::Dense)) {
        for _ in 0..3 {
            check_against_petgraph(&shape.graph(&mut random, 8000), 0, &format!("{shape:?}"));
        }
    }
}

#[test]
fn any_root_will_do() {
    let graph = graph(4, &[(0, 1), (1, 2), (2, 0), (3, 0)]);
    for root in 0..4 {
        let tree = check_against_petgraph(&graph, root, "cycle");
        assert_eq!(tree.root(), Some(root));
        check_shape(&tree, "cycle");
    }
    let none = DominatorTree::new(&graph, 4);
    assert!(none.is_empty() && none.root().is_none() && !none.contains(0) && none.bottom_up().next().is_none());
    assert_eq!((none.len(), none.node_count(), none.subtree(0).len(), none.children(0).count()), (0, 4, 0, 0));
}

#[test]
fn a_breadth_first_tree_is_wrong_on_these_seven_edges() {
    // root holds a and d; a holds b and c; d holds e; e holds b; b holds c. (An example of LeakCanary's.)
    let [root, a, b, c, d, e] = [0, 1, 2, 3, 4, 5];
    let graph = graph(6, &[(root, a), (root, d), (a, b), (a, c), (d, e), (e, b), (b, c)]);
    let tree = check_against_petgraph(&graph, root, "seven edges");
    // Breadth first, a is met before e, so both b and c would be a's.
    assert_eq!([b, c].map(|node| tree.idom(node)), [Some(root); 2]);
    assert_eq!(tree.children(root).collect::<Vec<_>>(), [a, b, c, d]);
    assert_eq!(tree.idom(e), Some(d));
    let retained = RetainedSizes::new(&tree, |_| 1);
    assert_eq!([root, a, b, c, d, e].map(|node| retained.of(node)), [6, 1, 1, 1, 2, 1]);
}

#[test]
fn sets_have_a_common_dominator_and_topmost_nodes() {
    let mut random = Xorshift::new(6);
    for round in 0..1000 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 25);
        let tree = DominatorTree::new(&graph, 0);
        let set: Vec<u32> = (0..random.below(5)).map(|_| random.below(graph.node_count() + 2)).collect();
        let there: Vec<u32> = set.iter().copied().filter(|node| tree.contains(*node)).collect();
        let all_below = |node: &u32| there.iter().all(|below| tree.dominates(*node, *below));
        let common = there.first().and_then(|first| tree.dominators(*first).find(all_below));
        assert_eq!(tree.common_dominator(&set), common, "{set:?} of {graph:?}");
        let is_topmost = |node: &u32| !there.iter().any(|above| above != node && tree.dominates(*above, *node));
        let mut topmost: Vec<u32> = there.iter().copied().filter(is_topmost).collect();
        topmost.sort_by_key(|node| tree.place(*node));
        topmost.dedup();
        assert_eq!(tree.topmost(&set), topmost, "{set:?} of {graph:?}");
    }
}

const MANY: u32 = 3_000_000;

#[test]
fn a_list_of_three_million() {
    let graph = GraphBuilder::new(MANY).unwrap().build(|node| Some(node + 1).filter(|next| *next < MANY)).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!((1..MANY).all(|node| tree.idom(node) == Some(node - 1)));
    assert_eq!(tree.depth(MANY - 1), Some(MANY - 1));
    let retained = RetainedSizes::new(&tree, |_| 24);
    assert_eq!((retained.of(0), retained.of(MANY - 1)), (24 * u64::from(MANY), 24));
}

#[test]
fn a_star_of_three_million() {
    let graph = GraphBuilder::new(MANY).unwrap();
    let graph = graph.build(|node| if node == 0 { 1..MANY } else { 0..u32::from(node % 2 == 0) }).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!(tree.children(0).eq(1..MANY), "half of them point back");
    assert_eq!(RetainedSizes::new(&tree, |_| 1).of(0), u64::from(MANY));
}

#[test]
fn a_doubly_linked_list_of_three_million() {
    let edges = |node: u32| [node.checked_sub(1), Some(node + 1).filter(|next| *next < MANY)].into_iter().flatten();
    let graph = GraphBuilder::new(MANY).unwrap().build(edges).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!((1..MANY).all(|node| tree.idom(node) == Some(node - 1)));
}

/// The last of a list holds a million nodes that the first holds too: step by step, each of them climbs the list.
#[test]
fn a_long_list_that_holds_what_the_root_holds_is_not_quadratic() {
    let length = 1_000_000;
    let all = 2 * length;
    let edges = |node: u32| {
        let next = (node + 1 < length).then_some(node + 1);
        let shared = if node == 0 || node + 1 == length { length..all } else { 0..0 };
        next.into_iter().chain(shared)
    };
    let graph = GraphBuilder::new(all).unwrap().build(edges).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!((length..all).all(|node| tree.idom(node) == Some(0)));
    assert_eq!(tree.depth(length - 1), Some(length - 1));
}

#[test]
fn any_number_of_threads_makes_the_same_tree() {
    let tree = || {
        let mut builder = GraphBuilder::new(200_000).unwrap();
        let root = builder.add_node().unwrap();
        (0..200_000).step_by(997).for_each(|node| builder.add_edge(root, node).unwrap());
        let near = |node: u32| (0..node % 4).map(move |step| (node + 1 + 37 * step * step) % 200_000);
        DominatorTree::new(&builder.build(near).unwrap(), root)
    };
    let alone = in_pool(1, tree);
    assert!(alone.len() > 1000);
    assert_eq!(in_pool(2, tree), alone);
}

/// That the tree is semi-NCA's; whether it is so without it.
fn check_against_plain(graph: &CsrGraph, root: u32, context: &str) -> bool {
    let tree = hubs::dominator_tree(graph, root).map(layout::NumberedTree::into_tree);
    let plain = DominatorTree::plainly(graph, root);
    assert!(tree.as_ref().is_none_or(|tree| *tree == plain), "{context} from {root}: {graph:?}");
    assert_eq!(DominatorTree::new(graph, root), plain);
    tree.is_some()
}

#[test]
fn equal_to_plain_semi_nca_on_twenty_thousand_graphs() {
    let mut random = Xorshift::new(9);
    let mut counts = [0; 2];
    for round in 0..20_000 {
        let shape = Shape::ALL[round % Shape::ALL.len()];
        let graph = shape.graph(&mut random, [5, 14, 60, 300][round / 8 % 4]);
        let root = if round % 5 == 0 { random.below(graph.node_count()) } else { 0 };
        counts[usize::from(check_against_plain(&graph, root, &format!("{shape:?}")))] += 1;
    }
    assert!(counts[0] > 100 && counts[1] > 10_000, "both ways are tried: {counts:?}");
    for shape in Shape::ALL.into_iter().filter(|shape| !matches!(shape, Shape::Dense)) {
        check_against_plain(&shape.graph(&mut random, 200_000), 0, &format!("{shape:?}"));
    }
}

/// Objects of two fields, the next and the one before, that a table of ten holds in part, and a value of one or two levels each.
#[test]
fn lists_that_are_held_at_many_places() {
    let mut random = Xorshift::new(10);
    for round in 0..2000 {
        let (length, held) = (2 + random.below(200), random.below(6));
        let values = 2 * length + random.below(length);
        let mut edges: Vec<(u32, u32)> = (0..held).map(|_| (0, 1 + random.below(length))).collect();
        edges.push((0, 1));
        for node in 1..=length {
            edges.push((node, length + node));
            edges.extend((node < length).then_some((node, node + 1)));
            edges.extend((node > 1 && round % 3 > 0).then_some((node, node - 1)));
            edges.extend(
                (round % 2 == 0).then_some((length + node, 1 + 2 * length + random.below(values - 2 * length + 1))),
            );
        }
        edges.retain(|edge| edge.1 <= values);
        check_against_plain(&graph(values + 1, &edges), 0, "list");
    }
}

#[test]
fn a_list_of_a_million_that_is_held_at_both_ends() {
    // Every node has a value, and every value a node of its own.
    let (length, all) = (1_000_000, 3_000_001);
    let edges = |node: u32| {
        let ends = [Some(1), Some(length)];
        let value = (node > length && node <= 2 * length).then_some(node + length);
        let next = (node < length).then_some(node + 1);
        let of_list = [next, (node > 1).then(|| node - 1), Some(node + length)];
        let edges = if node == 0 { [ends[0], ends[1], None] } else { of_list };
        if node > length { [value, None, None] } else { edges }.into_iter().flatten()
    };
    let graph = GraphBuilder::new(all).unwrap().build(edges).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!((1..=length).all(|node| tree.idom(node) == Some(0)));
    assert!((length + 1..all).all(|node| tree.idom(node) == Some(node - length)));
    assert!(tree == DominatorTree::plainly(&graph, 0));
}

#[test]
fn a_list_of_a_million_whose_values_come_after_the_next() {
    let length = 1_000_000;
    let edges = |node: u32| {
        let next = (node + 1 < length).then_some(node + 1);
        let value = (node < 2 * length).then_some(node + length);
        if node < length { [next, value] } else { [value, None] }.into_iter().flatten()
    };
    let graph = GraphBuilder::new(3 * length).unwrap().build(edges).unwrap();
    let tree = DominatorTree::new(&graph, 0);
    assert!(tree == DominatorTree::plainly(&graph, 0));
    assert_eq!(tree.depth(3 * length - 1), Some(length + 1));
}
