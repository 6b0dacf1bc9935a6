//! A level of a tree, cut into what one thread reads at a time.

use super::PART;
use super::scan::Item;
use crate::scan::pieces::{is_in_pieces, pieces};
use goheap_runtime::RuntimeModel;
use std::ops::Range;

/// What one thread reads at a time.
pub(super) enum Part<'l> {
    /// These objects, the first of which has that place in the level.
    Items(&'l [Item], u32),
    Piece(Item, Range<u64>),
}

impl Part<'_> {
    /// Objects that begin in it.
    pub(super) fn objects(&self) -> u64 {
        match self {
            Part::Items(items, _) => items.len() as u64,
            Part::Piece(_, offsets) => u64::from(offsets.start == 0),
        }
    }
}

/// Objects of a level from a place on, none of which is large, cut into parts.
pub(super) fn items(level: &[Item], first: u32) -> impl Iterator<Item = Part<'_>> {
    level.chunks(PART).zip((first..).step_by(PART)).map(|(items, first)| Part::Items(items, first))
}

/// A level with large objects, cut into parts, and the places of those in the level.
pub(super) fn parts<'l>(model: &RuntimeModel<'_>, level: &'l [Item]) -> (Vec<Part<'l>>, Vec<u32>) {
    let RuntimeModel { masks, heap, .. } = model;
    let span = |item: &Item| &heap.spans[item.span as usize];
    let is_large = |item: &Item| is_in_pieces(masks, span(item));
    let (mut parts, mut large, mut first) = (Vec::new(), Vec::new(), 0);
    for run in level.chunk_by(|one, other| !is_large(one) && !is_large(other)) {
        match run {
            [item] if is_large(item) => {
                parts.extend(pieces(span(item).elem_size).map(|offsets| Part::Piece(*item, offsets)));
                large.push(first);
            }
            _ => parts.extend(items(run, first)),
        }
        // No more than there are slots.
        first += run.len() as u32;
    }
    (parts, large)
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::PathTrie;

    #[test]
    fn a_level_is_cut_into_parts_that_know_their_place() {
        let level: Vec<Item> = (0..PART as u32 * 2 + 5).map(|id| Item { id, span: 0, node: PathTrie::ROOT }).collect();
        let parts: Vec<Part<'_>> = items(&level, 10).collect();
        let told: Vec<(u64, u32)> = parts
            .iter()
            .map(|part| match part {
                Part::Items(items, first) => (items.len() as u64, *first),
                Part::Piece(..) => (0, 0),
            })
            .collect();
        let part = PART as u64;
        assert_eq!(told, [(part, 10), (part, 10 + PART as u32), (5, 10 + 2 * PART as u32)]);
        assert_eq!(parts.iter().map(Part::objects).sum::<u64>(), level.len() as u64);
    }

    #[test]
    fn a_large_object_is_counted_with_its_first_piece() {
        let item = Item { id: 7, span: 0, node: PathTrie::ROOT };
        let pieces = [0..64, 64..128, 128..130].map(|offsets| Part::Piece(item, offsets).objects());
        assert_eq!(pieces, [1, 0, 0]);
        assert_eq!(items(&[], 0).count(), 0);
    }
}
