//! From the dominator tree of the forward edges to that of all.

use super::rows::{Rows, each_edge};
use super::search::Hub;
use crate::IdBitSet;
use crate::dominators::NONE;
use rayon::prelude::*;

/// For each node, how many steps up the tree it may take before it gives up.
const STEPS: usize = 4;
/// For how many nodes one edge may lead to a hub that is not settled.
const NODES: usize = 2;

/// Makes of the dominator tree of the forward edges that of all. None if that would take long.
///
/// A node's dominators are among those that it has by the forward edges. If no edge leads past such a node, from outside to what is below
/// it, then it does dominate that: so only immediate dominators of which that does not hold may be wrong. From them
/// up, the nearest common ancestor of all referrers is taken until nothing changes (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance
/// Algorithm", 2001).
pub(super) fn mend(rows: &Rows, parents: &mut [u32], hubs: &[Hub], past: Vec<u32>) -> Option<()> {
    let edges = edges_to_unsettled(rows, parents, hubs, &passed(parents, past))?;
    let mut steps = parents.len().saturating_mul(STEPS);
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        // There and back: a chain that is held at its end too changes from there on, link by link.
        for edge in edges.iter().chain(edges.iter().rev()) {
            let dominator = parents[edge.to as usize];
            let common = nearest_common(parents, dominator, edge.from, &mut steps)?;
            has_changed |= common != dominator;
            parents[edge.to as usize] = common;
        }
    }
    Some(())
}

/// An edge to a hub, as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    to: u32,
    from: u32,
}

/// The nearest common ancestor, step by step; none if there are no steps left.
fn nearest_common(parents: &[u32], mut one: u32, mut other: u32, steps: &mut usize) -> Option<u32> {
    *steps = steps.checked_sub(1)?;
    while one != other {
        *steps = steps.checked_sub(1)?;
        (one, other) = if one > other { (parents[one as usize], other) } else { (one, parents[other as usize]) };
    }
    Some(one)
}

/// The numbers of those that edges lead past.
fn passed(parents: &[u32], mut past: Vec<u32>) -> IdBitSet {
    let mut passed = IdBitSet::with_room_for(parents.len() as u32);
    for number in (1..parents.len()).rev() {
        let common = past[number];
        if common != 0 && !common < number as u32 {
            passed.insert(number as u32);
            let above = &mut past[parents[number] as usize];
            *above = (*above).max(common);
        }
    }
    passed
}

/// All edges to hubs whose immediate dominators are `passed`, by target; none if they are many.
fn edges_to_unsettled(rows: &Rows, parents: &[u32], hubs: &[Hub], passed: &IdBitSet) -> Option<Vec<Edge>> {
    let is_unsettled = |hub: &u32| {
        let hub = hubs[*hub as usize];
        hub.number != NONE && passed.contains(hub.dominator)
    };
    let unsettled: Vec<u32> = (0..rows.count()).into_par_iter().filter(is_unsettled).collect();
    let mut set = IdBitSet::with_room_for(rows.count());
    unsettled.iter().for_each(|hub| _ = set.insert(*hub));
    let see = |hub: u32, see: &mut dyn FnMut(u32, u32)| {
        let found = hubs[hub as usize];
        if found.number != NONE {
            each_edge(rows.from(hub, found.start), found.number, parents, |from, to| {
                if set.contains(to) {
                    see(from, to);
                }
            });
        }
    };
    let near = || rows.hubs_near(&set);
    let count = |hub: u32| {
        let mut count = 0;
        see(hub, &mut |_, _| count += 1);
        count
    };
    if near().flat_map_iter(|hubs| hubs.map(count)).sum::<usize>() > parents.len() / NODES {
        return None;
    }
    let edges = |hub: u32| {
        let mut edges = Vec::new();
        see(hub, &mut |from, to| edges.push(Edge { to: hubs[to as usize].number, from }));
        edges
    };
    let mut edges: Vec<Edge> = near().flat_map_iter(|hubs| hubs.flat_map(edges)).collect();
    edges.par_sort_unstable();
    Some(edges)
}
