//! By which fields objects lead to each other, as the core tells.

use super::ReferenceGraph;
use crate::inspect::{Places, dynamic_descriptor};
use crate::meaning::containers::structs;
use goheap_model::{FieldPlace, Fields, ObjectId, Slot, TypeId, WideRows};

/// Fields, looked up beside the references where the graph was made with [`ReferenceOptions::words`](super::ReferenceOptions), and read
/// from the core else; the answers are the same.
///
/// # Overhead
/// 8 bytes a reference of objects with many of which much is asked.
pub struct CoreFields<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    pub(super) places: Places<'s, 'm, 'p>,
    wide_rows: WideRows,
}

impl<'s, 'm, 'p> ReferenceGraph<'s, 'm, 'p> {
    /// By which fields the objects of this graph lead to each other.
    pub fn fields(&self) -> CoreFields<'_, 's, 'm, 'p> {
        CoreFields { graph: self, places: Places::new(self.snapshot), wide_rows: WideRows::default() }
    }

    /// The type that the interface holds whose data word is at `offset`.
    pub(super) fn interface_type(&self, from: Slot, offset: u64, has_methods: bool) -> Option<TypeId> {
        let snapshot = self.snapshot;
        let at = snapshot.objects.address(from).wrapping_add(offset).checked_sub(8)?;
        snapshot.types.by_descriptor(dynamic_descriptor(snapshot.model.memory(), at, has_methods)?)
    }
}

impl Fields for CoreFields<'_, '_, '_, '_> {
    fn place(&self, from: Slot, offset: u64, is_numbered: bool) -> FieldPlace {
        self.places.place(from, offset, is_numbered)
    }

    fn offset_in_period(&self, from: Slot, offset: u64) -> u64 {
        self.places.offset_in_period(from, offset)
    }

    fn offset_between(&self, from: Slot, to: Slot) -> Option<u64> {
        match self.graph.words_of(from) {
            Some(row) => self.wide_rows.first(from.id.0, row, to.id.0),
            None => self.places.first_between(from, to),
        }
    }

    fn for_each_reference(&self, from: Slot, visit: &mut dyn FnMut(u64, ObjectId)) {
        match self.graph.words_of(from) {
            Some(row) => row.references().for_each(|(offset, to)| visit(offset, to)),
            None => self.places.for_each_reference(from, visit),
        }
    }

    fn dynamic_type(&self, from: Slot, offset: u64, has_methods: bool) -> Option<TypeId> {
        self.graph.interface_type(from, offset, has_methods)
    }

    fn is_machinery(&self, ty: TypeId) -> bool {
        structs::is_machinery(&self.graph.snapshot.types.get(ty).name)
    }
}
