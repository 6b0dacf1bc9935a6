//! What each object is, one word a slot.

use crate::{ObjectId, ObjectType};
use foldhash::HashMap;
use goheap_graph::NarrowColumn;
use rayon::prelude::*;
use std::ops::Range;

/// Types of objects by number.
///
/// # Overhead
/// Four bytes a slot; in an index one or two, which are mapped.
#[derive(Clone, Debug)]
pub struct ObjectTypes(Repr);

#[derive(Clone, Debug)]
enum Repr {
    /// The word of each type.
    Words(Vec<u32>),
    /// Every kind that there is, and the number of each object's, which is one of these.
    Kinds(Vec<ObjectType>, NarrowColumn),
}

impl Default for ObjectTypes {
    fn default() -> Self {
        ObjectTypes(Repr::Words(Vec::new()))
    }
}

impl ObjectTypes {
    /// Of the words of types ([`ObjectType::to_bits`]), one a slot.
    pub fn from_bits(bits: Vec<u32>) -> Self {
        ObjectTypes(Repr::Words(bits))
    }

    /// Of the words of kinds, and the number of each object's; None of a number that is no kind's.
    pub fn of_kinds(kinds: &[u32], numbers: NarrowColumn) -> Option<Self> {
        let kinds: Vec<ObjectType> = kinds.iter().map(|&bits| ObjectType::from_bits(bits)).collect();
        let is_whole = numbers.is_empty() || (numbers.greatest() as usize) < kinds.len();
        is_whole.then_some(ObjectTypes(Repr::Kinds(kinds, numbers)))
    }

    /// What [`ObjectTypes::of_kinds`] takes: kinds in the order in which they are met.
    pub fn by_kind(&self) -> (Vec<u32>, NarrowColumn) {
        let (mut kinds, mut numbers) = (Vec::new(), HashMap::default());
        let all = || (0..self.len() as u32).map(|id| self.of(ObjectId(id)).to_bits());
        for bits in all() {
            numbers.entry(bits).or_insert_with(|| {
                kinds.push(bits);
                kinds.len() as u32 - 1
            });
        }
        let most = kinds.len().saturating_sub(1) as u32;
        let numbers = NarrowColumn::new(all().map(|bits| numbers.get(&bits).copied().unwrap_or(0)), most);
        (kinds, numbers)
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Words(words) => words.len(),
            Repr::Kinds(_, numbers) => numbers.len(),
        }
    }

    /// True if there is no slot.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What an object of this heap is.
    #[inline]
    pub fn of(&self, id: ObjectId) -> ObjectType {
        match &self.0 {
            Repr::Words(words) => ObjectType::from_bits(words[id.0 as usize]),
            Repr::Kinds(..) => self.get(id),
        }
    }

    /// The same; unknown of a number that is no slot's.
    #[inline]
    pub fn get(&self, id: ObjectId) -> ObjectType {
        match &self.0 {
            Repr::Words(words) => {
                words.get(id.0 as usize).map_or(ObjectType::UNKNOWN, |&bits| ObjectType::from_bits(bits))
            }
            Repr::Kinds(kinds, numbers) => {
                numbers.get(id.0 as usize).map_or(ObjectType::UNKNOWN, |number| kinds[number as usize])
            }
        }
    }

    /// Of slots that follow each other, in order; unknown where there are not so many.
    pub fn in_range(&self, ids: Range<u32>) -> impl Iterator<Item = ObjectType> + '_ {
        ids.map(|id| self.get(ObjectId(id)))
    }

    /// Of every slot, in order.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = ObjectType> + '_ {
        (0..self.len()).into_par_iter().map(|id| self.get(ObjectId(id as u32)))
    }
}

impl FromIterator<ObjectType> for ObjectTypes {
    fn from_iter<I: IntoIterator<Item = ObjectType>>(types: I) -> Self {
        ObjectTypes(Repr::Words(types.into_iter().map(ObjectType::to_bits).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Evidence, Part, TypeId};

    #[test]
    fn by_kind_they_are_the_same() {
        let of = |ty| ObjectType::new(Part::Value, TypeId(ty), Evidence::Exact);
        let types: ObjectTypes = [of(1), ObjectType::UNKNOWN, of(1), of(300)].into_iter().collect();
        let (kinds, numbers) = types.by_kind();
        assert_eq!((kinds.len(), numbers.bytes().len()), (3, 4));
        assert!(ObjectTypes::of_kinds(&kinds[..2], numbers.clone()).is_none());
        let same = ObjectTypes::of_kinds(&kinds, numbers).unwrap();
        assert!(same.in_range(0..5).eq(types.in_range(0..5)));
        assert_eq!((same.of(ObjectId(3)), same.len()), (of(300), 4));
    }
}
