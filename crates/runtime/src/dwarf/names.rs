//! Finds things by name without a second copy of the names.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

/// Hash of a name to the place of the first thing of that name. 16 bytes a name at most.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    first: FxHashMap<u64, u32>,
}

impl NameIndex {
    /// Index of `names`; of equal names the first is kept.
    pub(super) fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let mut first = FxHashMap::with_capacity_and_hasher(names.len(), Default::default());
        for (place, name) in (0..).zip(names) {
            first.entry(hash(name)).or_insert(place);
        }
        Self { first }
    }

    /// Place of the first thing in `things` that is called `name`.
    pub(super) fn find<T>(&self, things: &[T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<usize> {
        let place = *self.first.get(&hash(name))? as usize;
        if things.get(place).is_some_and(|thing| name_of(thing) == name) {
            return Some(place);
        }
        // Another name has the same hash. An input can be made so, and then costs time, not the answer.
        things.iter().position(|thing| name_of(thing) == name)
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
