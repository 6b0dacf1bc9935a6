//! The heap itself: everything known of it that no question has to ask the core for.

use crate::names::{FrameName, PackageNames};
use crate::{
    Births, ClosureFunctions, Diagnostic, GoroutineStarts, ObjectId, ObjectTypes, Objects, RedZones, References,
    StackGroups, Standing, Totals, TypeTable, Unreached,
};
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use std::borrow::Cow;
use std::sync::Arc;

/// A heap as columns, one entry a slot, and what their entries stand for.
///
/// # Overhead
/// Four bytes a slot for its type and three and a half bits, beside what the parts say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Heap {
    /// Objects by number.
    pub objects: Arc<Objects>,
    /// Types of objects by number.
    pub object_types: ObjectTypes,
    /// The types that objects have.
    pub types: TypeTable,
    /// The functions that closures call.
    pub closures: ClosureFunctions,
    /// What a root reaches.
    pub reached: IdBitSet,
    /// Of that, what nothing holds but lists that collections empty.
    pub emptied: IdBitSet,
    /// What is known of the rest.
    pub unreached: Unreached,
    /// Totals.
    pub totals: Totals,
    /// What was absent, unreadable or guessed.
    pub diagnostics: Vec<Diagnostic>,
    /// Bytes of all spans together, as the runtime counts them: `HeapInuse`.
    pub in_use_bytes: u64,
    /// How objects are padded.
    pub red_zones: RedZones,
    /// How types read in labels.
    pub packages: PackageNames,
    /// Frames by path: roots, and where it was asked for the whole reference tree.
    pub tree: PathTrie,
    /// The texts of the labels of [`Heap::tree`], by number.
    pub labels: Vec<Box<str>>,
    /// What they are called, as data.
    pub names: Vec<FrameName>,
    /// Goroutines that stand at the same place.
    pub stacks: StackGroups,
    /// What each goroutine is called.
    pub goroutines: GoroutineStarts,
    /// Who refers to whom, where that was read.
    pub references: Option<References>,
    /// Where sampled objects were allocated, where that was read.
    pub births: Option<Births>,
}

impl Heap {
    /// What is known of whether a root reaches the object.
    pub fn standing(&self, id: ObjectId) -> Standing {
        if self.is_reachable(id) { Standing::Reachable } else { self.unreached.standing(id) }
    }

    /// True if a root reaches the object.
    pub fn is_reachable(&self, id: ObjectId) -> bool {
        self.reached.contains(id.0)
    }

    /// The index of the goroutine with that id, if it is alive.
    pub fn living_goroutine(&self, id: u64) -> Option<u32> {
        self.goroutines.indexes_of(id).find(|&goroutine| self.stacks.of(goroutine).is_some())
    }

    /// The text of a frame of [`Heap::tree`]; None for the root.
    pub fn frame_text(&self, node: TrieNode) -> Option<&str> {
        self.tree.label(node).map(|label| self.label_text(label))
    }

    /// What a frame of [`Heap::tree`] is called, as data; None for the root.
    pub fn frame_name(&self, node: TrieNode) -> Option<&FrameName> {
        self.names.get(self.tree.label(node)? as usize)
    }

    /// The text of a label of [`Heap::tree`] or of a tree pruned from it.
    pub fn label_text(&self, label: u32) -> &str {
        self.labels.get(label as usize).map_or("", |text| text)
    }

    /// A type's name as frames have it: packages short where that is clear.
    pub fn short_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        self.packages.shorten(name)
    }

    /// Whether all types that the text of a label, root or step names are the standard library's; None where it names none.
    pub fn is_library_text(&self, label: &str) -> Option<bool> {
        self.packages.is_library(label)
    }
}
