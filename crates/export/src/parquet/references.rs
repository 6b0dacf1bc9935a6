//! References.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use foldhash::HashMap;
use goheap_model::{Fields, Meter, ObjectId, Slot, kind_of};
use std::io::Write;

/// Words up to so many bytes from the slot's start are remembered where they are; of long arrays the others are asked for each.
const REMEMBERED: u64 = 1024;
/// Objects that are counted at once.
const BLOCK: u64 = 4096;

pub(super) fn write<'r, W: Write + Send>(
    rows: &'r Rows<'r>,
    fields: &'r dyn Fields,
    table: TableWriter<'r, W>,
    meter: &Meter<'_>,
) -> Result<(), ExportError> {
    let graph = rows.graph;
    let (by_offset, by_place) = (HashMap::default(), HashMap::default());
    let mut writer = ReferenceWriter { rows, fields, table, words: Vec::new(), by_offset, by_place };
    for (root, _) in graph.references().roots().iter() {
        writer.of_root(root)?;
    }
    let heap = graph.heap();
    for (slot, count) in heap.objects.slots_of(heap.reached.iter_ones()).zip(1_u64..) {
        writer.of_object(slot)?;
        if count % BLOCK == 0 {
            meter.add(BLOCK);
        }
    }
    writer.table.finish()
}

/// A field and its type.
type Field = (Cell, Cell);

/// A kind of object and an offset.
type Place = (u32, u64);

struct ReferenceWriter<'r, W: Write + Send> {
    rows: &'r Rows<'r>,
    fields: &'r dyn Fields,
    table: TableWriter<'r, W>,
    /// Of the object at hand: where each word is, and what it leads to.
    words: Vec<(u64, ObjectId)>,
    /// By offset in the payload.
    by_offset: HashMap<Place, Field>,
    /// By offset in the period, from where on offsets mean the same again.
    by_place: HashMap<Place, Field>,
}

impl<W: Write + Send> ReferenceWriter<'_, W> {
    fn of_root(&mut self, root: u32) -> Result<(), ExportError> {
        let graph = self.rows.graph;
        let number = Cell::of(u64::from(root - graph.root()));
        for to in graph.edges().targets(root).iter().filter_map(|&to| graph.slot_of(to)) {
            let to = self.address(to);
            self.table.row([Cell::MISSING, number, to, Cell::MISSING, Cell::MISSING])?;
        }
        Ok(())
    }

    /// The graph tells which references there are, the words where they are: of some of the runtime's records the graph has fewer.
    fn of_object(&mut self, slot: Slot) -> Result<(), ExportError> {
        let graph = self.rows.graph;
        let targets = graph.edges().targets(slot.id.0);
        if targets.is_empty() {
            return Ok(());
        }
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        self.fields.for_each_reference(slot, &mut |offset, to| words.push((offset, to)));
        let (from, mut rest) = (self.address(slot), &words[..]);
        for &target in targets {
            let Some(to) = graph.slot_of(target) else { continue };
            let (field, field_type) = match rest.iter().position(|&(_, id)| id == to.id) {
                Some(at) => {
                    let offset = rest[at].0;
                    rest = &rest[at + 1..];
                    self.field(slot, offset)
                }
                None => (Cell::MISSING, Cell::MISSING),
            };
            let to = self.address(to);
            self.table.row([from, Cell::MISSING, to, field, field_type])?;
        }
        self.words = words;
        Ok(())
    }

    fn address(&self, slot: Slot) -> Cell {
        Cell::of(self.rows.graph.heap().objects.address(slot))
    }

    fn field(&mut self, from: Slot, offset: u64) -> Field {
        let heap = self.rows.graph.heap();
        let kind = kind_of(heap.object_types.of(from.id));
        let inner = offset.wrapping_sub(u64::from(heap.objects.span_of(from).header_bytes));
        if inner >= REMEMBERED {
            return self.field_in_period(from, offset, kind);
        }
        if let Some(&field) = self.by_offset.get(&(kind, inner)) {
            return field;
        }
        let field = self.field_in_period(from, offset, kind);
        self.by_offset.insert((kind, inner), field);
        field
    }

    fn field_in_period(&mut self, from: Slot, offset: u64, kind: u32) -> Field {
        let place = (kind, self.fields.offset_in_period(from, offset));
        if let Some(&field) = self.by_place.get(&place) {
            return field;
        }
        let found = self.fields.place(from, offset, false);
        let ty = found.field.map(|field| field.text(&self.rows.graph.heap().types));
        let field = (self.table.text(&found.path), self.table.text_or_none(ty.as_deref()));
        // Of what has no period each offset is a place of its own: it is not worth remembering where there are many.
        if place.1 < REMEMBERED {
            self.by_place.insert(place, field);
        }
        field
    }
}
