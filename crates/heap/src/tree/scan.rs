//! Reading objects: what their pointer words lead to and mean. Any number of threads may read at once; nothing is decided here.

use super::walk_plan::{Leads, WalkPlan, WalkPlans, WordCode};
use crate::infer::payload_offset;
use crate::meaning::plan::PointerWord;
use crate::names::label_text::{Beyond, Entered};
use crate::objects::table::ObjectTable;
use crate::scan::span_scan::SpanScan;
use crate::scan::word_batch::{BATCH, Word, WordBatch};
use goheap_graph::{SharedBitSet, TrieNode};
use goheap_image::Address;
use goheap_model::{ObjectId, ObjectType, ObjectTypes, Part};
use goheap_runtime::RuntimeModel;
use std::ops::Range;

/// A reached object that is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: u32,
    pub(super) span: u32,
    pub(super) node: TrieNode,
}

/// A word that leads to an object that was not reached yet when it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) target: u32,
    pub(super) span: u32,
    /// The frame of the object that holds the word.
    pub(super) node: TrieNode,
    pub(super) code: WordCode,
    /// What the target's type tells beyond the code; nothing yet where the code is detailed.
    pub(super) beyond: Beyond,
}

/// More of a candidate whose code is detailed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Detail {
    pub(super) at: u64,
    pub(super) value: u64,
    /// What an interface's first word, or a func value's, is.
    pub(super) dynamic: u64,
    /// What the target was found to be.
    pub(super) found: ObjectType,
    /// Where the word enters the target.
    pub(super) entered: Entered,
}

/// What reading some objects found, in order; and the room to work in, which is used again.
#[derive(Default)]
pub(super) struct Found {
    pub(super) candidates: Vec<Candidate>,
    /// One for each candidate whose code is detailed.
    pub(super) details: Vec<Detail>,
    batch: Vec<Object>,
    words: WordBatch,
    targets: Vec<Option<ObjectType>>,
}

impl Found {
    fn clear(&mut self) {
        self.candidates.clear();
        self.details.clear();
    }
}

/// An object of the batch.
#[derive(Clone, Copy)]
struct Object {
    /// First byte of the payload.
    payload: u64,
    bits: u64,
    span: u32,
    node: TrieNode,
    plan: WalkPlan,
}

/// Reads objects.
///
/// # Overhead
/// What [`SpanScan`] says.
pub(super) struct Scanner<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) objects: &'a ObjectTable<'m, 'p>,
    pub(super) types: &'a ObjectTypes,
    pub(super) plans: WalkPlans,
    /// What is allocated and not reached so far.
    pub(super) unreached: SharedBitSet,
    pub(super) spans: Vec<SpanScan<'p>>,
}

impl<'a, 'm, 'p> Scanner<'a, 'm, 'p> {
    pub(super) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        types: &'a ObjectTypes,
        plans: WalkPlans,
    ) -> Self {
        let spans = SpanScan::all(model, objects);
        let unreached = SharedBitSet::of(objects.allocated_ids());
        Scanner { model, objects, types, plans, unreached, spans }
    }

    /// Reads `items` in order; `found` is overwritten.
    pub(super) fn scan(&self, items: &[Item], found: &mut Found) {
        found.clear();
        for items in items.chunks(BATCH) {
            self.gather(items, found);
        }
    }

    /// One batch: small objects with a bitmap in their span together, any others by themselves, in order.
    fn gather(&self, items: &[Item], found: &mut Found) {
        self.touch(items);
        found.batch.clear();
        for &item in items {
            let (span, object) = (&self.spans[item.span as usize], self.types.of(ObjectId(item.id)));
            if !span.has_bits() {
                self.finish(found);
                self.read_any(item, found);
                continue;
            }
            let start = span.start_of(item.id);
            let (payload, bits) = (span.base + start, span.pointer_bits(start));
            found.batch.push(Object { payload, bits, span: item.span, node: item.node, plan: self.plans.of(object) });
        }
        self.finish(found);
    }

    /// Brings what a batch will read into the caches: these loads do not wait for each other, and nothing waits for them.
    pub(super) fn touch(&self, items: &[Item]) {
        let mut sum = 0;
        for item in items {
            let span = &self.spans[item.span as usize];
            sum ^= span.touch(span.start_of(item.id));
            sum ^= self.types.of(ObjectId(item.id)).to_bits();
        }
        std::hint::black_box(sum);
    }

    /// Reads the words of the batch, and what they lead to.
    fn finish(&self, found: &mut Found) {
        let Found { batch, words, .. } = found;
        words.clear();
        for (index, object) in batch.iter().enumerate() {
            let span = &self.spans[object.span as usize];
            words.push_slot(span, object.payload - span.base, object.bits, index as u32);
        }
        self.follow(found);
    }

    /// Reads an object of any kind.
    fn read_any(&self, item: Item, found: &mut Found) {
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        let slot = self.objects.slot_in(item.id, item.span);
        let (start, header) = (self.objects.address(slot), payload_offset(self.model, span));
        self.read_words(item, start + header, found, |visit| {
            masks.for_each_offset(span, slot.slot, |offset| visit(offset.wrapping_sub(header)));
        });
    }

    /// Reads a piece of a large object; `found` is overwritten.
    pub(super) fn scan_piece(&self, item: Item, offsets: Range<u64>, found: &mut Found) {
        found.clear();
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        self.read_words(item, span.base, found, |visit| masks.for_each_nonzero_offset_in(span, offsets, visit));
    }

    /// Reads the words of an object at the offsets of the payload that `offsets` calls its argument with.
    fn read_words(&self, item: Item, payload: u64, found: &mut Found, offsets: impl FnOnce(&mut dyn FnMut(u64))) {
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        let plan = self.plans.of(self.types.of(ObjectId(item.id)));
        found.batch.clear();
        found.batch.push(Object { payload, bits: 0, span: item.span, node: item.node, plan });
        found.words.clear();
        offsets(&mut |offset| {
            let Some(value) = masks.word(span, payload.wrapping_add(offset)) else { return };
            found.words.push(Word { value, word: (offset / 8) as u32, object: 0 });
            if found.words.is_full() {
                self.follow(found);
                found.words.clear();
            }
        });
        self.follow(found);
        found.batch.clear();
    }

    /// Finds what the words of the batch lead to, and keeps those that lead to something new.
    fn follow(&self, found: &mut Found) {
        let Found { candidates, details, batch, words, targets } = found;
        words.locate(self.objects);
        targets.clear();
        // What is not reached yet, and what it was found to be.
        targets.extend(
            words.places().iter().map(|place| self.unreached.contains(place.id).then_some(ObjectType::UNKNOWN)),
        );
        for (target, place) in targets.iter_mut().zip(words.places()) {
            if let Some(target) = target {
                *target = self.types.of(ObjectId(place.id));
            }
        }
        for ((word, place), target) in words.words().iter().zip(words.places()).zip(targets.iter()) {
            let Some(target) = *target else { continue };
            let object = &batch[word.object as usize];
            let code = self.plans.code(object.plan, word.word);
            let entered = self.plans.entered(place, target);
            let beyond = self.plans.beyond(code, target, entered);
            candidates.push(Candidate { target: place.id, span: place.span, node: object.node, code, beyond });
            if code.is_detailed() {
                let at = object.payload + u64::from(word.word) * 8;
                details.push(self.detail(code, at, word.value, (target, entered)));
            }
        }
    }

    pub(super) fn detail(
        &self,
        code: WordCode,
        at: u64,
        value: u64,
        (found, entered): (ObjectType, Entered),
    ) -> Detail {
        let dynamic = match code.edge().map(|edge| self.plans.edges[edge].leads) {
            Some(Leads::Held(word, _)) => dynamic(self.model, word, (at, value), found),
            _ => 0,
        };
        Detail { at, value, dynamic, found, entered }
    }
}

/// What tells more of a word than its declared type does: the word before an interface's data, the first of what a func value
/// leads to, in an interface too.
pub(super) fn dynamic(model: &RuntimeModel<'_>, word: PointerWord, (at, value): (u64, u64), found: ObjectType) -> u64 {
    let told_at = match word {
        PointerWord::InterfaceData(_) if found.part() == Part::Closure => value,
        PointerWord::InterfaceData(_) => at.wrapping_sub(8),
        PointerWord::Func => value,
        _ => return 0,
    };
    model.memory().read_u64(Address(told_at)).unwrap_or(0)
}
