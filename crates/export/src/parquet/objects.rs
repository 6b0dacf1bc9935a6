//! Objects.

use super::Rows;
use super::paths::RootClasses;
use super::table_writer::TableWriter;
use super::types::{TypeNumber, Types};
use super::values::Cell;
use crate::ExportError;
use goheap_model::{Evidence, Meter, ObjectType, Slot, Standing};
use std::io::Write;

/// Objects that are counted at once.
const BLOCK: u64 = 4096;

/// Writes them, and tells which types they have.
pub(super) fn write<'r, W: Write + Send>(
    rows: &'r Rows<'r>,
    table: TableWriter<'r, W>,
    classes: &'r RootClasses,
    meter: &Meter<'_>,
) -> Result<Types, ExportError> {
    let heap = rows.graph.heap();
    let mut writer = ObjectWriter::new(rows, table, classes);
    for (slot, count) in heap.objects.allocated().zip(1_u64..) {
        writer.write(slot)?;
        if count % BLOCK == 0 {
            meter.add(BLOCK);
        }
    }
    writer.table.finish()?;
    Ok(writer.types)
}

struct ObjectWriter<'r, W: Write + Send> {
    rows: &'r Rows<'r>,
    table: TableWriter<'r, W>,
    types: Types,
    /// The texts of the types, by number.
    type_texts: Vec<Cell>,
    classes: &'r RootClasses,
    class_texts: Vec<Cell>,
    kinds: [Cell; KINDS.len()],
    evidence: [Cell; Evidence::ALL.len()],
    standings: [Cell; 3],
}

impl<'r, W: Write + Send> ObjectWriter<'r, W> {
    fn new(rows: &'r Rows<'r>, mut table: TableWriter<'r, W>, classes: &'r RootClasses) -> Self {
        let kinds = KINDS.map(|kind| table.text(kind));
        let evidence = Evidence::ALL.map(|evidence| table.text(evidence.name()));
        let standings = ["reachable", "not known", "unreachable"].map(|standing| table.text(standing));
        let class_texts = classes.names().map(|name| table.text_or_none(name)).collect();
        let (types, type_texts) = (Types::new(), Vec::new());
        ObjectWriter { rows, table, types, type_texts, classes, class_texts, kinds, evidence, standings }
    }

    fn write(&mut self, slot: Slot) -> Result<(), ExportError> {
        let (graph, dominance) = (self.rows.graph, self.rows.dominance);
        let (heap, node) = (graph.heap(), slot.id.0);
        let objects = &heap.objects;
        let (ty, elements) = self.types.of(heap, slot);
        let (object, standing_of) = (heap.object_types.of(slot.id), heap.standing(slot.id));
        self.types.count(ty, objects.size(slot), elements, standing_of == Standing::Reachable);
        let frame = (self.rows.frame_of)(slot.id);
        let class = frame.map_or(Cell::MISSING, |frame| self.class_texts[self.classes.place(frame)]);
        let dominated = dominance.tree.subtree(node).len() as u64;
        let retained = (dominated > 0).then(|| dominance.retained.of(node));
        let dominator = dominance.tree.idom(node);
        let above = dominator.and_then(|node| graph.slot_of(node));
        let row = [
            Cell::of(objects.address(slot)),
            Cell::small(ty.0),
            self.type_text(ty),
            Cell::count(elements),
            Cell::of(objects.size(slot)),
            self.kinds[kind(object)],
            self.evidence[object.evidence() as usize],
            self.standings[standing(standing_of)],
            class,
            frame.map_or(Cell::MISSING, |frame| Cell::of(frame.index() as u64)),
            above.map_or(Cell::MISSING, |slot| Cell::of(objects.address(slot))),
            Cell::of_option(dominator.filter(|_| above.is_none()).map(|node| u64::from(node - graph.root()))),
            Cell::of_option(retained),
            Cell::of_option((dominated > 0).then_some(dominated)),
            Cell::count(graph.edges().targets(node).len() as u64),
            Cell::small(slot.span),
        ];
        self.table.row(row)
    }

    /// Types are numbered in the order in which they are met.
    fn type_text(&mut self, ty: TypeNumber) -> Cell {
        while self.type_texts.len() < self.types.len() {
            let text = self.table.text(self.types.name(self.type_texts.len()));
            self.type_texts.push(text);
        }
        self.type_texts.get(ty.0 as usize).copied().unwrap_or(Cell::MISSING)
    }
}

fn standing(standing: Standing) -> usize {
    match standing {
        Standing::Reachable => 0,
        Standing::NotKnown => 1,
        Standing::Unreachable => 2,
    }
}

/// By [`Part`](goheap_model::Part), and last what is not known.
const KINDS: [&str; 15] = [
    "value",
    "elements",
    "map header",
    "map buckets",
    "map extra",
    "map directory",
    "map table",
    "map groups",
    "channel",
    "channel buffer",
    "closure",
    "string",
    "internals",
    "boxed value",
    "unknown",
];

fn kind(object: ObjectType) -> usize {
    let unknown = KINDS.len() - 1;
    if object.is_known() { (object.part() as usize).min(unknown) } else { unknown }
}
