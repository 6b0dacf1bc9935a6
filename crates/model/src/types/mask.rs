//! Which words of a value are pointers, from a descriptor's mask or from the type's structure.

use super::{Kind, TypeId, TypeTable};
use crate::bits::BitVector;
use std::ops::Range;

/// Masks of more words than this are not built from structure: a hostile array length must not ask for memory.
const MAX_MASK_WORDS: u64 = 1 << 27;
/// Types do not nest deeper by value.
const MAX_DEPTH: u32 = 64;
/// Parts of a type that are looked at, and words of elements that are laid out: so many beside so many a word of it. Forged types double at
/// each level, and real ones have an array of one in another a few times at most.
const MIN_STEPS: u64 = 1 << 16;
const STEPS_A_WORD: u64 = 6;

/// The collector's mask of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcMask {
    /// Bytes of one value: the distance at which the mask repeats over an array.
    pub size: u64,
    /// One bit a word, up to the last pointer (`PtrBytes`).
    pub pointers: BitVector,
}

/// Ways to walk a mask over memory that holds a row of values.
pub trait PointerWords {
    /// Calls `visit` with the byte offset of each pointer word of `payload` bytes of values in a row; a last value that is
    /// cut counts as far as it goes.
    fn for_each_offset(&self, payload: u64, visit: impl FnMut(u64)) {
        self.for_each_offset_in(0..payload, visit);
    }

    /// The same for the pointer words that begin at `offsets` of such a payload.
    fn for_each_offset_in(&self, offsets: Range<u64>, visit: impl FnMut(u64));
}

impl PointerWords for GcMask {
    fn for_each_offset_in(&self, offsets: Range<u64>, visit: impl FnMut(u64)) {
        self.offsets_in(offsets).for_each(visit);
    }
}

impl GcMask {
    /// The offsets that [`PointerWords::for_each_offset_in`] visits, for who may stop before the end.
    pub fn offsets_in(&self, offsets: Range<u64>) -> impl Iterator<Item = u64> + '_ {
        let size = self.size.max(1);
        let end = if self.size == 0 { 0 } else { offsets.end };
        let first = offsets.start / size * size;
        // Of the first value, what lies before the range is not walked: a value may be much larger than the range.
        let skipped = usize::try_from((offsets.start - first).div_ceil(8)).unwrap_or(usize::MAX);
        let values = (first..end).step_by(usize::try_from(size).unwrap_or(usize::MAX));
        let of_value = move |start: u64| {
            let skipped = if start == first { skipped } else { 0 };
            self.pointers.ones_from(skipped).map(move |word| start + word as u64 * 8)
        };
        values.flat_map(of_value).take_while(move |&offset| offset + 8 <= end)
    }

    /// How many pointer words of a row of values begin in `offsets`.
    pub fn count_in(&self, offsets: Range<u64>) -> u64 {
        let walk = |offsets: Range<u64>| {
            let mut count = 0;
            self.for_each_offset_in(offsets, |_| count += 1);
            count
        };
        let first = offsets.start.checked_next_multiple_of(self.size.max(1)).unwrap_or(u64::MAX);
        let whole = offsets.end.saturating_sub(first) / self.size.max(1);
        if whole == 0 {
            return walk(offsets);
        }
        let last = first + whole * self.size;
        walk(offsets.start..first) + whole * self.pointers.count() as u64 + walk(last..offsets.end)
    }
}

impl TypeTable {
    /// The pointer mask of the type by its structure; None where the type is opaque or larger than any real one.
    pub fn structural_mask(&self, id: TypeId) -> Option<GcMask> {
        let size = self.get(id).size;
        let words = size.div_ceil(8);
        if words > MAX_MASK_WORDS {
            return None;
        }
        let mut pointers = BitVector::zeroed(usize::try_from(words).ok()?);
        let mut steps = words.saturating_mul(STEPS_A_WORD).saturating_add(MIN_STEPS);
        self.mark_pointers(id, 0, MAX_DEPTH, &mut pointers, &mut steps).then_some(())?;
        pointers.len = pointers.ones().last().map_or(0, |last| last + 1);
        pointers.bytes.truncate(pointers.len.div_ceil(8));
        Some(GcMask { size, pointers })
    }

    /// Sets the bits of the pointer words of a value at byte `base`; false where a part is opaque, or `steps` do not do.
    fn mark_pointers(&self, id: TypeId, base: u64, depth: u32, bits: &mut BitVector, steps: &mut u64) -> bool {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), steps.checked_sub(1)) else { return false };
        *steps = left;
        let mut set = |offset: u64| bits.set(usize::try_from(base.saturating_add(offset) / 8).unwrap_or(usize::MAX));
        match &self.get(id).kind {
            Kind::Scalar => true,
            Kind::Opaque => false,
            // The first word is an itab or a type, which the collector takes for no pointer (typebits.go).
            Kind::Interface(_) => {
                set(8);
                true
            }
            Kind::Array(elem, len) => {
                let stride = self.get(*elem).size;
                if stride == 0 || *len == 0 {
                    return true;
                }
                let of_element = stride.div_ceil(8);
                let Some(left) = steps.checked_sub(of_element).filter(|_| of_element <= MAX_MASK_WORDS) else {
                    return false;
                };
                *steps = left;
                let mut first = BitVector::zeroed(usize::try_from(of_element).unwrap_or(0));
                if !self.mark_pointers(*elem, 0, depth, &mut first, steps) {
                    return false;
                }
                let words: Vec<u64> = first.ones().map(|word| word as u64 * 8).collect();
                let end = bits.len as u64 * 8;
                let there = (*len).min(end.saturating_sub(base).div_ceil(stride));
                let Some(left) = steps.checked_sub(there.saturating_mul(words.len() as u64)) else { return false };
                *steps = left;
                if !words.is_empty() {
                    for start in (0..*len)
                        .map(|index| base.saturating_add(index.saturating_mul(stride)))
                        .take_while(|&start| start < end)
                    {
                        words.iter().for_each(|word| {
                            bits.set(usize::try_from(start.saturating_add(*word) / 8).unwrap_or(usize::MAX))
                        });
                    }
                }
                true
            }
            Kind::Struct(fields) => fields.iter().all(|field| match base.checked_add(field.offset) {
                Some(at) => self.mark_pointers(field.ty, at, depth, bits, steps),
                None => false,
            }),
            _ => {
                set(0);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Field, GoType};
    use super::*;

    fn add(table: &mut TypeTable, name: &str, size: u64, kind: Kind) -> TypeId {
        table.add(GoType { name: name.into(), size, kind, descriptor: None })
    }

    #[test]
    fn types_that_double_at_each_level_have_no_mask() {
        let mut table = TypeTable::default();
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let mut ty = add(&mut table, "*int", 8, Kind::UnsafePointer);
        let mut flat = ty;
        for level in 0..50 {
            let both = Kind::Struct(Box::new([field("a", 0, ty), field("b", 0, ty)]));
            ty = add(&mut table, &format!("doubled{level}"), 8, both);
            flat = add(&mut table, &format!("row{level}"), 8, Kind::Array(flat, u64::MAX));
        }
        assert_eq!(table.structural_mask(ty), None);
        assert!(table.structural_mask(flat).is_some(), "rows are not visited one by one");
        let narrow = add(&mut table, "narrow", 1, Kind::UnsafePointer);
        let dense = add(&mut table, "dense", 1 << 20, Kind::Array(narrow, u64::MAX));
        assert_eq!(table.structural_mask(dense), None);
    }

    #[test]
    fn structs_and_arrays_tile() {
        let mut table = TypeTable::default();
        let int = add(&mut table, "int", 8, Kind::Scalar);
        let string = add(&mut table, "string", 16, Kind::String);
        let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
        let pair = Kind::Struct(Box::new([field("n", 0, int), field("s", 8, string)]));
        let pair = add(&mut table, "pair", 24, pair);
        let array = add(&mut table, "[3]pair", 72, Kind::Array(pair, 3));
        let mask = table.structural_mask(array).unwrap();
        assert_eq!(mask.pointers.ones().collect::<Vec<_>>(), [1, 4, 7]);
        let mut seen = Vec::new();
        GcMask { size: 24, pointers: table.structural_mask(pair).unwrap().pointers }
            .for_each_offset(40, |offset| seen.push(offset));
        assert_eq!(seen, [8, 32], "the second value is cut");
        let mask = GcMask { size: 24, pointers: table.structural_mask(pair).unwrap().pointers };
        let mut whole = Vec::new();
        mask.for_each_offset(480, |offset| whole.push(offset));
        for piece in (8..160).step_by(8) {
            let mut pieces = Vec::new();
            for start in (0..480).step_by(piece) {
                let end = (start + piece as u64).min(480);
                mask.for_each_offset_in(start..end, |offset| pieces.push(offset));
            }
            assert_eq!(pieces, whole, "in pieces of {piece}");
            for start in (0..480).step_by(8) {
                let range = start..(start + piece as u64).min(480);
                let inside = whole.iter().filter(|offset| range.contains(offset)).count() as u64;
                assert_eq!(mask.count_in(range.clone()), inside, "{range:?}");
            }
        }
    }

    #[test]
    fn a_hostile_array_asks_for_nothing() {
        let mut table = TypeTable::default();
        let pointer = add(&mut table, "unsafe.Pointer", 8, Kind::UnsafePointer);
        let huge = add(&mut table, "huge", u64::MAX, Kind::Array(pointer, u64::MAX / 8));
        assert_eq!(table.structural_mask(huge), None);
    }
}
