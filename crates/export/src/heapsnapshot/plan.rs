//! Which nodes a snapshot has, in which order, and what each leads to.

use super::addresses::Addresses;
use super::merging::Merging;
use super::ranks::Ranks;
use super::strings::FORMAT;
use crate::ExportError;
use crate::word_references::WordReferences;
use goheap_graph::IdBitSet;
use goheap_model::{Graph, ObjectId, Share, Slot, Standing};
use std::ops::Range;

/// Numbers of a node: readers address it by the place of the first in the array of all, with 32 bits.
pub(super) const NODE_FIELDS: u32 = 7;
/// More nodes than this have places beyond 32 bits.
const MOST_NODES: u64 = (u32::MAX / NODE_FIELDS) as u64;
/// The most that a node may say of its own size: readers keep the low 32 bits.
pub(super) const MOST_BYTES: u64 = (1 << 32) - 8;

/// What a node of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Above all others.
    Above,
    /// A root, or what groups roots: a node of the graph.
    Root(u32),
    /// Above the objects that no root reaches, of [`Plan::unreached`].
    Unreached(usize),
    /// Above what is said of the file.
    About,
    /// A line of it.
    Fact(usize),
    /// An object.
    Object(ObjectId),
    /// What is merged below a node of the graph.
    Merged(u32),
    /// What is merged of the objects that no root reaches.
    MergedUnreached(usize),
    /// More bytes of a node whose size is beyond 32 bits.
    Rest(u64),
}

/// What an edge is called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    Element(u64),
    Text(&'static str),
    /// So many smaller objects.
    Smaller(u64),
    /// The word at an offset of an object.
    Word(Slot, u64),
    /// A container's own, without a field.
    Inside(&'static str),
}

/// Objects that no root reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnreachedGroup {
    pub(super) standing: Standing,
    pub(super) share: Share,
}

impl UnreachedGroup {
    /// The name of the node above them.
    pub(super) fn name(&self) -> &'static str {
        match self.standing {
            Standing::Unreachable => "(unreachable)",
            _ => "(not known to be reachable)",
        }
    }
}

/// A node whose bytes are more than a node may say.
#[derive(Clone, Copy, Debug)]
struct Large {
    /// Of the node.
    index: u32,
    bytes: u64,
    /// Of the first node with more of its bytes.
    rest: u32,
}

impl Large {
    fn rests(self) -> impl Iterator<Item = u64> {
        let parts = self.bytes.saturating_sub(1) / MOST_BYTES;
        (1..=parts).map(move |part| (self.bytes - part * MOST_BYTES).min(MOST_BYTES))
    }
}

/// The nodes of a file by number: those above objects, the objects in order of address, what was merged, more bytes.
///
/// # Overhead
/// One bit and a little a slot; where objects are merged that of [`Merging`].
pub(super) struct Plan<'h> {
    pub(super) graph: Graph<'h>,
    pub(super) addresses: Option<Addresses>,
    pub(super) merging: Option<Merging>,
    pub(super) unreached: Vec<UnreachedGroup>,
    pub(super) facts: Vec<String>,
    kept: Ranks,
    large: Vec<Large>,
    references: WordReferences<'h>,
    roots: u32,
    first_object: u32,
    first_merged: u32,
    first_merged_unreached: u32,
    first_rest: u32,
    count: u32,
}

impl<'h> Plan<'h> {
    /// Of a graph; `facts` are told in the file.
    pub(super) fn new(graph: Graph<'h>, merging: Option<Merging>, facts: Vec<String>) -> Result<Self, ExportError> {
        let heap = graph.heap();
        let kept = match &merging {
            Some(merging) => merging.kept(),
            None => IdBitSet::from_words(heap.objects.allocated_ids().words().to_vec()),
        };
        let mut plan = Plan {
            graph,
            addresses: Addresses::new(&heap.objects),
            unreached: unreached(graph, merging.as_ref()),
            merging,
            facts,
            kept: Ranks::new(kept),
            large: Vec::new(),
            references: WordReferences::new(graph),
            roots: graph.edges().node_count() - graph.root(),
            first_object: 0,
            first_merged: 0,
            first_merged_unreached: 0,
            first_rest: 0,
            count: 0,
        };
        plan.number()?;
        Ok(plan)
    }

    fn number(&mut self) -> Result<(), ExportError> {
        let merged = self.merging.as_ref().map_or(0, |merging| merging.with_merged.count());
        let unreached = self.unreached.len() as u64;
        let first_object = 2 + u64::from(self.roots) + unreached + self.facts.len() as u64;
        let first_merged = first_object + self.kept.count();
        let first_merged_unreached = first_merged + merged;
        let first_rest = first_merged_unreached + if self.merging.is_some() { unreached } else { 0 };
        (self.first_object, self.first_merged) = (fitting(first_object)?, fitting(first_merged)?);
        (self.first_merged_unreached, self.first_rest) = (fitting(first_merged_unreached)?, fitting(first_rest)?);
        self.count = self.first_rest;
        let mut large: Vec<(u32, u64)> = self.large_objects().collect();
        large.extend(self.large_merged());
        let mut rest = first_rest;
        for (index, bytes) in large {
            let large = Large { index, bytes, rest: fitting(rest)? };
            rest += bytes.saturating_sub(1) / MOST_BYTES;
            self.large.push(large);
        }
        self.count = fitting(rest)?;
        Ok(())
    }

    /// Objects of 4 GiB and more, with their numbers.
    fn large_objects(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let objects = &self.graph.heap().objects;
        let spans = objects.spans().iter().zip(0..).filter(|(span, _)| span.slot_bytes > MOST_BYTES);
        let slots = spans.flat_map(|(_, span)| objects.allocated_of(span));
        slots.filter_map(|slot| Some((self.first_object + self.kept.of(slot.id.0)?, objects.size(slot))))
    }

    fn large_merged(&self) -> Vec<(u32, u64)> {
        let Some(merging) = &self.merging else { return Vec::new() };
        let owners = merging.with_merged.ids().map(|owner| merging.share(owner).bytes);
        let unreached = self.unreached.iter().map(|group| group.share.bytes);
        let all = (self.first_merged..).zip(owners.chain(unreached));
        all.filter(|&(_, bytes)| bytes > MOST_BYTES).collect()
    }

    /// Number of nodes.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Every node in order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        let roots = self.graph.root()..self.graph.root() + self.roots;
        let unreached = 0..self.unreached.len();
        let above = std::iter::once(Node::Above).chain(roots.map(Node::Root));
        let above = above.chain(unreached.clone().map(Node::Unreached)).chain([Node::About]);
        let facts = (0..self.facts.len()).map(Node::Fact);
        let objects = self.kept.ids().map(|id| Node::Object(ObjectId(id)));
        let merged = self.merging.iter().flat_map(|merging| merging.with_merged.ids()).map(Node::Merged);
        let merged_unreached = self.merging.iter().flat_map(move |_| unreached.clone().map(Node::MergedUnreached));
        let rests = self.large.iter().flat_map(|large| large.rests()).map(Node::Rest);
        above.chain(facts).chain(objects).chain(merged).chain(merged_unreached).chain(rests)
    }

    /// The number of a node of the graph, or of what it is merged into.
    fn index_of(&self, node: u32) -> Option<u32> {
        if node >= self.graph.root() {
            return Some(1 + node - self.graph.root());
        }
        if let Some(place) = self.kept.of(node) {
            return Some(self.first_object + place);
        }
        self.merged_index(self.merging.as_ref()?.owner(node)?)
    }

    /// The number of what is merged below a node of the graph.
    fn merged_index(&self, owner: u32) -> Option<u32> {
        Some(self.first_merged + self.merging.as_ref()?.with_merged.of(owner)?)
    }

    /// Bytes of a node itself, which may be more than it may say.
    pub(super) fn bytes(&self, node: Node) -> u64 {
        match node {
            Node::Object(id) => self.graph.shallow(id.0),
            Node::Merged(owner) => self.merging.as_ref().map_or(0, |merging| merging.share(owner).bytes),
            Node::MergedUnreached(group) => self.unreached[group].share.bytes,
            Node::Rest(bytes) => bytes,
            _ => 0,
        }
    }

    /// Shows `visit` every edge of the node of a number: what it is called, and the number of the node that it leads to.
    pub(super) fn for_each_edge(&self, index: u32, node: Node, mut visit: impl FnMut(Label, u32)) {
        match node {
            Node::Above => {
                visit(Label::Element(1), 1);
                let groups = self.unreached.iter().zip(self.roots + 1..);
                groups.for_each(|(group, index)| visit(Label::Text(group.name()), index));
                visit(Label::Text("about this file"), self.about());
            }
            Node::About => self.fact_range().zip(1..).for_each(|(fact, at)| visit(Label::Element(at), fact)),
            Node::Root(root) => {
                let targets = self.graph.edges().targets(root).iter().zip(1..);
                targets.for_each(|(&to, at)| self.visit_target(root, to, Label::Element(at), &mut visit));
                self.visit_smaller(root, &mut visit);
            }
            Node::Object(id) => {
                self.visit_words(id, &mut visit);
                self.visit_smaller(id.0, &mut visit);
            }
            Node::Unreached(group) => self.visit_unreached(group, &mut visit),
            Node::Merged(owner) => self.visit_merged(index, owner, &mut visit),
            Node::Fact(_) | Node::MergedUnreached(_) | Node::Rest(_) => {}
        }
        if let Ok(at) = self.large.binary_search_by_key(&index, |large| large.index) {
            let large = self.large[at];
            large.rests().zip(large.rest..).for_each(|(_, rest)| visit(Label::Inside("more bytes"), rest));
        }
    }

    /// All edges of nodes with their numbers, in order.
    pub(super) fn edges_of(&self, nodes: &[(Node, u32)]) -> Vec<(Label, u32)> {
        let mut edges = Vec::with_capacity(nodes.len() * 2);
        for &(node, index) in nodes {
            self.for_each_edge(index, node, |label, to| edges.push((label, to)));
        }
        edges
    }

    /// Hands the edges of a node with many to `write`, until that fails.
    pub(super) fn write_long<E>(
        &self,
        index: u32,
        node: Node,
        mut write: impl FnMut(Label, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut written = Ok(());
        self.for_each_edge(index, node, |label, to| {
            if written.is_ok() {
                written = write(label, to);
            }
        });
        written
    }

    fn about(&self) -> u32 {
        1 + self.roots + self.unreached.len() as u32
    }

    fn fact_range(&self) -> Range<u32> {
        self.about() + 1..self.first_object
    }

    fn visit_words(&self, id: ObjectId, visit: &mut impl FnMut(Label, u32)) {
        let slot = self.graph.heap().objects.slot(id);
        self.references.of(id).for_each(|(offset, to)| self.visit_target(id.0, to, Label::Word(slot, offset), visit));
    }

    /// An edge of the graph; none to what is merged below its own beginning, to which one edge leads.
    fn visit_target(&self, from: u32, to: u32, label: Label, visit: &mut impl FnMut(Label, u32)) {
        let is_own = to < self.graph.root()
            && self.merging.as_ref().is_some_and(|merging| to != from && merging.owner(to) == Some(from));
        if let Some(index) = self.index_of(to).filter(|_| !is_own) {
            visit(label, index);
        }
    }

    fn visit_smaller(&self, node: u32, visit: &mut impl FnMut(Label, u32)) {
        if let (Some(index), Some(merging)) = (self.merged_index(node), &self.merging) {
            visit(Label::Smaller(merging.share(node).objects), index);
        }
    }

    /// What all that is merged below a node leads to, each once.
    fn visit_merged(&self, index: u32, owner: u32, visit: &mut impl FnMut(Label, u32)) {
        let Some(merging) = &self.merging else { return };
        let mut targets: Vec<u32> = Vec::new();
        let mut most = 1 << 16;
        for member in merging.members(owner) {
            let own = self.graph.edges().targets(member).iter().filter_map(|&to| self.index_of(to));
            targets.extend(own.filter(|&to| to != index));
            if targets.len() > most {
                targets.sort_unstable();
                targets.dedup();
                most = (targets.len() * 2).max(1 << 16);
            }
        }
        targets.sort_unstable();
        targets.dedup();
        targets.into_iter().zip(1..).for_each(|(to, at)| visit(Label::Element(at), to));
    }

    fn visit_unreached(&self, group: usize, visit: &mut impl FnMut(Label, u32)) {
        let found = self.unreached[group];
        if self.merging.is_some() {
            let index = self.first_merged_unreached + group as u32;
            return visit(Label::Smaller(found.share.objects), index);
        }
        let heap = self.graph.heap();
        let slots = heap.objects.allocated().filter(|slot| standing(self.graph, None, slot.id) == Some(found.standing));
        let indexes = slots.filter_map(|slot| self.index_of(slot.id.0));
        indexes.zip(1..).for_each(|(index, at)| visit(Label::Element(at), index));
    }
}

/// What of an object that no root reaches is known; None of others.
fn standing(graph: Graph<'_>, merging: Option<&Merging>, id: ObjectId) -> Option<Standing> {
    match (graph.heap().standing(id), merging) {
        (Standing::Reachable, None) => None,
        (Standing::Reachable, Some(merging)) => merging.owner(id.0).is_none().then_some(Standing::NotKnown),
        (other, _) => Some(other),
    }
}

fn unreached(graph: Graph<'_>, merging: Option<&Merging>) -> Vec<UnreachedGroup> {
    let mut groups = [Standing::Unreachable, Standing::NotKnown]
        .map(|standing| UnreachedGroup { standing, share: Share::default() });
    let objects = &graph.heap().objects;
    for slot in objects.allocated() {
        let Some(standing) = standing(graph, merging, slot.id) else { continue };
        let group = &mut groups[usize::from(standing != Standing::Unreachable)];
        group.share.objects += 1;
        group.share.bytes = group.share.bytes.saturating_add(objects.size(slot));
    }
    groups.into_iter().filter(|group| group.share.objects > 0).collect()
}

fn fitting(count: u64) -> Result<u32, ExportError> {
    let too_many = ExportError::TooMany { format: FORMAT, what: "nodes", most: MOST_NODES, found: count };
    u32::try_from(count).ok().filter(|_| count <= MOST_NODES).ok_or(too_many)
}
