//! Which objects of the newer core are those of the older one.
//!
//! Go's collector moves nothing, so an object that lives on has its address. Not all that has the address lives on: a slot is freed by the
//! sweep of its span after a collection that did not mark it, and may be given out again. So much is certain (mgcsweep.go, mbitmap.go
//! `nextFreeIndex`, 1.17 to 1.27):
//!
//! - Without a sweep of its span in between, what was there is still there.
//! - After one sweep, it is there if that sweep kept it: nothing could be given out in its slot before, and what is given out since has no
//!   allocation bit.
//! - After any number, what the last sweep did not keep is new.
//! - What was sampled as it was allocated is told by its record, which goes with it: with another one, or where one alone has one, it is new.
//! - What a goroutine's frames lead to that waits since before the older core, without a break, is there.
//!
//! The rest of what was reached and is, at one address, may be the same object or another one of its kind; that is counted apart.

use super::old_objects::{Born, OldObjects, born};
use crate::recent::Recent;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{
    Births, Evidence, Graph, Heap, ObjectId, ObjectType, RootKind, Share, Slot, SpanSweep, Standing, Sweeps, TextKey,
    UNKNOWN_TYPE,
};
use serde::Serialize;

/// How many objects lived on, may have, or are new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifeCounts {
    /// The same objects, for certain.
    pub survived: Share,
    /// Reached in both at one address, and nothing speaks against it.
    pub perhaps: Share,
    /// Others than what was there, or where nothing was.
    pub new: Share,
}

/// What each reached object of the newer heap is to the older one.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    /// Those that are new.
    pub new: IdBitSet,
    /// Those that lived on for certain. Others that are not new may have.
    pub survived: IdBitSet,
    /// All together.
    pub counts: LifeCounts,
    /// By type as [`Histogram`](crate::Histogram) has it, the type's text.
    pub by_type: HashMap<String, LifeCounts>,
    /// Collections between the two; None where their counters contradict each other.
    pub collections: Option<u32>,
}

/// What the reached objects of a heap are to those of the older one.
pub fn lives(old: &OldObjects, graph: Graph<'_>, (sweeps, births): (&Sweeps, &Births)) -> Lives {
    let heap = graph.heap();
    let between = sweeps.generation.wrapping_sub(old.sweeps.generation) / 2;
    let collections = (between < u32::MAX / 4).then_some(between);
    let held = held_by_waiting(old, graph, sweeps);
    let births = old.births.as_ref().zip(born(&heap.objects, births));
    let mut judge = Judge { old, heap, sweeps, collections, held, births, same_type: HashMap::default(), span: None };
    let mut lives = Lives { collections, ..Lives::default() };
    count(heap, &mut lives, |slot| judge.life(slot));
    lives
}

/// What each reached object was when the last collection ended: what was given out since is new. A span is swept before anything is given
/// out of it, so one that still waits has nothing new.
pub(super) fn lives_since_collection(heap: &Heap, sweeps: &Sweeps) -> Lives {
    let mut lives = Lives { collections: Some(0), ..Lives::default() };
    count(heap, &mut lives, |slot| match sweeps.of_span(slot.span) {
        SpanSweep::Swept if sweeps.kept.contains(slot.id.0) => Life::Survived,
        SpanSweep::Swept => Life::New,
        SpanSweep::Waiting => Life::Survived,
        SpanSweep::Unknown => Life::Perhaps,
    });
    lives
}

/// Of that, only which are new, and how many: it looks at no type, and at none that the last sweep kept.
pub(super) fn new_since_collection(heap: &Heap, sweeps: &Sweeps) -> Lives {
    let mut lives = Lives { collections: Some(0), ..Lives::default() };
    for slot in heap.objects.slots_of(heap.reached.without(&sweeps.kept)) {
        if sweeps.of_span(slot.span) == SpanSweep::Swept {
            lives.new.insert(slot.id.0);
            lives.counts.new.add(Share { bytes: heap.objects.size(slot), objects: 1 });
        }
    }
    lives
}

/// Counts reached objects by type and by what became of them.
fn count(heap: &Heap, lives: &mut Lives, mut life: impl FnMut(Slot) -> Life) {
    let (mut rows, mut row_of, mut recent) = (Vec::new(), HashMap::default(), Recent::default());
    for slot in heap.objects.slots_of(heap.reached.iter_ones()) {
        let row = recent.of_slot(heap, slot, || {
            let key = heap.text_key(slot).map(TextKey::family);
            *row_of.entry(key.map(TextKey::identity)).or_insert_with(|| {
                rows.push((key, LifeCounts::default()));
                rows.len() - 1
            })
        });
        let share = Share { bytes: heap.objects.size(slot), objects: 1 };
        let of_type: &mut LifeCounts = &mut rows[row].1;
        match life(slot) {
            Life::Survived => {
                of_type.survived.add(share);
                lives.survived.insert(slot.id.0);
            }
            Life::Perhaps => of_type.perhaps.add(share),
            Life::New => {
                of_type.new.add(share);
                lives.new.insert(slot.id.0);
            }
        }
    }
    for (key, counts) in rows {
        let text = |key| heap.whole_text(key).unwrap_or_else(|| heap.text_of(key));
        let name = key.map(text).filter(|text| !text.is_empty());
        lives.by_type.entry(name.unwrap_or_else(|| UNKNOWN_TYPE.to_owned())).or_default().add(counts);
        lives.counts.add(counts);
    }
}

impl LifeCounts {
    /// Adds another's.
    pub fn add(&mut self, other: LifeCounts) {
        self.survived.add(other.survived);
        self.perhaps.add(other.perhaps);
        self.new.add(other.new);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Survived,
    Perhaps,
    New,
}

struct Judge<'a> {
    old: &'a OldObjects,
    heap: &'a Heap,
    sweeps: &'a Sweeps,
    collections: Option<u32>,
    held: IdBitSet,
    /// What was sampled in both, where that is known.
    births: Option<(&'a Born, Born)>,
    /// Of types of both heaps, whether they are one.
    same_type: HashMap<(u32, u32), bool>,
    /// The span that was asked for last, and the older heap's that is cut up alike at its place.
    span: Option<(u32, Option<u32>)>,
}

impl Judge<'_> {
    fn life(&mut self, slot: Slot) -> Life {
        let Some(before) = self.before(slot) else { return Life::New };
        if self.held.contains(slot.id.0) {
            return Life::Survived;
        }
        match self.by_sweeps(slot, before) {
            Life::Perhaps if self.was_garbage(before) || self.was_born_since(slot, before) => Life::New,
            Life::Perhaps if self.is_other_type(slot, before) => Life::New,
            life => life,
        }
    }

    /// What nothing led to was freed, if it was not there by the books.
    fn was_garbage(&self, before: Slot) -> bool {
        let old = self.old;
        !old.reached.contains(before.id.0) && old.unreached.standing(before.id) == Standing::Unreachable
    }

    fn was_born_since(&self, slot: Slot, before: Slot) -> bool {
        let record = |born: &Born, id: ObjectId| born.get(&id).copied();
        self.births.as_ref().is_some_and(|(then, now)| record(then, before.id) != record(now, slot.id))
    }

    /// The object that was at its place. Spans come in order, and most are what they were: then no search is needed.
    fn before(&mut self, slot: Slot) -> Option<Slot> {
        let old = self.old;
        let span = match self.span {
            Some((known, span)) if known == slot.span => span,
            _ => {
                let here = self.heap.objects.span_of(slot);
                let same = old.objects.find(here.start).map(|slot| slot.span);
                let is_alike = |&span: &u32| {
                    let there = old.objects.spans()[span as usize];
                    (there.start, there.slot_bytes, there.slots) == (here.start, here.slot_bytes, here.slots)
                };
                let span = same.filter(is_alike);
                self.span = Some((slot.span, span));
                span
            }
        };
        match span {
            Some(span) => {
                let before = old.objects.slot_in(old.objects.first_of(span) + slot.slot, span);
                old.objects.is_allocated(before).then_some(before)
            }
            None => old.allocated_at(self.heap.objects.address(slot), self.heap.objects.size(slot)),
        }
    }

    /// What the sweeps of its span say of a slot.
    fn by_sweeps(&self, slot: Slot, before: Slot) -> Life {
        let Some(collections) = self.collections else { return Life::Perhaps };
        let sweeps = match self.sweeps.of_span(slot.span) {
            SpanSweep::Swept => collections,
            SpanSweep::Waiting => collections.saturating_sub(1),
            SpanSweep::Unknown => return Life::Perhaps,
        };
        // What waited for its sweep was kept by it if it was marked.
        let was_sound = match self.old.sweeps.of_span(before.span) {
            SpanSweep::Swept => true,
            SpanSweep::Waiting => self.old.sweeps.marked.contains(before.id.0),
            SpanSweep::Unknown => false,
        };
        let is_kept = self.sweeps.kept.contains(slot.id.0);
        match (sweeps, is_kept, was_sound) {
            (0, _, true) | (1, true, true) => Life::Survived,
            (0, ..) | (_, true, _) => Life::Perhaps,
            (_, false, _) => Life::New,
        }
    }

    /// Whether both types are known by more than a guess, and differ.
    fn is_other_type(&mut self, slot: Slot, before: Slot) -> bool {
        let (now, then) = (self.heap.object_types.of(slot.id), self.old.types.get(before.id));
        let (old, heap) = (self.old, self.heap);
        !*self.same_type.entry((then.to_bits(), now.to_bits())).or_insert_with(|| {
            let is_told = |object: ObjectType| {
                object.is_known() && !matches!(object.evidence(), Evidence::None | Evidence::Candidate)
            };
            if !is_told(now) || !is_told(then) {
                return true;
            }
            now.part() == then.part() && heap.types.get(now.ty()).name == old.table.get(then.ty()).name
        })
    }
}

/// What the frames lead to of goroutines that wait now as they did before: none ran since, so their frames are what they were.
fn held_by_waiting(old: &OldObjects, graph: Graph<'_>, sweeps: &Sweeps) -> IdBitSet {
    let (heap, mut held) = (graph.heap(), IdBitSet::default());
    let waits_on = |goroutine: u32| {
        let id = heap.goroutines.id(goroutine);
        let since = sweeps.waits_since(id);
        since.is_some() && since == old.sweeps.waits_since(id)
    };
    let mut is_held: HashMap<u32, bool> = HashMap::default();
    for (node, root) in graph.references().roots().iter() {
        let is_of_one = match root.kind {
            RootKind::Goroutine(goroutine) => waits_on(goroutine),
            RootKind::Frame(_) => root.parent.and_then(|parent| is_held.get(&parent)).copied().unwrap_or(false),
            _ => continue,
        };
        is_held.insert(node, is_of_one);
        if is_of_one && matches!(root.kind, RootKind::Frame(_)) {
            let objects = graph.edges().targets(node).iter().filter(|&&to| to < graph.object_count());
            objects.for_each(|&to| _ = held.insert(to));
        }
    }
    held
}

impl Lives {
    /// Whether an object is new.
    pub fn is_new(&self, id: ObjectId) -> bool {
        self.new.contains(id.0)
    }
}
