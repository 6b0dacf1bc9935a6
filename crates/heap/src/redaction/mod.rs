//! The heap's structure without its contents: which bytes of a core are pointers, lengths, types and the runtime's own, and what goes.
//!
//! To begin: [`Redaction::new`], then [`Redaction::apply`] for each stretch of the core's memory. Pointers stay by the collector's masks,
//! numbers go by the types, and where neither tells, words stay that lead into mapped memory. `docs/capture/privacy.md` lists what stays.

mod c_chunks;
mod keeps;
mod objects;
mod outside;
mod paint;
mod piece;
mod places;
#[cfg(test)]
mod tests;
mod told;
mod variables;
mod words;

use crate::objects::table::ObjectTable;
use crate::snapshot::HeapSnapshot;
use c_chunks::CChunks;
use foldhash::HashMap;
use goheap_model::{ObjectId, ObjectTypes};
use goheap_runtime::{GlibcHeap, RuntimeModel};
use keeps::Keeps;
use outside::Outside;
use paint::{Paint, Treatment};
use piece::Piece;
use places::Places;
use std::ops::Range;
use variables::Section;

/// What stays of a process's memory.
///
/// # Overhead
/// About 100 bytes a span, 40 a goroutine and 8 a pointer word on stacks, beside the snapshot.
pub struct Redaction<'s, 'm, 'p> {
    model: &'m RuntimeModel<'p>,
    objects: &'s ObjectTable<'m, 'p>,
    types: &'s ObjectTypes,
    places: Places<'s, 'm, 'p>,
    paint: Paint,
    /// What stays whatever was painted there, ascending.
    kept: Vec<Range<u64>>,
    /// What goes whatever is kept around it, ascending.
    emptied: Vec<Range<u64>>,
    /// Addresses of pointer words on stacks, ascending.
    pointers: Vec<u64>,
    /// What stays of objects of each type, by its word.
    keeps: HashMap<u32, Keeps>,
    nothing: Keeps,
    sections: Vec<Section<'m>>,
    /// Variables with a type, ascending.
    typed: Vec<Range<u64>>,
    c_chunks: CChunks,
}

impl<'s, 'm, 'p> Redaction<'s, 'm, 'p> {
    /// Looks at everything that the core maps.
    pub fn new(snapshot: &'s HeapSnapshot<'m, 'p>) -> Self {
        let (model, objects) = (snapshot.model, &snapshot.objects);
        let glibc = GlibcHeap::find(model.process);
        let c_chunks = glibc.as_ref().map(|glibc| CChunks::new(model.memory(), glibc)).unwrap_or_default();
        let sections = variables::sections(model);
        let mut outside = outside::outside(model, objects, &sections, &c_chunks);
        if let Some(glibc) = &glibc {
            outside.keep_c_records(glibc.arenas.iter().map(|arena| arena.address), c_chunks.ranges());
        }
        let named = variables::named(model, &snapshot.types, &sections);
        let Outside { paint, mut kept, emptied, pointers } = outside;
        kept.extend(named.kept);
        let keeps = keeps_of(snapshot);
        kept.extend(told::made_types(snapshot, &keeps));
        kept.extend(told::locks(snapshot));
        Redaction {
            model,
            objects,
            types: &snapshot.object_types,
            places: Places::new(model, objects),
            paint,
            kept: places::joined(kept),
            emptied,
            pointers,
            keeps,
            nothing: Keeps::default(),
            sections,
            typed: named.typed,
            c_chunks,
        }
    }

    /// Takes the contents out of `bytes`, which are those of the memory from `start` on. `start` is a multiple of a page.
    pub fn apply(&self, start: u64, bytes: &mut [u8]) {
        let before = bytes.to_vec();
        let range = start..start.saturating_add(bytes.len() as u64);
        let mut piece = Piece::new(start, &before, bytes, self.model.memory());
        let mut done = range.start;
        let parts: Vec<(Range<u64>, Treatment)> = self.paint.within(range.clone()).collect();
        for (part, treatment) in parts {
            piece.fill_whole(done..part.start);
            done = part.end;
            match treatment {
                Treatment::Kept => {}
                Treatment::Gone => piece.fill_whole(part),
                Treatment::Loose => self.loose(&mut piece, part),
                Treatment::Strict => self.strict(&mut piece, part),
                Treatment::Chunks => self.chunks(&mut piece, part),
                Treatment::Span(index) => self.span(&mut piece, part, index),
                Treatment::Variables(index) => self.variables(&mut piece, part, index),
            }
        }
        piece.fill_whole(done..range.end);
        piece.leave_marks();
        for part in places::within(&self.kept, &range) {
            piece.restore(part);
        }
        for part in places::within(&self.emptied, &range) {
            piece.fill(part);
        }
    }

    /// True if a register may keep that value: it leads into mapped memory.
    pub fn is_place(&self, word: u64) -> bool {
        self.places.is_mapped(word)
    }
}

/// What stays of objects of each type that there is.
fn keeps_of(snapshot: &HeapSnapshot<'_, '_>) -> HashMap<u32, Keeps> {
    let (types, containers) = (&snapshot.object_types, snapshot.containers());
    let mut keeps: HashMap<u32, Keeps> = HashMap::default();
    let mut last = None;
    for id in snapshot.objects.allocated_ids().iter_ones() {
        let object = types.of(ObjectId(id));
        if last.replace(object) != Some(object) {
            keeps.entry(object.to_bits()).or_insert_with(|| Keeps::of(&snapshot.types, &containers, object));
        }
    }
    keeps
}
