//! Making a graph in two passes over what the caller knows: count, then fill.

use super::{CsrGraph, GraphError, Offsets};
use crate::Column;
use rayon::prelude::*;

/// Nodes that one thread takes at a time.
const CHUNK: usize = 1 << 16;

/// Makes a [`CsrGraph`] of the caller's objects, ids `0..objects`, and of nodes added beyond them that are no objects:
/// roots, what roots are grouped by, and the one root above all groups.
///
/// ```
/// use goheap_graph::{DominatorTree, GraphBuilder, RetainedSizes};
///
/// let objects: [&[u32]; 3] = [&[1], &[], &[1]]; // both 0 and 2 hold 1
/// let mut builder = GraphBuilder::new(3)?;
/// let root = builder.add_node()?;
/// let packages = [builder.add_node()?, builder.add_node()?];
/// let variables = [builder.add_node()?, builder.add_node()?];
/// for (package, variable, object) in [(packages[0], variables[0], 0), (packages[1], variables[1], 2)] {
///     builder.add_edge(root, package)?;
///     builder.add_edge(package, variable)?;
///     builder.add_edge(variable, object)?;
/// }
/// let graph = builder.build(|object| objects[object as usize].iter().copied())?;
///
/// let tree = DominatorTree::new(&graph, root);
/// let retained = RetainedSizes::new(&tree, |node| if node < 3 { 16 } else { 0 });
/// assert_eq!(retained.of(packages[0]), 16, "object 1 is kept by either package");
/// assert_eq!(retained.of(root), 48);
/// # Ok::<(), goheap_graph::GraphError>(())
/// ```
///
/// Overhead while building: 8 bytes for each edge of an added node, beside the graph.
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    pub(super) objects: u32,
    pub(super) nodes: u32,
    pub(super) added: Vec<(u32, u32)>,
    pub(super) keeps_tags: bool,
}

impl GraphBuilder {
    /// Starts a graph whose first `objects` ids are the caller's.
    ///
    /// # Errors
    /// [`GraphError::TooManyNodes`] for `u32::MAX` objects.
    pub fn new(objects: u32) -> Result<Self, GraphError> {
        if objects == u32::MAX {
            return Err(GraphError::TooManyNodes(u64::from(objects)));
        }
        Ok(Self { objects, nodes: objects, added: Vec::new(), keeps_tags: false })
    }

    /// Keeps what [`EdgeBlock::push`](crate::EdgeBlock::push) says of each edge of an object, 4 bytes each: see [`CsrGraph::tags`].
    /// For [`GraphBuilder::build_blocks`] alone.
    pub fn keep_tags(&mut self) {
        self.keeps_tags = true;
    }

    /// One more node; its id is the next beyond those there are.
    ///
    /// # Errors
    /// [`GraphError::TooManyNodes`] when there are 2^32 - 1.
    pub fn add_node(&mut self) -> Result<u32, GraphError> {
        let id = self.nodes;
        self.nodes = id + 1;
        if self.nodes == u32::MAX {
            self.nodes = id;
            return Err(GraphError::TooManyNodes(u64::from(id) + 1));
        }
        Ok(id)
    }

    /// An edge from an added node to any node, also one that is added later. They keep the order in which they are added.
    ///
    /// # Errors
    /// [`GraphError::NotAnAddedNode`] if `from` is an object or no node.
    pub fn add_edge(&mut self, from: u32, to: u32) -> Result<(), GraphError> {
        if !(self.objects..self.nodes).contains(&from) {
            return Err(GraphError::NotAnAddedNode(from));
        }
        self.added.push((from, to));
        Ok(())
    }

    /// The graph, with the edges that `edges_of` tells of each object. It is asked twice for each, from all threads of the
    /// caller's rayon pool; the graph is the same for any number of them.
    ///
    /// # Errors
    /// [`GraphError::NoSuchTarget`]; [`GraphError::EdgesChanged`]. Of several, that of the lowest ids.
    pub fn build<I>(mut self, edges_of: impl Fn(u32) -> I + Sync) -> Result<CsrGraph, GraphError>
    where
        I: IntoIterator<Item = u32>,
    {
        self.added.sort_by_key(|edge| edge.0);
        let rows = Rows { nodes: self.nodes, objects: self.objects, added: &self.added, edges_of: &edges_of };
        let offsets = Offsets::starts(rows.lengths()?);
        let targets = rows.filled(&offsets)?;
        Ok(CsrGraph { offsets, targets: targets.into(), tags: Column::default() })
    }
}

/// What the rows of the graph are made of.
struct Rows<'a, F> {
    nodes: u32,
    objects: u32,
    /// By source.
    added: &'a [(u32, u32)],
    edges_of: &'a F,
}

impl<F, I> Rows<'_, F>
where
    F: Fn(u32) -> I + Sync,
    I: IntoIterator<Item = u32>,
{
    /// Shows `see` every edge of `node`.
    fn each(&self, node: u32, mut see: impl FnMut(u32) -> Result<(), GraphError>) -> Result<(), GraphError> {
        if node < self.objects {
            return (self.edges_of)(node).into_iter().try_for_each(see);
        }
        let start = self.added.partition_point(|edge| edge.0 < node);
        let row = self.added[start..].iter().take_while(|edge| edge.0 == node);
        row.into_iter().try_for_each(|edge| see(edge.1))
    }

    /// How many edges each node has, and one 0 more.
    fn lengths(&self) -> Result<Vec<u32>, GraphError> {
        let mut lengths = vec![0u32; self.nodes as usize + 1];
        let chunks = lengths[..self.nodes as usize].par_chunks_mut(CHUNK).enumerate();
        let results: Vec<_> = chunks.map(|(index, chunk)| self.count(first_of(index), chunk)).collect();
        results.into_iter().collect::<Result<(), _>>()?;
        Ok(lengths)
    }

    fn count(&self, first: u32, lengths: &mut [u32]) -> Result<(), GraphError> {
        for (from, length) in (first..).zip(lengths) {
            self.each(from, |to| {
                let is_node = to < self.nodes;
                *length += u32::from(is_node);
                if is_node { Ok(()) } else { Err(GraphError::NoSuchTarget { from, to }) }
            })?;
        }
        Ok(())
    }

    fn filled(&self, offsets: &Offsets) -> Result<Vec<u32>, GraphError> {
        let mut targets = vec![0u32; offsets.start(self.nodes)];
        let mut rest = targets.as_mut_slice();
        let mut chunks = Vec::new();
        for first in (0..self.nodes).step_by(CHUNK) {
            let end = self.nodes.min(first.saturating_add(CHUNK as u32));
            let (chunk, after) = rest.split_at_mut(offsets.start(end) - offsets.start(first));
            chunks.push((first..end, chunk));
            rest = after;
        }
        let results: Vec<_> = chunks
            .into_par_iter()
            .map(|(nodes, chunk)| {
                nodes.into_iter().try_fold(chunk, |rest, node| self.fill(node, offsets, rest)).map(drop)
            })
            .collect();
        results.into_iter().collect::<Result<(), _>>()?;
        Ok(targets)
    }

    /// Writes the row of `node` at the start of `room` and gives what is left of it.
    fn fill<'r>(&self, node: u32, offsets: &Offsets, room: &'r mut [u32]) -> Result<&'r mut [u32], GraphError> {
        let (row, rest) = room.split_at_mut(offsets.range(node).len());
        let mut places = row.iter_mut();
        self.each(node, |to| {
            let place = places.next().filter(|_| to < self.nodes).ok_or(GraphError::EdgesChanged(node))?;
            *place = to;
            Ok(())
        })?;
        if places.next().is_some() { Err(GraphError::EdgesChanged(node)) } else { Ok(rest) }
    }
}

fn first_of(chunk: usize) -> u32 {
    // A chunk begins at a node.
    (chunk * CHUNK) as u32
}
