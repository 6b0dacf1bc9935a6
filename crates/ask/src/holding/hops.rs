//! What tells references apart, for any thread.

use super::Holding;
use goheap_model::{Evidence, Fields, Graph, ObjectId, Part, Slot};

/// What tells apart the hops from objects of all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HopKey {
    kind: u32,
    offset: u64,
}

/// Who knows what references are, without what a [`Holding`] remembers.
#[derive(Clone, Copy)]
pub(super) struct Hops<'h> {
    pub(super) graph: Graph<'h>,
    pub(super) fields: &'h dyn Fields,
    /// By type, whether its objects lead to nothing but parts of a container.
    machinery_types: &'h [bool],
}

impl Holding<'_> {
    pub(super) fn hops(&self) -> Hops<'_> {
        Hops { graph: self.graph, fields: self.fields, machinery_types: &self.machinery_types }
    }

    /// True of an object that leads to nothing but parts of its container.
    pub(super) fn is_all_machinery(&self, object: u32) -> bool {
        self.hops().is_all_machinery(object)
    }
}

impl Hops<'_> {
    /// What is equal where the unnumbered hop is.
    pub(super) fn key(&self, from: Slot, offset: u64) -> HopKey {
        let kind = self.graph.heap().object_types.of(from.id);
        HopKey {
            kind: kind.with_evidence(Evidence::None).to_bits(),
            offset: self.fields.offset_in_period(from, offset),
        }
    }

    /// True of an object that leads to nothing but parts of its container.
    pub(super) fn is_all_machinery(&self, object: u32) -> bool {
        let kind = self.graph.heap().object_types.of(ObjectId(object));
        match kind.part() {
            _ if !kind.is_known() => false,
            Part::Value => self.machinery_types.get(kind.ty().0 as usize).is_some_and(|&is_machinery| is_machinery),
            part => is_machinery_alone(part),
        }
    }
}

/// True of the parts of containers that lead to nothing but other parts.
pub(super) fn is_machinery_alone(part: Part) -> bool {
    matches!(
        part,
        Part::MapHeader | Part::MapExtra | Part::MapDirectory | Part::MapTable | Part::ChanHeader | Part::Machinery
    )
}
