//! The way up a tree in steps of many lengths.

/// Jump pointers of Myers, "An applicative random-access stack" (1983), in a tree of which parents are less than children: each node has
/// one to an ancestor, so placed that any ancestor is O(log depth) steps away.
///
/// Overhead: 5 bytes a node.
pub(super) struct Jumps {
    targets: Vec<u32>,
    /// A jump of rank r goes 2^r - 1 levels up; that of the root is to itself.
    ranks: Vec<u8>,
}

impl Jumps {
    pub(super) fn new(count: usize) -> Self {
        Jumps { targets: vec![0; count], ranks: vec![0; count] }
    }

    /// One more node, whose parent was added before. The root need not be.
    #[inline]
    pub(super) fn add(&mut self, number: u32, parent: u32) {
        let (at, above) = (number as usize, parent as usize);
        let jump = self.targets[above];
        let is_even = self.ranks[above] == self.ranks[jump as usize] && parent != 0;
        (self.targets[at], self.ranks[at]) =
            if is_even { (self.targets[jump as usize], self.ranks[above] + 1) } else { (parent, 1) };
    }

    /// An array as long as there are nodes, of no meaning.
    pub(super) fn into_spare(self) -> Vec<u32> {
        self.targets
    }

    /// The nearest ancestor of `number`, or itself, that is not greater than `limit`.
    #[inline]
    pub(super) fn not_greater(&self, parents: &[u32], number: u32, limit: u32) -> u32 {
        let mut at = number;
        while at > limit {
            let jump = self.targets[at as usize];
            at = if jump >= limit { jump } else { parents[at as usize] };
        }
        at
    }

    /// The nearest common ancestor, which may be one of both.
    ///
    /// In a dominator tree over depth-first numbers it takes O(log depth): of the dominators that two nodes do not share, those of one are
    /// all less than those of the other, or the less one would be no dominator, for there is a way round it to a greater one.
    #[inline]
    pub(super) fn nearest_common(&self, parents: &[u32], one: u32, other: u32) -> u32 {
        let (mut low, mut high) = (one.max(other), one.min(other));
        loop {
            low = self.not_greater(parents, low, high);
            if low == high {
                return low;
            }
            std::mem::swap(&mut low, &mut high);
        }
    }
}
