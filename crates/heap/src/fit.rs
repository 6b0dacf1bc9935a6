//! Whether a type can be what lies in a slot: the collector's pointer bits and the size classes judge.

use crate::object_type::Part;
use goheap_runtime::{GcMask, PointerMasks, PointerWords, Span, TypeId, TypeTable};
use rustc_hash::FxHashMap;

/// Upper bounds of the size classes (internal/runtime/gc/sizeclasses.go; runtime/sizeclasses.go up to 1.24), unchanged in Go
/// 1.17 to 1.27: an allocation lies in the smallest that holds it.
#[rustfmt::skip]
const SIZE_CLASSES: [u64; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
    480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
    4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072,
    20480, 21760, 24576, 27264, 28672, 32768,
];
/// Slots of more words than this are not compared bit by bit with a type derived from a pointer alone.
const MAX_COMPARED_BYTES: u64 = 1 << 20;

/// Judges, and remembers the masks of the types that it judged.
#[derive(Debug, Default)]
pub(crate) struct Fit {
    masks: FxHashMap<TypeId, Option<GcMask>>,
    found: Vec<u64>,
    expected: Vec<u64>,
}

/// The slot that is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a, 'p> {
    pub(crate) masks: &'a PointerMasks<'p>,
    pub(crate) span: &'a Span<'p>,
    pub(crate) slot: u32,
    /// Bytes before the payload.
    pub(crate) payload: u64,
}

impl Candidate<'_, '_> {
    fn room(&self) -> u64 {
        self.span.elem_size - self.payload
    }
}

impl Fit {
    /// True if `part` of `ty`, which is no container's inside, can lie in the slot.
    pub(crate) fn fits(&mut self, types: &TypeTable, at: Candidate<'_, '_>, part: Part, ty: TypeId) -> bool {
        let size = types.get(ty).size;
        match part {
            Part::StringData => at.span.is_noscan(),
            Part::Value | Part::Elements => {
                let is_class = part == Part::Elements || is_smallest_class(size.saturating_add(at.payload), at.span);
                size > 0 && size <= at.room() && is_class && self.mask_fits(types, at, part, ty)
            }
            _ => false,
        }
    }

    fn mask_fits(&mut self, types: &TypeTable, at: Candidate<'_, '_>, part: Part, ty: TypeId) -> bool {
        let mask = self.masks.entry(ty).or_insert_with(|| types.structural_mask(ty));
        let Some(mask) = mask else { return false };
        if at.span.is_noscan() || mask.pointers.len == 0 {
            return at.span.is_noscan() && mask.pointers.len == 0;
        }
        if at.span.elem_size > MAX_COMPARED_BYTES {
            return true;
        }
        self.found.clear();
        at.masks.for_each_offset(at.span, at.slot, |offset| self.found.push(offset - at.payload));
        self.expected.clear();
        let room = if part == Part::Value { mask.size } else { at.room() };
        mask.for_each_offset(room, |offset| self.expected.push(offset));
        if part == Part::Value && self.found.len() != self.expected.len() {
            // What header types tile beyond the one value is slack.
            return at.payload > 0 && self.found.starts_with(&self.expected);
        }
        // Of a row, as many whole elements as were asked for have bits.
        let per_element = mask.pointers.ones().count();
        self.found.len().is_multiple_of(per_element) && self.expected.starts_with(&self.found) && !self.found.is_empty()
    }
}

/// True if an allocation of `size` bytes lies in slots of the span's size.
fn is_smallest_class(size: u64, span: &Span<'_>) -> bool {
    if span.is_large() {
        return size.div_ceil(goheap_runtime::PAGE_BYTES) == span.npages || span.is_user_arena_chunk;
    }
    let below = SIZE_CLASSES.partition_point(|&class| class < span.elem_size);
    let smaller = below.checked_sub(1).map_or(0, |class| SIZE_CLASSES[class]);
    size > smaller
}
