//! Reading who refers to whom: see [`goheap_model::References`].
//!
//! To begin: [`HeapSnapshot::references`].

mod edges;
mod field_table;
mod fields;
mod frames;
mod places;
mod records;
mod root_nodes;
mod timers;
mod words;

pub use fields::CoreFields;

pub use crate::inspect::EdgePlace;

use crate::error::HeapError;
use crate::index::read_references;
use crate::referred::WindowFinder;
use crate::snapshot::HeapSnapshot;
use edges::EdgeReader;
use foldhash::HashSet;
use goheap_graph::{CsrGraph, GraphBuilder};
use goheap_model::{Claim, Graph, Observer, References};
use records::Records;

/// The references of a heap, and the core that they came from.
///
/// # Overhead
/// That of [`References`]; four bytes a root beside those in the snapshot. While it is made, 56 more
/// a root node and what [`GraphBuilder::build_blocks`] says.
pub struct ReferenceGraph<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    references: References,
    /// The node that each root of the snapshot hangs on; the first one's of those that lead nowhere.
    node_of_root: Vec<u32>,
    /// Objects of whose edges some lead elsewhere than their words do.
    rewired: HashSet<u32>,
}

/// What is kept beside the references themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceOptions {
    /// What of each object is referred to: see [`crate::referred`].
    pub referred: bool,
    /// By which word of its object each reference leads: four bytes an edge. [`CoreFields`] looks it up; without it reads the objects
    /// again.
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
        if let Some(graph) = read_references(self, options, observer) {
            return Ok(graph);
        }
        let finder = if options.referred { Some(self.window_finder(observer)?) } else { None };
        self.read_references(finder, options.words, observer)
    }

    fn read_references<'s>(
        &'s self,
        finder: Option<WindowFinder<'_, 'm, 'p>>,
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
        let (roots, node_of_root) = root_nodes::collect(self, &records, &mut builder)?;
        let reader = EdgeReader::new(self, finder.as_ref());
        let mut graph = reader.read(builder, edges, observer)?;
        let mut rewired = HashSet::default();
        records.take_from(&mut graph, &mut rewired);
        self.let_go_of_steady(&mut graph, &mut rewired);
        self.let_go_of_processors(&mut graph, &mut rewired);
        let extents = match finder {
            Some(finder) => Some(finder.finish(self, (&graph, roots.root()), observer)?.partly_referred(self)),
            None => None,
        };
        Ok(ReferenceGraph { snapshot: self, references: References::new(graph, roots, extents), node_of_root, rewired })
    }
}

impl<'s, 'm, 'p> ReferenceGraph<'s, 'm, 'p> {
    /// Of parts that were kept.
    pub(crate) fn of_parts(
        snapshot: &'s HeapSnapshot<'m, 'p>,
        (references, node_of_root, rewired): (References, Vec<u32>, HashSet<u32>),
    ) -> Self {
        ReferenceGraph { snapshot, references, node_of_root, rewired }
    }
}

impl HeapSnapshot<'_, '_> {
    /// Drops the edges from what lists that collections empty alone hold to what others hold.
    fn let_go_of_steady(&self, graph: &mut CsrGraph, rewired: &mut HashSet<u32>) {
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

    /// The heap with these references, as questions take them.
    pub fn data(&self) -> Graph<'_> {
        Graph::of(self.snapshot, &self.references)
    }

    /// The references, the node that each root hangs on, and the objects of whose edges some lead elsewhere than their words do.
    pub(crate) fn parts(&self) -> (&References, &[u32], &HashSet<u32>) {
        (&self.references, &self.node_of_root, &self.rewired)
    }

    /// The references without the core.
    pub fn into_references(self) -> References {
        self.references
    }
}

#[cfg(test)]
mod tests;
