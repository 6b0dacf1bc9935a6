//! The heap of a dead process, whole: objects, their types, who holds them, and how the totals reconcile.

use crate::absent::{Absent, Standing, Unreached};
use crate::error::HeapError;
use crate::infer::{Inference, InferenceCounts, Inferred, Vote, Votes, payload_offset};
use crate::meaning::closures::Closures;
use crate::meaning::resolve::Resolver;
use crate::names::labels::Labels;
use crate::names::late_names::name_by_types;
use crate::names::package_names::PackageNames;
use crate::needs::Needs;
use crate::objects::object_type::{Evidence, ObjectType, Part};
use crate::objects::pointer_counts::{PointerCounts, Share};
use crate::objects::table::{ObjectId, ObjectTable};
use crate::referred::RootWindow;
use crate::roots::RootCollector;
use crate::roots::root::{Root, RootClass, RootCounts, StackGroups};
use crate::samples::{Largest, Sample, Samples};
use crate::tree::TreeBuilder;
use crate::tree::tops::Owners;
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_runtime::{Meter, Observer, RuntimeModel, Span, SweepState, TypeTable, Unobserved};
use rayon::prelude::*;

/// Everything known of a heap.
///
/// # Overhead
/// Four bytes a slot for its type and two bits for its state, beside what the frames of the tree take; 12 more a slot
/// waiting in the queue while the tree is built.
pub struct HeapSnapshot<'m, 'p> {
    /// The runtime that the heap belongs to.
    pub model: &'m RuntimeModel<'p>,
    /// Objects by number.
    pub objects: ObjectTable<'m, 'p>,
    /// Types of objects by number.
    pub object_types: Vec<ObjectType>,
    /// The types that objects have.
    pub types: TypeTable,
    /// Totals.
    pub totals: Totals,
    /// The pointers that the core lacks.
    pub absent: Absent,
    /// Some of what the totals count.
    pub samples: Samples,
    pub(crate) unreached: Unreached,
    trie: PathTrie,
    pub(crate) labels: Labels,
    pub(crate) reached: IdBitSet,
    /// Of what is reached, what nothing holds but lists that collections empty.
    pub(crate) emptied: IdBitSet,
    owners: Option<Owners>,
    pub(crate) roots: Vec<Root>,
    /// Of roots that refer to less than all of their object, in order.
    pub(crate) root_windows: Vec<RootWindow>,
    pub(crate) stacks: StackGroups,
    /// The closures that were met: each function has one type.
    pub(crate) closures: Closures<'m>,
    votes: Votes,
}

/// What a snapshot remembers beside what every command needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// The reference tree: a second walk over what is reached. Else [`HeapSnapshot::tree`] has the roots' frames alone, and
    /// nothing is counted in them.
    pub tree: bool,
    /// The root under which the tree puts each object, which takes the tree: four bytes a slot. Else [`HeapSnapshot::owner`] knows none.
    pub owners: bool,
    /// The roots themselves: 24 bytes each. Else no holder of an object is a root.
    pub roots: bool,
    /// Types in labels have the whole import path of their package. Else it is short where that is clear.
    pub full_names: bool,
}

/// How the bytes of the heap reconcile: allocated = reachable + not known to be reachable + unreachable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Slots handed out and not freed.
    pub allocated: Share,
    /// What the roots of each class reached first.
    pub by_class: Vec<(RootClass, Share)>,
    /// What no word that is there leads to, and one that is absent may have; see [`Absent`].
    pub not_known: Share,
    /// What no root reaches.
    pub unreachable: Share,
    /// Of that, in spans that the last collection marked and nobody swept yet: garbage that the runtime knows of.
    pub awaiting_sweep: Share,
    /// Reached bytes by how their type is known, in the order of [`crate::Evidence::ALL`].
    pub by_evidence: [u64; 4],
    /// Bytes of spans in use.
    pub span_bytes: u64,
    /// Of these, in slots that are free.
    pub free_slot_bytes: u64,
    /// Of these, in no slot: bitmaps, marks and what is left over.
    pub tail_bytes: u64,
    /// Allocated bytes that size classes added to what was asked for, as far as types tell: single values and rows of whole
    /// elements. What strings and byte slices lost to rounding is not known.
    pub size_class_rounding: u64,
    /// Where pointers led.
    pub pointers: PointerCounts,
    /// What was met in collecting roots.
    pub roots: RootCounts,
    /// What was met in telling types.
    pub inference: InferenceCounts,
}

impl Totals {
    /// What the roots reach in all.
    pub fn reachable(&self) -> Share {
        self.by_class.iter().fold(Share::default(), |sum, (_, share)| Share {
            bytes: sum.bytes + share.bytes,
            objects: sum.objects + share.objects,
        })
    }

    /// True if every allocated byte is either reachable, or not, or not known to be.
    pub fn is_reconciled(&self) -> bool {
        let mut parts = self.reachable();
        parts.add(self.not_known);
        parts.add(self.unreachable);
        parts == self.allocated && self.allocated.bytes + self.free_slot_bytes + self.tail_bytes == self.span_bytes
    }
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// Takes the heap of `model`; `types` is the model's table, which grows as descriptors are met.
    ///
    /// # Errors
    /// The heap has more slots than can be numbered.
    pub fn take(model: &'m RuntimeModel<'p>, types: TypeTable, options: SnapshotOptions) -> Result<Self, HeapError> {
        Self::take_observed(model, types, options, &Unobserved)
    }

    /// The same; `observer` is told of the stages and asked for memory.
    ///
    /// # Errors
    /// Those of [`HeapSnapshot::take`], and the observer's refusal.
    pub fn take_observed(
        model: &'m RuntimeModel<'p>,
        types: TypeTable,
        options: SnapshotOptions,
        observer: &dyn Observer,
    ) -> Result<Self, HeapError> {
        let begins = |stage| observer.begin(stage);
        begins("objects");
        let needs = Needs::new(&model.heap, options);
        observer.claim(needs.objects())?;
        let objects = ObjectTable::new(&model.heap, model.masks.has_headers()).ok_or(HeapError::TooManySlots)?;
        begins("descriptors");
        let mut resolver = Resolver::new(model, types);
        begins("roots");
        let packages = PackageNames::new(&resolver.types).whole_if(options.full_names);
        let (mut labels, mut trie) = (Labels::new(packages), PathTrie::new());
        let mut set = RootCollector::new(model, &objects, &mut resolver, &mut labels, &mut trie, observer).collect();
        begins("inference");
        observer.claim(needs.inference())?;
        let meter = Meter::new(observer, needs.scannable);
        let Inferred { types: object_types, counts, marked, conflicts, votes } =
            Inference::new(model, &objects, &mut resolver, &meter).run(&set);
        let told = (&resolver.types, &*object_types);
        trie = name_by_types(trie, &mut labels, &mut set.roots, (model, &objects), told);
        let unreached = Unreached::new(model, &objects, &marked.absent);
        let mut owners = None;
        if options.tree || options.owners {
            begins("tree");
            observer.claim(needs.tree())?;
            let mut builder = TreeBuilder::new(model, &objects, &mut resolver, &mut labels, &mut trie, &object_types);
            if options.owners {
                builder.remember_frames();
            }
            builder.walk(&set.roots, &Meter::new(observer, needs.scannable));
            begins("unreachable");
            builder.unreachable(&unreached);
            owners = builder.finish().map(|frames| Owners::new(&trie, frames));
        }
        begins("sums");
        let mut totals = span_totals(model, &objects);
        (totals.by_class, totals.pointers) = (marked.by_class, marked.counts);
        (totals.roots, totals.inference) = (set.counts, counts);
        let (reached, absent) = (marked.reached, marked.absent);
        let mut samples = std::mem::take(&mut set.samples);
        let path = |node| trie.path(node).into_iter().map(|label| labels.get(label)).collect::<Vec<_>>().join(" → ");
        let root = |root: Root| Sample::Root(root.value, path(root.node));
        samples.roots_to_free = marked.bad_roots.into_iter().map(root).collect();
        (samples.unexplained, samples.conflicts) = (marked.unexplained, conflicts);
        let meter = Meter::new(observer, u64::from(objects.len()));
        (samples.untyped, samples.guessed) =
            sum_objects(&mut totals, model, &objects, &resolver.types, (&object_types, &reached, &unreached), &meter);
        let (roots, root_windows) = if options.roots { (set.roots, set.windows) } else { Default::default() };
        let types = resolver.types;
        Ok(HeapSnapshot {
            model,
            objects,
            object_types,
            types,
            totals,
            absent,
            samples,
            unreached,
            trie,
            labels,
            reached,
            emptied: marked.emptied,
            owners,
            roots,
            root_windows,
            stacks: set.stacks,
            closures: resolver.closures,
            votes,
        })
    }

    /// How the type of the object was voted, where it is that of nearly all that words of one place lead to.
    pub fn vote(&self, id: ObjectId) -> Option<Vote> {
        self.votes.of(id)
    }

    /// What is known of whether a root reaches the object.
    pub fn standing(&self, id: ObjectId) -> Standing {
        if self.is_reachable(id) { Standing::Reachable } else { self.unreached.standing(id) }
    }

    /// True if a root reaches the object.
    pub fn is_reachable(&self, id: ObjectId) -> bool {
        self.reached.contains(id.0)
    }

    /// The root under which the tree puts the object, as the label of its frame; None for what no root reaches and where
    /// [`SnapshotOptions::owners`] was not asked for.
    pub fn owner(&self, id: ObjectId) -> Option<u32> {
        self.owners.as_ref()?.top(id).and_then(|top| self.trie.label(top))
    }

    /// The frame that counts the object, where [`SnapshotOptions::owners`] was asked for.
    pub(crate) fn frame_of(&self, id: ObjectId) -> Option<TrieNode> {
        self.owners.as_ref()?.frame(id)
    }

    /// The reference tree, where [`SnapshotOptions::tree`] was asked for: frames by path, with the bytes and objects of each.
    pub fn tree(&self) -> &PathTrie {
        &self.trie
    }

    /// The text of a frame; None for the root.
    pub fn frame_text(&self, node: TrieNode) -> Option<&str> {
        self.trie.label(node).map(|label| self.labels.get(label))
    }

    /// A type's name as frames have it: packages short where that is clear.
    pub fn short_name<'t>(&self, name: &'t str) -> std::borrow::Cow<'t, str> {
        self.labels.packages.shorten(name)
    }

    /// A resolver of what was inferred, for what is asked later.
    pub(crate) fn resolver(&self) -> Resolver<'m> {
        let mut resolver = Resolver::new(self.model, self.types.clone());
        resolver.closures = self.closures.clone();
        resolver
    }

    /// Whether all types that the text of a label, root or step names are the standard library's; None where it names none.
    pub fn is_library_text(&self, label: &str) -> Option<bool> {
        self.labels.packages.is_library(label)
    }

    /// The text of a label of [`HeapSnapshot::tree`] or of a tree pruned from it.
    pub fn label_text(&self, label: u32) -> &str {
        self.labels.get(label)
    }
}

/// Sums over every object, span by span, in any order; the largest reachable objects of no type, and of one told by shape alone.
fn sum_objects(
    totals: &mut Totals,
    model: &RuntimeModel<'_>,
    objects: &ObjectTable<'_, '_>,
    types: &TypeTable,
    (object_types, reached, unreached): (&[ObjectType], &IdBitSet, &Unreached),
    meter: &Meter<'_>,
) -> (Vec<Sample>, Vec<Sample>) {
    let of_span = |(index, span): (usize, &Span<'_>)| {
        let (first, room) = (objects.first_of(index as u32), span.elem_size - payload_offset(model, span));
        let mut sums = Sums::default();
        // What is lost is the same in every slot of the span that holds the same.
        let mut last = (ObjectType::UNKNOWN, 0);
        for slot in span.allocated.ones() {
            let id = first + slot as u32;
            let object = object_types[id as usize];
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
                last = (object, rounding(types, object, room));
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
    let sums = spans.map(of_span).reduce(Sums::default, Sums::and);
    (totals.by_evidence, totals.size_class_rounding) = (sums.by_evidence, sums.rounding);
    (totals.unreachable, totals.awaiting_sweep) = (sums.unreachable, sums.awaiting_sweep);
    totals.not_known = sums.not_known;
    (sums.untyped.samples(), sums.guessed.samples())
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
}

impl Sums {
    fn and(mut self, more: Sums) -> Sums {
        self.by_evidence = std::array::from_fn(|index| self.by_evidence[index] + more.by_evidence[index]);
        self.rounding += more.rounding;
        self.unreachable.add(more.unreachable);
        self.not_known.add(more.not_known);
        self.untyped.add(more.untyped);
        self.guessed.add(more.guessed);
        self.awaiting_sweep.add(more.awaiting_sweep);
        self
    }
}

/// Bytes of `room` beyond the value, or the whole elements, that its type says is there.
pub(crate) fn rounding(types: &TypeTable, object: ObjectType, room: u64) -> u64 {
    let size = if object.is_known() { types.get(object.ty()).size } else { 0 };
    match object.part() {
        Part::Value if size > 0 => room.saturating_sub(size),
        Part::Elements if size > 1 => room % size,
        _ => 0,
    }
}

fn span_totals(model: &RuntimeModel<'_>, objects: &ObjectTable<'_, '_>) -> Totals {
    let mut totals = Totals::default();
    for span in &model.heap.spans {
        let allocated = span.allocated.count() as u64;
        let slots = u64::from(span.nelems);
        totals.allocated.bytes += allocated * span.elem_size;
        totals.allocated.objects += allocated;
        totals.span_bytes += span.byte_len();
        totals.free_slot_bytes += (slots - allocated) * span.elem_size;
        totals.tail_bytes += span.byte_len() - slots * span.elem_size;
    }
    debug_assert_eq!(totals.allocated.objects, objects.allocated().count() as u64);
    totals
}

#[cfg(test)]
mod tests;
