//! Ranges of addresses, and which of them hold one.

/// Ranges that lie over an address and begin before it that are looked at: variables do not lie over each other, but that one ends where
/// an interface's second word is another.
const MOST_OVER: usize = 64;

/// Ranges of addresses with something to each.
#[derive(Clone, Debug)]
pub(super) struct Ranges<T> {
    all: Vec<Range<T>>,
}

#[derive(Clone, Debug)]
struct Range<T> {
    start: u64,
    end: u64,
    /// Where the last of those ends that begin no later.
    furthest: u64,
    value: T,
}

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Ranges { all: Vec::new() }
    }
}

impl<T> FromIterator<(u64, u64, T)> for Ranges<T> {
    /// Of first addresses and those behind the last.
    fn from_iter<I: IntoIterator<Item = (u64, u64, T)>>(ranges: I) -> Self {
        let range = |(start, end, value)| Range { start, end, furthest: end, value };
        let mut all: Vec<Range<T>> = ranges.into_iter().map(range).collect();
        all.sort_by_key(|range| (range.start, range.end));
        let mut furthest = 0;
        for range in &mut all {
            furthest = range.end.max(furthest);
            range.furthest = furthest;
        }
        Ranges { all }
    }
}

impl<T> Ranges<T> {
    /// What belongs to the ranges that hold an address.
    pub(super) fn at(&self, address: u64) -> impl Iterator<Item = &T> {
        let begun = &self.all[..self.all.partition_point(|range| range.start <= address)];
        let near = begun.iter().rev().take_while(move |range| address < range.furthest).take(MOST_OVER);
        near.filter(move |range| address < range.end).map(|range| &range.value)
    }

    /// True if there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_all_that_hold_it() {
        let ranges: Ranges<char> =
            [(16, 24, 'b'), (0, 8, 'a'), (8, 40, 'c'), (40, 48, 'd'), (16, 24, 'e')].into_iter().collect();
        let at = |address: u64| {
            let mut found: Vec<char> = ranges.at(address).copied().collect();
            found.sort_unstable();
            found.into_iter().collect::<String>()
        };
        assert_eq!([at(0), at(8), at(16), at(24), at(39), at(40), at(48)], ["a", "c", "bce", "c", "c", "d", ""]);
        assert!(!ranges.is_empty() && Ranges::<u8>::default().at(0).next().is_none());
    }
}
