//! Trees of nodes.

use super::Holding;
use goheap_graph::IdBitSet;

/// Nodes of the graph as trees, parents before children.
///
/// # Overhead
/// 8 bytes a node.
#[derive(Debug, Default)]
pub(super) struct Forest {
    pub(super) nodes: Vec<u32>,
    /// Index of the parent; its own of one that has none.
    pub(super) parents: Vec<u32>,
}

impl Forest {
    pub(super) fn push(&mut self, node: u32, parent: Option<u32>) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        self.parents.push(parent.unwrap_or(index));
        index
    }

    pub(super) fn parent(&self, index: u32) -> Option<u32> {
        Some(self.parents[index as usize]).filter(|&parent| parent != index)
    }

    pub(super) fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Indexes by parent: the children of `index` are those from `offsets[index]` to `offsets[index + 1]`.
    pub(super) fn by_parent(&self) -> (Vec<u32>, Vec<u32>) {
        let mut offsets = vec![0_u32; self.nodes.len() + 1];
        let children = || (0..self.len()).filter_map(|index| Some((index, self.parent(index)?)));
        children().for_each(|(_, parent)| offsets[parent as usize + 1] += 1);
        for index in 1..offsets.len() {
            offsets[index] += offsets[index - 1];
        }
        let mut next = offsets.clone();
        let mut list = vec![0; *offsets.last().unwrap_or(&0) as usize];
        for (index, parent) in children() {
            list[next[parent as usize] as usize] = index;
            next[parent as usize] += 1;
        }
        (offsets, list)
    }
}

impl Holding<'_> {
    /// What of the dominator tree leads to the nodes of `set` that are reached.
    pub(super) fn dominating(&self, set: &[u32]) -> Forest {
        let mut needed = IdBitSet::with_room_for(self.tree().node_count());
        for &node in set.iter().filter(|node| self.tree().contains(**node)) {
            needed.insert(node);
        }
        for (node, above) in self.tree().bottom_up() {
            if let Some(above) = above.filter(|_| needed.contains(node)) {
                needed.insert(above);
            }
        }
        let mut forest = Forest::default();
        // Those above, each with the place behind all that it dominates: the next one up is needed, too.
        let mut above: Vec<(u32, u32)> = Vec::new();
        for ((node, end), place) in self.tree().slices().zip(0_u32..) {
            if needed.contains(node) {
                while above.last().is_some_and(|&(end, _)| end <= place) {
                    above.pop();
                }
                let index = forest.push(node, above.last().map(|&(_, index)| index));
                above.push((end, index));
            }
        }
        forest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{Graph, HeapBuilder, Unobserved};

    #[test]
    fn children_stand_by_their_parents() {
        let mut forest = Forest::default();
        let root = forest.push(40, None);
        let [one, other] = [forest.push(41, Some(root)), forest.push(42, Some(root))];
        let leaf = forest.push(43, Some(one));
        let alone = forest.push(44, None);
        let (offsets, list) = forest.by_parent();
        let children = |index: u32| &list[offsets[index as usize] as usize..offsets[index as usize + 1] as usize];
        assert_eq!((children(root), children(one), children(leaf)), (&[one, other][..], &[leaf][..], &[][..]));
        assert_eq!((forest.parent(root), forest.parent(leaf), forest.parent(alone)), (None, Some(one), None));
        let empty = Forest::default().by_parent();
        assert_eq!(empty, (vec![0], vec![]));
    }

    #[test]
    fn only_what_dominates_is_in_the_tree() {
        let mut heap = HeapBuilder::default();
        let [top, left, right, both, garbage] =
            ["main.Top", "main.Left", "main.Right", "main.Both", "main.Garbage"].map(|ty| heap.object(ty, 16));
        for (from, to) in [(top, left), (top, right), (left, both), (right, both)] {
            heap.refer(from, to);
        }
        heap.variable("main.top *main.Top", top);
        let heap = heap.build().unwrap();
        let graph = Graph::new(&heap).unwrap();
        let fields = super::super::tests::Numbered(graph);
        let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
        let forest = holding.dominating(&[both.0, garbage.0]);
        let objects: Vec<u32> = forest.nodes.iter().copied().filter(|&node| node < graph.object_count()).collect();
        assert_eq!(objects, [top.0, both.0], "neither side dominates it, and garbage is in no tree");
        let last = forest.len() - 1;
        assert_eq!(forest.parent(last).map(|parent| forest.nodes[parent as usize]), Some(top.0));
        assert_eq!(holding.dominating(&[garbage.0]).len(), 0);
    }
}
