//! By which fields objects lead to each other, written once: what the core tells, without the core.

use crate::{
    Evidence, FieldPlace, Fields, Heap, ObjectId, ObjectType, References, Slot, TypeId, WideRows, WordRow, offset_of,
};
use foldhash::HashMap;

/// The fields of all kinds of objects by which some object leads to another.
///
/// # Overhead
/// Some 120 bytes a field, 24 a kind of object, and 16 for each reference by way of an interface.
#[derive(Clone, Debug, Default)]
pub struct FieldTable {
    /// After how many bytes of the payload what they mean begins anew; 0 of kinds that say it of all bytes.
    periods: HashMap<u32, u64>,
    places: HashMap<(u32, u64), KnownField>,
    /// By the number of the edge, in order: the type that the interface holds.
    dynamic: Vec<(u64, TypeId)>,
    /// By type, whether its objects lead to nothing but parts of a container.
    machinery: Vec<bool>,
}

/// Where words at one offset of all objects of a kind are.
#[derive(Clone, Debug)]
pub struct KnownField {
    /// With `[i]` or `[queued]` for an element.
    pub place: FieldPlace,
    /// Of an element, the bytes of one.
    pub element_bytes: Option<u64>,
}

/// What tells apart kinds of objects, however well that is known.
pub fn kind_of(object: ObjectType) -> u32 {
    object.with_evidence(Evidence::None).to_bits()
}

impl FieldTable {
    /// Of fields by kind ([`kind_of`]) and offset in the period, the types that interfaces hold by the number of the edge, in order, and
    /// of each type whether it is a container's machinery.
    pub fn new(
        periods: HashMap<u32, u64>,
        places: HashMap<(u32, u64), KnownField>,
        dynamic: Vec<(u64, TypeId)>,
        machinery: Vec<bool>,
    ) -> Self {
        FieldTable { periods, places, dynamic, machinery }
    }
}

/// A table and the heap that it is of.
pub struct TableFields<'h> {
    heap: &'h Heap,
    references: &'h References,
    table: &'h FieldTable,
    wide_rows: WideRows,
}

impl<'h> TableFields<'h> {
    /// Of a heap whose references have their fields; None where these were not read.
    pub fn new(heap: &'h Heap) -> Option<Self> {
        let references = heap.references.as_ref()?;
        Some(TableFields { heap, references, table: references.fields()?, wide_rows: WideRows::default() })
    }

    /// The kind of an object, and where in its payload a word is.
    fn inner(&self, from: Slot, offset: u64) -> (ObjectType, u64) {
        let header = u64::from(self.heap.objects.span_of(from).header_bytes);
        (self.heap.object_types.of(from.id), offset.wrapping_sub(header))
    }

    fn row(&self, from: Slot) -> Option<WordRow<'_>> {
        let graph = self.references.graph();
        Some(WordRow { targets: graph.targets(from.id.0), words: graph.tags(from.id.0)? })
    }
}

impl Fields for TableFields<'_> {
    fn place(&self, from: Slot, offset: u64, is_numbered: bool) -> FieldPlace {
        let (object, inner) = self.inner(from, offset);
        let known = self.table.places.get(&(kind_of(object), self.offset_in_period(from, offset)));
        let Some(known) = known.filter(|known| object.is_known() && known.place.field.is_some()) else {
            return FieldPlace { path: format!("+{inner}"), field: None, is_inside: false };
        };
        match known.element_bytes.filter(|&bytes| is_numbered && bytes > 0) {
            Some(bytes) => {
                let rest = known.place.path.split_once(']').map_or("", |(_, rest)| rest);
                FieldPlace { path: format!("[{}]{rest}", inner / bytes), ..known.place.clone() }
            }
            None => known.place.clone(),
        }
    }

    fn offset_in_period(&self, from: Slot, offset: u64) -> u64 {
        let (object, inner) = self.inner(from, offset);
        let period =
            self.table.periods.get(&kind_of(object)).copied().filter(|&period| object.is_known() && period > 0);
        period.map_or(inner, |period| inner % period)
    }

    fn offset_between(&self, from: Slot, to: Slot) -> Option<u64> {
        self.wide_rows.first(from.id.0, self.row(from)?, to.id.0)
    }

    fn for_each_reference(&self, from: Slot, visit: &mut dyn FnMut(u64, ObjectId)) {
        self.row(from).iter().flat_map(WordRow::references).for_each(|(offset, to)| visit(offset, to));
    }

    fn dynamic_type(&self, from: Slot, offset: u64, _: bool) -> Option<TypeId> {
        let row = self.row(from)?;
        let place = row.words.binary_search_by_key(&offset, |&word| offset_of(word)).ok()? as u64;
        let edge = self.references.graph().edges_before(from.id.0) + place;
        let at = self.table.dynamic.binary_search_by_key(&edge, |&(edge, _)| edge).ok()?;
        Some(self.table.dynamic[at].1)
    }

    fn is_machinery(&self, ty: TypeId) -> bool {
        self.table.machinery.get(ty.0 as usize).copied().unwrap_or(false)
    }
}
