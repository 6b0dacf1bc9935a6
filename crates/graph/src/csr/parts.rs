//! A graph taken apart and put together again, as when it is kept in a file.

use super::{CsrGraph, GraphError, Offsets};
use crate::Column;
use rayon::prelude::*;

/// The columns of a graph.
#[derive(Debug, Clone, Default)]
pub struct CsrParts {
    /// Where the row of each node begins, and the end of the last; empty where that takes eight bytes.
    pub narrow: Column<u32>,
    /// The same in eight bytes; empty where four do.
    pub wide: Column<u64>,
    /// Where edges lead.
    pub targets: Column<u32>,
    /// What the caller said of the edges of objects; empty where that was not kept.
    pub tags: Column<u32>,
}

impl CsrGraph {
    /// The columns of this graph as [`CsrParts`] names them.
    #[must_use]
    pub fn columns(&self) -> (&[u32], &[u64], &[u32], &[u32]) {
        let (narrow, wide): (&[u32], &[u64]) = match &self.offsets {
            Offsets::Narrow(starts) => (starts, &[]),
            Offsets::Wide(starts) => (&[], starts),
        };
        (narrow, wide, &self.targets, &self.tags)
    }

    /// The graph of these columns.
    ///
    /// # Errors
    /// [`GraphError::Damaged`] where rows do not follow each other, or an edge leads to no node.
    pub fn from_parts(parts: CsrParts) -> Result<Self, GraphError> {
        let CsrParts { narrow, wide, targets, tags } = parts;
        let edges = targets.len() as u64;
        let is_in_order = match (narrow.is_empty(), wide.is_empty()) {
            (false, true) => are_rows(&narrow, edges),
            (true, false) => are_rows(&wide, edges),
            _ => false,
        };
        if !is_in_order {
            return Err(GraphError::Damaged("rows do not follow each other"));
        }
        let offsets = if wide.is_empty() { Offsets::Narrow(narrow) } else { Offsets::Wide(wide) };
        let nodes = u32::try_from(offsets.len() - 1).ok().filter(|nodes| *nodes < u32::MAX);
        let nodes = nodes.ok_or(GraphError::Damaged("too many nodes"))?;
        if targets.par_iter().any(|target| *target >= nodes) {
            return Err(GraphError::Damaged("an edge leads to no node"));
        }
        if tags.len() > targets.len() {
            return Err(GraphError::Damaged("more tags than edges"));
        }
        Ok(CsrGraph { offsets, targets, tags })
    }
}

fn are_rows<T: Copy + Ord + Into<u64> + Sync>(starts: &[T], edges: u64) -> bool {
    let is_whole = |first: T, last: T| (first.into(), last.into()) == (0, edges);
    starts.first().zip(starts.last()).is_some_and(|(first, last)| is_whole(*first, *last))
        && starts.par_windows(2).all(|pair| pair[0] <= pair[1])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_graph_is_put_together_again_and_nothing_else() {
        let graph = CsrGraph::from_edges(4, &[(0, 1), (0, 2), (2, 3), (3, 0)]).unwrap();
        let (narrow, _, targets, _) = graph.columns();
        let (narrow, targets) = (narrow.to_vec().into(), targets.to_vec().into());
        let parts = CsrParts { narrow, targets, ..CsrParts::default() };
        assert_eq!(CsrGraph::from_parts(parts.clone()), Ok(graph));
        let wide: Column<u64> = parts.narrow.iter().map(|start| u64::from(*start)).collect();
        let same = CsrGraph::from_parts(CsrParts { narrow: Column::default(), wide: wide.clone(), ..parts.clone() });
        assert_eq!(same.unwrap().targets(0), [1, 2]);
        let wrong = [
            CsrParts::default(),
            CsrParts { wide, ..parts.clone() },
            CsrParts { narrow: vec![0, 2, 1, 3, 4].into(), ..parts.clone() },
            CsrParts { narrow: vec![0, 2, 2, 3].into(), ..parts.clone() },
            CsrParts { narrow: vec![1, 2, 2, 3, 4].into(), ..parts.clone() },
            CsrParts { targets: vec![1, 2, 4, 0].into(), ..parts.clone() },
            CsrParts { tags: vec![0; 5].into(), ..parts },
        ];
        for parts in wrong {
            assert!(matches!(CsrGraph::from_parts(parts.clone()), Err(GraphError::Damaged(_))), "{parts:?}");
        }
    }
}
