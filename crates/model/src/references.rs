//! Who refers to whom: every pointer of every reachable object and every root, grouped.
//!
//! A node is an object, or one of the [`RootKind`]s above them:
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

use crate::{Extent, Extents, FieldTable, ObjectId, RootKind, RootNode, Sections};
use goheap_graph::CsrGraph;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The references of a heap. Nodes below [`Objects::len`](crate::Objects::len) are the slots, by [`ObjectId`]; what no root reaches
/// has no edges. The others are [`RootKind`]s.
///
/// Edges are the collector's: every word of a reachable object that its masks call a pointer and that leads into an allocated
/// slot, in order of address, one edge a word. Weak pointers are none (their words are no pointers to the collector); what a
/// finalizer keeps is held by the finalizer's node. The runtime's own records are objects like others here, but what `g` and
/// `sudog` hold for a goroutine (deferred calls, labels; the channel or mutex that it waits for) is held by the goroutine's node.
/// Lists that collections empty hold what nothing else does, and no more: their edges to other objects are left out.
///
/// # Overhead
/// Four bytes a slot and four an edge; 20 a root node; 12 for each object of which a part alone is referred to.
#[derive(Clone, Debug)]
pub struct References {
    graph: CsrGraph,
    roots: RootNodes,
    extents: Option<Extents>,
    fields: Option<FieldTable>,
    kept: Option<Arc<Sections>>,
}

impl References {
    /// Of a graph, the nodes above its objects and, where that is known, the objects that are not referred to as a whole.
    pub fn new(graph: CsrGraph, roots: RootNodes, extents: Option<Extents>) -> Self {
        References { graph, roots, extents, fields: None, kept: None }
    }

    /// The same with the fields by which objects lead to each other, of a graph that keeps the words of edges.
    #[must_use]
    pub fn with_fields(self, fields: FieldTable) -> Self {
        References { fields: Some(fields), ..self }
    }

    /// The same, of which dominators are kept in sections.
    #[must_use]
    pub fn with_kept(self, kept: Arc<Sections>) -> Self {
        References { kept: Some(kept), ..self }
    }

    /// Where what follows from them is kept, if anywhere.
    pub fn kept(&self) -> Option<&Arc<Sections>> {
        self.kept.as_ref()
    }

    /// By which fields objects lead to each other, where that was read.
    pub fn fields(&self) -> Option<&FieldTable> {
        self.fields.as_ref()
    }

    /// Nodes and edges as such.
    pub fn graph(&self) -> &CsrGraph {
        &self.graph
    }

    /// The nodes that are no objects.
    pub fn roots(&self) -> &RootNodes {
        &self.roots
    }

    /// True if it is known what is referred to of each object.
    pub fn knows_extents(&self) -> bool {
        self.extents.is_some()
    }

    /// Of the objects that roots reach and that are not referred to as a whole, what of each is, in order; None where that was not read.
    pub fn extents(&self) -> Option<&Extents> {
        self.extents.as_ref()
    }

    /// What is referred to of an object of so many bytes, where that is known. All of what no root reaches: nothing is told of it.
    pub fn extent(&self, id: ObjectId, bytes: u64) -> Option<Extent> {
        Some(self.extents.as_ref()?.of(id).unwrap_or(Extent::all(bytes)))
    }
}

/// The nodes above objects.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RootNodes {
    /// The number of the first one.
    first: u32,
    nodes: Vec<RootNode>,
    packages: Vec<Box<str>>,
}

impl RootNodes {
    /// None yet, above so many objects.
    pub fn new(first: u32) -> Self {
        RootNodes { first, ..RootNodes::default() }
    }

    /// Adds one: its number is that of the first and of how many there were.
    pub fn push(&mut self, node: RootNode) {
        self.nodes.push(node);
    }

    /// Adds the name of a package; its number is how many there were.
    pub fn push_package(&mut self, name: &str) -> u32 {
        self.packages.push(name.into());
        self.packages.len() as u32 - 1
    }

    /// The node above all.
    pub fn root(&self) -> u32 {
        self.first
    }

    /// What a node is that is no object, and the node above it.
    pub fn get(&self, node: u32) -> Option<RootNode> {
        self.nodes.get(node.checked_sub(self.first)? as usize).copied()
    }

    /// All nodes that are no objects, parents before children.
    pub fn iter(&self) -> impl Iterator<Item = (u32, RootNode)> + '_ {
        (self.first..).zip(self.nodes.iter().copied())
    }

    /// The node of a class, package, group of goroutines or goroutine.
    pub fn node_of(&self, kind: RootKind) -> Option<u32> {
        self.iter().find(|(_, root)| root.kind == kind).map(|(node, _)| node)
    }

    /// The nodes from the one above all down to `node`, which is no object.
    pub fn path(&self, node: u32) -> Vec<u32> {
        let up = std::iter::successors(Some(node), |&node| self.get(node)?.parent);
        let mut path: Vec<u32> = up.collect();
        path.reverse();
        path
    }

    /// The name of a package by its number.
    pub fn package(&self, package: u32) -> &str {
        self.packages.get(package as usize).map_or("", |name| name)
    }
}
