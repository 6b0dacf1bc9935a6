//! Objects: their pointers stay, and what their types say is structure.

use super::Redaction;
use super::piece::Piece;
use goheap_model::{Evidence, ObjectId, Slot};
use goheap_runtime::Span;
use std::ops::Range;

impl<'p> Redaction<'_, '_, 'p> {
    /// The part `range` of the span of that number.
    pub(super) fn span(&self, piece: &mut Piece<'_>, range: Range<u64>, index: u32) {
        let Some(span) = self.model.heap.spans.get(index as usize) else { return piece.fill(range) };
        let slots_end = span.slot_address(span.nelems);
        let tail = range.start.max(slots_end)..range.end;
        if tail.start < tail.end {
            piece.fill(tail.clone());
            if let Some(bitmap) = span.in_span_bitmap() {
                piece.restore(bitmap.0.max(tail.start)..tail.end);
            }
            if span.has_inline_marks {
                piece.restore(span.end().saturating_sub(MARK_BYTES).max(tail.start)..tail.end);
            }
        }
        let body = range.start..range.end.min(slots_end);
        if body.start >= body.end {
            return;
        }
        let first = (body.start - span.base) / span.elem_size;
        let last = (body.end - 1 - span.base) / span.elem_size;
        for slot in first..=last {
            let start = span.slot_address(slot as u32);
            let part = start.max(body.start)..start.saturating_add(span.elem_size).min(body.end);
            if span.allocated.get(slot as usize) {
                let id = ObjectId(self.objects.first_of(index) + slot as u32);
                self.object(piece, part, span, Slot { id, span: index, slot: slot as u32 });
            } else {
                piece.fill(part);
            }
        }
    }

    /// The part of the object in the slot.
    fn object(&self, piece: &mut Piece<'_>, part: Range<u64>, span: &Span<'p>, slot: Slot) {
        let object_type = self.types.of(slot.id);
        // A container's parts are told by their contents, a map's random seed among them.
        let is_guess = object_type.evidence() < Evidence::Derived && !object_type.part().is_inside();
        let keeps = self.keeps.get(&object_type.to_bits()).unwrap_or(&self.nothing);
        let (start, (payload, _)) = (span.slot_address(slot.slot), self.objects.payload(slot));
        if span.is_noscan() {
            piece.fill(part.clone());
            self.restore_entries(piece, &part, span, start);
        } else if keeps.is_whole {
            piece.clear(part.clone());
        } else {
            self.untyped_object(piece, &part, span, slot);
        }
        if !span.is_noscan() {
            if payload > start {
                piece.restore(start..payload);
            }
            self.each_pointer(span, slot, start, &part, |at| piece.restore(at..at + 8));
        }
        let wanted = part.start.saturating_sub(payload)..part.end.saturating_sub(payload);
        keeps.each(wanted, |range| {
            let range = payload + range.start..payload.saturating_add(range.end);
            match is_guess {
                true => self.restore_structure(piece, range),
                false => piece.restore(range),
            }
        });
    }

    /// A guess may take a secret for a length: of a type that is one, no word stays that is neither a length nor an address.
    fn restore_structure(&self, piece: &mut Piece<'_>, range: Range<u64>) {
        let is_structure = |word: u64| word <= LONGEST_OF_GUESS || self.places.is_mapped(word);
        for at in (range.start / 8 * 8..range.end).step_by(8) {
            let kept = at.max(range.start)..(at + 8).min(range.end);
            // Less than a word is a flag or a small count, as `hmap.B` beside its seed.
            if kept.end - kept.start < 8 || piece.word(at).is_none_or(is_structure) {
                piece.restore(kept);
            }
        }
    }

    /// Calls `visit` with the addresses of the pointer words of `part`.
    fn each_pointer(&self, span: &Span<'p>, slot: Slot, start: u64, part: &Range<u64>, mut visit: impl FnMut(u64)) {
        let masks = &self.model.masks;
        let mut noted = |offset: u64| {
            let at = start + offset;
            if part.contains(&at) {
                visit(at);
            }
        };
        if span.is_large() && masks.can_walk_pieces() {
            let offsets = (part.start - start) / 8 * 8..(part.end - start).next_multiple_of(8);
            masks.for_each_offset_in(span, offsets, noted);
        } else {
            masks.for_each_offset(span, slot.slot, &mut noted);
        }
    }

    fn untyped_object(&self, piece: &mut Piece<'_>, part: &Range<u64>, span: &Span<'p>, slot: Slot) {
        let start = span.slot_address(slot.slot);
        // What stands before the part matters too: a length behind a pointer.
        let around = part.start.saturating_sub(16).max(start)..part.end.saturating_add(8).min(start + span.elem_size);
        let mut pointers = Vec::new();
        self.each_pointer(span, slot, start, &around, |at| pointers.push(at));
        let is_pointer = |at: u64, _: u64| pointers.binary_search(&at).is_ok();
        self.untyped(piece, part.clone(), &is_pointer);
        if part.start == start && piece.word(start).is_some_and(|word| self.places.is_entry(word)) {
            piece.restore(start..start + 8);
        }
    }

    /// A closure without pointers begins with the address of its code; in a block of the tiny allocator there may be several.
    fn restore_entries(&self, piece: &mut Piece<'_>, part: &Range<u64>, span: &Span<'_>, start: u64) {
        let words = if span.is_tiny_class() { start..start + span.elem_size } else { start..start + 8 };
        for at in piece.words(&(words.start.max(part.start)..words.end.min(part.end))) {
            if piece.word(at).is_some_and(|word| self.places.is_entry(word)) {
                piece.restore(at..at + 8);
            }
        }
    }
}

/// Bytes of `spanInlineMarkBits`, at the ends of spans since 1.26.
const MARK_BYTES: u64 = 128;

/// The longest that a guess may say something is.
const LONGEST_OF_GUESS: u64 = u32::MAX as u64;
