//! Reading objects: what their pointer words lead to and mean. Any number of threads may read at once; nothing is decided here.
//!
//! A walk waits for memory more than for anything else, so it goes in batches: first all words of some objects, then the slots
//! that they lead to, then what is known of these. The loads of each step do not wait for each other.

use super::PointerCounts;
use super::walk_plan::{Leads, WalkPlan, WalkPlans, WordCode};
use crate::infer::payload_offset;
use crate::label_text::Beyond;
use crate::object::{ObjectId, ObjectTable, Slot};
use crate::object_type::ObjectType;
use crate::plan::PointerWord;
use goheap_graph::{SharedBitSet, TrieNode};
use goheap_image::Address;
use goheap_runtime::{RuntimeModel, Span};
use std::ops::Range;

/// Objects of a batch.
const BATCH: usize = 64;
/// Words of a batch of small objects.
const BATCH_WORDS: usize = BATCH * 64;

const CACHE_LINE: u32 = 64;

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
    /// True if the word does not lead to the target's first byte.
    pub(super) is_inside: bool,
}

/// What reading some objects found, in order; and the room to work in, which is used again.
#[derive(Default)]
pub(super) struct Found {
    pub(super) candidates: Vec<Candidate>,
    /// One for each candidate whose code is detailed.
    pub(super) details: Vec<Detail>,
    /// Addresses of words in objects without a plan.
    pub(super) unplanned: Vec<u64>,
    pub(super) counts: PointerCounts,
    batch: Vec<Object>,
    words: Vec<Word>,
    spans: Vec<u32>,
    targets: Vec<Target>,
}

impl Found {
    fn clear(&mut self) {
        self.candidates.clear();
        self.details.clear();
        self.unplanned.clear();
        self.counts = PointerCounts::default();
        self.words.resize(BATCH_WORDS, Word::default());
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

/// A pointer that is not nil.
#[derive(Clone, Copy, Default)]
struct Word {
    value: u64,
    /// Number in the payload.
    word: u32,
    /// Place in the batch.
    object: u32,
}

/// Where a word leads.
#[derive(Clone, Copy)]
struct Target {
    id: u32,
    span: u32,
    state: State,
    /// What it was found to be, if it is new.
    object: ObjectType,
}

/// What is known of a target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Stray,
    Free,
    New,
    Reached,
}

const NO_SPAN: u32 = u32::MAX;

/// What walking the slots of a span needs to know, in one cache line.
struct SpanScan<'p> {
    base: u64,
    first: u32,
    elem_size: u32,
    /// Offset of the pointer bitmap in the span; 0 where the span has none or does not lie in one piece.
    bitmap: u32,
    /// Bytes before the payload of each slot.
    header: u32,
    bytes: &'p [u8],
}

impl<'p> SpanScan<'p> {
    fn new(model: &RuntimeModel<'p>, span: &Span<'p>, first: u32) -> Self {
        let bitmap = span.in_span_bitmap().filter(|_| model.masks.has_headers());
        let offset = bitmap.and_then(|at| u32::try_from(at.0.checked_sub(span.base)?).ok());
        let header = payload_offset(model, span) as u32;
        match (span.bytes, offset) {
            (Some(bytes), Some(bitmap)) => {
                SpanScan { base: span.base, first, elem_size: span.elem_size as u32, bitmap, header, bytes }
            }
            _ => SpanScan { base: span.base, first, elem_size: 0, bitmap: 0, header, bytes: &[] },
        }
    }

    /// Offset of a slot in the span.
    #[inline]
    fn start_of(&self, id: u32) -> u64 {
        u64::from(id.wrapping_sub(self.first)) * u64::from(self.elem_size)
    }

    #[inline]
    fn byte(&self, offset: u64) -> u32 {
        self.bytes.get(offset as usize).copied().unwrap_or(0).into()
    }

    #[inline]
    fn word(&self, offset: u64) -> u64 {
        let offset = offset as usize;
        match self.bytes.get(offset..offset + 8).and_then(|word| word.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => 0,
        }
    }

    /// The pointer bits of the slot at `start`, of at most 64 words.
    #[inline]
    fn pointer_bits(&self, start: u64) -> u64 {
        let (words, first) = (self.elem_size / 8, start / 8);
        let (at, shift) = (u64::from(self.bitmap) + first / 64 * 8, (first % 64) as u32);
        let mut bits = self.word(at) >> shift;
        if shift + words > 64 {
            bits |= self.word(at + 8) << (64 - shift);
        }
        if words < 64 { bits & ((1 << words) - 1) } else { bits }
    }
}

/// Reads objects.
///
/// # Overhead
/// 40 bytes a span.
pub(super) struct Scanner<'a, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) objects: &'a ObjectTable<'m, 'p>,
    pub(super) types: &'a [ObjectType],
    pub(super) plans: WalkPlans,
    pub(super) reached: SharedBitSet,
    spans: Vec<SpanScan<'p>>,
}

impl<'a, 'm, 'p> Scanner<'a, 'm, 'p> {
    pub(super) fn new(
        model: &'m RuntimeModel<'p>,
        objects: &'a ObjectTable<'m, 'p>,
        types: &'a [ObjectType],
        plans: WalkPlans,
    ) -> Self {
        let spans = model.heap.spans.iter().enumerate();
        let spans = spans.map(|(index, span)| SpanScan::new(model, span, objects.first_of(index as u32))).collect();
        let reached = SharedBitSet::with_room_for(objects.len());
        Scanner { model, objects, types, plans, reached, spans }
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
            let (span, object) = (&self.spans[item.span as usize], self.types[item.id as usize]);
            if span.bitmap == 0 {
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
    fn touch(&self, items: &[Item]) {
        let mut sum = 0;
        for item in items {
            let span = &self.spans[item.span as usize];
            let start = span.start_of(item.id);
            let last = start + u64::from(span.elem_size.saturating_sub(1).min(CACHE_LINE));
            sum ^= span.byte(start) ^ span.byte(last) ^ span.byte(u64::from(span.bitmap) + start / 64);
            sum ^= self.types[item.id as usize].to_bits();
        }
        std::hint::black_box(sum);
    }

    /// Reads the words of the batch, and what they lead to.
    fn finish(&self, found: &mut Found) {
        let mut count = 0;
        for (index, object) in found.batch.iter().enumerate() {
            let span = &self.spans[object.span as usize];
            let (start, mut bits) = (object.payload - span.base, object.bits);
            while bits != 0 {
                let word = bits.trailing_zeros();
                let value = span.word(start + u64::from(word) * 8);
                // Written in any case and kept if it is not nil: a branch would wait for the value.
                if let Some(place) = found.words.get_mut(count) {
                    *place = Word { value, word, object: index as u32 };
                }
                count += usize::from(value != 0);
                bits &= bits - 1;
            }
        }
        self.follow(count, found);
    }

    /// Reads an object of any kind.
    fn read_any(&self, item: Item, found: &mut Found) {
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        let slot =
            Slot { id: ObjectId(item.id), span: item.span, slot: item.id - self.spans[item.span as usize].first };
        let (start, header) = (self.objects.address(slot), payload_offset(self.model, span));
        self.read_words(item, start + header, found, |visit| {
            masks.for_each_offset(span, slot.slot, |offset| visit(offset.wrapping_sub(header)));
        });
    }

    /// Reads a piece of a large object; `found` is overwritten.
    pub(super) fn scan_piece(&self, item: Item, offsets: Range<u64>, found: &mut Found) {
        found.clear();
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        self.read_words(item, span.base, found, |visit| {
            masks.for_each_offset_in(span, offsets, |offset| visit(offset))
        });
    }

    /// Reads the words of an object at the offsets of the payload that `offsets` calls its argument with.
    fn read_words(&self, item: Item, payload: u64, found: &mut Found, offsets: impl FnOnce(&mut dyn FnMut(u64))) {
        let (masks, span) = (&self.model.masks, &self.model.heap.spans[item.span as usize]);
        let plan = self.plans.of(self.types[item.id as usize]);
        found.batch.clear();
        found.batch.push(Object { payload, bits: 0, span: item.span, node: item.node, plan });
        let mut count = 0;
        offsets(&mut |offset| {
            let Some(value) = masks.word(span, payload.wrapping_add(offset)) else {
                found.counts.absent += 1;
                return;
            };
            if value == 0 {
                return;
            }
            let word = (offset / 8) as u32;
            found.words[count] = Word { value, word, object: 0 };
            count += 1;
            if count == BATCH_WORDS {
                self.follow(count, found);
                count = 0;
            }
        });
        self.follow(count, found);
        found.batch.clear();
    }

    /// Finds what the first `count` words of the batch lead to.
    fn follow(&self, count: usize, found: &mut Found) {
        let Found { words, spans, targets, .. } = found;
        let words = &words[..count];
        let heap = &self.model.heap;
        spans.clear();
        spans.extend(words.iter().map(|word| heap.span_index(word.value).map_or(NO_SPAN, |span| span as u32)));
        targets.clear();
        targets.extend(words.iter().zip(spans.iter()).map(|(word, &span)| {
            let (id, span) = self.objects.find_in(span, word.value).unwrap_or((u32::MAX, NO_SPAN));
            Target { id, span, state: State::Stray, object: ObjectType::UNKNOWN }
        }));
        for target in targets.iter_mut() {
            // Both loads at once, and no branch that waits for them.
            let (reached, allocated) =
                (self.reached.contains(target.id), self.objects.allocated_ids().contains(target.id));
            target.state = match (target.span == NO_SPAN, reached, allocated) {
                (true, ..) => State::Stray,
                (_, true, _) => State::Reached,
                (_, _, true) => State::New,
                _ => State::Free,
            };
        }
        for target in targets.iter_mut().filter(|target| target.state == State::New) {
            target.object = self.types[target.id as usize];
        }
        self.sort_out(count, found);
    }

    /// Counts the words, and keeps those that lead to something new.
    fn sort_out(&self, count: usize, found: &mut Found) {
        let Found { candidates, details, unplanned, counts, batch, words, targets, .. } = found;
        counts.words += count as u64;
        for (word, target) in words[..count].iter().zip(targets.iter()) {
            let object = &batch[word.object as usize];
            let code = self.plans.code(object.plan, word.word);
            let at = object.payload + u64::from(word.word) * 8;
            counts.typed_words += u64::from(object.plan.is_known);
            counts.unexplained += u64::from(code == WordCode::UNEXPLAINED);
            if code == WordCode::UNPLANNED {
                unplanned.push(at);
            }
            counts.to_objects += u64::from(matches!(target.state, State::Reached | State::New));
            match target.state {
                State::Reached => {}
                State::New => {
                    let (id, span, node) = (target.id, target.span, object.node);
                    let start = self.objects.start_of(id, span) + u64::from(self.spans[span as usize].header);
                    let is_inside = word.value != start;
                    let beyond = self.plans.beyond(code, target.object, is_inside);
                    candidates.push(Candidate { target: id, span, node, code, beyond });
                    if code.is_detailed() {
                        details.push(self.detail(code, at, word.value, (target.object, is_inside)));
                    }
                }
                State::Free => {
                    counts.to_free_slots += 1;
                    counts.first_to_free_slot.get_or_insert(at);
                }
                State::Stray => self.count_stray(word.value, counts),
            }
        }
    }

    fn detail(&self, code: WordCode, at: u64, value: u64, (found, is_inside): (ObjectType, bool)) -> Detail {
        let dynamic = match code.edge().map(|edge| self.plans.edges[edge].leads) {
            Some(Leads::Held(word, _)) => dynamic(self.model, word, at, value),
            _ => 0,
        };
        Detail { at, value, dynamic, found, is_inside }
    }

    fn count_stray(&self, value: u64, counts: &mut PointerCounts) {
        let heap = &self.model.heap;
        let counter = if heap.span_index(value).is_some() {
            &mut counts.to_span_tails
        } else if heap.is_manual(value) {
            &mut counts.to_manual_spans
        } else if heap.in_arena(value) {
            &mut counts.to_free_pages
        } else {
            &mut counts.outside
        };
        *counter += 1;
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
