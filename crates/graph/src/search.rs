//! Going through a graph, cheapest first.

use std::collections::VecDeque;

/// Costs of edges are bytes, so what waits costs at most 255 more than what is at hand: a ring of queues (Dial, "Algorithm
/// 360", 1969) keeps it in order.
const RING: usize = 256;

/// A search by ascending cost; of equal cost, what was met first. With cost 1 everywhere it is breadth first.
///
/// Overhead: 8 bytes for each node that is met, 8 for each that waits. What is never met costs address space alone, as the
/// arrays come zeroed.
#[derive(Debug, Clone)]
pub(crate) struct CheapestFirst {
    /// Of each node 0 if it has not been met, else 1 more than the node from which it is met most cheaply (for a start, than itself);
    /// and what that costs. Both together, for they are asked together and lie anywhere.
    met: Vec<[u32; 2]>,
    ring: Vec<VecDeque<Step>>,
    now: u32,
    waiting: usize,
}

/// One way to a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) node: u32,
    pub(crate) via: u32,
}

impl CheapestFirst {
    pub(crate) fn new(node_count: u32) -> Self {
        Self { met: vec![[0; 2]; node_count as usize], ring: vec![VecDeque::new(); RING], now: 0, waiting: 0 }
    }

    /// Begins at `node`, at no cost; not at all if it is no node.
    pub(crate) fn start(&mut self, node: u32) {
        if (node as usize) < self.met.len() {
            self.offer(Step { node, via: node }, 0);
        }
    }

    /// Takes the step into account, at `cost` more than the last one given, if it is the cheapest to its node so far.
    pub(crate) fn offer(&mut self, step: Step, cost: u8) {
        let cost = self.now.saturating_add(u32::from(cost));
        let met = &mut self.met[step.node as usize];
        if met[0] == 0 || cost < met[1] {
            *met = [step.via + 1, cost];
            self.queue(step, cost);
        }
    }

    /// Lets the step wait for its turn, whatever others lead to its node.
    pub(crate) fn offer_for_itself(&mut self, step: Step, cost: u8) {
        self.queue(step, self.now.saturating_add(u32::from(cost)));
    }

    fn queue(&mut self, step: Step, cost: u32) {
        self.ring[cost as usize % RING].push_back(step);
        self.waiting += 1;
    }

    /// The next step, by ascending cost.
    pub(crate) fn next(&mut self) -> Option<Step> {
        while self.waiting > 0 {
            if let Some(step) = self.ring[self.now as usize % RING].pop_front() {
                self.waiting -= 1;
                return Some(step);
            }
            // Nothing costs more than the greatest number, so nothing waits behind it.
            self.now = self.now.saturating_add(1);
        }
        None
    }

    /// What the last step given costs in all; it stays at the greatest number instead of wrapping.
    pub(crate) fn cost(&self) -> u32 {
        self.now
    }

    /// Whether `step`, the last one given, is the one by which its node is reached: no cheaper one came before it. A node is
    /// gone on from once, so that its neighbours tell the step to be taken from the others.
    pub(crate) fn reaches(&self, step: Step) -> bool {
        self.met[step.node as usize][0] == step.via + 1
    }

    /// From `node`, which has been met, back to where the search began.
    pub(crate) fn way_back(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        way_back(&self.met, node)
    }

    /// The ways of a search that has ended: what nodes cost is forgotten, and its room is for notes.
    pub(crate) fn ended(self) -> WaysBack {
        let CheapestFirst { mut met, .. } = self;
        // What was never met stays untouched.
        met.iter_mut().filter(|met| met[1] != 0).for_each(|met| met[1] = 0);
        WaysBack { met }
    }
}

/// The ways of a search, and a number that is noted of each node: 0 at first.
pub(crate) struct WaysBack {
    met: Vec<[u32; 2]>,
}

impl WaysBack {
    /// From `node`, which has been met, back to where the search began.
    pub(crate) fn way_back(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        way_back(&self.met, node)
    }

    /// Notes a number of a node.
    pub(crate) fn note(&mut self, node: u32, number: u32) {
        self.met[node as usize][1] = number;
    }

    /// What was noted of a node.
    pub(crate) fn noted(&self, node: u32) -> u32 {
        self.met[node as usize][1]
    }
}

fn way_back(met: &[[u32; 2]], node: u32) -> impl Iterator<Item = u32> + '_ {
    std::iter::successors(Some(node), |node| met[*node as usize][0].checked_sub(1).filter(|via| via != node))
}
