//! The pointer words of all objects that lead into one, found by all threads and told in order.

use crate::scan::pieces::{is_in_pieces, pieces};
use crate::snapshot::HeapSnapshot;
use goheap_model::Slot;
use goheap_runtime::Span;
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of the heap that are read before what was found in them is told.
const GROUP: u64 = 8 << 20;

/// A word that leads into the object that is asked for.
pub(super) struct Pointing {
    /// The object that has it, and where it lies there.
    pub(super) slot: Slot,
    pub(super) offset: u64,
    pub(super) value: u64,
}

/// What one thread reads at a time.
enum Part {
    /// The objects of a span, by its number.
    Span(u32),
    /// A piece of a large object.
    Piece(Slot, Range<u64>),
}

impl HeapSnapshot<'_, '_> {
    /// Shows `see` every pointer word of every allocated object whose value is in `range`, in order of address.
    ///
    /// # Overhead
    /// 32 bytes for each such word in 8 MiB of the heap, and as much for each span and piece of these.
    pub(super) fn for_each_pointing(&self, range: &Range<u64>, mut see: impl FnMut(Pointing)) {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        let mut read = |parts: &mut Vec<Part>| {
            let found = parts.par_iter().map(|part| self.pointing_of(part, range));
            found.collect::<Vec<_>>().into_iter().flatten().for_each(&mut see);
            parts.clear();
        };
        for (part, size) in self.model.heap.spans.iter().zip(0..).flat_map(|(span, index)| self.parts_of(span, index)) {
            parts.push(part);
            bytes += size;
            if bytes >= GROUP {
                read(&mut parts);
                bytes = 0;
            }
        }
        read(&mut parts);
    }

    /// A span in parts, with the bytes of each; none where its objects have no pointers.
    fn parts_of(&self, span: &Span<'_>, index: u32) -> impl Iterator<Item = (Part, u64)> {
        let masks = &self.model.masks;
        let slot = self.objects.slot_in(self.objects.first_of(index), index);
        // Where the mask is absent in part, nothing but the whole object tells that.
        let in_pieces = is_in_pieces(masks, span) && masks.is_known(span, 0);
        let size = if in_pieces && self.objects.is_allocated(slot) { span.elem_size } else { 0 };
        let whole = (!in_pieces && !span.is_noscan()).then(|| (Part::Span(index), span.byte_len()));
        let of_piece = move |offsets: Range<u64>| {
            let bytes = offsets.end - offsets.start;
            (Part::Piece(slot, offsets), bytes)
        };
        whole.into_iter().chain(pieces(size).map(of_piece))
    }

    fn pointing_of(&self, part: &Part, range: &Range<u64>) -> Vec<Pointing> {
        let (objects, masks) = (&self.objects, &self.model.masks);
        let mut found = Vec::new();
        let mut look = |slot: Slot, span: &Span<'_>, offset: u64| {
            let value = masks.word(span, objects.address(slot) + offset).filter(|value| range.contains(value));
            found.extend(value.map(|value| Pointing { slot, offset, value }));
        };
        match part {
            Part::Span(index) => {
                for slot in objects.allocated_of(*index) {
                    let span = objects.span(slot);
                    masks.for_each_offset(span, slot.slot, |offset| look(slot, span, offset));
                }
            }
            Part::Piece(slot, offsets) => {
                let span = objects.span(*slot);
                masks.for_each_nonzero_offset_in(span, offsets.clone(), |offset| look(*slot, span, offset));
            }
        }
        found
    }
}
