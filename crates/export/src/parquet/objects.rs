//! Objects.

use super::Rows;
use super::paths::RootClasses;
use super::table_writer::TableWriter;
use super::types::{TypeNumber, Types};
use super::values::Cell;
use crate::ExportError;
use goheap_model::{Dominance, Evidence, Graph, Meter, ObjectType, Slot, Standing};
use std::io::Write;

/// Objects that are counted at once.
const BLOCK: usize = 1024;

/// Writes them, and tells which types they have.
pub(super) fn write<'r, W: Write + Send>(
    rows: &'r Rows<'r>,
    dominance: &Dominance,
    table: TableWriter<'r, W>,
    classes: &'r RootClasses,
    meter: &Meter<'_>,
) -> Result<Types, ExportError> {
    let heap = rows.graph.heap();
    let mut writer = ObjectWriter::new(rows, table, classes);
    let mut slots = heap.objects.allocated();
    let mut block = Block::default();
    while block.fill(slots.by_ref().take(BLOCK), rows.graph, dominance) {
        for (&slot, &held) in block.slots.iter().zip(&block.held) {
            writer.write(slot, held)?;
        }
        meter.add(block.slots.len() as u64);
    }
    writer.table.finish()?;
    Ok(writer.types)
}

/// How an object stands in the dominator tree.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// Objects that it dominates, itself among them; 0 where no root reaches it.
    dominated: u64,
    retained: u64,
    dominator: Option<u32>,
    /// The dominator's address, if it is an object.
    above: Option<u64>,
}

/// Objects side by side. What stands in the dominator tree lies anywhere: each question is asked of all of them, so that the loads do not
/// wait for each other.
#[derive(Default)]
struct Block {
    slots: Vec<Slot>,
    held: Vec<Held>,
}

impl Block {
    /// Overwrites it; false if there is nothing more.
    fn fill(&mut self, slots: impl Iterator<Item = Slot>, graph: Graph<'_>, dominance: &Dominance) -> bool {
        let Self { slots: here, held } = self;
        here.clear();
        here.extend(slots);
        let node = |slot: &Slot| slot.id.0;
        let of_size = |slot| Held { dominated: dominance.tree.subtree(node(slot)).len() as u64, ..Held::default() };
        held.clear();
        held.extend(here.iter().map(of_size));
        let both = || here.iter().map(node);
        both().zip(held.iter_mut()).for_each(|(node, held)| held.dominator = dominance.tree.idom(node));
        both().zip(held.iter_mut()).for_each(|(node, held)| held.retained = dominance.retained.of(node));
        let address = |node| graph.slot_of(node).map(|slot| graph.heap().objects.address(slot));
        held.iter_mut().for_each(|held| held.above = held.dominator.and_then(address));
        !here.is_empty()
    }
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

    fn write(&mut self, slot: Slot, held: Held) -> Result<(), ExportError> {
        let graph = self.rows.graph;
        let heap = graph.heap();
        let objects = &heap.objects;
        let (ty, elements) = self.types.of(heap, slot);
        let (object, standing_of) = (heap.object_types.of(slot.id), heap.standing(slot.id));
        self.types.count(ty, objects.size(slot), elements, standing_of == Standing::Reachable);
        let frame = (self.rows.frame_of)(slot.id);
        let class = frame.map_or(Cell::MISSING, |frame| self.class_texts[self.classes.place(frame)]);
        let Held { dominated, retained, dominator, above } = held;
        let is_held = dominated > 0;
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
            Cell::of_option(above),
            Cell::of_option(dominator.filter(|_| above.is_none()).map(|node| u64::from(node - graph.root()))),
            Cell::of_option(is_held.then_some(retained)),
            Cell::of_option(is_held.then_some(dominated)),
            Cell::count(graph.edges().targets(slot.id.0).len() as u64),
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
