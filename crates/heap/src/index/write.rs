//! Writing the index.

use super::{Identity, name};
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use goheap_graph::{DominatorTree, IdBitSet};
use goheap_model::{DominatorFrames, Extents, SectionError, SectionWriter};
use std::io::Write;

/// What an index is made of.
pub struct IndexParts<'a, 's, 'm, 'p> {
    /// Read with words and with what is referred to, of a snapshot that was taken with tree, owners and roots.
    pub graph: &'a ReferenceGraph<'s, 'm, 'p>,
    /// The dominators of that graph.
    pub dominators: &'a DominatorTree,
    /// Their frames.
    pub frames: &'a DominatorFrames,
    /// What it is made from, and by.
    pub identity: &'a Identity,
}

type Writing = Result<(), SectionError>;

/// Writes an index; its length.
///
/// # Errors
/// [`HeapError::Index`] of what cannot be written; [`HeapError::NoRoots`] of a snapshot that was taken without what it is made of.
pub fn write(parts: &IndexParts<'_, '_, '_, '_>, out: impl Write) -> Result<u64, HeapError> {
    let mut writer = SectionWriter::new(out).map_err(SectionError::from)?;
    writer.value(name::IDENTITY, parts.identity)?;
    parts.snapshot(&mut writer)?;
    parts.names(&mut writer)?;
    parts.tree(&mut writer)?;
    parts.references(&mut writer)?;
    goheap_model::write_dominators(parts.dominators, &mut writer)?;
    writer.value(name::DOMINATOR_FRAMES, parts.frames)?;
    Ok(writer.finish()?)
}

impl IndexParts<'_, '_, '_, '_> {
    fn snapshot(&self, writer: &mut SectionWriter<impl Write>) -> Writing {
        let snapshot = self.graph.snapshot();
        writer.value(name::SHAPE, &(snapshot.objects.len(), snapshot.model.goroutines.len() as u64))?;
        let (kinds, numbers) = snapshot.object_types.by_kind();
        writer.column(name::KINDS, &kinds)?;
        writer.narrow(name::OBJECT_TYPES, &numbers)?;
        writer.value(name::TYPES, &snapshot.types)?;
        writer.value(name::CLOSURES, snapshot.closure_types.met())?;
        writer.value(name::CLOSURE_FUNCTIONS, &snapshot.closures)?;
        let mut set = |name, set: &IdBitSet| writer.column(name, set.words());
        set(name::REACHED, &snapshot.reached)?;
        set(name::EMPTIED, &snapshot.emptied)?;
        set(name::DEAD, &snapshot.unreached.dead)?;
        set(name::ABSENT_OBJECTS, &snapshot.absent.objects)?;
        writer.value(name::LACKS, &snapshot.unreached.lacks)?;
        writer.value(name::ABSENT, &snapshot.absent)?;
        writer.value(name::TOTALS, &snapshot.totals)?;
        writer.value(name::SAMPLES, &snapshot.samples)?;
        writer.value(name::VOTES, &snapshot.votes)
    }

    fn names(&self, writer: &mut SectionWriter<impl Write>) -> Writing {
        let snapshot = self.graph.snapshot();
        writer.value(name::PACKAGES, &snapshot.packages)?;
        writer.value(name::STACKS, &snapshot.stacks)?;
        writer.value(name::LABELS, &snapshot.labels)?;
        writer.value(name::FRAME_NAMES, &snapshot.names)?;
        writer.value(name::ROOTS, &snapshot.roots)?;
        writer.value(name::ROOT_WINDOWS, &snapshot.root_windows)
    }

    fn tree(&self, writer: &mut SectionWriter<impl Write>) -> Result<(), HeapError> {
        let snapshot = self.graph.snapshot();
        let owners = snapshot.owners.as_ref().ok_or(HeapError::NoRoots)?;
        writer.value(name::ROOT_TREE, &snapshot.tree.first(snapshot.root_frames))?;
        writer.value(name::TREE, &snapshot.tree)?;
        Ok(writer.narrow(name::TREE_FRAMES, owners.frames())?)
    }

    fn references(&self, writer: &mut SectionWriter<impl Write>) -> Writing {
        let (references, node_of_root, rewired) = self.graph.parts();
        writer.value(name::REFERENCES, &(references.roots(), node_of_root, rewired))?;
        let (narrow, wide, targets, words) = references.graph().columns();
        writer.column(name::ROWS, narrow)?;
        writer.column(name::WIDE_ROWS, wide)?;
        writer.column(name::TARGETS, targets)?;
        writer.column(name::WORDS, words)?;
        let none = Extents::default();
        let (objects, bytes) = references.extents().unwrap_or(&none).columns();
        writer.column(name::EXTENT_OBJECTS, objects)?;
        match bytes {
            Ok(narrow) => writer.column(name::EXTENTS, narrow),
            Err(wide) => writer.column(name::WIDE_EXTENTS, wide),
        }
    }
}
