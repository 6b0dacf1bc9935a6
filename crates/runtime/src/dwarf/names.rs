//! Finds things by name without a second copy of the names.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Hash of a name to the place of the first thing of that name. 16 bytes a name at most.
///
/// Names come from the executable, and one who makes it must not know which of them have the same hash: it differs from run to run. Nothing
/// here goes over the names in an order that depends on it.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    first: HashMap<u64, u32>,
    state: RandomState,
}

impl NameIndex {
    /// Index of `names`; of equal names the first is kept.
    pub(super) fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let state = RandomState::new();
        let mut first = HashMap::with_capacity(names.len());
        for (place, name) in (0..).zip(names) {
            first.entry(state.hash_one(name)).or_insert(place);
        }
        Self { first, state }
    }

    /// Place of the first thing in `things` that is called `name`.
    pub(super) fn find<T>(&self, things: &[T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<usize> {
        let place = *self.first.get(&self.state.hash_one(name))? as usize;
        if things.get(place).is_some_and(|thing| name_of(thing) == name) {
            return Some(place);
        }
        // Another name has the same hash, once in many thousand years.
        things.iter().position(|thing| name_of(thing) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_names_is_found_and_no_other_name() {
        let names = ["a", "main.T", "", "main.T", "b"];
        let index = NameIndex::new(names.iter().copied());
        let find = |name| index.find(&names, name, |name| name);
        assert_eq!(["a", "main.T", "", "b"].map(find), [Some(0), Some(1), Some(2), Some(4)]);
        assert_eq!((find("main.t"), find("c")), (None, None));
    }
}
