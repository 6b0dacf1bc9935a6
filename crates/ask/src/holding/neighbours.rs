//! What one object points to, and who points to it.

use super::Holding;
use goheap_graph::IdBitSet;
use goheap_model::contents::Listed;
use goheap_model::{ObjectId, Slot};
use serde::Serialize;

/// An object at the other end of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    /// First byte of its slot.
    pub address: u64,
    /// Its type; empty where it is not known.
    pub ty: String,
    /// The field that has the reference, with its type.
    pub reference: String,
}

/// The references of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObjectReferences {
    /// What it points to, in order of address like the others.
    pub pointers: Listed<Neighbour>,
    /// Objects that point to it.
    pub holders: Listed<Neighbour>,
    /// Roots that do, each by its frames.
    pub roots: Listed<String>,
}

impl Holding<'_> {
    /// The references of an object, at most so many of each kind: one word each. It goes once over all references.
    pub fn references_of(&self, object: ObjectId, most: usize) -> ObjectReferences {
        let (graph, heap) = (self.graph, self.graph.heap());
        let slot = heap.objects.slot(object);
        let mut found = ObjectReferences::default();
        self.fields.for_each_reference(slot, &mut |offset, to| {
            let to = heap.objects.slot(to);
            found.pointers.push(most, || self.neighbour(to, (slot, offset, to)));
        });
        let mut above: Vec<u32> = graph
            .edges()
            .edges_to(&IdBitSet::from_iter([object.0]), usize::MAX)
            .concat()
            .iter()
            .map(|edge| edge.0)
            .collect();
        above.dedup();
        for node in above {
            let Some(holder) = graph.slot_of(node) else {
                found.roots.push(most, || self.name(node));
                continue;
            };
            self.fields.for_each_reference(holder, &mut |offset, to| {
                if to == object {
                    found.holders.push(most, || self.neighbour(holder, (holder, offset, slot)));
                }
            });
        }
        found
    }

    /// The object in `slot`, and the reference by a word of one object to another.
    fn neighbour(&self, slot: Slot, (from, offset, to): (Slot, u64, Slot)) -> Neighbour {
        let heap = self.graph.heap();
        Neighbour {
            address: heap.objects.address(slot),
            ty: heap.type_text(slot),
            reference: self.reference(&self.hop(from, offset, true), to),
        }
    }
}
