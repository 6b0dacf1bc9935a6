#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::{Shape, Xorshift, in_pool};
use std::ops::Range;

fn sorted_edges(graph: &CsrGraph) -> Vec<(u32, u32)> {
    let mut edges: Vec<_> = graph.edges().collect();
    edges.sort_unstable();
    edges
}

#[test]
fn blocks_make_the_same_graph_at_any_number_of_threads() {
    let mut random = Xorshift::new(4);
    for round in 0..60 {
        let shape = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 400);
        let objects = shape.node_count();
        let whole = with_root(objects).build(|object| shape.targets(object).iter().copied()).unwrap();
        let step = random.below(30) + 1;
        let blocks: Vec<_> = (0..objects).step_by(step as usize).map(|at| at..objects.min(at + step)).collect();
        let read = |index: usize, block: &mut EdgeBlock| {
            for object in blocks[index].clone() {
                shape.targets(object).iter().for_each(|to| block.push(object, *to, 0));
            }
        };
        for threads in [1, 3] {
            let made = in_pool(threads, || with_root(objects).build_blocks(&blocks, shape.edge_count(), read));
            assert_eq!(made.unwrap(), whole, "round {round}");
        }
    }
}

/// A builder of so many objects and one root that holds the first.
fn with_root(objects: u32) -> GraphBuilder {
    let mut builder = GraphBuilder::new(objects).unwrap();
    let root = builder.add_node().unwrap();
    builder.add_edge(root, 0).unwrap();
    builder
}

#[test]
#[allow(clippy::single_range_in_vec_init, reason = "one block is a list of one range")]
fn edges_out_of_order_and_to_nowhere_are_errors() {
    let build = |blocks: &[Range<u32>], edges: &[(u32, u32)]| {
        let read = |index: usize, block: &mut EdgeBlock| {
            edges.iter().filter(|edge| index == 0 || edge.0 >= 3).for_each(|edge| block.push(edge.0, edge.1, 0));
        };
        with_root(6).build_blocks(blocks, 0, read).map(|graph| graph.edge_count())
    };
    assert_eq!(build(&[0..6], &[(0, 1), (0, 6), (5, 5)]), Ok(4));
    assert_eq!(build(&[0..6], &[(2, 1), (1, 1)]), Err(GraphError::OutOfOrder(1)));
    assert_eq!(build(&[0..3, 3..6], &[(4, 1)]), Err(GraphError::OutOfOrder(4)), "of another block");
    assert_eq!(build(&[0..6], &[(0, 1), (2, 1), (2, 7)]), Err(GraphError::NoSuchTarget { from: 2, to: 7 }));
    assert_eq!(build(&[0..3], &[]), Err(GraphError::OutOfOrder(3)), "a block is missing");
    assert_eq!(build(&[0..3, 4..6], &[]), Err(GraphError::OutOfOrder(4)));
    assert_eq!(build(&[0..6, 6..9], &[]), Err(GraphError::OutOfOrder(9)), "more than all");
}

#[test]
fn rows_keep_the_order_given() {
    let graph = CsrGraph::from_edges(4, &[(2, 1), (0, 3), (2, 0), (2, 1), (3, 3)]).unwrap();
    assert_eq!((graph.node_count(), graph.edge_count()), (4, 5));
    assert_eq!(graph.targets(2), [1, 0, 1]);
    assert_eq!(graph.targets(1), [0u32; 0]);
    assert_eq!(graph.targets(4), [0u32; 0], "no node");
    assert_eq!(graph.targets(u32::MAX), [0u32; 0]);
    let empty = CsrGraph::from_edges(0, &[]).unwrap();
    assert_eq!((empty.node_count(), empty.reversed().edge_count()), (0, 0));
}

#[test]
fn a_dropped_edge_leads_to_its_own_node() {
    let mut graph = CsrGraph::from_edges(3, &[(0, 1), (0, 2), (0, 1), (1, 2)]).unwrap();
    assert_eq!(graph.drop_edges_where(0, |to| to == 1), 2);
    assert_eq!((graph.targets(0), graph.targets(1), graph.edge_count()), (&[0, 2, 0][..], &[2][..], 4));
    assert_eq!(
        (
            graph.drop_edges_where(0, |to| to == 1),
            graph.drop_edges_where(7, |to| to == 1),
            graph.drop_edges_where(2, |to| to == 0)
        ),
        (0, 0, 0)
    );
}

#[test]
fn tags_stand_beside_the_edges_of_objects() {
    let edges = [(0, 2, 5), (0, 1, 7), (2, 2, 9)];
    let build = |keeps: bool| {
        let mut builder = with_root(3);
        if keeps {
            builder.keep_tags();
        }
        let read = |index: usize, block: &mut EdgeBlock| {
            let own = edges.iter().filter(|edge| (edge.0 == 2) == (index == 1));
            own.for_each(|&(from, to, tag)| block.push(from, to, tag));
        };
        builder.build_blocks(&[0..2, 2..3], 3, read).unwrap()
    };
    let mut graph = build(true);
    assert_eq!((graph.targets(0), graph.tags(0)), (&[2, 1][..], Some(&[5, 7][..])));
    assert_eq!((graph.tags(1), graph.tags(2)), (Some(&[][..]), Some(&[9][..])));
    assert_eq!((graph.tags(3), graph.tags(4)), (None, None), "the root, and no node");
    assert_eq!(graph.drop_edges_where(0, |to| to == 2), 1);
    assert_eq!((graph.targets(0), graph.tags(0)), (&[0, 1][..], Some(&[5, 7][..])), "a dropped edge keeps its tag");
    assert_eq!((graph.reversed().tags(0), build(false).tags(0)), (None, None));
}

#[test]
fn added_nodes_lie_beyond_the_objects() {
    let mut builder = GraphBuilder::new(2).unwrap();
    let root = builder.add_node().unwrap();
    let group = builder.add_node().unwrap();
    builder.add_edge(group, 1).unwrap();
    builder.add_edge(root, group).unwrap();
    builder.add_edge(group, 0).unwrap();
    let graph = builder.build(|object| [1 - object]).unwrap();
    assert_eq!((root, group), (2, 3));
    assert_eq!(graph.edges().collect::<Vec<_>>(), [(0, 1), (1, 0), (2, 3), (3, 1), (3, 0)]);
}

#[test]
fn what_cannot_be_built_is_told() {
    let error = CsrGraph::from_edges(2, &[(0, 2)]).unwrap_err();
    assert_eq!(error, GraphError::NoSuchTarget { from: 0, to: 2 });
    assert!(CsrGraph::from_edges(2, &[(2, 0)]).is_err());
    assert_eq!(GraphBuilder::new(u32::MAX).unwrap_err(), GraphError::TooManyNodes(0xffff_ffff));
    let mut full = GraphBuilder::new(u32::MAX - 1).unwrap();
    assert_eq!(full.add_node(), Err(GraphError::TooManyNodes(0xffff_ffff)));
    assert_eq!(full.add_edge(3, 4), Err(GraphError::NotAnAddedNode(3)));
    // Of several errors the first, though chunks are taken by any thread.
    let far = GraphBuilder::new(200_000).unwrap();
    let error = far.build(|node| (node % 70_000 == 69_999).then_some(200_000 + node)).unwrap_err();
    assert_eq!(error, GraphError::NoSuchTarget { from: 69_999, to: 269_999 });
}

#[test]
fn a_caller_who_changes_his_mind_is_told() {
    use std::sync::atomic::{AtomicU32, Ordering};
    for (first, again) in [(2, 1), (1, 2)] {
        let asked = AtomicU32::new(0);
        let changing = |node: u32| {
            let is_again = node == 3 && asked.fetch_add(1, Ordering::Relaxed) > 0;
            std::iter::repeat_n(0, if is_again { again } else { first })
        };
        let error = GraphBuilder::new(5).unwrap().build(changing).unwrap_err();
        assert_eq!(error, GraphError::EdgesChanged(3));
    }
}

#[test]
fn reversed_turns_every_edge() {
    let mut random = Xorshift::new(11);
    for shape in Shape::ALL {
        for _ in 0..50 {
            let graph = shape.graph(&mut random, 60);
            let reversed = graph.reversed();
            let mut turned: Vec<_> = reversed.edges().map(|(to, from)| (from, to)).collect();
            assert!((0..reversed.node_count()).all(|node| reversed.targets(node).is_sorted()));
            turned.sort_unstable();
            assert_eq!(turned, sorted_edges(&graph));
        }
    }
}

#[test]
fn any_number_of_threads_makes_the_same_graph() {
    let build = || {
        let edges = |node: u32| (0..node % 5).map(move |step| (node * 7919 + step * 104_729) % 300_000);
        let graph = GraphBuilder::new(300_000).unwrap().build(edges).unwrap();
        let reversed = graph.reversed();
        (graph, reversed)
    };
    let alone = in_pool(1, build);
    assert_eq!(alone.0.edge_count(), 600_000);
    assert!([2, 3, 16].into_iter().all(|threads| in_pool(threads, build) == alone));
}

#[test]
fn wide_places_are_filled_and_read_as_narrow_ones() {
    let mut random = Xorshift::new(12);
    for shape in Shape::ALL {
        let graph = shape.graph(&mut random, 60);
        let reversed = graph.reversed();
        let widened = |offsets: &Offsets| (0..offsets.len() as u32).map(|row| offsets.start(row) as u64).collect();
        let starts: Vec<u64> = widened(&reversed.offsets);
        let mut ends = starts[1..].to_vec();
        let mut sources = vec![0; reversed.targets.len()];
        graph.fill_sources(&mut ends, 7, &mut sources);
        assert_eq!((&ends[..], &sources[..]), (&starts[..starts.len() - 1], &reversed.targets[..]), "{shape:?}");
        let wide = CsrGraph {
            offsets: Offsets::Wide(widened(&graph.offsets).into()),
            targets: graph.targets.clone(),
            tags: Column::default(),
        };
        assert!(wide.edges().eq(graph.edges()));
        assert_eq!(wide.reversed(), reversed);
    }
}

#[test]
fn edges_to_a_set_are_those_of_all_edges() {
    let mut random = Xorshift::new(33);
    for round in 0..300 {
        let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 50);
        let mut sought = IdBitSet::with_room_for(graph.node_count());
        sought.extend((0..random.below(6)).map(|_| random.below(graph.node_count())));
        let start = random.below(graph.node_count());
        let nodes = start..start + random.below(graph.node_count() + 5);
        let all = graph.edges().filter(|(from, to)| nodes.contains(from) && sought.contains(*to));
        assert!(graph.edges_of(nodes.clone(), &sought).eq(all), "{nodes:?} in {graph:?}");
        let all = graph.edges().filter(|(_, to)| sought.contains(*to));
        assert!(graph.edges_to(&sought, usize::MAX).into_iter().flatten().eq(all), "{graph:?}");
    }
}
