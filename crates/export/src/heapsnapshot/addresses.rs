//! The ids of objects, which tell their addresses.
//!
//! Readers cut ids down to 32 bits without a word (memlab 2.0.5, DevTools of 2026), so an address is none. What they keep is a
//! distance from the heap's first byte in words: odd numbers, as V8 gives them to objects.

use goheap_model::{Objects, Slot};

/// Bytes between two ids.
const WORD: u64 = 8;
/// A gap between spans from which on the ids go on without it: Go maps its heap in arenas of that size.
const GAP: u64 = 64 << 20;

/// Spans whose ids follow from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u64,
    /// Words in all pieces before.
    before: u64,
}

/// The ids of all objects.
#[derive(Debug)]
pub(super) struct Addresses {
    pieces: Vec<Piece>,
}

impl Addresses {
    /// None where the spans have more words than there are odd numbers of 32 bits: more than 16 GiB.
    pub(super) fn new(objects: &Objects) -> Option<Self> {
        let (mut pieces, mut end) = (Vec::<Piece>::new(), 0_u64);
        let mut before = 0_u64;
        for span in objects.spans() {
            let goes_on = pieces.last().is_some_and(|_| span.start.checked_sub(end).is_some_and(|gap| gap < GAP));
            if !goes_on {
                if let Some(last) = pieces.last() {
                    before = last.before.checked_add(end.checked_sub(last.start)?.div_ceil(WORD))?;
                }
                pieces.push(Piece { start: span.start, before });
            }
            end = span.start.checked_add(span.bytes)?;
        }
        let last = pieces.last().map_or(0, |last| last.before.saturating_add((end - last.start) / WORD));
        (last < u64::from(u32::MAX) / 2).then_some(Addresses { pieces })
    }

    /// The id of an object.
    pub(super) fn id(&self, objects: &Objects, slot: Slot) -> u32 {
        let address = objects.address(slot);
        let place = self.pieces.partition_point(|piece| piece.start <= address);
        let piece = place.checked_sub(1).and_then(|place| self.pieces.get(place));
        let words = piece.map_or(0, |piece| piece.before + (address - piece.start) / WORD);
        u32::try_from(words * 2 + 1).unwrap_or(u32::MAX)
    }

    /// How an address follows from an id, a line for each piece.
    pub(super) fn rules(&self) -> Vec<String> {
        let rule = |piece: &Piece| {
            let first = piece.before * 2 + 1;
            format!("the address of an object is {:#x} + (id - {first}) * 4, for odd ids from {first} on", piece.start)
        };
        self.pieces.iter().map(rule).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::SlotSpan;

    fn objects(starts: &[u64]) -> Objects {
        let span = |&start: &u64| SlotSpan { start, bytes: 8192, slot_bytes: 16, slots: 512, ..SlotSpan::default() };
        let spans: Vec<_> = starts.iter().map(|start| (span(start), &[0xff_u8; 64][..])).collect();
        Objects::new(spans.into_iter()).unwrap()
    }

    #[test]
    fn ids_tell_addresses_across_gaps() {
        let objects = objects(&[0xc0_0000_0000, 0xc0_0000_4000, 0x7f00_0000_0000]);
        let addresses = Addresses::new(&objects).unwrap();
        let ids: Vec<u32> = objects.allocated().map(|slot| addresses.id(&objects, slot)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids.iter().all(|id| id % 2 == 1));
        assert_eq!(
            addresses.rules(),
            [
                "the address of an object is 0xc000000000 + (id - 1) * 4, for odd ids from 1 on",
                "the address of an object is 0x7f0000000000 + (id - 6145) * 4, for odd ids from 6145 on",
            ]
        );
        let second = objects.allocated().nth(513).unwrap();
        assert_eq!(0xc0_0000_0000 + (u64::from(addresses.id(&objects, second)) - 1) * 4, objects.address(second));
        let third = objects.allocated().nth(1025).unwrap();
        assert_eq!(0x7f00_0000_0000 + (u64::from(addresses.id(&objects, third)) - 6145) * 4, objects.address(third));
    }

    #[test]
    fn too_many_words_have_none() {
        let huge = SlotSpan { start: 1 << 40, bytes: 17 << 30, slot_bytes: 17 << 30, slots: 1, ..SlotSpan::default() };
        assert!(Addresses::new(&Objects::new([(huge, &[1_u8][..])].into_iter()).unwrap()).is_none());
        let at_end = SlotSpan { start: u64::MAX - 7, bytes: 16, slot_bytes: 16, slots: 1, ..SlotSpan::default() };
        assert!(Addresses::new(&Objects::new([(at_end, &[1_u8][..])].into_iter()).unwrap()).is_none());
    }
}
