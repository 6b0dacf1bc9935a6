//! What of objects is referred to.

use crate::ObjectId;
use goheap_graph::Column;
use serde::{Deserialize, Serialize};

/// What is referred to of one object, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// What the lengths of strings and slices say, or all: at most so much, by less than 16 bytes a window.
    pub referred: u64,
    /// The same with what slices have room for.
    pub capacity: u64,
}

impl Extent {
    /// All of so many.
    pub fn all(bytes: u64) -> Self {
        Extent { referred: bytes, capacity: bytes }
    }

    /// The bytes that are not another's.
    pub fn without(self, other: Extent) -> Self {
        Extent {
            referred: self.referred.saturating_sub(other.referred),
            capacity: self.capacity.saturating_sub(other.capacity),
        }
    }

    /// Adds another's bytes.
    pub fn add(&mut self, other: Extent) {
        self.referred = self.referred.saturating_add(other.referred);
        self.capacity = self.capacity.saturating_add(other.capacity);
    }
}

/// The objects of which a part alone is referred to, in order, and what of each is.
///
/// # Overhead
/// 12 bytes an object, 20 where one has four GiB; none of what is mapped.
#[derive(Clone, Debug, Default)]
pub struct Extents {
    objects: Column<u32>,
    bytes: Bytes,
}

/// Of each object what is referred to and what there is room for, in turn.
#[derive(Clone, Debug)]
enum Bytes {
    Narrow(Column<u32>),
    Wide(Column<u64>),
}

impl Default for Bytes {
    fn default() -> Self {
        Bytes::Narrow(Column::default())
    }
}

impl Extents {
    /// Of objects in any order, each once.
    pub fn new(mut extents: Vec<(ObjectId, Extent)>) -> Self {
        extents.sort_unstable_by_key(|&(id, _)| id);
        let bytes = || extents.iter().flat_map(|(_, extent)| [extent.referred, extent.capacity]);
        let narrow: Option<Vec<u32>> = bytes().map(|bytes| u32::try_from(bytes).ok()).collect();
        let objects = extents.iter().map(|(id, _)| id.0).collect();
        let bytes = match narrow {
            Some(narrow) => Bytes::Narrow(narrow.into()),
            None => Bytes::Wide(bytes().collect()),
        };
        Extents { objects, bytes }
    }

    /// Of columns: objects in order, and two numbers for each; None of columns that are not so.
    pub fn of_columns(objects: Column<u32>, bytes: Result<Column<u32>, Column<u64>>) -> Option<Self> {
        let numbers = bytes.as_ref().map_or_else(|wide| wide.len(), |narrow| narrow.len());
        let is_in_order = objects.windows(2).all(|pair| pair[0] < pair[1]);
        (is_in_order && numbers == objects.len() * 2).then_some(())?;
        Some(Extents { objects, bytes: bytes.map_or_else(Bytes::Wide, Bytes::Narrow) })
    }

    /// The columns that [`Extents::of_columns`] takes.
    pub fn columns(&self) -> (&[u32], Result<&[u32], &[u64]>) {
        let bytes = match &self.bytes {
            Bytes::Narrow(narrow) => Ok(&narrow[..]),
            Bytes::Wide(wide) => Err(&wide[..]),
        };
        (&self.objects, bytes)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// What of an object is; None of one that is referred to as a whole, or not at all.
    pub fn of(&self, id: ObjectId) -> Option<Extent> {
        self.at(self.objects.binary_search(&id.0).ok()?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, Extent)> + '_ {
        self.objects.iter().enumerate().filter_map(|(at, &id)| Some((ObjectId(id), self.at(at)?)))
    }

    fn at(&self, at: usize) -> Option<Extent> {
        let (first, second) = (at * 2, at * 2 + 1);
        match &self.bytes {
            Bytes::Narrow(narrow) => {
                Some(Extent { referred: u64::from(*narrow.get(first)?), capacity: u64::from(*narrow.get(second)?) })
            }
            Bytes::Wide(wide) => Some(Extent { referred: *wide.get(first)?, capacity: *wide.get(second)? }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn extents_are_the_same_in_few_bytes_and_in_many() {
        let extent = |referred, capacity| Extent { referred, capacity };
        for large in [700, 7 << 33] {
            let extents = Extents::new(vec![(ObjectId(9), extent(5, large)), (ObjectId(4), extent(1, 2))]);
            assert_eq!(extents.columns().1.is_ok(), large < 1 << 32);
            assert_eq!((extents.of(ObjectId(9)), extents.of(ObjectId(5))), (Some(extent(5, large)), None));
            assert_eq!(extents.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [4, 9]);
            let (objects, bytes) = extents.columns();
            let owned = bytes.map(|narrow| Column::from(narrow.to_vec())).map_err(|wide| Column::from(wide.to_vec()));
            let again = Extents::of_columns(objects.to_vec().into(), owned).unwrap();
            assert!(again.iter().eq(extents.iter()));
        }
        let column = |numbers: &[u32]| Column::from(numbers.to_vec());
        for (objects, bytes) in [(column(&[4, 4]), column(&[1; 4])), (column(&[4, 9]), column(&[1; 3]))] {
            assert!(Extents::of_columns(objects, Ok(bytes)).is_none());
        }
    }
}
