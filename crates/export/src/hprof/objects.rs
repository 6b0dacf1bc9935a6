//! The objects themselves.

use super::Contents;
use super::classes::{Class, Classes, Form};
use super::java::JavaType;
use super::layout::{Layout, WORD};
use super::names::Ids;
use super::records::{ArrayOf, Body, NO_TRACE, Records, Sub, zeros};
use crate::word_references::WordReferences;
use goheap_model::{Heap, ObjectId, Slot};
use std::io::{self, Write};

/// Bytes of the longest array: readers count elements with 31 bits, segments bytes with 32.
const MOST_BYTES: u64 = 1 << 30;
/// Contents that are read at a time.
const PIECE: u64 = 1 << 16;

/// Above addresses: what keeps arrays of references apart. Where one begins less than 16 bytes behind the last element of another,
/// readers (MAT, hprof-analyzer) take references for ones of four bytes, and slots of Go lie without a gap.
const APART_SHIFT: u32 = 48;
/// Slots of eight bytes are three from the next of the same number.
const APART: u32 = 4;

/// Writes objects.
pub(super) struct ObjectWriter<'w, 'h> {
    pub(super) heap: &'h Heap,
    pub(super) references: &'w WordReferences<'h>,
    pub(super) classes: &'w mut Classes<'h>,
    pub(super) contents: Option<&'w dyn Contents>,
    /// Slots of more bytes than one array takes.
    pub(super) split: u64,
}

/// One array: whose, from which byte of the payload on, and how many.
#[derive(Clone, Copy)]
struct Piece {
    slot: Slot,
    start: u64,
    bytes: u64,
}

impl ObjectWriter<'_, '_> {
    /// The id of an object: its address, for arrays of words with a number above.
    pub(super) fn id(&self, object: u32) -> u64 {
        let address = self.heap.objects.address(self.heap.objects.slot(ObjectId(object)));
        match self.classes.is_words(object) {
            true => address.wrapping_add(u64::from(object % APART) << APART_SHIFT),
            false => address,
        }
    }

    /// Writes one.
    pub(super) fn write(&mut self, slot: Slot, ids: &mut Ids, records: &mut Records<'_>) -> io::Result<()> {
        let class = self.classes.of_slot(slot, ids);
        let (class, bytes) = (self.classes.get(class), self.heap.objects.size(slot));
        match &class.form {
            Form::Instance(layout) => self.write_instance(slot, (class, layout), records),
            _ if bytes > MOST_BYTES => self.write_split(slot, class, records),
            _ => self.write_array(self.id(slot.id.0), Piece { slot, start: 0, bytes }, class, records),
        }
    }

    fn write_instance(
        &self,
        slot: Slot,
        (class, layout): (&Class, &Layout),
        records: &mut Records<'_>,
    ) -> io::Result<()> {
        let segment = records.heap()?;
        let bytes = class.bytes as u32;
        segment.sub(Sub::Instance).id(self.id(slot.id.0)).u4(NO_TRACE).id(class.id).u4(bytes);
        let first = segment.0.len();
        segment.0.resize(first + bytes as usize, 0);
        let data = &mut segment.0[first..];
        if let Some(contents) = self.contents {
            self.read_fields(contents, slot, layout, data);
        }
        let header = u64::from(self.heap.objects.span_of(slot).header_bytes);
        for (offset, to) in self.references.of(slot.id) {
            let at = usize::try_from(offset.wrapping_sub(header)).unwrap_or(usize::MAX);
            if let Some(field) = at.checked_add(8).and_then(|end| data.get_mut(at..end)) {
                field.copy_from_slice(&self.id(to).to_be_bytes());
            }
        }
        Ok(())
    }

    /// The fields that are numbers.
    fn read_fields(&self, contents: &dyn Contents, slot: Slot, layout: &Layout, data: &mut [u8]) {
        let (address, payload) = self.heap.objects.payload(slot);
        let mut read = vec![0; usize::try_from(payload).unwrap_or(0).min(data.len())];
        if !contents.read(address, &mut read) {
            return;
        }
        for leaf in layout.leaves.iter().filter(|leaf| leaf.ty != JavaType::Object) {
            let range = leaf.offset as usize..(leaf.offset + leaf.ty.bytes()) as usize;
            if let (Some(from), Some(to)) = (read.get(range.clone()), data.get_mut(range)) {
                to.copy_from_slice(from);
                to.reverse();
            }
        }
    }

    /// An object that is too large for one array: an array of arrays.
    fn write_split(&self, slot: Slot, class: &Class, records: &mut Records<'_>) -> io::Result<()> {
        let (id, bytes) = (self.id(slot.id.0), self.heap.objects.size(slot));
        let pieces = (0..bytes).step_by(MOST_BYTES as usize);
        let piece_id = |start: u64| {
            // Inside of the object, where nothing else is; never its own.
            let apart = u64::from(APART) + (start / MOST_BYTES) % u64::from(APART);
            self.heap.objects.address(slot).wrapping_add(start).wrapping_add(apart << APART_SHIFT)
        };
        let count = u32::try_from(bytes.div_ceil(MOST_BYTES)).unwrap_or(u32::MAX);
        let segment = records.heap()?;
        segment.array(id, count, ArrayOf::References(self.split));
        pieces.clone().for_each(|start| _ = segment.id(piece_id(start)));
        for start in pieces {
            let bytes = MOST_BYTES.min(bytes - start);
            self.write_array(piece_id(start), Piece { slot, start, bytes }, class, records)?;
        }
        Ok(())
    }

    fn write_array(&self, id: u64, piece: Piece, class: &Class, records: &mut Records<'_>) -> io::Result<()> {
        let mut head = Body::default();
        match class.form {
            Form::Numbers(ty) => {
                // A slot is of whole words.
                let elements = piece.bytes / ty.bytes();
                head.array(id, elements as u32, ArrayOf::Numbers(ty));
                let bytes = elements * ty.bytes();
                records.long(&head, bytes, |out| self.write_numbers(Piece { bytes, ..piece }, ty, out))
            }
            _ => {
                let elements = piece.bytes / WORD;
                head.array(id, elements as u32, ArrayOf::References(class.id));
                records.long(&head, elements * WORD, |out| {
                    self.write_words(Piece { bytes: elements * WORD, ..piece }, out)
                })
            }
        }
    }

    fn write_words(&self, piece: Piece, out: &mut dyn Write) -> io::Result<()> {
        let header = u64::from(self.heap.objects.span_of(piece.slot).header_bytes);
        let (mut at, end) = (piece.start, piece.start + piece.bytes);
        for (offset, to) in self.references.of(piece.slot.id) {
            let offset = offset.wrapping_sub(header);
            if offset < at || offset.checked_add(WORD).is_none_or(|word_end| word_end > end) {
                continue;
            }
            zeros(out, offset - at)?;
            out.write_all(&self.id(to).to_be_bytes())?;
            at = offset + WORD;
        }
        zeros(out, end - at)
    }

    fn write_numbers(&self, piece: Piece, ty: JavaType, out: &mut dyn Write) -> io::Result<()> {
        let Some(contents) = self.contents else { return zeros(out, piece.bytes) };
        let (address, payload) = self.heap.objects.payload(piece.slot);
        let mut read = vec![0; PIECE as usize];
        for start in (piece.start..piece.start + piece.bytes).step_by(PIECE as usize) {
            let some = &mut read[..PIECE.min(piece.start + piece.bytes - start) as usize];
            some.fill(0);
            let there = some.len().min(usize::try_from(payload.saturating_sub(start)).unwrap_or(usize::MAX));
            if !contents.read(address.wrapping_add(start), &mut some[..there]) {
                some.fill(0);
            }
            some.chunks_exact_mut(ty.bytes() as usize).for_each(<[u8]>::reverse);
            out.write_all(some)?;
        }
        Ok(())
    }
}
