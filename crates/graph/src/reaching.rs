//! What leads to a few nodes.

use crate::{CsrGraph, IdBitSet};

/// Of more nodes than one of so many nothing is to be found out this way: most of a graph leads to them.
const FEW: u64 = 1 << 8;
/// How often all edges are gone through: each time one step further from the set.
const MOST_ROUNDS: usize = 12;
/// A graph of so few nodes is searched sooner than told.
const SMALL: u32 = 1 << 16;

/// The nodes from which one of `set` is reached, itself among them. None where that is not quickly told: of a large set, of one to which
/// much leads, and of one to which long ways lead.
///
/// Overhead: two bits a node. The graph is not turned round: to go through all edges some times costs less.
pub(crate) fn reaching(graph: &CsrGraph, set: &IdBitSet) -> Option<IdBitSet> {
    let most = u64::from(graph.node_count()) / FEW;
    if graph.node_count() <= SMALL || set.count() > most {
        return None;
    }
    found_in(graph, set, most)
}

pub(crate) fn found_in(graph: &CsrGraph, set: &IdBitSet, most: u64) -> Option<IdBitSet> {
    let mut reaching = set.clone();
    for _ in 0..MOST_ROUNDS {
        let next = one_step_further(graph, &reaching);
        if next.count() == reaching.count() {
            return Some(reaching);
        }
        if next.count() > most {
            return None;
        }
        reaching = next;
    }
    None
}

/// These nodes, and those that lead to one of them at once.
fn one_step_further(graph: &CsrGraph, known: &IdBitSet) -> IdBitSet {
    let mut reaching = known.clone();
    reaching.extend(graph.edges_to(known, usize::MAX).into_iter().flatten().map(|(from, _)| from));
    reaching
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Shape, Xorshift};

    /// By a search from each node.
    fn plainly(graph: &CsrGraph, set: &IdBitSet) -> Vec<u32> {
        let leads = |&from: &u32| {
            let (mut met, mut open) = (IdBitSet::with_room_for(graph.node_count()), vec![from]);
            while let Some(node) = open.pop() {
                if set.contains(node) {
                    return true;
                }
                if met.insert(node) {
                    open.extend(graph.targets(node));
                }
            }
            false
        };
        (0..graph.node_count()).filter(leads).collect()
    }

    #[test]
    fn what_reaches_a_set_is_what_a_search_finds() {
        let mut random = Xorshift::new(5);
        let mut told = 0;
        for round in 0..300 {
            let graph = Shape::ALL[round % Shape::ALL.len()].graph(&mut random, 60);
            let mut set = IdBitSet::with_room_for(graph.node_count());
            set.insert(random.below(graph.node_count()));
            let most = u64::from(random.below(2 * graph.node_count()));
            let plain = plainly(&graph, &set);
            match found_in(&graph, &set, most) {
                Some(found) => {
                    told += 1;
                    assert_eq!(found.iter_ones().collect::<Vec<_>>(), plain, "{graph:?}");
                }
                // As many as may be, and no long way.
                None => assert!(plain.len() as u64 > most || plain.len() > MOST_ROUNDS, "{graph:?}"),
            }
        }
        assert!(told > 100, "{told}");
    }

    #[test]
    fn of_a_small_graph_and_of_a_large_set_nothing_is_told() {
        let edges: Vec<(u32, u32)> = (1..SMALL + 2).map(|node| (0, node)).collect();
        let graph = CsrGraph::from_edges(SMALL + 2, &edges).unwrap();
        let set = |nodes: std::ops::Range<u32>| {
            let mut set = IdBitSet::with_room_for(graph.node_count());
            set.extend(nodes);
            set
        };
        assert_eq!(reaching(&graph, &set(7..8)).unwrap().iter_ones().collect::<Vec<_>>(), [0, 7]);
        assert!(reaching(&graph, &set(1..SMALL)).is_none());
        let small = CsrGraph::from_edges(3, &[(0, 1)]).unwrap();
        assert!(reaching(&small, &set(1..2)).is_none());
    }
}
