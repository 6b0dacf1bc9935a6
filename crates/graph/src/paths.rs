//! Paths from roots to one node.

use crate::CsrGraph;
use crate::search::{CheapestFirst, Step};

/// A path from a root to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The root first, the node last.
    pub nodes: Vec<u32>,
    /// Sum of the costs of its edges; it stays at the greatest number instead of wrapping.
    pub cost: u32,
}

/// The paths from roots to one node, the cheapest first, each sought only when it is asked for.
///
/// There is one path for each pair of a root and a node `x` to which it has an edge: that edge, and the cheapest way on from
/// `x` that goes through no root. So two paths end (as seen from the node) in different last hops, no node is twice on a path,
/// and no root stands inside one. It is the order of Eclipse MAT's "next shortest path", with costs instead of the number
/// of edges. Of equal cost, the path met first comes first: nearer nodes before, then sources in ascending order.
/// If the node is a root itself, that is the only path.
///
/// ```
/// use goheap_graph::{CsrGraph, PathsToRoots};
///
/// // 0 and 1 are roots; 0 holds 2, 2 holds 4; 1 holds 3, 3 holds 2 and 4.
/// let graph = CsrGraph::from_edges(5, &[(0, 2), (2, 4), (1, 3), (3, 2), (3, 4)])?;
/// let reversed = graph.reversed();
/// let root_zero_is_dear = |from, _to| Some(if from == 0 { 10 } else { 1 });
/// let paths = PathsToRoots::new(&reversed, 4, |node| node < 2, root_zero_is_dear);
/// let nodes: Vec<_> = paths.map(|path| path.nodes).collect();
/// assert_eq!(nodes, [vec![1, 3, 4], vec![0, 2, 4]]);
/// # Ok::<(), goheap_graph::GraphError>(())
/// ```
///
/// Overhead: 8 bytes for each node met and 8 for each that waits, beside the reversed graph.
#[derive(Debug, Clone)]
pub struct PathsToRoots<'a, R, C> {
    reversed: &'a CsrGraph,
    is_root: R,
    cost: C,
    search: CheapestFirst,
}

impl<'a, R, C> PathsToRoots<'a, R, C>
where
    R: Fn(u32) -> bool,
    C: Fn(u32, u32) -> Option<u8>,
{
    /// Paths to `node`, in a graph given as [`CsrGraph::reversed`] makes it; none if it is no node.
    ///
    /// `cost(from, to)` is the cost of an edge as the graph itself has it; an edge without one is not taken. A cost of 1
    /// everywhere makes the path with the fewest edges first; a greater one makes detours round an edge worth while. The
    /// number of edges counts for nothing where they cost 0.
    #[must_use]
    pub fn new(reversed: &'a CsrGraph, node: u32, is_root: R, cost: C) -> Self {
        let mut search = CheapestFirst::new(reversed.node_count());
        search.start(node);
        Self { reversed, is_root, cost, search }
    }

    /// Offers what has an edge to `node`, once each.
    fn go_on_from(&mut self, node: u32) {
        let mut last = None;
        for from in self.reversed.targets(node).iter().copied() {
            // Edges from the same source are neighbours.
            if last.replace(from) == Some(from) {
                continue;
            }
            let Some(cost) = (self.cost)(from, node) else { continue };
            let step = Step { node: from, via: node };
            if (self.is_root)(from) { self.search.offer_for_itself(step, cost) } else { self.search.offer(step, cost) }
        }
    }

    fn path(&self, step: Step) -> Path {
        let is_whole = step.node == step.via;
        let root = (!is_whole).then_some(step.node);
        Path { nodes: root.into_iter().chain(self.search.way_back(step.via)).collect(), cost: self.search.cost() }
    }
}

impl<R, C> Iterator for PathsToRoots<'_, R, C>
where
    R: Fn(u32) -> bool,
    C: Fn(u32, u32) -> Option<u8>,
{
    type Item = Path;

    fn next(&mut self) -> Option<Path> {
        while let Some(step) = self.search.next() {
            if (self.is_root)(step.node) {
                return Some(self.path(step));
            }
            if self.search.reaches(step) {
                self.go_on_from(step.node);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
