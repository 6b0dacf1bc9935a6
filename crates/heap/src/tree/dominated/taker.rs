//! Taking what was read, in order: the frames that are new are made here.

use super::common::Common;
use super::drawn::values;
use super::reader::{New, Read};
use super::steps::{Step, Sum};
use crate::tree::merge::{Merger, bytes};
use crate::tree::scan::{Detail, Item, Scanner};
use goheap_graph::{TrieNode, Weight};
use goheap_model::{ObjectId, Share};

/// What was taken.
#[derive(Default)]
pub(super) struct Book {
    pub(super) next: Vec<Item>,
    pub(super) next_has_large: bool,
    /// Frames that are told.
    pub(super) frames: Vec<(ObjectId, TrieNode)>,
    pub(super) values: Vec<u64>,
    pub(super) share: Share,
    /// What will be known to those who read the block after the next.
    pub(super) fresh: Vec<(Step, TrieNode)>,
}

impl Book {
    /// Adds what lies at a frame.
    pub(super) fn add(&mut self, merger: &mut Merger<'_, '_, '_>, Sum { frame, weight, values }: Sum) {
        merger.trie.add(frame, weight.bytes, weight.objects);
        self.share.add(Share { bytes: weight.bytes, objects: weight.objects });
        if values > 0 {
            if self.values.len() <= frame.index() {
                self.values.resize(frame.index() + 1, 0);
            }
            self.values[frame.index()] += values;
        }
    }
}

pub(super) struct Taker<'t, 'w, 'a, 'm, 'p> {
    pub(super) scanner: &'t Scanner<'a, 'm, 'p>,
    pub(super) merger: &'t mut Merger<'a, 'm, 'p>,
    pub(super) common: &'t Common<'w>,
    pub(super) book: &'t mut Book,
}

impl Taker<'_, '_, '_, '_, '_> {
    /// Takes what reading some objects found.
    pub(super) fn take_all(&mut self, read: &mut Read) {
        let mut details = std::mem::take(&mut read.details);
        let mut detail = details.drain(..);
        for new in std::mem::take(&mut read.new) {
            let detail = if new.candidate.code.is_detailed() { detail.next() } else { None };
            self.take(&new, detail, read);
        }
        self.book.next.append(&mut read.next);
        self.book.next_has_large |= read.has_large;
        self.book.frames.append(&mut read.frames);
        read.sums.drain(..).for_each(|sum| self.book.add(self.merger, sum));
    }

    fn take(&mut self, new: &New, detail: Option<Detail>, read: &mut Read) {
        let candidate = &new.candidate;
        if read.is_piece && self.common.idom(candidate.target) != new.above {
            return;
        }
        let node = self.merger.step(candidate, detail.as_ref(), self.scanner);
        if !candidate.code.is_detailed() {
            self.book.fresh.push((Step::of(candidate), node));
        }
        let item = Item { id: candidate.target, span: candidate.span, node };
        self.count(item, Some((new.above, candidate.node)));
        if read.is_piece {
            self.common.take(item.id);
            self.go_on(item);
        } else if let Some(next) = read.next.get_mut(new.next) {
            next.node = node;
        }
    }

    /// Counts one object at its frame; `above` is what dominates it, and the frame of that.
    pub(super) fn count(&mut self, item: Item, above: Option<(u32, TrieNode)>) {
        let of = |id: u32| self.scanner.types.of(ObjectId(id));
        let values = self
            .common
            .types
            .map_or(0, |types| values(types, (of(item.id), item.node), above.map(|(above, frame)| (of(above), frame))));
        let weight = Weight { bytes: bytes(self.common.facts[item.span as usize]), objects: 1 };
        self.book.add(self.merger, Sum { frame: item.node, weight, values });
        self.common.tell(ObjectId(item.id), item.node, &mut self.book.frames);
    }

    /// Has an object read next, if it leads to more.
    pub(super) fn go_on(&mut self, item: Item) {
        if self.common.is_read_next(&item, &mut self.book.next_has_large) {
            self.book.next.push(item);
        }
    }
}
