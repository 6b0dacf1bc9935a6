//! Taking the nodes out of a trie that nobody could see.

use crate::{PathTrie, Weight};

/// By which of the two numbers nodes are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// [`Weight::bytes`].
    Bytes,
    /// [`Weight::objects`].
    Objects,
}

impl Measure {
    /// The number of `weight` that this measure looks at.
    #[must_use]
    pub fn of(self, weight: Weight) -> u64 {
        match self {
            Measure::Bytes => weight.bytes,
            Measure::Objects => weight.objects,
        }
    }
}

impl PathTrie {
    /// The same trie without the nodes whose total is less than `least`; what lay in them lies in the nearest node above
    /// that is left (at last the root), so every total that is left is the same as before. Order is kept.
    #[must_use]
    pub fn prune(&self, least: u64, measure: Measure) -> PathTrie {
        let totals = self.totals();
        let mut pruned = PathTrie::new();
        let mut moved_to = vec![PathTrie::ROOT; self.len()];
        for node in self.nodes() {
            let mut target = PathTrie::ROOT;
            if let (Some(parent), Some(label)) = (self.parent(node), self.label(node)) {
                target = moved_to[parent.index()];
                // A total is never less than a child's, so the parent of a node that stays has stayed.
                if measure.of(totals[node.index()]) >= least {
                    target = pruned.child(target, label);
                }
            }
            let own = self.own(node);
            pruned.add(target, own.bytes, own.objects);
            moved_to[node.index()] = target;
        }
        pruned
    }

    /// The `least` total to give to [`PathTrie::prune`] that leaves at most `nodes` besides the root, the widest; 0 where there are no more.
    #[must_use]
    pub fn least_of_widest(&self, nodes: usize, measure: Measure) -> u64 {
        if self.len() <= nodes.saturating_add(1) {
            return 0;
        }
        let mut totals: Vec<u64> = self.totals().iter().skip(1).map(|weight| measure.of(*weight)).collect();
        totals.sort_unstable_by_key(|total| std::cmp::Reverse(*total));
        totals.get(nodes).map_or(0, |widest_hidden| widest_hidden.saturating_add(1))
    }

    /// The `least` total to give to [`PathTrie::prune`] for nodes of at least `percent` of the whole. Nothing is pruned
    /// by a percentage that is negative or no number.
    #[must_use]
    pub fn percent_of_whole(&self, percent: f64, measure: Measure) -> u64 {
        let whole = self.nodes().fold(Weight::default(), |mut sum, node| {
            sum.add(self.own(node));
            sum
        });
        // `as` saturates, and makes 0 of NaN.
        (measure.of(whole) as f64 * percent / 100.0).ceil() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pruned_stays_in_the_node_above() {
        let mut trie = PathTrie::new();
        let wide = trie.child(PathTrie::ROOT, 1);
        let middle = trie.child(wide, 2);
        let narrow = trie.child(middle, 3);
        let lost_root = trie.child(PathTrie::ROOT, 4);
        trie.add(wide, 10, 1);
        trie.add(middle, 20, 1);
        trie.add(narrow, 3, 7);
        trie.add(lost_root, 4, 1);

        let pruned = trie.prune(5, Measure::Bytes);
        let lines = pruned.nodes().map(|node| {
            let own = pruned.own(node);
            (pruned.path(node), own.bytes, own.objects)
        });
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines, [(vec![], 4, 1), (vec![1], 10, 1), (vec![1, 2], 23, 8)]);

        let by_objects = trie.prune(2, Measure::Objects);
        assert_eq!(by_objects.len(), 4, "the path to 7 objects is left");
    }

    #[test]
    fn percent_of_whole_rounds_up_and_bears_nonsense() {
        let mut trie = PathTrie::new();
        trie.add(PathTrie::ROOT, 1001, 3);
        assert_eq!(trie.percent_of_whole(1.0, Measure::Bytes), 11);
        assert_eq!(trie.percent_of_whole(f64::NAN, Measure::Bytes), 0);
        assert_eq!(trie.percent_of_whole(-1.0, Measure::Bytes), 0);
        assert_eq!(trie.percent_of_whole(1e300, Measure::Objects), u64::MAX);
    }
}
