//! Large levels, which are read in order of objects: what is read lies side by side then, while in the order of the queue each object is
//! somewhere else. Who comes first in the queue is told by numbers ([`Claims`]).

use super::claims::{Claimant, Claims, HeldBack, Step};
use super::scan::{Found, Item, Scanner};
use super::{Part, TreeBuilder};
use crate::scan::pieces::{is_in_pieces, pieces};
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_model::{Meter, ObjectId, RootClass, Share};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Objects of a level from which on it is worth it.
const LARGE: usize = 1 << 16;
/// Of more than so many slots one must be in the level: sets of all slots are gone through for each.
const SLOTS_PER_OBJECT: usize = 1 << 8;
static LARGE_DEV: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| std::env::var("GH_LARGE").ok().and_then(|v| v.parse().ok()).unwrap_or(LARGE));
/// Slots that a thread reads, or counts, at once: whole words of a set.
const RANGE: u32 = 1 << 14;

/// What was claimed by one step.
#[derive(Clone, Copy)]
struct Claimed {
    /// The least number of its words.
    first: u32,
    share: Share,
}

/// What was counted of a level.
#[derive(Default)]
struct Count {
    by_step: Vec<Claimed>,
    /// The objects to be read next, in order of the words that claim them, whose numbers are in the upper half.
    next: Vec<u64>,
    /// Words of these.
    words: u64,
}

impl TreeBuilder<'_, '_, '_> {
    /// True if a level of so many objects is read in order of objects.
    pub(super) fn is_large(&self, level: usize) -> bool {
        let slots = self.scanner.objects.len() as usize;
        let least = *LARGE_DEV;
        self.dominated.is_none() && level >= least.max(if least < LARGE { 0 } else { slots / SLOTS_PER_OBJECT }).max(1)
    }

    /// Reads a large level, and those below it as long as they are large; what comes then is left to be read. False if the level has too
    /// many words to be numbered.
    pub(super) fn read_large(&mut self, level: &mut Vec<Item>, meter: &Meter<'_>) -> bool {
        let threads = rayon::current_num_threads() as u32;
        let Some(mut ids) = self.number(level, threads) else { return false };
        *level = Vec::new();
        let mut desks: Vec<Found> = (0..threads).map(|place| Found::claiming(Claimant::new(place, threads))).collect();
        while ids.count() > 0 {
            self.read_ids(&ids, &mut desks);
            meter.add(ids.count());
            ids = self.settle(&mut desks);
        }
        true
    }

    /// Gives the words of a level their numbers; the objects of the level, or None if these are too many.
    fn number(&mut self, level: &[Item], threads: u32) -> Option<IdBitSet> {
        let slots = self.scanner.objects.len();
        let words: u64 = level.iter().map(|item| self.merger.words_of(item.span)).sum();
        if words.saturating_mul(u64::from(threads)) >= u64::from(u32::MAX) {
            return None;
        }
        let mut claims = self.scanner.claims.take().unwrap_or_else(|| Claims::new(slots));
        let is_open = self.merger.class >= RootClass::Runtime;
        claims.held_back = if is_open { None } else { Some(self.merger.reserved.clone()) };
        let (mut ids, mut first) = (IdBitSet::with_room_for(slots), 0);
        for item in level {
            claims.set(item.id, first, item.node.index() as u32);
            ids.insert(item.id);
            first += self.merger.words_of(item.span) as u32;
        }
        self.scanner.claims = Some(claims);
        Some(ids)
    }

    /// Reads the objects, and claims what they lead to.
    fn read_ids(&self, ids: &IdBitSet, desks: &mut [Found]) {
        let parts = self.parts_of(ids);
        let next = AtomicUsize::new(0);
        desks.par_iter_mut().for_each(|desk| {
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                read(&self.scanner, ids, part, desk);
            }
        });
    }

    /// The level in parts that threads take.
    fn parts_of(&self, ids: &IdBitSet) -> Vec<Part<'static>> {
        let objects = self.scanner.objects;
        let model = self.scanner.model;
        let mut parts: Vec<Part<'static>> = Vec::new();
        for (span, index) in model.heap.spans.iter().zip(0..) {
            let id = objects.first_of(index);
            if is_in_pieces(&model.masks, span) && ids.contains(id) {
                let node = TrieNode::of_index(self.frame_of(id) as usize).unwrap_or(PathTrie::ROOT);
                let item = Item { id, span: index, node };
                parts.extend(pieces(span.elem_size).map(|offsets| Part::Piece(item, offsets)));
            }
        }
        let starts = (0..objects.len()).step_by(RANGE as usize);
        parts.extend(starts.map(|start| Part::Ids(start..start.saturating_add(RANGE).min(objects.len()))));
        parts
    }

    fn frame_of(&self, id: u32) -> u32 {
        self.scanner.claims.as_ref().map_or(0, |claims| claims.get(id).1)
    }

    /// Ends a level: puts what was claimed under its frames; what is to be read next in order of objects. What is too little for that goes
    /// to the queue.
    fn settle(&mut self, desks: &mut [Found]) -> IdBitSet {
        let Some(mut claims) = self.scanner.claims.take() else { return IdBitSet::default() };
        let claimed = claims.take_claimed();
        let Count { by_step, next, words } = self.count(&claims, &claimed, desks);
        let nodes = self.take_steps(&by_step, desks);
        let node_of = |step: u32| nodes.get(step as usize).copied().unwrap_or(PathTrie::ROOT);
        if let Some(frames) = &mut self.merger.frames {
            claimed.iter_ones().for_each(|id| frames[id as usize] = node_of(claims.get(id).1));
        }
        self.hold_back(desks, node_of);
        drop(claimed);
        let objects = self.scanner.objects;
        let (is_large, threads) = (self.is_large(next.len()), desks.len() as u64);
        if !is_large || words.saturating_mul(threads) >= u64::from(u32::MAX) {
            for id in next.iter().map(|&packed| packed as u32) {
                let (node, span) = (node_of(claims.get(id).1), objects.slot(ObjectId(id)).span);
                self.merger.queue(Item { id, span, node });
            }
            self.scanner.claims = Some(claims);
            return IdBitSet::default();
        }
        let (mut ids, mut first) = (IdBitSet::with_room_for(objects.len()), 0_u32);
        for id in next.into_iter().map(|packed| packed as u32) {
            let (words, step) = claims.get(id);
            claims.set(id, first, node_of(step).index() as u32);
            ids.insert(id);
            first = first.saturating_add(words);
        }
        self.scanner.claims = Some(claims);
        ids
    }

    /// Takes what was claimed from what is not reached. Of each step what it claimed, and the objects to be read; these have from now on
    /// the number of their words in the place of the word's.
    fn count(&mut self, claims: &Claims, claimed: &IdBitSet, desks: &[Found]) -> Count {
        let len = self.scanner.objects.len();
        let next = AtomicUsize::new(0);
        let counts: Vec<Count> = desks
            .par_iter()
            .map(|_| {
                let mut count = Count::default();
                loop {
                    let start = next.fetch_add(1, Ordering::Relaxed) as u64 * u64::from(RANGE);
                    let Some(start) = u32::try_from(start).ok().filter(|&start| start < len) else { break };
                    self.count_range(claims, claimed, start..start.saturating_add(RANGE).min(len), &mut count);
                }
                count.next.sort_unstable();
                count
            })
            .collect();
        let mut all = Count::default();
        for count in counts {
            for (step, claimed) in count.by_step.into_iter().enumerate() {
                all.add(step as u32, claimed);
            }
            all.next = merged(all.next, count.next);
            all.words = all.words.saturating_add(count.words);
        }
        for &(first, step, _) in desks.iter().filter_map(|desk| desk.claimant.as_ref()).flat_map(|own| &own.held_back) {
            all.add(step, Claimed { first, share: Share::default() });
        }
        all
    }

    fn count_range(&self, claims: &Claims, claimed: &IdBitSet, range: Range<u32>, count: &mut Count) {
        let spans = &self.scanner.model.heap.spans;
        for slot in self.scanner.objects.slots_of(ones(claimed, range)) {
            let span = &spans[slot.span as usize];
            let (number, step) = claims.get(slot.id.0);
            self.scanner.unreached.remove(slot.id.0);
            let bytes = self.merger.bytes_of(slot.span);
            count.add(step, Claimed { first: number, share: Share { bytes, objects: 1 } });
            if !span.is_noscan() {
                let words = self.merger.words_of(slot.span).min(u64::from(u32::MAX));
                count.words += words;
                claims.set(slot.id.0, words as u32, step);
                count.next.push(u64::from(number) << 32 | u64::from(slot.id.0));
            }
        }
    }

    /// Makes the frames that steps lead to, in the order in which the queue would; the frame of each.
    fn take_steps(&mut self, by_step: &[Claimed], desks: &[Found]) -> Vec<TrieNode> {
        let mut order: Vec<(u32, u32)> =
            by_step.iter().zip(0..).filter(|(claimed, _)| claimed.first < u32::MAX).map(|(claimed, step)| (claimed.first, step)).collect();
        order.sort_unstable();
        let mut nodes = vec![PathTrie::ROOT; by_step.len()];
        let threads = desks.len().max(1);
        for (_, step) in order {
            let (desk, index) = (step as usize % threads, step as usize / threads);
            let own = desks.get(desk).and_then(|desk| desk.claimant.as_ref());
            let Some(Step { candidate, detail }) = own.and_then(|own| own.steps.steps.get(index)) else { continue };
            let node = self.merger.step(candidate, detail.as_ref(), &self.scanner);
            nodes[step as usize] = node;
            let Share { bytes, objects } = by_step[step as usize].share;
            self.merger.trie.add(node, bytes, objects);
            self.merger.share.add(by_step[step as usize].share);
        }
        nodes
    }

    /// Keeps what may not be claimed yet, in the order of the queue.
    fn hold_back(&mut self, desks: &mut [Found], node_of: impl Fn(u32) -> TrieNode) {
        let mut held: Vec<HeldBack> = Vec::new();
        for own in desks.iter_mut().filter_map(|desk| desk.claimant.as_mut()) {
            held.append(&mut own.held_back);
            own.steps.clear();
        }
        held.sort_unstable();
        let objects = self.scanner.objects;
        let items = held.into_iter().map(|(_, step, id)| Item { id, span: objects.slot(ObjectId(id)).span, node: node_of(step) });
        self.merger.postponed.extend(items);
    }
}

/// The ids in a range that begins a word of the set.
fn ones(ids: &IdBitSet, range: Range<u32>) -> impl Iterator<Item = u32> {
    let words = ids.words().get((range.start / u64::BITS) as usize..).unwrap_or_default();
    let words = words.get(..range.len().div_ceil(u64::BITS as usize)).unwrap_or(words);
    words.iter().zip((range.start..).step_by(u64::BITS as usize)).flat_map(|(&bits, first)| {
        let mut bits = bits;
        std::iter::from_fn(move || {
            let next = (bits != 0).then(|| first + bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
            next
        })
    })
}

/// Both of two lists in order, in order.
fn merged(one: Vec<u64>, other: Vec<u64>) -> Vec<u64> {
    if one.is_empty() || other.is_empty() {
        return if one.is_empty() { other } else { one };
    }
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    let mut all = Vec::with_capacity(one.len() + other.len());
    while let (Some(first), Some(second)) = (one.peek(), other.peek()) {
        let next = if first < second { one.next() } else { other.next() };
        all.extend(next);
    }
    all.extend(one.chain(other));
    all
}

fn read(scanner: &Scanner<'_, '_, '_>, ids: &IdBitSet, part: &Part<'_>, found: &mut Found) {
    match part {
        Part::Ids(range) => scanner.scan_ids(ones(ids, range.clone()), found),
        Part::Items(items) => scanner.scan(items, found),
        Part::Piece(item, offsets) => scanner.scan_piece(*item, offsets.clone(), found),
    }
}

impl Count {
    fn add(&mut self, step: u32, claimed: Claimed) {
        let at = step as usize;
        if at >= self.by_step.len() {
            self.by_step.resize(at + 1, Claimed { first: u32::MAX, share: Share::default() });
        }
        let known = &mut self.by_step[at];
        known.first = known.first.min(claimed.first);
        known.share.add(claimed.share);
    }
}
