//! What each object is, one word a slot.

use crate::{ObjectId, ObjectType};
use goheap_graph::Column;
use rayon::prelude::*;
use std::ops::Range;

/// Types of objects by number.
///
/// # Overhead
/// Four bytes a slot, or none where they lie in a mapped file.
#[derive(Clone, Debug, Default)]
pub struct ObjectTypes(Column<u32>);

impl ObjectTypes {
    /// Of the words of types ([`ObjectType::to_bits`]), one a slot.
    pub fn from_bits(bits: impl Into<Column<u32>>) -> Self {
        ObjectTypes(bits.into())
    }

    /// The words of types.
    pub fn bits(&self) -> &[u32] {
        &self.0
    }

    /// What an object of this heap is.
    #[inline]
    pub fn of(&self, id: ObjectId) -> ObjectType {
        ObjectType::from_bits(self.0[id.0 as usize])
    }

    /// The same; unknown of a number that is no slot's.
    pub fn get(&self, id: ObjectId) -> ObjectType {
        self.0.get(id.0 as usize).map_or(ObjectType::UNKNOWN, |&bits| ObjectType::from_bits(bits))
    }

    /// Of slots that follow each other, in order; fewer where there are not so many.
    pub fn in_range(&self, ids: Range<u32>) -> impl Iterator<Item = ObjectType> + '_ {
        let end = self.0.len().min(ids.end as usize);
        let bits = self.0.get(ids.start as usize..end).unwrap_or_default();
        bits.iter().map(|&bits| ObjectType::from_bits(bits))
    }

    /// Of every slot, in order.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = ObjectType> + '_ {
        self.0.par_iter().map(|&bits| ObjectType::from_bits(bits))
    }
}

impl FromIterator<ObjectType> for ObjectTypes {
    fn from_iter<I: IntoIterator<Item = ObjectType>>(types: I) -> Self {
        ObjectTypes(types.into_iter().map(ObjectType::to_bits).collect())
    }
}
