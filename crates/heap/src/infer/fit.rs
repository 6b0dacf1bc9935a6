//! Whether a type can be what lies in a slot: the collector's pointer bits and the size classes judge.

use crate::meaning::compiled::SMALL_WORDS;
use crate::meaning::resolve::Resolver;
use crate::scan::span_scan::SpanScan;
use goheap_model::{GcMask, Part, RedZones, TypeId};
use goheap_runtime::{PAGE_BYTES, PointerMasks, Span};
use std::ops::ControlFlow;

/// Upper bounds of the size classes (internal/runtime/gc/sizeclasses.go; runtime/sizeclasses.go up to 1.24), unchanged in Go
/// 1.17 to 1.27: an allocation lies in the smallest that holds it.
#[rustfmt::skip]
pub(super) const SIZE_CLASSES: [u64; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
    480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
    4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072,
    20480, 21760, 24576, 27264, 28672, 32768,
];
/// Slots of more bytes than this are not compared bit by bit with a type derived from a pointer alone.
const MAX_COMPARED_BYTES: u64 = 1 << 20;

/// The slot that is asked about.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, 'p> {
    pub(super) masks: &'a PointerMasks<'p>,
    pub(super) span: &'a Span<'p>,
    pub(super) scan: &'a SpanScan<'p>,
    pub(super) slot: u32,
    /// Bytes before the payload.
    pub(super) payload: u64,
    pub(super) red_zones: RedZones,
}

impl Place<'_, '_> {
    /// Bytes that an allocation may use.
    pub(super) fn room(&self) -> u64 {
        self.span.elem_size - self.payload
    }

    /// The slot's pointer bits where it has at most 64 words.
    pub(super) fn small_bits(&self) -> Option<u64> {
        if self.span.elem_size > SMALL_WORDS * 8 || self.payload > 0 {
            return None;
        }
        Some(self.bits_in_scan().unwrap_or_else(|| self.masks.small_bits(self.span, self.slot)))
    }

    /// Calls `visit` with the offset from the slot's first byte of every pointer word.
    pub(super) fn for_each_offset(&self, mut visit: impl FnMut(u64)) {
        _ = self.try_for_each_offset(|offset| {
            visit(offset);
            ControlFlow::Continue(())
        });
    }

    /// The same until `visit` breaks off.
    pub(super) fn try_for_each_offset(&self, mut visit: impl FnMut(u64) -> ControlFlow<()>) -> ControlFlow<()> {
        let Some(mut bits) = self.bits_in_scan() else {
            return self.masks.try_for_each_offset(self.span, self.slot, visit);
        };
        while bits != 0 {
            visit(u64::from(bits.trailing_zeros()) * 8)?;
            bits &= bits - 1;
        }
        ControlFlow::Continue(())
    }

    fn bits_in_scan(&self) -> Option<u64> {
        let start = u64::from(self.slot) * self.span.elem_size;
        self.scan.has_bits().then(|| self.scan.pointer_bits(start))
    }

    /// True if an allocation of `size` bytes lies in slots of this size.
    pub(super) fn is_smallest_for(&self, size: u64) -> bool {
        let (span, size) = (self.span, self.red_zones.padded(size).saturating_add(self.payload));
        if span.is_large() {
            // A chunk of a user arena holds values of any types.
            return size.div_ceil(PAGE_BYTES) == span.npages && !span.is_user_arena_chunk;
        }
        size <= span.elem_size && size > class_below(span.elem_size)
    }
}

/// The next smaller size class, or 0.
fn class_below(class: u64) -> u64 {
    let below = SIZE_CLASSES.partition_point(|&other| other < class);
    below.checked_sub(1).map_or(0, |index| SIZE_CLASSES[index])
}

/// The size class of an allocation of `size` bytes without a header; None for large ones.
pub(crate) fn size_class(size: u64, red_zones: RedZones) -> Option<u64> {
    let size = red_zones.padded(size);
    SIZE_CLASSES.get(SIZE_CLASSES.partition_point(|&class| class < size)).copied()
}

/// True if `part` of `ty`, which is no container's inside, can lie in the slot.
pub(super) fn fits(resolver: &Resolver<'_>, at: Place<'_, '_>, part: Part, ty: TypeId) -> bool {
    let size = resolver.types.get(ty).size;
    match part {
        Part::StringData => at.span.is_noscan(),
        Part::Closure if resolver.is_opaque(ty) => true,
        Part::Value => size > 0 && at.is_smallest_for(size) && mask_fits(resolver, at, false, ty),
        // The dictionary of a generic function stands behind the captures that DWARF tells.
        Part::Closure => {
            let bits = resolver.small_mask(ty).zip(at.small_bits());
            size <= at.room() && bits.is_some_and(|(captured, found)| captured & found == captured)
        }
        Part::Elements => size > 0 && size <= at.room() && mask_fits(resolver, at, true, ty),
        _ => false,
    }
}

fn mask_fits(resolver: &Resolver<'_>, at: Place<'_, '_>, is_row: bool, ty: TypeId) -> bool {
    if let Some(expected) = resolver.small_mask(ty) {
        if at.span.is_noscan() || expected == 0 {
            return at.span.is_noscan() && expected == 0;
        }
        if let Some(found) = at.small_bits() {
            let (size, zones) = (resolver.types.get(ty).size, at.red_zones);
            let row = Row { bits: expected, size, room: at.room() };
            let fits = if is_row { row.is_seen(found, zones) } else { found == zones.bits(expected, size, size) };
            // Pointer bits that are absent contradict nothing.
            return fits || !at.masks.is_known(at.span, at.slot);
        }
    }
    let Some(mask) = resolver.mask(ty) else { return false };
    if at.span.is_noscan() || mask.pointers.len == 0 {
        return at.span.is_noscan() && mask.pointers.len == 0;
    }
    at.span.elem_size > MAX_COMPARED_BYTES || wide_mask_fits(mask, at, is_row) || !at.masks.is_known(at.span, at.slot)
}

/// Values in a row, of which a slot holds any number.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// The pointer bits of one.
    pub(super) bits: u64,
    /// Bytes of one.
    pub(super) size: u64,
    /// Bytes that there are for all.
    pub(super) room: u64,
}

impl Row {
    /// True if `found` are the pointer bits of so many whole values.
    pub(super) fn is_seen(self, found: u64, zones: RedZones) -> bool {
        if !zones.is_on() {
            return self.is_whole(found);
        }
        let most = self.room.checked_div(self.size).unwrap_or(0).min(SMALL_WORDS);
        let fits = |bytes: &u64| zones.padded(*bytes) <= self.room;
        (1..=most)
            .map(|values| values * self.size)
            .take_while(fits)
            .any(|bytes| zones.bits(self.bits, self.size, bytes) == found)
    }

    fn is_whole(self, found: u64) -> bool {
        let (ones, per_value) = (found.count_ones(), self.bits.count_ones());
        if ones == 0 || !ones.is_multiple_of(per_value) || !self.size.is_multiple_of(8) {
            return false;
        }
        let values = u64::from(ones / per_value);
        if self.size.checked_mul(values).is_none_or(|bytes| bytes > self.room) {
            return false;
        }
        let row = (0..values).fold(0, |row, index| row | self.bits.wrapping_shl((index * self.size / 8) as u32));
        row == found
    }
}

/// The same for slots and types of more than 64 words.
fn wide_mask_fits(mask: &GcMask, at: Place<'_, '_>, is_row: bool) -> bool {
    let mut expected = Expected::new(mask, if is_row { at.room() } else { mask.size });
    let (mut found, mut is_beyond) = (0_usize, false);
    let flow = at.try_for_each_offset(|offset| {
        found += 1;
        match expected.next() {
            Some(expected) if expected == offset - at.payload => ControlFlow::Continue(()),
            Some(_) => ControlFlow::Break(()),
            None => {
                is_beyond = true;
                ControlFlow::Break(())
            }
        }
    });
    if is_beyond {
        // What the types of headers and large spans tile beyond the one value is slack.
        return !is_row && (at.payload > 0 || at.span.is_large());
    }
    // Of a row, as many whole elements as were asked for have bits.
    let mut is_whole = || found.is_multiple_of(mask.pointers.count()) && (is_row || expected.next().is_none());
    flow.is_continue() && found > 0 && is_whole()
}

/// The pointers of a type's values in a row. Of small values they are told by their bits, since rows of them are long.
enum Expected<I> {
    Small { bits: u64, size: u64, room: u64, start: u64, left: u64 },
    Any(I),
}

impl Expected<()> {
    fn new(mask: &GcMask, room: u64) -> Expected<impl Iterator<Item = u64> + '_> {
        let is_small = mask.size > 0 && mask.size <= SMALL_WORDS * 8 && mask.pointers.len <= SMALL_WORDS as usize;
        let bits = mask.pointers.ones().take_while(|_| is_small).fold(0, |bits, word| bits | 1_u64 << word);
        if bits == 0 {
            return Expected::Any(mask.offsets_in(0..room));
        }
        Expected::Small { bits, size: mask.size, room, start: 0, left: bits }
    }
}

impl<I: Iterator<Item = u64>> Iterator for Expected<I> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        match self {
            Expected::Any(offsets) => offsets.next(),
            Expected::Small { bits, size, room, start, left } => {
                if *left == 0 {
                    (*start, *left) = (*start + *size, *bits);
                }
                let offset = *start + u64::from(left.trailing_zeros()) * 8;
                *left &= *left - 1;
                (offset + 8 <= *room).then_some(offset)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::BitVector;

    #[test]
    fn rows_are_whole_values() {
        // struct{ p *T; n int; q *T }: words 0 and 2 of 3.
        let value = 0b101;
        assert!(Row { bits: value, size: 24, room: 48 }.is_whole(0b101_101));
        assert!(Row { bits: value, size: 24, room: 48 }.is_whole(0b101), "fewer than there is room for");
        assert!(!Row { bits: value, size: 24, room: 48 }.is_whole(0b001_101), "half a value");
        assert!(!Row { bits: value, size: 24, room: 48 }.is_whole(0b101_101_101), "more than there is room for");
        assert!(!Row { bits: value, size: 24, room: 48 }.is_whole(0));
    }

    #[test]
    fn sizes_go_to_their_class() {
        assert_eq!(
            [1, 8, 9, 33, 512, 513, 32768, 32769].map(|size| size_class(size, RedZones::default()).unwrap_or_default()),
            [8, 8, 16, 48, 512, 576, 32768, 0]
        );
        assert_eq!([8, 16, 48].map(class_below), [0, 8, 32]);
    }

    #[test]
    fn rows_of_small_values_are_told_by_their_bits() {
        let vector = |words: &[usize], len| {
            let mut bits = BitVector::zeroed(len);
            words.iter().for_each(|&word| bits.set(word));
            bits
        };
        for (size, words) in [(8, &[0][..]), (24, &[0, 2]), (512, &[0, 63]), (12, &[1]), (520, &[64]), (16, &[])] {
            let mask = GcMask { size, pointers: vector(words, words.last().map_or(0, |last| last + 1)) };
            for room in [0, 7, 8, 24, 64, 1000, 1040] {
                assert!(Expected::new(&mask, room).eq(mask.offsets_in(0..room)), "{size} {words:?} {room}");
            }
        }
    }
}
