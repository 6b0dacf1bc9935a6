//! Who refers to whom, as a graph: every pointer of every reachable object and every root, grouped.
//!
//! To begin: [`HeapSnapshot::references`]. A node is an object, or one of the [`RootKind`]s above them:
//!
//! ```text
//! All ─┬─ Class(Variables) ── Package ── Frame (the variable) ── Frame (a field of it) ── objects
//!      ├─ Class(Goroutines) ─ GoroutineGroup ── Goroutine ── Frame (function) ── Frame (variable) ── objects
//!      ├─ Class(Runtime) ──── Package ── Frame ... ── objects
//!      └─ Class(Other) ────── Frame (finalizer, queue ...) ── objects
//! ```
//!
//! Each of these has one node above it, so each dominates those below: what is retained by a package, by a variable, by the
//! goroutines of one stack, or by one goroutine is the retained size of its node.

mod edges;
mod frames;
mod groups;
mod records;
mod root_nodes;
mod text;
mod words;

pub use frames::DominatorFrames;
pub use groups::{RetainedHistogram, RootGroup, RootGrouping, RootGroups};
pub use root_nodes::{RootKind, RootNode};
pub(crate) use words::{WordRow, offset_of};

pub use crate::inspect::EdgePlace;

use crate::error::HeapError;
use crate::objects::table::{ObjectId, Slot};
use crate::referred::{Referred, WindowFinder};
use crate::snapshot::HeapSnapshot;
use edges::EdgeReader;
use goheap_graph::{CsrGraph, DominatorTree, GraphBuilder, RetainedSizes, Weight};
use goheap_runtime::{Claim, Observer};
use records::Records;
use root_nodes::RootNodes;
use rustc_hash::FxHashSet;

/// The references of a heap. Nodes below [`ReferenceGraph::object_count`] are the slots, by [`ObjectId`]; what no root reaches
/// has no edges. The others are [`RootKind`]s.
///
/// Edges are the collector's: every word of a reachable object that its masks call a pointer and that leads into an allocated
/// slot, in order of address, one edge a word. Weak pointers are none (their words are no pointers to the collector); what a
/// finalizer keeps is held by the finalizer's node. The runtime's own records are objects like others here, but what `g` and
/// `sudog` hold for a goroutine (deferred calls, labels; the channel or mutex that it waits for) is held by the goroutine's node.
/// Lists that collections empty hold what nothing else does, and no more: their edges to other objects are left out.
///
/// # Overhead
/// Four bytes a slot and four an edge, eight with its word; 20 a root node, and four a root beside those in the snapshot. While it is
/// made, 56 more a root node and what [`GraphBuilder::build_blocks`] says.
pub struct ReferenceGraph<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    graph: CsrGraph,
    roots: RootNodes,
    /// Bytes of a slot of each span.
    sizes: Vec<u64>,
    referred: Option<Referred>,
    /// Objects of whose edges some lead elsewhere than their words do.
    rewired: FxHashSet<u32>,
}

/// What is kept beside the references themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceOptions {
    /// What of each object is referred to: see [`crate::referred`].
    pub referred: bool,
    /// By which word of its object each reference leads: four bytes an edge. [`Holding`](crate::holding::Holding) asks for it; without
    /// it reads the objects again.
    pub words: bool,
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// The graph of all references. The snapshot must have been taken with [`SnapshotOptions::roots`](crate::SnapshotOptions).
    ///
    /// # Errors
    /// [`HeapError::NoRoots`], [`HeapError::Graph`], and the observer's refusal.
    pub fn references<'s>(&'s self, observer: &dyn Observer) -> Result<ReferenceGraph<'s, 'm, 'p>, HeapError> {
        self.references_with(ReferenceOptions::default(), observer)
    }

    /// The graph of all references, and what `options` ask for.
    ///
    /// # Errors
    /// Those of [`HeapSnapshot::references`].
    pub fn references_with<'s>(
        &'s self,
        options: ReferenceOptions,
        observer: &dyn Observer,
    ) -> Result<ReferenceGraph<'s, 'm, 'p>, HeapError> {
        observer.begin("references");
        let finder = if options.referred { Some(self.window_finder(observer)?) } else { None };
        let mut graph = self.read_references(finder.as_ref(), options.words, observer)?;
        if let Some(finder) = finder {
            graph.referred = Some(finder.finish(self, (&graph.graph, graph.root()), observer)?);
        }
        Ok(graph)
    }

    fn read_references<'s>(
        &'s self,
        finder: Option<&WindowFinder<'_, 'm, 'p>>,
        keeps_words: bool,
        observer: &dyn Observer,
    ) -> Result<ReferenceGraph<'s, 'm, 'p>, HeapError> {
        if self.roots.is_empty() && self.totals.reachable().objects > 0 {
            return Err(HeapError::NoRoots);
        }
        let (slots, edges) = (self.objects.len(), self.totals.pointers.to_objects);
        let roots = self.roots.len() as u64 + self.model.goroutines.len() as u64;
        let bytes_of_edge = if keeps_words { 8 } else { 4 };
        let kept = u64::from(slots) * 4 + edges * bytes_of_edge + roots * 28;
        observer.claim(Claim { kept, passing: roots * 64 + (8 << 20) * bytes_of_edge })?;
        let mut builder = GraphBuilder::new(slots)?;
        if keeps_words {
            builder.keep_tags();
        }
        let records = Records::read(self);
        let roots = RootNodes::collect(self, &records, &mut builder)?;
        let reader = EdgeReader::new(self, finder);
        let mut graph = reader.read(builder, edges, observer)?;
        let mut rewired = FxHashSet::default();
        records.take_from(&mut graph, &mut rewired);
        self.let_go_of_steady(&mut graph, &mut rewired);
        let sizes = self.model.heap.spans.iter().map(|span| span.elem_size).collect();
        Ok(ReferenceGraph { snapshot: self, graph, roots, sizes, referred: None, rewired })
    }
}

impl HeapSnapshot<'_, '_> {
    /// Drops the edges from what lists that collections empty alone hold to what others hold.
    fn let_go_of_steady(&self, graph: &mut CsrGraph, rewired: &mut FxHashSet<u32>) {
        for from in self.emptied.iter_ones() {
            if graph.drop_edges_where(from, |to| !self.emptied.contains(to)) > 0 {
                rewired.insert(from);
            }
        }
    }
}

impl<'s, 'm, 'p> ReferenceGraph<'s, 'm, 'p> {
    /// The snapshot that it was made of.
    pub fn snapshot(&self) -> &'s HeapSnapshot<'m, 'p> {
        self.snapshot
    }

    pub(crate) fn referred(&self) -> Option<&Referred> {
        self.referred.as_ref()
    }

    /// Nodes and edges as such.
    pub fn graph(&self) -> &CsrGraph {
        &self.graph
    }

    /// The node above all.
    pub fn root(&self) -> u32 {
        self.object_count()
    }

    /// Number of slots: nodes that are less are objects.
    pub fn object_count(&self) -> u32 {
        self.snapshot.objects.len()
    }

    /// The node of an object.
    pub fn node_of(&self, object: ObjectId) -> u32 {
        object.0
    }

    /// The object that a node is.
    pub fn object_of(&self, node: u32) -> Option<ObjectId> {
        (node < self.object_count()).then_some(ObjectId(node))
    }

    /// The slot of the object that a node is.
    pub fn slot_of(&self, node: u32) -> Option<Slot> {
        self.object_of(node).map(|id| self.snapshot.objects.slot(id))
    }

    /// What a node is that is no object, and the node above it.
    pub fn root_node(&self, node: u32) -> Option<RootNode> {
        self.roots.get(node)
    }

    /// All nodes that are no objects, parents before children.
    pub fn root_nodes(&self) -> impl Iterator<Item = (u32, RootNode)> + '_ {
        self.roots.iter()
    }

    /// The node of a class, package, group of goroutines or goroutine.
    pub fn node_of_root(&self, kind: RootKind) -> Option<u32> {
        self.roots.iter().find(|(_, root)| root.kind == kind).map(|(node, _)| node)
    }

    /// The nodes from the one above all down to `node`, which is no object.
    pub fn root_path(&self, node: u32) -> Vec<u32> {
        let up = std::iter::successors(Some(node), |&node| self.root_node(node)?.parent);
        let mut path: Vec<u32> = up.collect();
        path.reverse();
        path
    }

    /// The group of goroutines of one stack that a goroutine, by its index in the model, is in; None of one that is not alive.
    pub fn group_of_goroutine(&self, goroutine: u32) -> Option<u32> {
        self.snapshot.stacks.of(goroutine)
    }

    /// The goroutines of a group, by their indexes in the model, in order.
    pub fn goroutines_of_group(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        self.snapshot.stacks.members(group)
    }

    /// Number of groups of goroutines.
    pub fn group_count(&self) -> u32 {
        self.snapshot.stacks.len()
    }

    /// Bytes of the slot that a node is; 0 for a node that is no object.
    pub fn shallow(&self, node: u32) -> u64 {
        self.slot_of(node).map_or(0, |slot| self.sizes[slot.span as usize])
    }

    /// The same with the object itself.
    pub fn weight(&self, node: u32) -> Weight {
        let objects = u64::from(node < self.object_count());
        Weight { bytes: self.shallow(node), objects }
    }

    /// Who dominates whom from the node above all.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn dominators(&self, observer: &dyn Observer) -> Result<DominatorTree, HeapError> {
        observer.begin("dominators");
        let nodes = u64::from(self.graph.node_count());
        // What `DominatorTree` says of its overhead. One edge to each object is of the depth-first tree.
        let others = self.graph.edge_count().saturating_sub(self.snapshot.totals.reachable().objects);
        let claim = Claim { kept: nodes * 16, passing: nodes * 12 + others * 4 };
        observer.claim(claim)?;
        Ok(DominatorTree::new(&self.graph, self.root()))
    }

    /// What each node retains.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn retained(&self, tree: &DominatorTree, observer: &dyn Observer) -> Result<RetainedSizes, HeapError> {
        observer.begin("retained");
        observer.claim(Claim { kept: u64::from(tree.node_count()) * 8, passing: 0 })?;
        Ok(RetainedSizes::new(tree, |node| self.shallow(node)))
    }
}
