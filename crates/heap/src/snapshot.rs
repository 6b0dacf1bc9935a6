//! The heap of a dead process, whole: objects, their types, who holds them, and how the totals reconcile.

use crate::absent::{Absent, unreached};
use crate::error::HeapError;
use crate::infer::{Inference, Inferred, Votes};
use crate::meaning::closures::Closures;
use crate::meaning::resolve::Resolver;
use crate::names::labels::Labels;
use crate::names::late_names::name_by_types;
use crate::needs::Needs;
use crate::objects::table::ObjectTable;
use crate::referred::RootWindow;
use crate::roots::RootCollector;
use crate::roots::root::Root;
use crate::samples::{Largest, Sample, Samples};
use crate::tree::TreeBuilder;
use crate::tree::tops::Owners;
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_image::Address;
use goheap_model::contents::Vote;
use goheap_model::names::PackageNames;
use goheap_model::{
    ClosureFunctions, Evidence, GoroutineStarts, Heap, Meter, ObjectId, ObjectType, ObjectTypes, Objects, Observer,
    Part, References, Sections, Share, Standing, Totals, TypeTable, Unobserved, Unreached,
};
use goheap_runtime::{PAGE_BYTES, RuntimeModel, Span, SweepState};
use rayon::prelude::*;
use std::ops::Deref;
use std::sync::Arc;

/// A heap and the core that it came from.
///
/// # Overhead
/// That of [`Heap`], beside what the frames of the tree take; 12 more a slot waiting in the queue while the tree is built.
pub struct HeapSnapshot<'m, 'p> {
    /// The runtime that the heap belongs to.
    pub model: &'m RuntimeModel<'p>,
    /// Objects by number, and by what words lead to.
    pub objects: ObjectTable<'m, 'p>,
    /// What no question has to ask the core for.
    pub(crate) heap: Heap,
    /// The pointers that the core lacks.
    pub absent: Absent,
    /// Some of what the totals count.
    pub samples: Samples,
    pub(crate) owners: Option<Owners>,
    /// Of the frames of the tree, how many were there before anything was put under roots.
    pub(crate) root_frames: usize,
    /// Where the rest is kept, if anywhere.
    pub(crate) kept: Option<Arc<Sections>>,
    pub(crate) roots: Vec<Root>,
    /// Of roots that refer to less than all of their object, in order.
    pub(crate) root_windows: Vec<RootWindow>,
    /// The closures that were met: each function has one type.
    pub(crate) closure_types: Closures<'m>,
    pub(crate) votes: Votes,
}

impl Deref for HeapSnapshot<'_, '_> {
    type Target = Heap;

    fn deref(&self) -> &Heap {
        &self.heap
    }
}

/// What a snapshot remembers beside what every command needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// The reference tree: a second walk over what is reached. Else [`Heap::tree`] has the roots' frames alone, and
    /// nothing is counted in them.
    pub tree: bool,
    /// The root under which the tree puts each object, which takes the tree: four bytes a slot. Else [`HeapSnapshot::owner`] knows none.
    pub owners: bool,
    /// The roots themselves: 24 bytes each. Else no holder of an object is a root.
    pub roots: bool,
    /// Types in labels have the whole import path of their package. Else it is short where that is clear.
    pub full_names: bool,
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// Takes the heap of `model`. Its table of types goes on from the model's as descriptors are met.
    ///
    /// # Errors
    /// The heap has more slots than can be numbered.
    pub fn take(model: &'m RuntimeModel<'p>, options: SnapshotOptions) -> Result<Self, HeapError> {
        Self::take_observed(model, options, &Unobserved)
    }

    /// The same; `observer` is told of the stages and asked for memory.
    ///
    /// # Errors
    /// Those of [`HeapSnapshot::take`], and the observer's refusal.
    pub fn take_observed(
        model: &'m RuntimeModel<'p>,
        options: SnapshotOptions,
        observer: &dyn Observer,
    ) -> Result<Self, HeapError> {
        let begins = |stage| observer.begin(stage);
        let needs = Needs::new(&model.heap, options);
        let objects = numbered(model, &needs, observer)?;
        begins("descriptors");
        let mut resolver = Resolver::new(model, TypeTable::extending(Arc::clone(&model.types)));
        begins("roots");
        let packages = PackageNames::new(&resolver.types).whole_if(options.full_names);
        let (mut labels, mut trie) = (Labels::new(packages), PathTrie::new());
        let mut set = RootCollector::new(model, &objects, &mut resolver, &mut labels, &mut trie, observer).collect();
        begins("inference");
        observer.claim(needs.inference())?;
        let meter = Meter::new(observer, needs.scannable);
        let Inferred { types: object_types, counts, marked, conflicts, votes } =
            Inference::new(model, &objects, &mut resolver, &meter).run(&set);
        let told = (&resolver.types, &object_types);
        set.let_go_of_finalized(&marked.held_anyhow);
        trie = name_by_types(trie, &mut labels, &mut set.roots, (model, &objects), told);
        let (unreached, root_frames) = (unreached(model, &objects, &marked.absent), trie.len());
        let mut owners = None;
        if options.tree || options.owners {
            begins("tree");
            observer.claim(needs.tree())?;
            let watched = (observer, needs.scannable);
            let builder = TreeBuilder::new(model, &objects, &mut resolver, &mut labels, &mut trie, &object_types);
            let frames = drawn(builder, (&set.roots, &unreached), options.owners, watched);
            owners = frames.map(|frames| Owners::new(&trie, frames));
        }
        begins("sums");
        let mut totals = span_totals(&objects);
        (totals.by_class, totals.pointers) = (marked.by_class, marked.counts);
        (totals.roots, totals.inference) = (set.counts, counts);
        let (reached, absent) = (marked.reached, marked.absent);
        let mut samples = std::mem::take(&mut set.samples);
        samples.roots_to_free = bad_roots(marked.bad_roots, &trie, &labels);
        (samples.unexplained, samples.conflicts) = (marked.unexplained, conflicts);
        let meter = Meter::new(observer, u64::from(objects.len()));
        let sums = sum_objects(model, &objects, &resolver.types, (&object_types, &reached, &unreached), &meter);
        (totals.by_evidence, totals.size_class_rounding) = (sums.by_evidence, sums.rounding);
        (totals.unreachable, totals.awaiting_sweep, totals.not_known) =
            (sums.unreachable, sums.awaiting_sweep, sums.not_known);
        (samples.untyped, samples.guessed) = (sums.untyped.samples(), sums.guessed.samples());
        let (roots, root_windows) = if options.roots { (set.roots, set.windows) } else { Default::default() };
        let mut heap = told_at_once(model, &objects);
        heap.closures = ClosureFunctions::new(sums.closures, |entry| model.function_name(entry));
        (heap.object_types, heap.types) = (object_types, resolver.types);
        (heap.reached, heap.emptied, heap.unreached) = (reached, marked.emptied, unreached);
        heap.totals = totals;
        (heap.labels, heap.names, heap.packages) = labels.into_parts();
        (heap.tree, heap.stacks) = (trie, set.stacks);
        let closure_types = resolver.closures;
        let kept = None;
        Ok(HeapSnapshot {
            model,
            objects,
            heap,
            absent,
            samples,
            owners,
            root_frames,
            kept,
            roots,
            root_windows,
            closure_types,
            votes,
        })
    }

    /// The heap without the core, and with the references that were read of it, if any.
    pub fn into_heap(mut self, references: Option<References>) -> Heap {
        self.heap.diagnostics = self.diagnostics();
        self.heap.references = references;
        self.heap
    }

    /// True if it was taken from an index.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// How the type of the object was voted, where it is that of nearly all that words of one place lead to.
    pub fn vote(&self, id: ObjectId) -> Option<Vote> {
        self.votes.of(id)
    }

    /// The root under which the tree puts the object, as the label of its frame; None for what no root reaches and where
    /// [`SnapshotOptions::owners`] was not asked for.
    pub fn owner(&self, id: ObjectId) -> Option<u32> {
        self.owners.as_ref()?.top(id).and_then(|top| self.tree.label(top))
    }

    /// The frame that counts the object, where [`SnapshotOptions::owners`] was asked for.
    pub fn frame_of(&self, id: ObjectId) -> Option<TrieNode> {
        self.owners.as_ref()?.frame(id)
    }

    /// A resolver of what was inferred, for what is asked later.
    pub(crate) fn resolver(&self) -> Resolver<'m> {
        let mut resolver = Resolver::new(self.model, self.types.clone());
        resolver.closures = self.closure_types.clone();
        resolver
    }
}

/// The objects of the core, by number.
pub(crate) fn numbered<'m, 'p>(
    model: &'m RuntimeModel<'p>,
    needs: &Needs,
    observer: &dyn Observer,
) -> Result<ObjectTable<'m, 'p>, HeapError> {
    observer.begin("objects");
    observer.claim(needs.objects())?;
    ObjectTable::new(&model.heap, model.masks.has_headers()).ok_or(HeapError::TooManySlots)
}

/// A heap of which nothing is known but what the core tells without a look at objects.
pub(crate) fn told_at_once(model: &RuntimeModel<'_>, objects: &ObjectTable<'_, '_>) -> Heap {
    let starts = model.goroutines.iter().map(|goroutine| (goroutine.id, goroutine.startpc));
    let mut heap = Heap::default();
    heap.objects = objects.columns();
    heap.goroutines = GoroutineStarts::new(starts, |entry| model.function_name(entry));
    heap.red_zones = model.red_zones;
    heap.in_use_bytes = model.heap.pages_in_use.saturating_mul(PAGE_BYTES);
    heap
}

/// Draws the reference tree and the towers of what no root reaches; the frame of each slot, where that is remembered.
fn drawn(
    mut builder: TreeBuilder<'_, '_, '_>,
    (roots, unreached): (&[Root], &Unreached),
    remembers: bool,
    (observer, scannable): (&dyn Observer, u64),
) -> Option<Vec<TrieNode>> {
    if remembers {
        builder.remember_frames();
    }
    builder.walk(roots, &Meter::new(observer, scannable));
    observer.begin("unreachable");
    builder.unreachable(unreached);
    builder.finish()
}

/// Roots that lead to free slots, by their paths.
fn bad_roots(roots: Vec<Root>, trie: &PathTrie, labels: &Labels) -> Vec<Sample> {
    let path = |node| trie.path(node).into_iter().map(|label| labels.get(label)).collect::<Vec<_>>().join(" → ");
    roots.into_iter().map(|root| Sample::Root(root.value, path(root.node))).collect()
}

/// Sums over every object, span by span, in any order.
fn sum_objects(
    model: &RuntimeModel<'_>,
    objects: &ObjectTable<'_, '_>,
    types: &TypeTable,
    (object_types, reached, unreached): (&ObjectTypes, &IdBitSet, &Unreached),
    meter: &Meter<'_>,
) -> Sums {
    let of_span = |(index, span): (usize, &Span<'_>)| {
        let (first, room) = (objects.first_of(index as u32), objects.spans()[index].payload_bytes());
        let mut sums = Sums::default();
        // What is lost is the same in every slot of the span that holds the same.
        let mut last = (ObjectType::UNKNOWN, 0);
        for slot in span.allocated.ones() {
            let id = first + slot as u32;
            let object = object_types.of(ObjectId(id));
            if object.is_known() && object.part() == Part::Closure {
                let at = span.slot_address(slot as u32) + (span.elem_size - room);
                sums.closures.extend(model.memory().read_u64(Address(at)).map(|entry| (ObjectId(id), entry)));
            }
            if reached.contains(id) {
                sums.by_evidence[object.evidence() as usize] += span.elem_size;
                match object.evidence() {
                    Evidence::None => sums.untyped.note(span.elem_size, id),
                    Evidence::Candidate => sums.guessed.note(span.elem_size, id),
                    _ => {}
                }
            } else {
                let is_dead = unreached.standing(ObjectId(id)) == Standing::Unreachable;
                let share = if is_dead { &mut sums.unreachable } else { &mut sums.not_known };
                share.add(Share { bytes: span.elem_size, objects: 1 });
            }
            if object != last.0 {
                last = (object, types.rounding(object, room));
            }
            sums.rounding += last.1;
        }
        if span.sweep != SweepState::Swept {
            sums.awaiting_sweep = sums.unreachable;
        }
        meter.add(u64::from(span.nelems));
        sums
    };
    let spans = model.heap.spans.par_iter().enumerate();
    spans.map(of_span).reduce(Sums::default, Sums::and)
}

/// What is summed over all objects; see [`Totals`].
#[derive(Default)]
struct Sums {
    by_evidence: [u64; 4],
    rounding: u64,
    unreachable: Share,
    not_known: Share,
    awaiting_sweep: Share,
    untyped: Largest,
    guessed: Largest,
    /// The addresses of closures' code, in order of object.
    closures: Vec<(ObjectId, u64)>,
}

impl Sums {
    fn and(mut self, more: Sums) -> Sums {
        self.by_evidence = std::array::from_fn(|index| self.by_evidence[index] + more.by_evidence[index]);
        self.rounding += more.rounding;
        self.unreachable.add(more.unreachable);
        self.not_known.add(more.not_known);
        self.untyped.add(more.untyped);
        self.guessed.add(more.guessed);
        self.closures.extend(more.closures);
        self.awaiting_sweep.add(more.awaiting_sweep);
        self
    }
}

fn span_totals(objects: &Objects) -> Totals {
    let mut totals = Totals::default();
    for (span, index) in objects.spans().iter().zip(0..) {
        let first = objects.first_of(index);
        let allocated = objects.allocated_ids().count_in(first..first + span.slots);
        let slots = u64::from(span.slots);
        totals.allocated.bytes += allocated * span.slot_bytes;
        totals.allocated.objects += allocated;
        totals.span_bytes += span.bytes;
        totals.free_slot_bytes += (slots - allocated) * span.slot_bytes;
        totals.tail_bytes += span.bytes - slots * span.slot_bytes;
    }
    totals
}

#[cfg(test)]
mod tests;
