//! Making a graph in one pass over objects in order, where reading their edges twice would cost more than holding some of them
//! twice for a while.

use super::{CsrGraph, GraphBuilder, GraphError, Offsets};
use rayon::prelude::*;
use std::ops::Range;

/// Blocks that are read before what was read is put behind the rest.
const GROUP: usize = 16;

/// The edges of objects of consecutive ids, as one thread reads them.
#[derive(Debug)]
pub struct EdgeBlock {
    first: u32,
    /// How many edges each object has.
    lengths: Vec<u32>,
    targets: Vec<u32>,
    /// One for each target, where they are kept.
    tags: Option<Vec<u32>>,
    /// The last object that an edge was added to.
    last: u32,
    /// The first object that came too late.
    misplaced: Option<u32>,
}

impl EdgeBlock {
    fn new(objects: &Range<u32>, keeps_tags: bool) -> Self {
        let (lengths, tags) = (vec![0; objects.len()], keeps_tags.then(Vec::new));
        EdgeBlock { first: objects.start, lengths, targets: Vec::new(), tags, last: 0, misplaced: None }
    }

    /// One more edge, from `object`, which is of the block and not less than the one before. `tag` is what the caller wants to know of
    /// it later; it is kept where [`GraphBuilder::keep_tags`] was called.
    #[inline]
    pub fn push(&mut self, object: u32, to: u32, tag: u32) {
        match self.lengths.get_mut(object.wrapping_sub(self.first) as usize) {
            Some(length) if object >= self.last => {
                *length += 1;
                self.last = object;
                self.targets.push(to);
                if let Some(tags) = &mut self.tags {
                    tags.push(tag);
                }
            }
            _ => self.misplaced = self.misplaced.or(Some(object)),
        }
    }

    fn check(&self, nodes: u32) -> Result<(), GraphError> {
        if let Some(object) = self.misplaced {
            return Err(GraphError::OutOfOrder(object));
        }
        let Some(place) = self.targets.iter().position(|to| *to >= nodes) else { return Ok(()) };
        let mut end = 0;
        let holds = |length: &u32| {
            end += *length as usize;
            end > place
        };
        let row = self.lengths.iter().position(holds).unwrap_or(0);
        Err(GraphError::NoSuchTarget { from: self.first + row as u32, to: self.targets[place] })
    }
}

impl GraphBuilder {
    /// The graph, with the edges that `read` adds for each of `blocks`, which are the ranges of ids that make up all objects in
    /// order. Any thread of the caller's rayon pool reads a block; the graph is the same for any number of them. `edges` is
    /// how many there will be at the most, as far as it is known: room is made for them at once.
    ///
    /// Overhead while building: 4 bytes for each object and each edge of 32 blocks (8 for an edge with a tag), beside that of
    /// [`GraphBuilder`].
    ///
    /// # Errors
    /// [`GraphError::OutOfOrder`] for an edge of an object that is not in the block, or that comes after one of a greater id,
    /// and for blocks that are not all objects; [`GraphError::NoSuchTarget`]. Of several, that of the lowest block.
    pub fn build_blocks(
        mut self,
        blocks: &[Range<u32>],
        edges: u64,
        read: impl Fn(usize, &mut EdgeBlock) + Sync,
    ) -> Result<CsrGraph, GraphError> {
        let (nodes, keeps_tags) = (self.nodes, self.keeps_tags);
        let mut rows = Rows::with_room(nodes, usize::try_from(edges).unwrap_or(0), &self);
        let mut ready: Vec<EdgeBlock> = Vec::new();
        for (group, start) in blocks.chunks(GROUP).zip((0..).step_by(GROUP)) {
            let read = |(index, objects): (usize, &Range<u32>)| {
                let mut block = EdgeBlock::new(objects, keeps_tags);
                read(start + index, &mut block);
                block.check(nodes).map(|()| block)
            };
            let read = || group.par_iter().enumerate().map(read).collect::<Vec<_>>();
            let (taken, next) = rayon::join(|| rows.take(std::mem::take(&mut ready)), read);
            taken?;
            ready = next.into_iter().collect::<Result<_, _>>()?;
        }
        rows.take(ready)?;
        if rows.lengths.len() != self.objects as usize {
            return Err(GraphError::OutOfOrder(rows.lengths.len() as u32));
        }
        self.added.sort_by_key(|edge| edge.0);
        rows.lengths.resize(nodes as usize + 1, 0);
        for (from, to) in self.added {
            if to >= nodes {
                return Err(GraphError::NoSuchTarget { from, to });
            }
            rows.lengths[from as usize] += 1;
            rows.targets.push(to);
        }
        Ok(CsrGraph { offsets: Offsets::starts(rows.lengths), targets: rows.targets.into(), tags: rows.tags.into() })
    }
}

/// What was read so far.
struct Rows {
    lengths: Vec<u32>,
    targets: Vec<u32>,
    tags: Vec<u32>,
}

impl Rows {
    fn with_room(nodes: u32, edges: usize, builder: &GraphBuilder) -> Self {
        let mut rows = Rows { lengths: Vec::new(), targets: Vec::new(), tags: Vec::new() };
        rows.lengths.reserve_exact(nodes as usize + 1);
        rows.targets.reserve_exact(edges.saturating_add(builder.added.len()));
        rows.tags.reserve_exact(if builder.keeps_tags { edges } else { 0 });
        rows
    }

    fn take(&mut self, blocks: Vec<EdgeBlock>) -> Result<(), GraphError> {
        for block in blocks {
            if block.first as usize != self.lengths.len() {
                return Err(GraphError::OutOfOrder(block.first));
            }
            self.lengths.extend_from_slice(&block.lengths);
            self.targets.extend_from_slice(&block.targets);
            self.tags.extend_from_slice(block.tags.as_deref().unwrap_or_default());
        }
        Ok(())
    }
}
