//! Reading objects: what their pointer words lead to and mean. Any number of threads may read at once; nothing is decided here.

use super::claims::{Claimant, Claims};
use super::walk_plan::{Leads, WalkPlan, WalkPlans, WordCode};
use crate::infer::payload_offset;
use crate::meaning::plan::PointerWord;
use crate::names::label_text::{Beyond, Entered};
use crate::objects::table::ObjectTable;
use crate::scan::pieces::is_in_pieces;
use crate::scan::span_scan::SpanScan;
use crate::scan::word_batch::{BATCH, Word, WordBatch};
use goheap_graph::{PathTrie, SharedBitSet, TrieNode};
use goheap_image::Address;
use goheap_model::{ObjectId, ObjectType, ObjectTypes};
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
    /// The objects of the batch, where these are asked for.
    ids: Vec<u32>,
    words: WordBatch,
    targets: Vec<Option<ObjectType>>,
    /// Where what is found is claimed at once: who claims it.
    pub(super) claimant: Option<Claimant>,
    items: Vec<Item>,
    open: Vec<Open>,
}

/// A word that leads to something that is not reached.
#[derive(Clone, Copy)]
struct Open {
    /// Place in the batch.
    word: u32,
    /// Its number in the queue, and the least that has claimed the target.
    number: u32,
    known: u32,
    target: ObjectType,
}

impl Found {
    /// One that claims what it finds.
    pub(super) fn claiming(claimant: Claimant) -> Self {
        Found { claimant: Some(claimant), ..Found::default() }
    }

    fn start_batch(&mut self) {
        self.batch.clear();
        self.ids.clear();
    }

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
    /// Where levels are read in any order: who was first.
    pub(super) claims: Option<Claims>,
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
        Scanner { model, objects, types, plans, claims: None, unreached, spans }
    }

    /// Reads `items` in order; `found` is overwritten.
    pub(super) fn scan(&self, items: &[Item], found: &mut Found) {
        found.clear();
        for items in items.chunks(BATCH) {
            self.gather(items, found);
        }
    }

    /// Reads the objects, but those that are read in pieces, whose words have numbers.
    pub(super) fn scan_ids(&self, ids: impl Iterator<Item = u32>, found: &mut Found) {
        let Some(claims) = &self.claims else { return };
        let mut items = std::mem::take(&mut found.items);
        items.clear();
        for slot in self.objects.slots_of(ids) {
            if is_in_pieces(&self.model.masks, self.objects.span(slot)) {
                continue;
            }
            let node = TrieNode::of_index(claims.get(slot.id.0).1 as usize).unwrap_or(PathTrie::ROOT);
            items.push(Item { id: slot.id.0, span: slot.span, node });
            if items.len() == BATCH {
                self.gather(&items, found);
                items.clear();
            }
        }
        self.gather(&items, found);
        found.items = items;
    }

    /// One batch: small objects with a bitmap in their span together, any others by themselves, in order.
    fn gather(&self, items: &[Item], found: &mut Found) {
        self.touch(items);
        found.start_batch();
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
            self.remember(item.id, found);
        }
        self.finish(found);
    }

    /// Brings what a batch will read into the caches: these loads do not wait for each other, and nothing waits for them.
    fn touch(&self, items: &[Item]) {
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
        found.start_batch();
        found.batch.push(Object { payload, bits: 0, span: item.span, node: item.node, plan });
        self.remember(item.id, found);
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
        found.start_batch();
    }

    /// Notes the object that was put into the batch, where it is asked which it is.
    #[inline]
    fn remember(&self, id: u32, found: &mut Found) {
        if found.claimant.is_some() {
            found.ids.push(id);
        }
    }

    /// Finds what the words of the batch lead to, and keeps those that lead to something new.
    fn follow(&self, found: &mut Found) {
        if let (Some(claims), Some(mut claimant)) = (&self.claims, found.claimant.take()) {
            self.claim(claims, &mut claimant, found);
            found.claimant = Some(claimant);
            return;
        }
        let Found { candidates, details, batch, words, targets, .. } = found;
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

    /// Claims what the words of the batch lead to and that is not reached.
    fn claim(&self, claims: &Claims, claimant: &mut Claimant, found: &mut Found) {
        let Found { batch, ids, words, open, .. } = found;
        words.locate(self.objects);
        open.clear();
        for (at, (word, place)) in words.words().iter().zip(words.places()).enumerate() {
            if self.unreached.contains(place.id) {
                let first = claims.get(ids[word.object as usize]).0;
                let number = first.saturating_add(word.word);
                open.push(Open { word: at as u32, number, known: 0, target: ObjectType::UNKNOWN });
            }
        }
        for open in open.iter_mut() {
            let id = words.places()[open.word as usize].id;
            (open.known, open.target) = (claims.get(id).0, self.types.of(ObjectId(id)));
        }
        for &Open { word, number, target, .. } in open.iter().filter(|open| open.number < open.known) {
            let (word, place) = (&words.words()[word as usize], &words.places()[word as usize]);
            let object = &batch[word.object as usize];
            let code = self.plans.code(object.plan, word.word);
            let entered = self.plans.entered(place, target);
            let beyond = self.plans.beyond(code, target, entered);
            let candidate = Candidate { target: place.id, span: place.span, node: object.node, code, beyond };
            let at = object.payload + u64::from(word.word) * 8;
            let detail = code.is_detailed().then(|| self.detail(code, at, word.value, (target, entered)));
            let step = claimant.step(&candidate, detail.as_ref());
            if claims.held_back.as_ref().is_some_and(|held| held.contains(place.id)) {
                claimant.held_back.push((number, step, place.id));
            } else {
                claims.claim(place.id, number, step);
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
            Some(Leads::Held(word, _)) => dynamic(self.model, word, at, value),
            _ => 0,
        };
        Detail { at, value, dynamic, found, entered }
    }
}

/// What tells more of a word than its declared type does: the word before an interface's data, the first of what a func value
/// leads to.
pub(super) fn dynamic(model: &RuntimeModel<'_>, word: PointerWord, at: u64, value: u64) -> u64 {
    let told_at = match word {
        PointerWord::InterfaceData(_) => at.wrapping_sub(8),
        PointerWord::Func => value,
        _ => return 0,
    };
    model.memory().read_u64(Address(told_at)).unwrap_or(0)
}
