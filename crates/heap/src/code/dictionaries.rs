//! Dictionaries of generic code (cmd/compile/internal/noder/reader.go): tables in read-only memory, with the descriptors of the types
//! that a shape stands for in a call. Where every call of a function passes the same one, what it holds is known in the function.

use super::known::{Facts, Known};
use super::value::Value;
use foldhash::{HashMap, HashSet};
use goheap_image::Address;
use goheap_runtime::FuncTable;

/// Of so many integer arguments one is the dictionary: behind the receiver, if there is one.
pub(super) const ARGUMENTS: u8 = 4;

/// What calls pass to functions of generic code that lies in read-only memory, by (entry, index of the argument); 0 for anything else.
pub(super) type Given = Vec<((u64, u8), u64)>;

/// The functions of generic code among these. In pclntab all type arguments are three dots.
pub(super) fn generic(functions: &FuncTable<'_>) -> impl Iterator<Item = u64> {
    functions.iter().filter(|func| functions.name(func).contains("[...]")).map(|func| func.entry)
}

/// What all calls agree on.
pub(super) fn agreed(mut given: Given) -> HashMap<(u64, u8), u64> {
    given.sort_unstable();
    given.dedup();
    let one = |calls: &[((u64, u8), u64)]| match *calls {
        [(to, value)] if value != 0 => Some((to, value)),
        _ => None,
    };
    given.chunk_by(|first, second| first.0 == second.0).filter_map(one).collect()
}

impl Facts<'_, '_> {
    /// The functions for which it is not what it was.
    pub(super) fn learn_given(&mut self, given: Given) -> HashSet<u64> {
        let new = agreed(given);
        let differs = |(key, value): &(&(u64, u8), &u64)| self.given.get(*key) != Some(*value);
        let mut news: HashSet<u64> = new.iter().filter(differs).map(|(key, _)| key.0).collect();
        news.extend(self.given.keys().filter(|key| !new.contains_key(key)).map(|key| key.0));
        self.given = new;
        news
    }
}

impl Known<'_, '_, '_> {
    /// What a call of a generic function passes as one of the first arguments.
    pub(super) fn as_given(&self, value: Value) -> u64 {
        match value {
            Value::Constant(at) if self.is_read_only(at) => at,
            _ => 0,
        }
    }

    /// The word at `at` if no code can have changed it since the program began.
    pub(super) fn constant_at(&self, at: u64) -> Option<Value> {
        let word = || self.facts.model.memory().read_u64(Address(at));
        self.is_read_only(at).then(word).flatten().map(Value::Constant)
    }

    /// Between text and variables lie descriptors, itabs and dictionaries (cmd/link/internal/ld/data.go).
    fn is_read_only(&self, at: u64) -> bool {
        self.facts.model.modules.iter().any(|module| (module.types.start..module.noptrdata.start).contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dictionary_is_known() {
        let given =
            vec![((0x40, 0), 0x900), ((0x40, 1), 0x908), ((0x50, 0), 0x900), ((0x40, 0), 0x900), ((0x40, 1), 0)];
        assert_eq!(agreed(given), HashMap::from_iter([((0x40, 0), 0x900), ((0x50, 0), 0x900)]));
        let two = agreed(vec![((0x40, 0), 0x900), ((0x40, 0), 0x940), ((0x50, 0), 0)]);
        assert!(two.is_empty(), "{two:?}");
    }
}
