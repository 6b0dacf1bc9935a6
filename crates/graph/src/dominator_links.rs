//! Which one reference to cut.

use crate::{CsrGraph, DominatorTree, RetainedSizes};

/// A node and its immediate dominator, on the way from the root to some node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DominatorLink {
    /// The immediate dominator of `node`.
    pub dominator: u32,
    /// The node that is dominated.
    pub node: u32,
    /// The retained size of `node` in bytes: what goes if it is no longer held.
    pub retained: u64,
    /// Whether one edge from `dominator` to `node` carries it all: every path to `node` takes that edge, so without it all
    /// that `node` retains is free. Otherwise several edges must be cut, parallel ones among them.
    pub is_one_edge: bool,
}

impl DominatorTree {
    /// The links from `node` up to the root. Nothing for the root and for what is not reached.
    ///
    /// `reversed` is the tree's graph as [`CsrGraph::reversed`] makes it. Each link looks at the edges into its node, until
    /// two are found that come from elsewhere than below it.
    pub fn links<'a>(
        &'a self,
        reversed: &'a CsrGraph,
        retained: &'a RetainedSizes,
        node: u32,
    ) -> impl Iterator<Item = DominatorLink> + 'a {
        self.dominators(node).filter_map(move |node| {
            let dominator = self.idom(node)?;
            let is_one_edge = self.is_held_by_one_edge(reversed, node);
            Some(DominatorLink { dominator, node, retained: retained.of(node), is_one_edge })
        })
    }

    /// The one edge, among those that `may_cut(from, to)`, without which most bytes go and `node` among them. Of several that
    /// free the same, the one nearest to `node`; none if no single edge frees it.
    ///
    /// No other edge does: one that all paths take leads from an immediate dominator to the node it dominates. The further
    /// up the more it frees, so that the edges of nodes added for grouping should not be among those that may be cut.
    #[must_use]
    pub fn best_cut(
        &self,
        reversed: &CsrGraph,
        retained: &RetainedSizes,
        node: u32,
        may_cut: impl Fn(u32, u32) -> bool,
    ) -> Option<DominatorLink> {
        let links = self.links(reversed, retained, node);
        let mut cuts = links.filter(|link| link.is_one_edge && may_cut(link.dominator, link.node));
        let first = cuts.next()?;
        Some(cuts.fold(first, |best, link| if link.retained > best.retained { link } else { best }))
    }

    /// What leads to `node` from itself or from below has come through it already and does not count.
    fn is_held_by_one_edge(&self, reversed: &CsrGraph, node: u32) -> bool {
        let holds = |from: &&u32| self.contains(**from) && !self.dominates(node, **from);
        reversed.targets(node).iter().filter(holds).take(2).count() == 1
    }
}

#[cfg(test)]
mod tests;
