//! A dominator tree taken apart and put together again, as when it is kept in a file.

use super::{DominatorTree, NONE};
use crate::{Column, GraphError};
use rayon::prelude::*;
use std::sync::Arc;

/// The columns of a dominator tree: see there.
#[derive(Debug, Clone, Default)]
pub struct DominatorParts {
    /// Node to place; `u32::MAX` for a node that is not reached.
    pub places: Column<u32>,
    /// Place to node.
    pub nodes: Column<u32>,
    /// Place to the place of the immediate dominator.
    pub parents: Column<u32>,
    /// Place to the place behind the last node that is dominated.
    pub ends: Column<u32>,
}

impl DominatorTree {
    /// The columns one after the other, as [`DominatorParts`] names them.
    #[must_use]
    pub fn columns(&self) -> [&[u32]; 4] {
        [&self.places, &self.nodes, &self.parents, &self.ends]
    }

    /// The tree of these columns.
    ///
    /// # Errors
    /// [`GraphError::Damaged`] where no question could be answered with them; that they are the tree of some graph is not looked at.
    pub fn from_parts(parts: DominatorParts) -> Result<Self, GraphError> {
        let DominatorParts { places, nodes, parents, ends } = parts;
        let (count, len) = (places.len(), nodes.len());
        if (parents.len(), ends.len()) != (len, len) || len > count {
            return Err(GraphError::Damaged("columns of a dominator tree of different lengths"));
        }
        let is_place = |place: &u32| *place == NONE || (*place as usize) < len;
        let is_slice = |(place, (parent, end)): (usize, (&u32, &u32))| {
            let (parent, end) = (*parent as usize, *end as usize);
            (parent < place || (parent, place) == (0, 0)) && place < end && end <= len
        };
        let are_good = places.par_iter().all(is_place)
            && nodes.par_iter().all(|node| (*node as usize) < count)
            && parents.par_iter().zip(&ends[..]).enumerate().all(is_slice);
        if !are_good {
            return Err(GraphError::Damaged("a place that is none of the dominator tree"));
        }
        Ok(DominatorTree { places: Arc::new(places), nodes, parents, ends })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::CsrGraph;

    #[test]
    fn a_tree_is_put_together_again_and_nothing_else() {
        let graph = CsrGraph::from_edges(5, &[(0, 1), (0, 2), (2, 3), (1, 3)]).unwrap();
        let tree = DominatorTree::new(&graph, 0);
        let [places, nodes, parents, ends] = tree.columns().map(|column| Column::from(column.to_vec()));
        let parts = DominatorParts { places, nodes, parents, ends };
        assert_eq!(DominatorTree::from_parts(parts.clone()), Ok(tree));
        let wrong = [
            DominatorParts { nodes: vec![0, 1, 3].into(), ..parts.clone() },
            DominatorParts { nodes: vec![0, 1, 3, 5].into(), ..parts.clone() },
            DominatorParts { places: vec![0, 1, 4, 3, 2].into(), ..parts.clone() },
            DominatorParts { parents: vec![0, 1, 0, 0].into(), ..parts.clone() },
            DominatorParts { ends: vec![4, 2, 2, 4].into(), ..parts.clone() },
            DominatorParts { ends: vec![5, 2, 3, 4].into(), ..parts },
        ];
        for parts in wrong {
            assert!(matches!(DominatorTree::from_parts(parts.clone()), Err(GraphError::Damaged(_))), "{parts:?}");
        }
    }
}
