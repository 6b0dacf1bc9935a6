//! The shortest paths from one node to a few.

use crate::{CsrGraph, IdBitSet};
use foldhash::HashMap;

/// Of each of `wanted`, a path of the fewest edges from `from`, which it begins with; None where there is none. Of several the one that is
/// found first: edges in their order. It goes to no node of which `may_enter` does not say so, and no further than it must.
///
/// Overhead while it runs: one bit for every node, and 8 bytes for each that is met.
#[must_use]
pub fn shortest_from(
    graph: &CsrGraph,
    from: u32,
    wanted: &[u32],
    may_enter: impl Fn(u32) -> bool,
) -> Vec<Option<Vec<u32>>> {
    let mut found: HashMap<u32, Option<usize>> = wanted.iter().map(|&node| (node, None)).collect();
    let mut missing = found.len();
    let mut met = IdBitSet::with_room_for(graph.node_count());
    // Each with the place here of the one that it was met from.
    let mut nodes: Vec<(u32, u32)> = Vec::new();
    let (start, mut at) = ([from], 0);
    let mut row: &[u32] = if from < graph.node_count() { &start } else { &[] };
    while missing > 0 {
        for &to in row {
            if met.contains(to) || at > 0 && !may_enter(to) {
                continue;
            }
            met.insert(to);
            if let Some(place) = found.get_mut(&to) {
                *place = Some(nodes.len());
                missing -= 1;
            }
            nodes.push((to, if at > 0 { at - 1 } else { 0 }));
        }
        let Some(&(node, _)) = nodes.get(at as usize) else { break };
        row = graph.targets(node);
        at += 1;
    }
    let path = |place: usize| {
        let up = |&place: &usize| (place != 0).then(|| nodes[place].1 as usize);
        let mut path: Vec<u32> = std::iter::successors(Some(place), up).map(|place| nodes[place].0).collect();
        path.reverse();
        path
    };
    wanted.iter().map(|node| found.get(node).copied().flatten().map(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Shape, Xorshift};
    use crate::{MergedPaths, Weight};

    #[test]
    fn paths_are_those_of_a_search_for_each() {
        let mut random = Xorshift::new(21);
        for round in 0..600 {
            let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 40);
            let from = random.below(graph.node_count() + 1);
            let wanted: Vec<u32> = (0..random.below(5)).map(|_| random.below(graph.node_count())).collect();
            let may_enter = |node: u32| node % 7 != 3;
            let paths = shortest_from(&graph, from, &wanted, may_enter);
            for (&node, path) in wanted.iter().zip(paths) {
                let cost = |_, to| may_enter(to).then_some(1);
                let merged = MergedPaths::new(&graph, &[from], &[node], cost, |_| Weight::default());
                assert_eq!(
                    path,
                    (!merged.nodes.is_empty()).then_some(merged.nodes),
                    "from {from} to {node} in {graph:?}"
                );
            }
        }
    }
}
