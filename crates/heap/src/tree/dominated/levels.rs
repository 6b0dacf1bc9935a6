//! Level by level: threads read a block of objects while what was found in the last is taken, in order.

use super::common::Common;
use super::drawn::{Drawn, FrameOf, Told};
use super::reader::{Read, Reader};
use super::steps::Known;
use super::taker::{Book, Taker};
use crate::tree::parts::{Part, items, parts};
use crate::tree::scan::Item;
use crate::tree::{BLOCK, TreeBuilder};
use goheap_graph::{DominatorTree, IdBitSet, PathTrie, TrieNode};
use goheap_model::Meter;
use rayon::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

/// The walk but for what begins it.
pub(super) struct Levels<'w> {
    common: Common<'w>,
    known: Known,
    book: Book,
    /// Results to be filled again.
    spare: Mutex<Vec<Read>>,
}

impl<'w> Levels<'w> {
    pub(super) fn new(tree: &'w DominatorTree, builder: &TreeBuilder<'_, '_, '_>, told: Told<'w>) -> Self {
        let objects = builder.scanner.objects.len();
        let (idoms, leads_on) = rayon::join(|| tree.shared_idoms_below(objects), || dominators(tree));
        let root = PathTrie::ROOT.index() as u32;
        let of_all = || (0..objects).into_par_iter().map(|_| AtomicU32::new(root)).collect();
        let common = Common {
            tree,
            idoms,
            leads_on,
            facts: builder.merger.facts.clone(),
            wanted: told.wanted,
            all_frames: told.wanted.is_none().then(of_all),
            types: told.values,
        };
        Levels { common, known: Known::default(), book: Book::default(), spare: Mutex::default() }
    }

    /// The immediate dominator of an object, or [`TAKEN`].
    pub(super) fn idom(&self, id: u32) -> u32 {
        self.common.idom(id)
    }

    /// What was found and is not read.
    pub(super) fn next_level(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.book.next)
    }

    /// Draws an object; `above` dominates it.
    pub(super) fn draw(&mut self, builder: &mut TreeBuilder<'_, '_, '_>, item: Item, above: Option<Item>) {
        self.common.take(item.id);
        let TreeBuilder { scanner, merger, .. } = builder;
        let mut taker = Taker { scanner, merger, common: &self.common, book: &mut self.book };
        taker.count(item, above.map(|above| (above.id, above.node)));
        taker.go_on(item);
    }

    /// Reads a level. What its objects dominate and do not point to, by the object's place in the level, in order.
    pub(super) fn read(
        &mut self,
        builder: &mut TreeBuilder<'_, '_, '_>,
        level: &[Item],
        meter: &Meter<'_>,
    ) -> Vec<(u32, u32)> {
        let has_large = std::mem::take(&mut self.book.next_has_large);
        let (parts, large) = match has_large {
            true => parts(builder.scanner.model, level),
            false => (items(level, 0).collect(), Vec::new()),
        };
        let (mut shared, mut ready, mut rest) = (Vec::new(), Vec::new(), &parts[..]);
        // Few at first: what is new in them is known to those who read the others.
        let mut count = 1;
        while !rest.is_empty() || !ready.is_empty() {
            let (block, behind) = rest.split_at(rest.len().min(count));
            ready = self.read_block(builder, block, ready);
            ready.iter().for_each(|read| shared.extend_from_slice(&read.shared));
            meter.add(block.iter().map(Part::objects).sum());
            (rest, count) = (behind, (count * 2).min(BLOCK));
        }
        let untaken = |place: u32| self.common.untaken(level[place as usize].id).map(move |child| (place, child));
        shared.extend(large.into_iter().flat_map(untaken));
        shared.sort_by_key(|(place, _)| *place);
        shared
    }

    /// Reads a block while what was found in the last is taken.
    fn read_block(
        &mut self,
        builder: &mut TreeBuilder<'_, '_, '_>,
        block: &[Part<'_>],
        mut ready: Vec<Read>,
    ) -> Vec<Read> {
        let TreeBuilder { scanner, merger, .. } = builder;
        let Self { common, known, book, spare } = self;
        let reader = Reader { scanner, common, known };
        let mut taker = Taker { scanner, merger, common, book };
        let read = || match block {
            [part] => vec![read(reader, spare, part)],
            _ => block.par_iter().map(|part| read(reader, spare, part)).collect(),
        };
        let ((), next) = match &ready[..] {
            [] => ((), read()),
            _ => rayon::join(|| ready.iter_mut().for_each(|read| taker.take_all(read)), read),
        };
        known.extend(book.fresh.drain(..));
        if let Ok(spare) = spare.get_mut() {
            spare.extend(ready);
        }
        next
    }

    /// All that was drawn.
    pub(super) fn into_drawn(self, builder: &mut TreeBuilder<'_, '_, '_>) -> Drawn {
        let Self { common, mut book, spare, .. } = self;
        let reads = spare.into_inner().unwrap_or_default();
        let sums = reads.into_iter().flat_map(|read| read.taken.into_sums());
        sums.for_each(|sum| book.add(&mut builder.merger, sum));
        let frames = match common.all_frames {
            Some(frames) => FrameOf::All(frames.into_iter().map(frame_of).collect()),
            None => {
                book.frames.par_sort_unstable();
                FrameOf::Some(book.frames)
            }
        };
        Drawn { reached: book.share, frames, values: book.values }
    }
}

/// The nodes that dominate others.
fn dominators(tree: &DominatorTree) -> IdBitSet {
    let mut dominators = IdBitSet::with_room_for(tree.node_count());
    for ((node, end), place) in tree.slices().zip(0..) {
        if end > place + 1 {
            dominators.insert(node);
        }
    }
    dominators
}

fn frame_of(index: AtomicU32) -> TrieNode {
    TrieNode::of_index(index.into_inner() as usize).unwrap_or(PathTrie::ROOT)
}

fn read(reader: Reader<'_, '_, '_, '_, '_>, spare: &Mutex<Vec<Read>>, part: &Part<'_>) -> Read {
    let mut read = spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
    match part {
        Part::Items(items, first) => reader.read(items, *first, &mut read),
        Part::Piece(item, offsets) => reader.read_piece(*item, offsets.clone(), &mut read),
    }
    read
}
