//! Goroutines that stand at the same place, and what each began with.

use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Goroutines by stack: those with the same program counters in all frames are of one group, as in the runtime's goroutine
/// profile, until [`StackGroups::merge`] puts together what reads the same.
///
/// # Overhead
/// Four bytes a goroutine; 24 and 8 a frame for each different stack.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StackGroups {
    /// By index of the goroutine; [`StackGroups::NONE`] of those that are not alive.
    pub of_goroutine: Vec<u32>,
    by_stack: HashMap<Box<[u64]>, u32>,
    /// How many there are, once they are merged.
    merged: Option<u32>,
    /// By group, the first of its goroutines and how many there are, when first asked.
    #[serde(skip)]
    sizes: OnceLock<Vec<(u32, u32)>>,
}

impl StackGroups {
    /// Of no group.
    pub const NONE: u32 = u32::MAX;

    /// Puts the goroutine with that index into the group of its stack, which has these program counters.
    pub fn add(&mut self, goroutine: usize, stack: impl Iterator<Item = u64>) {
        let next = self.by_stack.len() as u32;
        let group = *self.by_stack.entry(stack.collect()).or_insert(next);
        if self.of_goroutine.len() <= goroutine {
            self.of_goroutine.resize(goroutine + 1, Self::NONE);
        }
        self.of_goroutine[goroutine] = group;
        self.sizes = OnceLock::new();
    }

    /// The group of the goroutine with that index; None of one that is not alive.
    pub fn of(&self, goroutine: u32) -> Option<u32> {
        self.of_goroutine.get(goroutine as usize).copied().filter(|&group| group != Self::NONE)
    }

    /// The index of the first goroutine of a group, and how many there are; None of a group that has none.
    pub fn first_and_count(&self, group: u32) -> Option<(u32, u32)> {
        let sizes = self.sizes.get_or_init(|| {
            let mut sizes = vec![(0, 0); self.len() as usize];
            for (goroutine, &group) in (0..).zip(&self.of_goroutine) {
                if let Some((first, count)) = sizes.get_mut(group as usize) {
                    *first = if *count == 0 { goroutine } else { *first };
                    *count += 1;
                }
            }
            sizes
        });
        sizes.get(group as usize).copied().filter(|&(_, count)| count > 0)
    }

    /// True if no goroutine is in a group.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of groups.
    pub fn len(&self) -> u32 {
        self.merged.unwrap_or(self.by_stack.len() as u32)
    }

    /// Groups of which `key` says the same become one. It is given the program counters and a member's index, for each stack
    /// and creator once, and `creator` of every goroutine.
    pub fn merge<K: Eq + std::hash::Hash>(
        &mut self,
        creator: impl Fn(u32) -> u64,
        mut key: impl FnMut(&[u64], u32) -> K,
    ) {
        let mut stacks: Vec<&[u64]> = vec![&[]; self.by_stack.len()];
        for (stack, &group) in &self.by_stack {
            stacks[group as usize] = stack;
        }
        let (mut of_pair, mut of_key) = (HashMap::default(), HashMap::default());
        for (group, goroutine) in self.of_goroutine.iter_mut().zip(0..).filter(|(group, _)| **group != Self::NONE) {
            let stack = stacks[*group as usize];
            *group = *of_pair.entry((*group, creator(goroutine))).or_insert_with(|| {
                let next = of_key.len() as u32;
                *of_key.entry(key(stack, goroutine)).or_insert(next)
            });
        }
        self.merged = Some(of_key.len() as u32);
        self.sizes = OnceLock::new();
        self.by_stack = HashMap::default();
    }
}

/// The numbers of goroutines and the functions that they began with.
///
/// # Overhead
/// 12 bytes a goroutine, and a name for each function.
#[derive(Clone, Debug, Default)]
pub struct GoroutineStarts {
    /// By index: the number that people know, and the place of the function.
    ids: Vec<u64>,
    starts: Vec<u32>,
    names: Vec<Box<str>>,
}

impl GoroutineStarts {
    /// Of goroutines in order of index, each with its id and the address of the function that it began with; `name` is asked once for
    /// each function.
    pub fn new(goroutines: impl IntoIterator<Item = (u64, u64)>, name: impl Fn(u64) -> Option<String>) -> Self {
        let (mut starts, mut by_address) = (GoroutineStarts::default(), HashMap::default());
        for (id, start) in goroutines {
            let next = starts.names.len() as u32;
            let place = *by_address.entry(start).or_insert(next);
            if place == next {
                starts.names.push(name(start).unwrap_or_else(|| "?".to_owned()).into());
            }
            starts.ids.push(id);
            starts.starts.push(place);
        }
        starts
    }

    /// The number of a goroutine by its index; 0 where there is none.
    pub fn id(&self, goroutine: u32) -> u64 {
        self.ids.get(goroutine as usize).copied().unwrap_or(0)
    }

    /// The indexes of goroutines with that id: of one, for ids are not used again, unless the core is damaged.
    pub fn indexes_of(&self, id: u64) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.ids).filter(move |(_, found)| **found == id).map(|(index, _)| index)
    }

    /// The function that it began with; `?` where that has no name.
    pub fn start(&self, goroutine: u32) -> &str {
        let place = self.starts.get(goroutine as usize);
        place.and_then(|&place| self.names.get(place as usize)).map_or("?", |name| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_read_the_same_become_one_group() {
        let mut groups = StackGroups::default();
        for (goroutine, stack) in [(0, [1, 2]), (1, [3, 4]), (2, [1, 2]), (4, [5, 6]), (5, [1, 2])] {
            groups.add(goroutine, stack.into_iter());
        }
        assert_eq!(groups.len(), 3);
        // 1 and 3 stand on one line; the last goroutine was made elsewhere.
        let line = |stack: &[u64], goroutine: u32| (stack[0] % 4 == 1, stack[0] == 3, goroutine == 5);
        groups.merge(
            |goroutine| u64::from(goroutine == 5),
            |stack, goroutine| {
                let (a, b, made) = line(stack, goroutine);
                (a || b, made)
            },
        );
        assert_eq!(groups.len(), 2);
        assert_eq!(
            (groups.of(0), groups.of(1), groups.of(3), groups.of(4), groups.of(5)),
            (Some(0), Some(0), None, Some(0), Some(1))
        );
        assert_eq!([0, 1, 2].map(|group| groups.first_and_count(group)), [Some((0, 4)), Some((5, 1)), None]);
    }
}
