//! Large levels, which are read in order of objects: what is read lies side by side then, while in the order of the queue each object is
//! somewhere else. Who comes first in the queue is told by numbers ([`Claims`]).

use super::TreeBuilder;
use super::claims::{Claimant, Claims, HeldBack, Step};
use super::scan::{Found, Item, Scanner};
use crate::scan::pieces::{is_in_pieces, pieces};
use goheap_graph::{IdBitSet, PathTrie, TrieNode};
use goheap_model::{Meter, ObjectId, RootClass, Share};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Objects of a level from which on it is worth it.
const LARGE: usize = 1 << 16;
/// Of so many slots one must be in the level: sets of all slots are gone through for each.
const SLOTS_PER_OBJECT: usize = 1 << 8;
/// Slots that a thread reads, or counts, at once: whole words of a set.
const RANGE: u32 = 1 << 14;

/// What one thread reads at a time.
enum Stretch {
    /// Those of the level that have such numbers and are not read in pieces.
    Ids(Range<u32>),
    Piece(Item, Range<u64>),
}

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
    /// The objects to be read next, in lists in order of the words that claim them, whose numbers are in the upper half.
    next: Vec<Vec<u64>>,
    /// Words of these.
    words: u64,
}

/// Objects of a level from which on a tree of so many slots reads it in order of objects.
pub(crate) fn large_from(slots: u32) -> usize {
    LARGE.max(slots as usize / SLOTS_PER_OBJECT)
}

impl TreeBuilder<'_, '_, '_> {
    /// True if a level of so many objects is read in order of objects.
    pub(super) fn is_large(&self, level: usize) -> bool {
        level >= self.large_from
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
    fn parts_of(&self, ids: &IdBitSet) -> Vec<Stretch> {
        let objects = self.scanner.objects;
        let model = self.scanner.model;
        let mut parts = Vec::new();
        for (span, index) in model.heap.spans.iter().zip(0..) {
            let id = objects.first_of(index);
            if is_in_pieces(&model.masks, span) && ids.contains(id) {
                let node = TrieNode::of_index(self.frame_of(id) as usize).unwrap_or(PathTrie::ROOT);
                let item = Item { id, span: index, node };
                parts.extend(pieces(span.elem_size).map(|offsets| Stretch::Piece(item, offsets)));
            }
        }
        let starts = (0..objects.len()).step_by(RANGE as usize);
        parts.extend(starts.map(|start| Stretch::Ids(start..start.saturating_add(RANGE).min(objects.len()))));
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
        let threads = desks.len() as u64;
        let is_large = self.is_large(next.iter().map(Vec::len).sum());
        let is_numbered = is_large && words.saturating_mul(threads) < u64::from(u32::MAX);
        let ids = if is_numbered { self.renumber(&claims, &next, node_of) } else { IdBitSet::default() };
        if !is_numbered {
            for id in in_order(&next) {
                let (node, span) = (node_of(claims.get(id).1), self.scanner.objects.slot(ObjectId(id)).span);
                self.merger.queue(Item { id, span, node });
            }
        }
        self.scanner.claims = Some(claims);
        ids
    }

    /// Gives the words of the next level their numbers, and its objects their frames; the objects.
    fn renumber(&self, claims: &Claims, next: &[Vec<u64>], node_of: impl Fn(u32) -> TrieNode) -> IdBitSet {
        let (mut ids, mut first) = (IdBitSet::with_room_for(self.scanner.objects.len()), 0_u32);
        for id in in_order(next) {
            let (words, step) = claims.get(id);
            claims.set(id, first, node_of(step).index() as u32);
            ids.insert(id);
            first = first.saturating_add(words);
        }
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
                let (mut count, mut list) = (Count::default(), Vec::new());
                loop {
                    let start = next.fetch_add(1, Ordering::Relaxed) as u64 * u64::from(RANGE);
                    let Some(start) = u32::try_from(start).ok().filter(|&start| start < len) else { break };
                    self.count_range(
                        claims,
                        claimed,
                        start..start.saturating_add(RANGE).min(len),
                        (&mut count, &mut list),
                    );
                }
                list.sort_unstable();
                count.next.push(list);
                count
            })
            .collect();
        let mut all = Count::default();
        for count in counts {
            for (step, claimed) in count.by_step.into_iter().enumerate() {
                all.add(step as u32, claimed);
            }
            all.next.extend(count.next);
            all.words = all.words.saturating_add(count.words);
        }
        for &(first, step, _) in desks.iter().filter_map(|desk| desk.claimant.as_ref()).flat_map(|own| &own.held_back) {
            all.add(step, Claimed { first, share: Share::default() });
        }
        all
    }

    fn count_range(
        &self,
        claims: &Claims,
        claimed: &IdBitSet,
        range: Range<u32>,
        (count, next): (&mut Count, &mut Vec<u64>),
    ) {
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
                next.push(u64::from(number) << 32 | u64::from(slot.id.0));
            }
        }
    }

    /// Makes the frames that steps lead to, in the order in which the queue would; the frame of each.
    fn take_steps(&mut self, by_step: &[Claimed], desks: &[Found]) -> Vec<TrieNode> {
        let mut order: Vec<(u32, u32)> = by_step
            .iter()
            .zip(0..)
            .filter(|(claimed, _)| claimed.first < u32::MAX)
            .map(|(claimed, step)| (claimed.first, step))
            .collect();
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
        let items = held.into_iter().map(|(_, step, id)| Item {
            id,
            span: objects.slot(ObjectId(id)).span,
            node: node_of(step),
        });
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

/// The objects of lists that are in order, in order.
fn in_order(lists: &[Vec<u64>]) -> impl Iterator<Item = u32> {
    let mut lists: Vec<&[u64]> = lists.iter().map(Vec::as_slice).collect();
    std::iter::from_fn(move || {
        let least = lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
        let (first, rest) = least.split_first()?;
        *least = rest;
        Some(*first as u32)
    })
}

fn read(scanner: &Scanner<'_, '_, '_>, ids: &IdBitSet, part: &Stretch, found: &mut Found) {
    match part {
        Stretch::Ids(range) => scanner.scan_ids(ones(ids, range.clone()), found),
        Stretch::Piece(item, offsets) => scanner.scan_piece(*item, offsets.clone(), found),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::names::labels::Labels;
    use crate::snapshot::{HeapSnapshot, SnapshotOptions};
    use goheap_graph::Weight;
    use goheap_image::{OpenRequest, Process};
    use goheap_model::Unobserved;
    use goheap_runtime::{ModelOptions, RuntimeModel};
    use std::path::Path;

    type Drawn = (Vec<(Option<TrieNode>, Option<u32>, Weight)>, Vec<TrieNode>, Vec<Box<str>>);

    /// The tree of a heap if levels of so many objects are large, the frame of each slot, and the labels.
    fn drawn(snapshot: &HeapSnapshot<'_, '_>, large_from: usize) -> Drawn {
        let (mut resolver, mut labels) = (snapshot.resolver(), Labels::new(snapshot.packages.clone()));
        snapshot.labels.iter().for_each(|text| _ = labels.text(text));
        let mut trie = snapshot.tree.clone();
        let (model, types) = (snapshot.model, &snapshot.object_types);
        let mut builder = TreeBuilder::new(model, &snapshot.objects, &mut resolver, &mut labels, &mut trie, types);
        builder.large_from = large_from;
        builder.remember_frames();
        builder.walk(&snapshot.roots, &Meter::new(&Unobserved, 0));
        let frames = builder.finish().unwrap();
        let nodes = trie.nodes().map(|node| (trie.parent(node), trie.label(node), trie.own(node))).collect();
        (nodes, frames, labels.into_texts().0)
    }

    #[test]
    fn a_level_read_in_order_of_objects_gives_the_same_tree() {
        let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
        for folder in cores.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let (core, executable) = (folder.join("structures.core.zst"), Some(folder.join("structures.zst")));
            let process = Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap();
            let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
            let options = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
            let snapshot = HeapSnapshot::take(&model, options).unwrap();
            let queued = drawn(&snapshot, usize::MAX);
            for (large_from, threads) in [(1, 1), (1, 3), (50, 2)] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let waves = pool.install(|| drawn(&snapshot, large_from));
                assert!(waves == queued, "{} from {large_from} by {threads}", folder.display());
            }
        }
    }

    #[test]
    fn objects_come_in_order_of_the_words_that_claim_them() {
        let list = |numbers: &[u64]| numbers.iter().map(|number| number << 32 | (100 - number)).collect::<Vec<u64>>();
        let lists = [list(&[1, 4, 9]), list(&[]), list(&[2, 3, 10])];
        assert!(in_order(&lists).eq([99, 98, 97, 96, 91, 90]));
    }

    #[test]
    fn ids_of_a_range_are_those_of_its_words() {
        let mut ids = IdBitSet::with_room_for(300);
        [0, 63, 64, 130, 191, 192, 299].into_iter().for_each(|id| _ = ids.insert(id));
        assert!(ones(&ids, 64..192).eq([64, 130, 191]) && ones(&ids, 0..300).count() == 7);
        assert_eq!(ones(&ids, 320..384).count(), 0, "beyond the set");
    }
}
