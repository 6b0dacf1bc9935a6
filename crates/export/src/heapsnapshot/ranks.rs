//! A set of ids and the place of each among them.

use goheap_graph::IdBitSet;

/// Ids between two counts that are kept: those of a word of the set.
const BLOCK: u32 = 64;

/// A set, and how many of its ids are below any.
///
/// # Overhead
/// Four bytes for 64 ids beside the set.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    set: IdBitSet,
    before: Vec<u32>,
}

impl Ranks {
    /// Of a set.
    pub(super) fn new(set: IdBitSet) -> Self {
        let mut sum = 0;
        let before = set.words().iter().map(|word| {
            let before = sum;
            sum += word.count_ones();
            before
        });
        let before = before.collect();
        Ranks { set, before }
    }

    /// How many ids there are.
    pub(super) fn count(&self) -> u64 {
        self.set.count()
    }

    /// How many of the ids are less than `id`, if it is one of them.
    #[inline]
    pub(super) fn of(&self, id: u32) -> Option<u32> {
        let (block, bit) = ((id / BLOCK) as usize, 1_u64 << (id % BLOCK));
        let word = self.set.words().get(block).filter(|&word| word & bit != 0)?;
        Some(self.before[block] + (word & (bit - 1)).count_ones())
    }

    /// The ids, ascending.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.set.iter_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_its_place() {
        let ids: Vec<u32> = (0..5000).filter(|id| id % 7 == 3 || id % 512 == 0).collect();
        let mut set = IdBitSet::default();
        ids.iter().for_each(|&id| _ = set.insert(id));
        let ranks = Ranks::new(set);
        assert!(ids.iter().enumerate().all(|(place, &id)| ranks.of(id) == Some(place as u32)));
        assert_eq!((ranks.of(1), ranks.of(1 << 30), ranks.count()), (None, None, ids.len() as u64));
        assert!(ranks.ids().eq(ids));
    }
}
