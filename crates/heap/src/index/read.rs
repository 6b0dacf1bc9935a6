//! Taking from the index what takes long to work out.

use super::checks::{self, Checked};
use super::{Identity, name};
use crate::error::HeapError;
use crate::meaning::closures::{Closures, MetClosures};
use crate::needs::Needs;
use crate::objects::table::ObjectTable;
use crate::references::{ReferenceGraph, ReferenceOptions};
use crate::snapshot::{HeapSnapshot, SnapshotOptions, numbered, told_at_once};
use crate::tree::tops::Owners;
use goheap_graph::{Column, CsrGraph, CsrParts, IdBitSet, PathTrie};
use goheap_model::{
    Claim, DominatorFrames, Extents, Heap, ObjectTypes, Observer, References, SectionError, Sections, TypeTable,
    Unreached,
};
use goheap_runtime::RuntimeModel;
use std::sync::Arc;

/// Bytes a slot that a snapshot of an index takes beside what is mapped: four sets.
const SETS: u64 = 4;

/// What the index says of what it was made from and by.
///
/// # Errors
/// [`SectionError`] of an index that lacks it.
pub fn identity(index: &Sections) -> Result<Identity, SectionError> {
    index.value(name::IDENTITY)
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// The heap of `model` as an index has it, which must be of that core: see [`identity`]. What `options` do not ask for is left out, so
    /// that answers are the same.
    ///
    /// # Errors
    /// [`HeapError::Index`], and the observer's refusal.
    pub fn restore(
        model: &'m RuntimeModel<'p>,
        index: &Arc<Sections>,
        options: SnapshotOptions,
        observer: &dyn Observer,
    ) -> Result<Self, HeapError> {
        let objects = numbered(model, &Needs::new(&model.heap, options), observer)?;
        observer.begin("index");
        observer.claim(Claim { kept: u64::from(objects.len()) * SETS / 8, passing: 0 })?;
        let reader = Reader { model, objects: &objects, index };
        let (heap, met) = reader.heap(options)?;
        let (roots, root_windows) = match options.roots {
            true => (index.value(name::ROOTS)?, index.value(name::ROOT_WINDOWS)?),
            false => Default::default(),
        };
        let owners = reader.owners(&heap, options)?;
        let absent = crate::Absent { objects: reader.set(name::ABSENT_OBJECTS)?, ..index.value(name::ABSENT)? };
        let snapshot = HeapSnapshot {
            model,
            absent,
            samples: index.value(name::SAMPLES)?,
            owners,
            root_frames: heap.tree.len(),
            kept: Some(Arc::clone(index)),
            roots,
            root_windows,
            closure_types: Closures::having(model, met),
            votes: index.value(name::VOTES)?,
            heap,
            objects,
        };
        checks::totals(&snapshot.totals)?;
        checks::absent(&snapshot.absent)?;
        checks::snapshot(&snapshot)?;
        Ok(snapshot)
    }
}

struct Reader<'r, 'm, 'p> {
    model: &'m RuntimeModel<'p>,
    objects: &'r ObjectTable<'m, 'p>,
    index: &'r Sections,
}

impl Reader<'_, '_, '_> {
    fn heap(&self, options: SnapshotOptions) -> Result<(Heap, MetClosures), SectionError> {
        let (index, model) = (self.index, self.model);
        let shape: (u32, u64) = index.value(name::SHAPE)?;
        if shape != (self.objects.len(), model.goroutines.len() as u64) {
            return Err(SectionError::Impossible(name::SHAPE, "it is of another heap"));
        }
        let types: TypeTable = index.value(name::TYPES)?;
        let types = types.based_on(Arc::clone(&model.types));
        let types =
            types.ok_or(SectionError::Impossible(name::TYPES, "they go on from other ones, or lead to none"))?;
        let met: MetClosures = index.value(name::CLOSURES)?;
        checks::closures(&met, &types)?;
        let with_tree = options.tree || options.owners;
        let mut heap = told_at_once(model, self.objects);
        heap.object_types = self.object_types(&types)?;
        heap.types = types;
        heap.closures = index.value(name::CLOSURE_FUNCTIONS)?;
        (heap.reached, heap.emptied) = (self.set(name::REACHED)?, self.set(name::EMPTIED)?);
        heap.unreached = Unreached { lacks: index.value(name::LACKS)?, dead: self.set(name::DEAD)? };
        heap.totals = index.value(name::TOTALS)?;
        (heap.packages, heap.labels) = (index.value(name::PACKAGES)?, index.value(name::LABELS)?);
        heap.names = index.value(name::FRAME_NAMES)?;
        heap.tree = index.value(if with_tree { name::TREE } else { name::ROOT_TREE })?;
        heap.stacks = index.value(name::STACKS)?;
        Ok((heap, met))
    }

    fn object_types(&self, types: &TypeTable) -> Result<ObjectTypes, SectionError> {
        let kinds: Column<u32> = self.index.column(name::KINDS)?;
        checks::kinds(&kinds, types)?;
        let numbers = self.index.narrow(name::OBJECT_TYPES, self.objects.len() as usize)?;
        let object_types = ObjectTypes::of_kinds(&kinds, numbers);
        object_types.ok_or(SectionError::Impossible(name::OBJECT_TYPES, "an object is of no kind"))
    }

    /// A set of objects, which is copied: it has a bit a slot.
    fn set(&self, name: &'static str) -> Result<IdBitSet, SectionError> {
        let words: Column<u64> = self.index.column(name)?;
        let set = IdBitSet::from_words(words.to_vec());
        let ends = set.count_in(0..self.objects.len()) == set.count();
        ends.then_some(set).ok_or(SectionError::Impossible(name, "there are fewer objects"))
    }

    fn owners(&self, heap: &Heap, options: SnapshotOptions) -> Result<Option<Owners>, SectionError> {
        if !options.owners {
            return Ok(None);
        }
        let frames = self.index.narrow(name::TREE_FRAMES, self.objects.len() as usize)?;
        checks::frames(&frames, &heap.tree)?;
        Ok(Some(Owners::of_numbers(&heap.tree, frames)))
    }
}

/// The references that the index of the snapshot has, if any; one that cannot be believed is passed over.
pub(crate) fn read_references<'s, 'm, 'p>(
    snapshot: &'s HeapSnapshot<'m, 'p>,
    options: ReferenceOptions,
    observer: &dyn Observer,
) -> Option<ReferenceGraph<'s, 'm, 'p>> {
    let index = snapshot.kept.as_ref()?;
    let read = || {
        let parts: Checked = index.value(name::REFERENCES)?;
        let graph = CsrGraph::from_parts(CsrParts {
            narrow: index.column(name::ROWS)?,
            wide: index.column(name::WIDE_ROWS)?,
            targets: index.column(name::TARGETS)?,
            tags: index.column(name::WORDS)?,
        });
        let graph = graph.map_err(|_| SectionError::Impossible(name::TARGETS, "they make no graph"))?;
        let (roots, node_of_root, rewired) = checks::references(snapshot, &graph, parts)?;
        let extents = if options.referred { Some(extents(index, snapshot.objects.len())?) } else { None };
        let references = References::new(graph, roots, extents).with_kept(Arc::clone(index));
        Ok(ReferenceGraph::of_parts(snapshot, (references, node_of_root, rewired)))
    };
    told(read(), observer)
}

/// The frames of dominators that an index has.
pub(crate) fn read_frames(index: &Sections, types: &TypeTable, observer: &dyn Observer) -> Option<DominatorFrames> {
    let frames = index.value::<DominatorFrames>(name::DOMINATOR_FRAMES);
    let whole = |frames: DominatorFrames| match frames.is_whole(types) {
        true => Ok(frames),
        false => Err(SectionError::Impossible(name::DOMINATOR_FRAMES, "a frame has no label or name, or is none")),
    };
    told(frames.and_then(whole), observer)
}

fn told<T>(read: Result<T, SectionError>, observer: &dyn Observer) -> Option<T> {
    read.inspect_err(|error| observer.passed_over(error)).ok()
}

fn extents(index: &Sections, slots: u32) -> Result<Extents, SectionError> {
    let objects: Column<u32> = index.column(name::EXTENT_OBJECTS)?;
    let bytes = match index.column::<u32>(name::EXTENTS) {
        Ok(narrow) => Ok(narrow),
        Err(SectionError::Missing(_)) => Err(index.column(name::WIDE_EXTENTS)?),
        Err(error) => return Err(error),
    };
    let are_there = objects.last().is_none_or(|&id| id < slots);
    let extents = Extents::of_columns(objects, bytes).filter(|_| are_there);
    extents.ok_or(SectionError::Impossible(name::EXTENTS, "they are not of objects in order"))
}

/// A trie all of whose labels have a text.
pub(super) fn has_labels(trie: &PathTrie, labels: &[Box<str>]) -> bool {
    trie.nodes().all(|node| trie.label(node).is_none_or(|label| (label as usize) < labels.len()))
}
