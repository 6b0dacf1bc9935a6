//! Masks in the bitmap of the arena: up to 1.21.

use super::{MaskContext, PointerMasks, Scheme};
use crate::heap::{ARENA_BYTES, GoHeap, heap_arena_of};
use crate::span::Span;
use foldhash::HashMap;
use goheap_image::Address;
use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

/// Bytes of two bits a word that are read at once: the bits of 16 KiB.
const PIECE: u64 = 512;
/// Bytes of two bits for each of 64 words.
const SPLIT: usize = 16;
/// Bits of a word of bits.
const WIDTH: u64 = u64::BITS as u64;

impl<'p> PointerMasks<'p> {
    pub(super) fn two_bits(
        &self,
        arenas: &HashMap<u64, Address>,
        bitmap: u64,
        span: &Span<'p>,
        slot: u32,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = span.slot_address(slot);
        let mut offset = 0;
        while offset < span.elem_size {
            let first = (start + offset) % ARENA_BYTES / 8;
            // Whole bytes, none of which is beyond the arena's bits.
            let room = (PIECE * 4 - first % 4).min(ARENA_BYTES / 8 - first);
            let words = room.min((span.elem_size - offset) / 8);
            let bytes = (first + words).div_ceil(4) - first / 4;
            let at = arenas.get(&((start + offset) / ARENA_BYTES)).map(|at| at.add(bitmap + first / 4));
            let Some(bits) = at.and_then(|at| self.memory.bytes(at, bytes as usize)) else { break };
            // The first byte may be of words before the slot, too.
            let (mut skipped, mut left) = (first % 4, words);
            for chunk in bits.chunks(SPLIT) {
                let (bits, scan) = split(chunk);
                let run = (WIDTH - skipped).min(left);
                let of_run = u64::MAX >> (WIDTH - run) << skipped;
                let clear = (of_run & !scan).trailing_zeros();
                let mut bits = bits & of_run & low(clear);
                while bits != 0 {
                    visit(offset + (u64::from(bits.trailing_zeros()) - skipped) * 8)?;
                    bits &= bits - 1;
                }
                if clear < u64::BITS {
                    return ControlFlow::Continue(());
                }
                offset += run * 8;
                (skipped, left) = (0, left - run);
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn one_bit(
        &self,
        arenas: &HashMap<u64, Address>,
        bitmap: u64,
        span: &Span<'p>,
        slot: u32,
        offsets: Range<u64>,
        mut visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = span.slot_address(slot);
        let mut offset = offsets.start;
        while offset < offsets.end {
            let (arena, word) = ((start + offset) / ARENA_BYTES, (start + offset) % ARENA_BYTES / 8);
            // Where the bitmap is absent every word may be a pointer.
            let bits = arenas.get(&arena).and_then(|at| self.memory.read_u64(at.add(bitmap + word / 64 * 8)));
            let bits = bits.unwrap_or(u64::MAX);
            let run = 64 - word % 64;
            let mut bits = bits >> (word % 64);
            while bits != 0 {
                let at = offset + u64::from(bits.trailing_zeros()) * 8;
                if at >= offsets.end {
                    return ControlFlow::Continue(());
                }
                visit(at)?;
                bits &= bits - 1;
            }
            offset += run * 8;
        }
        ControlFlow::Continue(())
    }

    /// The pointer bits of all slots of a span of small objects, a bit a word from the span's first byte on, as spans have them at their
    /// own ends since 1.22. None where slots are larger or without pointers, or something is absent.
    pub fn bits_of_small(&self, span: &Span<'p>) -> Option<Box<[u64]>> {
        let bytes = span.bytes.filter(|_| !span.is_noscan() && span.has_small_slots())?;
        let bytes = match &self.scheme {
            Scheme::Types(_) => {
                let bitmap = usize::try_from(span.in_span_bitmap()?.0.checked_sub(span.base)?).ok()?;
                return Some(words_of(bytes.get(bitmap..).unwrap_or_default()));
            }
            _ if self.is_lost(span) || span.is_large() => return None,
            Scheme::OneBit(arenas, bitmap) => {
                return Some(words_of(&self.arena_bytes(arenas, *bitmap, span, 8)?));
            }
            Scheme::TwoBits(arenas, bitmap) => self.arena_bytes(arenas, *bitmap, span, 4)?,
        };
        let (mut bits, scan): (Vec<u64>, Vec<u64>) = bytes.chunks(SPLIT).map(split).unzip();
        for slot in 0..u64::from(span.nelems) {
            end_at_first_clear(&mut bits, &scan, slot * span.elem_size / 8, span.elem_size / 8);
        }
        Some(bits.into())
    }

    /// The bitmap's bytes for a span, which may lie in more than one arena.
    fn arena_bytes(
        &self,
        arenas: &HashMap<u64, Address>,
        bitmap: u64,
        span: &Span<'p>,
        words_a_byte: u64,
    ) -> Option<Cow<'p, [u8]>> {
        let (mut at, mut found) = (span.base, Cow::Borrowed(&[][..]));
        while at < span.end() {
            let end = span.end().min((at / ARENA_BYTES + 1) * ARENA_BYTES);
            let first = arenas.get(&(at / ARENA_BYTES))?.add(bitmap + at % ARENA_BYTES / 8 / words_a_byte);
            let part = self.memory.bytes(first, usize::try_from((end - at) / 8 / words_a_byte).ok()?)?;
            if found.is_empty() {
                found = part
            } else {
                found.to_mut().extend_from_slice(&part)
            }
            at = end;
        }
        Some(found)
    }
}

fn words_of(bytes: &[u8]) -> Box<[u64]> {
    bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect()
}

/// The pointer bits and the scan bits of 64 words, which bytes have by four: the lower half of each is of pointers.
fn split(bytes: &[u8]) -> (u64, u64) {
    let mut both = [0; SPLIT];
    both.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let both = u128::from_le_bytes(both);
    let (first, second) = (both as u64, (both >> 64) as u64);
    (lower_halves(first) | lower_halves(second) << 32, lower_halves(first >> 4) | lower_halves(second >> 4) << 32)
}

/// The lower four bits of each byte, side by side.
fn lower_halves(bytes: u64) -> u64 {
    let halves = bytes & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (halves | halves >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (fours | fours >> 16) & 0xffff_ffff
}

/// So many ones, all for 64 and more.
fn low(bits: u32) -> u64 {
    1_u64.checked_shl(bits).map_or(u64::MAX, |bit| bit - 1)
}

/// Clears the pointer bits of the slot of so many words at word `first` from its first clear scan bit on.
fn end_at_first_clear(bits: &mut [u64], scan: &[u64], first: u64, words: u64) {
    let mut word = first;
    let mut is_over = false;
    while word < first + words {
        let (index, shift) = ((word / WIDTH) as usize, word % WIDTH);
        let run = (WIDTH - shift).min(first + words - word);
        let of_run = u64::MAX >> (WIDTH - run) << shift;
        let clear = (of_run & !scan.get(index).copied().unwrap_or(0)).trailing_zeros();
        let kept = if is_over { 0 } else { of_run & low(clear) };
        is_over |= clear < u64::BITS;
        if let Some(bits) = bits.get_mut(index) {
            *bits &= !of_run | kept;
        }
        word += run;
    }
}

/// The `heapArena` of each arena that holds a span.
pub(super) fn arena_table(context: &MaskContext<'_, '_>, heap: &GoHeap<'_>) -> HashMap<u64, Address> {
    let mut table = HashMap::default();
    for span in &heap.spans {
        for arena in span.base / ARENA_BYTES..=(span.end() - 1) / ARENA_BYTES {
            if table.contains_key(&arena) {
                continue;
            }
            let at = arena * ARENA_BYTES;
            if let Some(address) = heap_arena_of(context.memory, context.layout, context.machine, context.mheap, at) {
                table.insert(arena, address);
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bits_are_told_apart() {
        let bytes: Vec<u8> = (0..16).map(|index| (index % 3) << 4 | (15 - index)).collect();
        let (bits, scan) = split(&bytes);
        for word in 0..64 {
            let byte = bytes[word / 4] >> (word % 4);
            assert_eq!((bits >> word & 1, scan >> word & 1), (u64::from(byte & 1), u64::from(byte >> 4 & 1)), "{word}");
        }
        assert_eq!(split(&[0x21]), (0b0001, 0b0010), "what is not there is clear");
    }

    #[test]
    fn a_slot_ends_at_its_first_clear_scan_bit() {
        // Slots of 24 words: the second lies in two words of bits and ends in the second of them.
        let scan = [!(1 << 3), !(1 << 4)];
        let mut bits = [!0, !0];
        (0..3).for_each(|slot| end_at_first_clear(&mut bits, &scan, slot * 24, 24));
        let ends = [3, 48, 68];
        let expected = |word: u64| word >= 72 || word < ends[(word / 24) as usize] && word >= word / 24 * 24;
        for word in 0..128 {
            assert_eq!(bits[(word / 64) as usize] >> (word % 64) & 1 == 1, expected(word), "{word}");
        }
    }
}
