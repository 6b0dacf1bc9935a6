//! By which fields the nodes of a forest are led to from their parents, and these ways in words laid over each other.

use super::Holding;
use super::forest::Forest;
use super::hops::{HopKey, Hops};
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::{ObjectId, ObjectType, Part, Slot};
use rayon::prelude::*;

/// Nodes of a forest that one thread asks at a time, and how many times as many before what is new in them is put into words.
const PART: usize = 1 << 12;
const PARTS: usize = 32;

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

/// Ways by the reference that they are and the type of what it leads to.
type KnownWays = HashMap<(HopKey, ObjectType), Way>;

/// Texts of references by number, each made once.
#[derive(Debug, Default)]
pub(super) struct WayTexts {
    texts: Vec<String>,
    by_text: HashMap<String, u32>,
    by_hop: KnownWays,
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

/// What was found of a node.
enum Found {
    Known(Way),
    /// The place of the word in its parent: nobody has put that into words.
    New(Slot, u64),
}

impl Holding<'_> {
    /// The ways of all nodes of a forest from their parents, each object read once, by any thread of the caller's rayon pool.
    pub(super) fn ways(&self, forest: &Forest, texts: &mut WayTexts) -> Vec<Way> {
        let (offsets, list) = forest.by_parent();
        let reader = Reader { hops: self.hops(), forest, offsets: &offsets, list: &list };
        let mut ways = vec![Way::None; forest.nodes.len()];
        let parents: Vec<u32> = (0..forest.len()).filter(|&index| !reader.children(index).is_empty()).collect();
        // Few at first: what is new in them is known to those who read the others.
        let (mut rest, mut count) = (&parents[..], PART);
        while !rest.is_empty() {
            let (block, behind) = rest.split_at(rest.len().min(count));
            let part = |parents: &[u32]| reader.read(parents, &texts.by_hop);
            let found: Vec<Vec<(u32, Found)>> = block.par_chunks(PART).map(part).collect();
            for (child, found) in found.into_iter().flatten() {
                ways[child as usize] = match found {
                    Found::Known(way) => way,
                    Found::New(slot, offset) => self.way(slot, offset, forest.nodes[child as usize], texts),
                };
            }
            (rest, count) = (behind, PART * PARTS);
        }
        ways
    }

    fn way(&self, from: Slot, offset: u64, to: u32, texts: &mut WayTexts) -> Way {
        let (heap, hops) = (self.graph.heap(), self.hops());
        let key = (hops.key(from, offset), heap.object_types.of(ObjectId(to)));
        if let Some(&way) = texts.by_hop.get(&key) {
            return way;
        }
        let hop = self.hop(from, offset, false);
        let way = match hop.is_machinery {
            true => Way::Machinery,
            false => Way::Field(texts.number(self.reference(&hop, heap.objects.slot(ObjectId(to))))),
        };
        // Closures of one type are of many functions.
        if key.1.part() != Part::Closure {
            texts.by_hop.insert(key, way);
        }
        way
    }
}

/// One who reads the objects of a forest.
struct Reader<'r, 'h> {
    hops: Hops<'h>,
    forest: &'r Forest,
    offsets: &'r [u32],
    list: &'r [u32],
}

impl Reader<'_, '_> {
    fn children(&self, index: u32) -> &[u32] {
        &self.list[self.offsets[index as usize] as usize..self.offsets[index as usize + 1] as usize]
    }

    /// What is found of the children of these; nothing of those that their parent does not point to.
    fn read(&self, parents: &[u32], known: &KnownWays) -> Vec<(u32, Found)> {
        let (mut found, mut wanted) = (Vec::new(), Vec::new());
        let graph = self.hops.graph;
        for &index in parents {
            let (node, children) = (self.forest.nodes[index as usize], self.children(index));
            let Some(slot) = graph.slot_of(node) else { continue };
            if self.hops.is_all_machinery(node) {
                found.extend(children.iter().map(|&child| (child, Found::Known(Way::Machinery))));
                continue;
            }
            wanted.clear();
            wanted.extend(children.iter().map(|&child| (self.forest.nodes[child as usize], child)));
            wanted.sort_unstable();
            self.hops.fields.for_each_reference(slot, &mut |offset, to| {
                // Of several words that lead to it the first counts.
                let Ok(at) = wanted.binary_search_by_key(&to.0, |(node, _)| *node) else { return };
                let child = std::mem::replace(&mut wanted[at].1, TAKEN);
                if child != TAKEN {
                    let key = (self.hops.key(slot, offset), graph.heap().object_types.of(to));
                    let way = known.get(&key).map_or(Found::New(slot, offset), |&way| Found::Known(way));
                    found.push((child, way));
                }
            });
        }
        found
    }
}

/// Instead of a child, that its way is found.
const TAKEN: u32 = u32::MAX;

/// Goes one way down a trie of ways.
pub(super) fn follow(trie: &mut PathTrie, above: TrieNode, way: Way, several: u32) -> TrieNode {
    match way {
        Way::Field(text) => trie.child_folding(above, text),
        Way::Machinery => above,
        Way::None => trie.child_folding(above, several),
    }
}
