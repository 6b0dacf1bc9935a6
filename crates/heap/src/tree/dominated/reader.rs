//! Reading the objects of a level: who takes what.

use super::common::Common;
use super::drawn::values;
use super::steps::{Known, Step, Sum, Taken};
use crate::infer::payload_offset;
use crate::scan::word_batch::{BATCH, Word, WordBatch};
use crate::tree::merge::bytes;
use crate::tree::scan::{Candidate, Detail, Item, Scanner};
use crate::tree::walk_plan::WalkPlan;
use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_model::{ObjectId, ObjectType};
use std::ops::Range;

/// An object whose frame is yet to be made.
pub(super) struct New {
    pub(super) candidate: Candidate,
    /// The object that dominates it.
    pub(super) above: u32,
    /// Its place in [`Read::next`], or beyond if it is not to be read.
    pub(super) next: usize,
}

/// What reading some objects found, in order; and the room to work in, which is used again.
#[derive(Default)]
pub(super) struct Read {
    /// What is to be read next. Of those that are new the frame is yet to be made.
    pub(super) next: Vec<Item>,
    pub(super) has_large: bool,
    pub(super) new: Vec<New>,
    /// One for each that is new and whose code is detailed.
    pub(super) details: Vec<Detail>,
    /// Whether it was a piece: then nothing is taken yet, for other pieces of the object may lead to the same, and all is new.
    pub(super) is_piece: bool,
    /// Frames that are to be told.
    pub(super) frames: Vec<(ObjectId, TrieNode)>,
    /// What an object dominates and does not point to, by the object's place in the level.
    pub(super) shared: Vec<(u32, u32)>,
    pub(super) sums: Vec<Sum>,
    pub(super) taken: Taken,
    batch: Vec<Object>,
    words: WordBatch,
    hits: Vec<(u32, ObjectType)>,
    /// How many each object of the batch has taken.
    counts: Vec<u32>,
}

impl Read {
    fn clear(&mut self) {
        self.next.clear();
        self.has_large = false;
        self.new.clear();
        self.details.clear();
        self.is_piece = false;
        self.frames.clear();
        self.shared.clear();
        self.sums.clear();
    }
}

/// An object of the batch.
#[derive(Clone, Copy)]
struct Object {
    id: u32,
    span: u32,
    node: TrieNode,
    /// First byte of the payload.
    payload: u64,
    bits: u64,
    plan: WalkPlan,
    ty: ObjectType,
    /// Its place among those that are read together.
    place: usize,
}

/// One who reads.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r, 'w, 'a, 'm, 'p> {
    pub(super) scanner: &'r Scanner<'a, 'm, 'p>,
    pub(super) common: &'r Common<'w>,
    pub(super) known: &'r Known,
}

impl Reader<'_, '_, '_, '_, '_> {
    /// Reads objects that begin at a place of the level; `read` is overwritten.
    pub(super) fn read(&self, items: &[Item], first: u32, read: &mut Read) {
        read.clear();
        for (items, first) in items.chunks(BATCH).zip((first..).step_by(BATCH)) {
            self.gather(items, read);
            self.see_shared(items, first, read);
        }
    }

    /// Reads a piece of a large object; `read` is overwritten.
    pub(super) fn read_piece(&self, item: Item, offsets: Range<u64>, read: &mut Read) {
        read.clear();
        read.is_piece = true;
        let model = self.scanner.model;
        let span = &model.heap.spans[item.span as usize];
        self.read_words(item, (span.base, 0), read, |visit| {
            model.masks.for_each_nonzero_offset_in(span, offsets, visit);
        });
    }

    /// One batch: small objects with a bitmap in their span together, any others by themselves, in order.
    fn gather(&self, items: &[Item], read: &mut Read) {
        self.scanner.touch(items);
        read.batch.clear();
        read.counts.clear();
        read.counts.resize(BATCH, 0);
        for (place, &item) in items.iter().enumerate() {
            let span = &self.scanner.spans[item.span as usize];
            if !span.has_bits() {
                self.finish(read);
                self.read_any(item, place, read);
                continue;
            }
            let start = span.start_of(item.id);
            read.batch.push(Object { bits: span.pointer_bits(start), ..self.object(item, span.base + start, place) });
        }
        self.finish(read);
    }

    fn object(&self, Item { id, span, node }: Item, payload: u64, place: usize) -> Object {
        let ty = self.scanner.types.of(ObjectId(id));
        Object { id, span, node, payload, bits: 0, plan: self.scanner.plans.of(ty), ty, place }
    }

    /// Reads the words of the batch, takes what they lead to, and begins anew.
    fn finish(&self, read: &mut Read) {
        let Read { batch, words, .. } = read;
        words.clear();
        for (index, object) in batch.iter().enumerate() {
            let span = &self.scanner.spans[object.span as usize];
            words.push_slot(span, object.payload - span.base, object.bits, index as u32);
        }
        self.follow(read);
        read.batch.clear();
    }

    /// Reads an object of any kind.
    fn read_any(&self, item: Item, place: usize, read: &mut Read) {
        let model = self.scanner.model;
        let span = &model.heap.spans[item.span as usize];
        let slot = self.scanner.objects.slot_in(item.id, item.span);
        let (start, header) = (self.scanner.objects.address(slot), payload_offset(model, span));
        self.read_words(item, (start + header, place), read, |visit| {
            model.masks.for_each_offset(span, slot.slot, |offset| visit(offset.wrapping_sub(header)));
        });
    }

    /// Reads the words of an object at the offsets of the payload that `offsets` calls its argument with.
    fn read_words(
        &self,
        item: Item,
        (payload, place): (u64, usize),
        read: &mut Read,
        offsets: impl FnOnce(&mut dyn FnMut(u64)),
    ) {
        let (masks, span) = (&self.scanner.model.masks, &self.scanner.model.heap.spans[item.span as usize]);
        read.batch.clear();
        read.batch.push(self.object(item, payload, place));
        read.words.clear();
        offsets(&mut |offset| {
            let Some(value) = masks.word(span, payload.wrapping_add(offset)) else { return };
            read.words.push(Word { value, word: (offset / 8) as u32, object: 0 });
            if read.words.is_full() {
                self.follow(read);
                read.words.clear();
            }
        });
        self.follow(read);
        read.batch.clear();
    }

    /// Finds what the words of the batch lead to, and takes what their objects dominate.
    fn follow(&self, read: &mut Read) {
        let Read { batch, words, hits, .. } = read;
        words.locate(self.scanner.objects);
        hits.clear();
        hits.resize(words.places().len(), (0, ObjectType::UNKNOWN));
        let mut count = 0;
        for (index, (word, place)) in words.words().iter().zip(words.places()).enumerate() {
            // Written in any case and kept if it is one: a branch would wait for the dominator.
            hits[count] = (index as u32, ObjectType::UNKNOWN);
            count += usize::from(self.common.idom(place.id) == batch[word.object as usize].id);
        }
        hits.truncate(count);
        for (index, ty) in hits.iter_mut() {
            *ty = self.scanner.types.of(ObjectId(words.places()[*index as usize].id));
        }
        for index in 0..count {
            self.take(index, read);
        }
    }

    /// Takes what a word leads to, unless an earlier one of the object has.
    fn take(&self, hit: usize, read: &mut Read) {
        let (index, target) = read.hits[hit];
        let (word, place) = (read.words.words()[index as usize], read.words.places()[index as usize]);
        let object = read.batch[word.object as usize];
        if self.common.idom(place.id) != object.id {
            return;
        }
        let plans = &self.scanner.plans;
        let code = plans.code(object.plan, word.word);
        let entered = plans.entered(&place, target);
        let beyond = plans.beyond(code, target, entered);
        let candidate = Candidate { target: place.id, span: place.span, node: object.node, code, beyond };
        let mut next = usize::MAX;
        if !read.is_piece {
            self.common.take(place.id);
            read.counts[object.place] += 1;
            let frame = if code.is_detailed() { None } else { self.count(&candidate, (target, object.ty), read) };
            let item = Item { id: place.id, span: place.span, node: frame.unwrap_or(PathTrie::ROOT) };
            if self.common.is_read_next(&item, &mut read.has_large) {
                next = read.next.len();
                read.next.push(item);
            }
            if frame.is_some() {
                return;
            }
        }
        if code.is_detailed() {
            let at = object.payload + u64::from(word.word) * 8;
            read.details.push(self.scanner.detail(code, at, word.value, (target, entered)));
        }
        read.new.push(New { candidate, above: object.id, next });
    }

    /// Counts what is taken at its frame, and gives that; None if it is not known. `target` and `above` are what it is, and what
    /// dominates it.
    #[inline]
    fn count(
        &self,
        candidate: &Candidate,
        (target, above): (ObjectType, ObjectType),
        read: &mut Read,
    ) -> Option<TrieNode> {
        let sum = read.taken.sum(Step::of(candidate), self.known, &mut read.sums)?;
        sum.weight.add(Weight { bytes: bytes(self.common.facts[candidate.span as usize]), objects: 1 });
        let frame = sum.frame;
        if let Some(types) = self.common.types {
            sum.values += values(types, (target, frame), Some((above, candidate.node)));
        }
        self.common.tell(ObjectId(candidate.target), frame, &mut read.frames);
        Some(frame)
    }

    /// Finds what objects that have been read dominate at once and do not point to. Most take all that they dominate, and that is told
    /// by how much it is.
    fn see_shared(&self, items: &[Item], first: u32, read: &mut Read) {
        let mut dominated = [0; BATCH];
        for (count, item) in dominated.iter_mut().zip(items) {
            *count = self.common.tree.subtree(item.id).len().saturating_sub(1);
        }
        for ((&item, index), (&dominated, &taken)) in items.iter().zip(first..).zip(dominated.iter().zip(&read.counts))
        {
            if dominated != taken as usize {
                read.shared.extend(self.common.untaken(item.id).map(|child| (index, child)));
            }
        }
    }
}
