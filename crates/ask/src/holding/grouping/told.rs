//! What was grouped, in words: owners in order, each with its ways.

use super::{Grouping, SEVERAL};
use crate::holding::owners::{Held, Owner};
use foldhash::HashMap;
use goheap_graph::TrieNode;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Owners, those that keep most, of which one of several ways is told.
const TOLD: usize = 20;

impl Grouping<'_, '_, '_> {
    pub(super) fn finish(self) -> Vec<Owner> {
        let mut ways = self.ways_by_owner();
        let texts = &self.texts;
        let mut owners: Vec<(Owner, TrieNode)> = Vec::with_capacity(self.groups.len());
        for group in self.groups.iter().filter(|group| group.keeps.objects > 0) {
            let by = ways.remove(&group.top).unwrap_or_default();
            let held_by = group.held_by.iter();
            let held_by = held_by.map(|(&path, &share)| Held { path: texts.get(path).to_owned(), share });
            let held_by = sorted(held_by.collect(), |held| held);
            let (kind, name) = (group.kind, texts.get(group.name).to_owned());
            let first = by.first().map_or(group.top, |(_, place)| *place);
            let by = by.into_iter().map(|(held, _)| held).collect();
            let referred = self.own.holding.graph.knows_extents().then_some(group.extent);
            owners.push((Owner { kind, name, owners: group.owners, keeps: group.keeps, referred, by, held_by }, first));
        }
        let order = |(owner, _): &(Owner, TrieNode)| (Reverse(owner.keeps.bytes), owner.kind, owner.name.clone());
        owners.sort_by_cached_key(order);
        let told = owners.iter_mut().take(TOLD);
        self.tell_two_ways(told.filter_map(|(owner, place)| Some((owner.by.first_mut()?, *place))));
        owners.into_iter().map(|(owner, _)| owner).collect()
    }

    /// Every way with objects at its end, by the place of the owner that it begins at.
    fn ways_by_owner(&self) -> HashMap<TrieNode, Vec<(Held, TrieNode)>> {
        let trie = &self.trie;
        let mut ways: HashMap<TrieNode, Vec<(Held, TrieNode)>> = HashMap::default();
        for node in trie.nodes().filter(|node| trie.own(*node).objects > 0) {
            let up: Vec<TrieNode> = std::iter::successors(Some(node), |&node| trie.parent(node)).collect();
            let [below @ .., top, _root] = &up[..] else { continue };
            let labels = below.iter().rev().filter_map(|&node| trie.label(node));
            let path = labels.map(|label| self.texts.get(label)).collect::<Vec<_>>().join(" → ");
            ways.entry(*top).or_default().push((Held { path, share: trie.own(node) }, node));
        }
        ways.into_iter().map(|(top, ways)| (top, sorted(ways, |(held, _)| held))).collect()
    }

    /// Tells two of the ways of the first step that is several, of each way that ends at one of these places.
    fn tell_two_ways<'h>(&self, ends: impl Iterator<Item = (&'h mut Held, TrieNode)>) {
        // By where the several ways begin: one search finds all that begin there.
        let mut by_start: BTreeMap<u32, Vec<(u32, &mut Held)>> = BTreeMap::new();
        for (held, place) in ends {
            let up = std::iter::successors(Some(place), |&node| self.trie.parent(node));
            if let Some(&(above, node)) = up.filter_map(|node| self.several.get(&node)).last() {
                by_start.entry(above).or_default().push((node, held));
            }
        }
        for (above, ends) in by_start {
            let nodes: Vec<u32> = ends.iter().map(|(node, _)| *node).collect();
            for ((_, held), way) in ends.into_iter().zip(self.own.holding.two_ways_down(above, &nodes)) {
                let told = match way {
                    Some((way, Some(other))) if other != way => format!("({way}; and by {other})"),
                    Some((way, _)) => format!("({way}, and otherwise)"),
                    None => continue,
                };
                held.path = held.path.replacen(SEVERAL, &told, 1);
            }
        }
    }
}

fn sorted<T>(mut list: Vec<T>, held: impl Fn(&T) -> &Held) -> Vec<T> {
    list.sort_by(|one, other| {
        let (one, other) = (held(one), held(other));
        (Reverse(one.share.bytes), &one.path).cmp(&(Reverse(other.share.bytes), &other.path))
    });
    list
}
