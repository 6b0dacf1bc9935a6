//! The edges of objects: the words that the walk follows, read once more, in order of address.

use crate::referred::{From, WindowFinder};
use crate::scan::pieces::{is_in_pieces, pieces};
use crate::scan::span_scan::SpanScan;
use crate::scan::word_batch::{BATCH, Word, WordBatch};
use crate::snapshot::HeapSnapshot;
use goheap_graph::{CsrGraph, EdgeBlock, GraphBuilder, GraphError, IdBitSet};
use goheap_model::{Meter, Observer, Slot};
use goheap_runtime::Span;
use rayon::prelude::*;
use std::ops::Range;

/// Slots, and bytes, that one thread reads at a time, unless one span has more.
const BLOCK_SLOTS: u32 = 1 << 16;
const BLOCK_BYTES: u64 = 16 << 20;
/// Pieces of a large object that are read before what they lead to is put in order.
const PIECES: usize = 32;

/// Reads the edges of spans.
///
/// # Overhead
/// 40 bytes a span, and some KiB for each thread; 8 for each edge of a large object, 8 MiB of it at a time.
pub(super) struct EdgeReader<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    spans: Vec<SpanScan<'p>>,
    /// Indexes of the spans of each block.
    blocks: Vec<Range<u32>>,
    /// Is shown every edge of an object.
    finder: Option<&'s WindowFinder<'s, 'm, 'p>>,
}

/// What the words of a batch are in: a span, the id of its first slot, and the object before.
struct Source<'a, 'p> {
    span: &'a Span<'p>,
    first: u32,
    from: Option<From>,
}

impl<'s, 'm, 'p> EdgeReader<'s, 'm, 'p> {
    pub(super) fn new(snapshot: &'s HeapSnapshot<'m, 'p>, finder: Option<&'s WindowFinder<'s, 'm, 'p>>) -> Self {
        let spans = SpanScan::all(snapshot.model, &snapshot.objects);
        let mut blocks: Vec<Range<u32>> = Vec::new();
        let (mut slots, mut bytes) = (0, 0);
        for (span, index) in snapshot.model.heap.spans.iter().zip(0..) {
            match blocks.last_mut().filter(|_| slots < BLOCK_SLOTS && bytes < BLOCK_BYTES) {
                Some(block) => block.end = index + 1,
                None => {
                    (slots, bytes) = (0, 0);
                    blocks.push(index..index + 1);
                }
            }
            slots += span.nelems;
            bytes += span.byte_len();
        }
        EdgeReader { snapshot, spans, blocks, finder }
    }

    /// The graph of what `builder` has and of these edges, of which there are so many.
    pub(super) fn read(
        &self,
        builder: GraphBuilder,
        edges: u64,
        observer: &dyn Observer,
    ) -> Result<CsrGraph, GraphError> {
        let objects = &self.snapshot.objects;
        let meter = Meter::new(observer, u64::from(objects.len()));
        let last = self.snapshot.model.heap.spans.len() as u32;
        let first_of = |span: u32| if span < last { objects.first_of(span) } else { objects.len() };
        let ids: Vec<_> = self.blocks.iter().map(|block| first_of(block.start)..first_of(block.end)).collect();
        builder.build_blocks(&ids, edges, |index, block| {
            let mut words = WordBatch::default();
            for span in self.blocks[index].clone() {
                self.read_span(span, &mut words, block);
            }
            meter.add(ids[index].len() as u64);
        })
    }

    fn read_span(&self, index: u32, words: &mut WordBatch, block: &mut EdgeBlock) {
        let objects = &self.snapshot.objects;
        let (span, scan) = (&self.snapshot.model.heap.spans[index as usize], &self.spans[index as usize]);
        if span.is_noscan() {
            return;
        }
        let first = objects.first_of(index);
        let mut source = Source { span, first, from: None };
        let mut reached = self.snapshot.reached.ones_in(first..first + span.nelems);
        if !scan.has_bits() {
            reached.for_each(|id| self.read_any(&mut source, objects.slot_in(id, index), words, block));
            return;
        }
        loop {
            words.clear();
            let mut read = 0;
            for id in reached.by_ref().take(BATCH) {
                let start = scan.start_of(id);
                words.push_slot(scan, start, scan.pointer_bits(start), id);
                read += 1;
            }
            self.flush(&mut source, words, block);
            if read < BATCH {
                return;
            }
        }
    }

    /// Reads an object of any kind.
    fn read_any(&self, source: &mut Source<'_, 'p>, slot: Slot, words: &mut WordBatch, block: &mut EdgeBlock) {
        let (masks, span) = (&self.snapshot.model.masks, source.span);
        if is_in_pieces(masks, span) {
            return self.read_pieces(source, slot, block);
        }
        self.read_words((source, slot), words, block, |visit| masks.for_each_offset(span, slot.slot, visit));
    }

    /// Reads a large object, of which any thread of the pool reads a piece.
    fn read_pieces(&self, source: &Source<'_, 'p>, slot: Slot, block: &mut EdgeBlock) {
        let (masks, span) = (&self.snapshot.model.masks, source.span);
        let pieces: Vec<_> = pieces(span.elem_size).collect();
        for some in pieces.chunks(PIECES) {
            let read = some.par_iter().map_init(WordBatch::default, |words, offsets| {
                let (mut source, mut found) = (Source { from: None, ..*source }, Vec::new());
                self.read_words((&mut source, slot), words, &mut found, |visit| {
                    masks.for_each_nonzero_offset_in(span, offsets.clone(), visit);
                });
                found
            });
            for (to, word) in read.collect::<Vec<Vec<_>>>().into_iter().flatten() {
                block.push(slot.id.0, to, word);
            }
        }
    }

    /// Reads the words of a slot at the offsets that `offsets` calls its argument with.
    fn read_words(
        &self,
        (source, slot): (&mut Source<'_, 'p>, Slot),
        words: &mut WordBatch,
        edges: &mut impl Edges,
        offsets: impl FnOnce(&mut dyn FnMut(u64)),
    ) {
        let (masks, span) = (&self.snapshot.model.masks, source.span);
        let start = self.snapshot.objects.address(slot);
        words.clear();
        offsets(&mut |offset| {
            let value = masks.word(span, start.wrapping_add(offset)).unwrap_or(0);
            words.push(Word { value, word: (offset / 8) as u32, object: slot.id.0 });
            if words.is_full() {
                self.flush(source, words, edges);
                words.clear();
            }
        });
        self.flush(source, words, edges);
    }

    /// Adds the edges that the words of the batch are; the object of each is its number.
    fn flush(&self, source: &mut Source<'_, 'p>, words: &mut WordBatch, edges: &mut impl Edges) {
        let allocated: &IdBitSet = self.snapshot.objects.allocated_ids();
        words.locate(&self.snapshot.objects);
        for (word, place) in words.words().iter().zip(words.places()) {
            if allocated.contains(place.id) {
                edges.add(word, place.id);
                if let Some(finder) = self.finder {
                    finder.see(&mut source.from, source.span, source.first, word, place);
                }
            }
        }
    }
}

/// Where the edges go that are found.
trait Edges {
    /// The word leads to the object of that number.
    fn add(&mut self, word: &Word, to: u32);
}

impl Edges for EdgeBlock {
    #[inline]
    fn add(&mut self, word: &Word, to: u32) {
        self.push(word.object, to, word.word);
    }
}

/// Of one object: to what, and by which word.
impl Edges for Vec<(u32, u32)> {
    fn add(&mut self, word: &Word, to: u32) {
        self.push((to, word.word));
    }
}
