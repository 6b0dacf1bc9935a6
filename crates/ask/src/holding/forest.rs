//! Trees of nodes, and their ways in words laid over each other.

use super::Holding;
use super::steps::HopKey;
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_model::{ObjectId, ObjectType};
use rustc_hash::FxHashMap;

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
    fn by_parent(&self) -> (Vec<u32>, Vec<u32>) {
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

/// By what a node of a forest is led to from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a field, the text of that number.
    Field(u32),
    /// By a container's own pointer.
    Machinery,
    /// By several ways at once, or from no object.
    None,
}

/// Texts of references by number, each made once.
#[derive(Debug, Default)]
pub(super) struct WayTexts {
    texts: Vec<String>,
    by_text: FxHashMap<String, u32>,
    by_hop: FxHashMap<(HopKey, ObjectType), Way>,
}

impl WayTexts {
    pub(super) fn number(&mut self, text: String) -> u32 {
        if let Some(&number) = self.by_text.get(&text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.clone());
        self.by_text.insert(text, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }
}

impl Holding<'_> {
    /// The ways of all nodes of a forest from their parents, each object read once.
    pub(super) fn ways(&self, forest: &Forest, texts: &mut WayTexts) -> Vec<Way> {
        let (offsets, list) = forest.by_parent();
        let mut ways = vec![Way::None; forest.nodes.len()];
        let mut wanted: Vec<(u32, u32)> = Vec::new();
        for index in 0..forest.len() {
            let children = &list[offsets[index as usize] as usize..offsets[index as usize + 1] as usize];
            let Some(slot) = self.graph.slot_of(forest.nodes[index as usize]).filter(|_| !children.is_empty()) else {
                continue;
            };
            if self.is_all_machinery(slot.id.0) {
                children.iter().for_each(|&child| ways[child as usize] = Way::Machinery);
                continue;
            }
            wanted.clear();
            wanted.extend(children.iter().map(|&child| (forest.nodes[child as usize], child)));
            wanted.sort_unstable();
            self.fields.for_each_reference(slot, &mut |offset, to| {
                let Ok(at) = wanted.binary_search_by_key(&to.0, |(node, _)| *node) else { return };
                let way = &mut ways[wanted[at].1 as usize];
                if *way == Way::None {
                    *way = self.way(slot, offset, to.0, texts);
                }
            });
        }
        ways
    }

    fn way(&self, from: goheap_model::Slot, offset: u64, to: u32, texts: &mut WayTexts) -> Way {
        let heap = self.graph.heap();
        let key = (self.hop_key(from, offset), heap.object_types.of(ObjectId(to)));
        if let Some(&way) = texts.by_hop.get(&key) {
            return way;
        }
        let hop = self.hop(from, offset, false);
        let way = match hop.is_machinery {
            true => Way::Machinery,
            false => Way::Field(texts.number(self.reference(&hop, heap.objects.slot(goheap_model::ObjectId(to))))),
        };
        // Closures of one type are of many functions.
        if heap.object_types.of(ObjectId(to)).part() != goheap_model::Part::Closure {
            texts.by_hop.insert(key, way);
        }
        way
    }

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

/// Goes one way down a trie of ways.
pub(super) fn follow(trie: &mut PathTrie, above: TrieNode, way: Way, several: u32) -> TrieNode {
    match way {
        Way::Field(text) => trie.child_folding(above, text),
        Way::Machinery => above,
        Way::None => trie.child_folding(above, several),
    }
}
