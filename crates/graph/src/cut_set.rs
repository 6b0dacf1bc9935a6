//! The fewest edges without which a node is not reached, where one is not enough.

use crate::{CsrGraph, DominatorTree, IdBitSet};
use foldhash::HashMap;
use std::collections::VecDeque;

/// Edges above a node that are looked at, some 40 bytes each: what more than these lead to is not held by a few.
const MOST_EDGES: usize = 1_000_000;

/// The edges that can be on a way to a node, and the flow through each: Ford and Fulkerson's, in which an edge that may be cut lets
/// one unit through.
#[derive(Default)]
struct Network {
    nodes: Vec<u32>,
    edges: Vec<Edge>,
    /// By the index of a node, the edges that come in and that go out.
    entering: Vec<Vec<u32>>,
    leaving: Vec<Vec<u32>>,
}

struct Edge {
    from: u32,
    to: u32,
    may_cut: bool,
    flow: u32,
}

impl DominatorTree {
    /// The fewest edges, at most `most`, without which no way leads to `node`, all of those that `may_cut(from, to)`. Of several such sets
    /// the one furthest up, with which most goes. None if there is none, or more lead to `node` than are looked at.
    ///
    /// `reversed` is the tree's graph as [`CsrGraph::reversed`] makes it. Parallel edges are not cut: they are more than one.
    #[must_use]
    pub fn fewest_cuts(
        &self,
        reversed: &CsrGraph,
        node: u32,
        most: usize,
        may_cut: impl Fn(u32, u32) -> bool,
    ) -> Option<Vec<(u32, u32)>> {
        let mut network = self.ways_to(reversed, node, may_cut)?;
        let root = network.nodes.iter().position(|&other| self.idom(other).is_none())?;
        let mut met = network.met_from(root);
        for _ in 0..most {
            let Some(way) = met.get(&0).copied() else { break };
            network.send_along(way, &met, root);
            met = network.met_from(root);
        }
        if met.contains_key(&0) {
            return None;
        }
        let is_cut = |edge: &&Edge| met.contains_key(&edge.from) && !met.contains_key(&edge.to);
        let ends = |edge: &Edge| (network.nodes[edge.from as usize], network.nodes[edge.to as usize]);
        let mut cuts: Vec<(u32, u32)> = network.edges.iter().filter(is_cut).map(ends).collect();
        cuts.sort_unstable();
        Some(cuts)
    }

    /// What can be on a way to `node`, its index being 0. What comes back from below a node has come through it already.
    fn ways_to(&self, reversed: &CsrGraph, node: u32, may_cut: impl Fn(u32, u32) -> bool) -> Option<Network> {
        if !self.contains(node) || self.idom(node).is_none() {
            return None;
        }
        let mut network = Network::default();
        let mut index_of = HashMap::from_iter([(node, 0)]);
        network.add_node(node);
        let mut at = 0;
        while let Some(&to) = network.nodes.get(at) {
            let leads_here = |from: &u32| self.contains(*from) && !self.dominates(to, *from);
            let mut sources: Vec<u32> = reversed.targets(to).iter().copied().filter(leads_here).collect();
            sources.sort_unstable();
            if network.edges.len() + sources.len() > MOST_EDGES {
                return None;
            }
            for same in sources.chunk_by(|one, other| one == other) {
                let next = network.nodes.len() as u32;
                let from = *index_of.entry(same[0]).or_insert(next);
                if from == next {
                    network.add_node(same[0]);
                }
                network.add_edge(from, at as u32, same.len() == 1 && may_cut(same[0], to));
            }
            at += 1;
        }
        Some(network)
    }
}

impl Network {
    fn add_node(&mut self, node: u32) {
        self.nodes.push(node);
        self.entering.push(Vec::new());
        self.leaving.push(Vec::new());
    }

    fn add_edge(&mut self, from: u32, to: u32, may_cut: bool) {
        let edge = self.edges.len() as u32;
        self.edges.push(Edge { from, to, may_cut, flow: 0 });
        self.leaving[from as usize].push(edge);
        self.entering[to as usize].push(edge);
    }

    /// The nodes that more could flow to from `root`, each with the edge by which it is met first; 0, the end, among them only if more could
    /// flow there.
    fn met_from(&self, root: usize) -> HashMap<u32, u32> {
        let mut met = HashMap::from_iter([(root as u32, u32::MAX)]);
        let mut open = VecDeque::from([root as u32]);
        while let Some(node) = open.pop_front().filter(|_| !met.contains_key(&0)) {
            let is_open = |&&edge: &&u32| {
                let edge = &self.edges[edge as usize];
                !edge.may_cut || edge.flow == 0
            };
            let on = self.leaving[node as usize].iter().filter(is_open).map(|&edge| (edge, self.to(edge)));
            let back = self.entering[node as usize].iter().filter(|&&edge| self.edges[edge as usize].flow > 0);
            let back = back.map(|&edge| (edge, self.edges[edge as usize].from));
            for (edge, next) in on.chain(back) {
                met.entry(next).or_insert_with(|| {
                    open.push_back(next);
                    edge
                });
            }
        }
        met
    }

    fn to(&self, edge: u32) -> u32 {
        self.edges[edge as usize].to
    }

    /// Sends one unit to the end along the way that ends with the edge `last`.
    fn send_along(&mut self, last: u32, met: &HashMap<u32, u32>, root: usize) {
        let (mut node, mut by) = (0, last);
        while node as usize != root {
            let edge = &mut self.edges[by as usize];
            let from = if edge.to == node {
                edge.flow += 1;
                edge.from
            } else {
                edge.flow -= 1;
                edge.to
            };
            node = from;
            by = met.get(&node).copied().unwrap_or(u32::MAX);
        }
    }
}

/// Visits each node that goes without all of `edges`: what `roots` reach, but not without them.
///
/// It goes once over the graph. Overhead while it runs: a bit a node, and 4 bytes for each node that waits.
pub fn freed_without(graph: &CsrGraph, roots: &[u32], edges: &[(u32, u32)], mut visit: impl FnMut(u32)) {
    let mut met = IdBitSet::with_room_for(graph.node_count());
    let is_new = |&root: &u32| root < graph.node_count() && met.insert(root);
    let mut open: Vec<u32> = roots.iter().copied().filter(is_new).collect();
    while let Some(node) = open.pop() {
        let has_cuts = edges.iter().any(|edge| edge.0 == node);
        let targets = graph.targets(node).iter().copied();
        open.extend(targets.filter(|&to| !(has_cuts && edges.contains(&(node, to))) && met.insert(to)));
    }
    // What goes hangs on a cut edge of something that stays.
    let stays = edges.iter().filter(|edge| met.contains(edge.0));
    let mut open: Vec<u32> = stays.map(|edge| edge.1).collect();
    open.retain(|&to| met.insert(to));
    while let Some(node) = open.pop() {
        visit(node);
        open.extend(graph.targets(node).iter().copied().filter(|&to| met.insert(to)));
    }
}

#[cfg(test)]
mod tests;
