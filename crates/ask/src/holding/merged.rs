//! The shortest paths to many objects, laid over each other.

use super::forest::Forest;
use super::ways::{Way, WayTexts, follow};
use super::{Exclusions, Holding};
use crate::AskError;
use goheap_graph::{IdBitSet, MergedPaths, PathTrie, TrieNode, Weight};
use goheap_model::{Claim, Observer, RootKind};
use serde::Serialize;

/// One step of merged paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MergedStep {
    /// Steps above it.
    pub depth: u32,
    /// The root, or the field with its type.
    pub reference: String,
    /// Of the objects that are sought, those to which paths lead through it.
    pub through: Weight,
    /// Of these, those it leads to itself.
    pub own: Weight,
    /// How many roots or objects the step is on all these paths; a container is one with its parts.
    pub holders: u64,
    /// The same where a list is one.
    pub heads: u64,
    /// First byte of one of those that it leads to itself.
    pub example: Option<u64>,
}

/// The shortest paths to many objects, merged: all paths that read alike are one place of the trie.
pub(super) struct Laid {
    pub(super) trie: PathTrie,
    texts: WayTexts,
    pub(super) forest: Forest,
    /// Of each node of the forest, how much of it is sought.
    pub(super) weights: Vec<Weight>,
    /// Of each node of the forest, where it lies.
    pub(super) places: Vec<TrieNode>,
    /// By place: how many roots or objects, and how many of these are not the next of a list.
    holders: Vec<(u64, u64)>,
    unreached: Weight,
}

impl Holding<'_> {
    /// One shortest path to each object of `set`, merged where they read alike: steps in preorder, at each the one to most
    /// bytes first. And what of the set no root reaches by what is not excluded.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn merged_paths(
        &self,
        set: &[u32],
        exclusions: &Exclusions<'_>,
        observer: &dyn Observer,
    ) -> Result<(Vec<MergedStep>, Weight), AskError> {
        let laid = self.laid(set, exclusions, observer)?;
        Ok((self.in_preorder(&laid), laid.unreached))
    }

    /// One shortest path to each object of `set`, merged where they read alike.
    pub(super) fn laid(
        &self,
        set: &[u32],
        exclusions: &Exclusions<'_>,
        observer: &dyn Observer,
    ) -> Result<Laid, AskError> {
        observer.begin("paths");
        let (forest, weights, unreached) = self.shortest(set, exclusions, observer)?;
        let mut texts = WayTexts::default();
        let ways = self.ways(&forest, &mut texts);
        let several = texts.number("(several ways)".to_owned());
        let (mut trie, mut holders) = (PathTrie::new(), Vec::new());
        let mut places: Vec<TrieNode> = Vec::with_capacity(forest.nodes.len());
        for index in 0..forest.len() {
            let node = forest.nodes[index as usize];
            let (place, is_holder, is_head) = match forest.parent(index) {
                None => (self.merged_root(node, &mut trie, &mut texts), true, true),
                // The root itself says what it leads to.
                Some(parent) if self.graph.object_of(forest.nodes[parent as usize]).is_none() => {
                    (places[parent as usize], false, false)
                }
                Some(parent) => {
                    let above = places[parent as usize];
                    let way = ways[index as usize];
                    let place = follow(&mut trie, above, way, several);
                    (place, way != Way::Machinery, place.index() > above.index())
                }
            };
            trie.add(place, weights[index as usize].bytes, weights[index as usize].objects);
            places.push(place);
            holders.resize(trie.len(), (0, 0));
            let (all, heads) = &mut holders[place.index()];
            *all += u64::from(is_holder);
            *heads += u64::from(is_head);
        }
        Ok(Laid { trie, texts, forest, weights, places, holders, unreached })
    }

    /// A shortest path to each object of `set` that is reached, as trees below roots; what of the set each node is; and what
    /// is not reached.
    pub(super) fn shortest(
        &self,
        set: &[u32],
        exclusions: &Exclusions<'_>,
        observer: &dyn Observer,
    ) -> Result<(Forest, Vec<Weight>, Weight), AskError> {
        let nodes = u64::from(self.tree().node_count());
        // What stands on a path is seldom more than twice the set; a node of it takes some 90 bytes.
        let on_paths = nodes.min(set.len() as u64 * 2);
        observer.claim(Claim { kept: 0, passing: nodes * 8 + on_paths * 90 })?;
        let graph = self.graph.edges();
        let first_root = self.graph.object_count();
        let leads_on = |node: &u32| graph.targets(*node).iter().any(|&to| to < first_root);
        let roots: Vec<u32> = self.graph.references().roots().iter().map(|(node, _)| node).filter(leads_on).collect();
        let mut sought = IdBitSet::with_room_for(graph.node_count());
        for &node in set {
            sought.insert(node);
        }
        let cost = |from, to| self.cost(from, to, exclusions, |node| sought.contains(node));
        let weigh = |node| self.graph.weight(node);
        let merged = if exclusions.is_nothing() {
            MergedPaths::new(graph, &roots, set, self.cost_of_any(), weigh)
        } else {
            MergedPaths::new(graph, &roots, set, cost, weigh)
        };
        let MergedPaths { nodes, parents, weights, unreached } = merged;
        Ok((Forest { nodes, parents }, weights, unreached))
    }

    /// The frames of a root; those of goroutines with the same stack together.
    fn merged_root(&self, root: u32, trie: &mut PathTrie, texts: &mut WayTexts) -> TrieNode {
        let mut place = PathTrie::ROOT;
        for node in self.graph.root_path(root) {
            let kind = self.graph.root_node(node).map(|root| root.kind);
            if matches!(kind, Some(RootKind::GoroutineGroup(_) | RootKind::Frame(_))) {
                place = trie.child(place, texts.number(self.graph.text(node)));
            }
        }
        match place {
            PathTrie::ROOT => trie.child(place, texts.number(self.graph.text(root))),
            place => place,
        }
    }

    fn in_preorder(&self, laid: &Laid) -> Vec<MergedStep> {
        let Laid { trie, texts, .. } = laid;
        let (totals, children) = (trie.totals(), trie.children());
        let text = |node: TrieNode| trie.label(node).map_or("", |label| texts.get(label));
        let sorted = |node: TrieNode| {
            let mut below = children.of(node).to_vec();
            let order = |node: &TrieNode| (totals[node.index()].bytes, std::cmp::Reverse(text(*node)));
            below.sort_by(|a, b| order(a).cmp(&order(b)));
            below
        };
        let examples = self.examples(laid);
        let mut steps = Vec::new();
        let mut open: Vec<(u32, TrieNode)> = sorted(PathTrie::ROOT).into_iter().map(|node| (0, node)).collect();
        while let Some((depth, node)) = open.pop() {
            let through = totals[node.index()];
            if through.objects > 0 {
                let (holders, heads) = laid.holders.get(node.index()).copied().unwrap_or_default();
                steps.push(MergedStep {
                    depth,
                    reference: text(node).to_owned(),
                    through,
                    own: trie.own(node),
                    holders,
                    heads,
                    example: examples[node.index()],
                });
                open.extend(sorted(node).into_iter().map(|child| (depth + 1, child)));
            }
        }
        steps
    }

    /// By place, the first byte of the first object there of those that are sought.
    fn examples(&self, laid: &Laid) -> Vec<Option<u64>> {
        let mut first: Vec<Option<u32>> = vec![None; laid.trie.len()];
        let sought = laid.weights.iter().zip(&laid.places).zip(&laid.forest.nodes);
        for ((_, place), &node) in sought.filter(|((weight, _), _)| weight.objects > 0) {
            let found = &mut first[place.index()];
            *found = Some(found.map_or(node, |other| other.min(node)));
        }
        let address = |node: u32| self.graph.slot_of(node).map(|slot| self.graph.heap().objects.address(slot));
        first.into_iter().map(|node| node.and_then(address)).collect()
    }
}
