//! Graphs for tests: of many shapes, the same on every run.
#![allow(clippy::unwrap_used)]

use crate::CsrGraph;

/// Marsaglia's xorshift64: small, and needs no crate.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// A number less than `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Tree,
    Dag,
    Sparse,
    Dense,
    /// A long cycle with short cuts.
    Ring,
    /// Two parts, the second not reached from node 0.
    Parted,
    /// Many edges twice, many from a node to itself.
    Doubled,
    /// Edges mostly to close ids, as in a heap.
    Near,
}

impl Shape {
    pub(crate) const ALL: [Shape; 8] =
        [Shape::Tree, Shape::Dag, Shape::Sparse, Shape::Dense, Shape::Ring, Shape::Parted, Shape::Doubled, Shape::Near];

    /// A graph of at most `most` nodes, ids in no order; node 0 is meant as the root.
    pub(crate) fn graph(self, random: &mut Xorshift, most: u32) -> CsrGraph {
        let nodes = 2 + random.below(most - 1);
        let mut edges = self.edges(random, nodes);
        shuffle_ids(&mut edges, random, nodes);
        CsrGraph::from_edges(nodes, &edges).unwrap()
    }

    fn edges(self, random: &mut Xorshift, nodes: u32) -> Vec<(u32, u32)> {
        let any = |random: &mut Xorshift| (random.below(nodes), random.below(nodes));
        let up = |random: &mut Xorshift| {
            let to = 1 + random.below(nodes - 1);
            (random.below(to), to)
        };
        let tree = |random: &mut Xorshift| (1..nodes).map(|to| (random.below(to), to)).collect::<Vec<_>>();
        let count = random.below(nodes * 2) + nodes;
        match self {
            Shape::Tree => tree(random),
            Shape::Dag => (0..count).map(|_| up(random)).collect(),
            Shape::Sparse => (0..count).map(|_| any(random)).collect(),
            Shape::Dense => (0..nodes * nodes / 2).map(|_| any(random)).collect(),
            Shape::Ring => {
                let ring = (0..nodes).map(|node| (node, (node + 1) % nodes));
                ring.chain((0..nodes / 4).map(|_| any(random))).collect()
            }
            Shape::Parted => {
                let half = nodes / 2;
                let parted = (0..count).map(|_| any(random));
                parted.filter(|(from, to)| *from >= half || *to < half).collect()
            }
            Shape::Doubled => {
                let once: Vec<_> = tree(random).into_iter().chain((0..nodes / 2).map(|_| any(random))).collect();
                let loops = (0..nodes / 3).map(|_| random.below(nodes)).map(|node| (node, node));
                once.iter().copied().chain(loops).chain(once.iter().copied().step_by(2)).collect()
            }
            Shape::Near => (0..count)
                .map(|_| {
                    let from = random.below(nodes);
                    (from, (from + random.below(6)).saturating_sub(2).min(nodes - 1))
                })
                .collect(),
        }
    }
}

/// Gives all nodes but 0 other ids, and the edges another order.
fn shuffle_ids(edges: &mut [(u32, u32)], random: &mut Xorshift, nodes: u32) {
    let mut ids: Vec<u32> = (0..nodes).collect();
    for at in (2..nodes).rev() {
        ids.swap(at as usize, 1 + random.below(at) as usize);
    }
    for edge in &mut *edges {
        *edge = (ids[edge.0 as usize], ids[edge.1 as usize]);
    }
    for at in (1..edges.len()).rev() {
        edges.swap(at, random.below(at as u32 + 1) as usize);
    }
}

/// What `work` gives in a rayon pool of `threads`.
pub(crate) fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Which nodes `roots` reach when no edge leads into nor out of what `cut` names.
pub(crate) fn reached(graph: &CsrGraph, roots: &[u32], cut: impl Fn(u32) -> bool) -> Vec<bool> {
    let mut seen = vec![false; graph.node_count() as usize];
    let mut open: Vec<u32> = roots.iter().copied().filter(|root| !cut(*root)).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut seen[node as usize], true) {
            open.extend(graph.targets(node).iter().copied().filter(|to| !cut(*to)));
        }
    }
    seen
}

/// The least cost from any of `roots` to each node, by trying all edges until nothing changes.
pub(crate) fn cheapest_costs(
    graph: &CsrGraph,
    roots: &[u32],
    cost: impl Fn(u32, u32) -> Option<u8>,
) -> Vec<Option<u32>> {
    let mut costs = vec![None; graph.node_count() as usize];
    for root in roots.iter().filter(|root| **root < graph.node_count()) {
        costs[*root as usize] = Some(0);
    }
    let mut has_changed = true;
    while std::mem::take(&mut has_changed) {
        for (from, to) in graph.edges() {
            let through = costs[from as usize].zip(cost(from, to)).map(|(sum, cost)| sum + u32::from(cost));
            if let Some(through) = through.filter(|through| costs[to as usize].is_none_or(|known| *through < known)) {
                costs[to as usize] = Some(through);
                has_changed = true;
            }
        }
    }
    costs
}
