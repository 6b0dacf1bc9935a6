//! Which of many stacks an address lies on.

/// How many stacks that begin below an address are tried: stacks do not lie over each other, but in a broken core.
const TRIED: usize = 8;

/// The bounds `[lo, hi)` of stacks, and the number of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackBounds {
    by_bounds: Vec<(u64, u64, usize)>,
}

impl StackBounds {
    /// Of stacks in the order of their numbers; those without a byte are on no address.
    pub(crate) fn new(stacks: impl Iterator<Item = (u64, u64)>) -> Self {
        let numbered = stacks.enumerate().map(|(number, (lo, hi))| (lo, hi, number));
        let mut by_bounds: Vec<_> = numbered.filter(|(lo, hi, _)| lo < hi).collect();
        by_bounds.sort_unstable();
        StackBounds { by_bounds }
    }

    /// The number of a stack that `address` lies on.
    pub(crate) fn find(&self, address: u64) -> Option<usize> {
        let end = self.by_bounds.partition_point(|stack| stack.0 <= address);
        let tried = self.by_bounds.get(end.saturating_sub(TRIED)..end)?;
        tried.iter().rev().find(|stack| address < stack.1).map(|stack| stack.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_on_the_stack_around_it() {
        let bounds =
            StackBounds::new([(0x300, 0x400), (0x100, 0x200), (9, 9), (0x900, 0x800), (0x320, 0x330)].into_iter());
        let found = [0xff, 0x100, 0x1ff, 0x200, 0x300, 0x321, 0x330, 0x3ff, 0x400, 9, 0x850].map(|at| bounds.find(at));
        let expected = [None, Some(1), Some(1), None, Some(0), Some(4), Some(0), Some(0), None, None, None];
        assert_eq!(found, expected);
    }
}
