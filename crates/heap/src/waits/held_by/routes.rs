//! The ends of long ways: a queue may be a list of millions, and many things may hang on its end.

use foldhash::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// What stands for the node before one to which no way leads.
pub(super) const NOT_MET: u32 = u32::MAX;
/// Steps of a long way that are told from each of its ends; all of one with no more than twice as many.
const ENDS: usize = 32;
/// So many steps of a way one is remembered, by which another that joins it knows how it goes on.
const MARKED: u64 = 1024;

/// A way, or the ends of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// Nodes from the root on.
    pub(super) first: Vec<u32>,
    /// Nodes to the end; none if the first are all.
    pub(super) last: Vec<u32>,
    /// Steps between those.
    pub(super) between: u64,
}

impl Route {
    /// From which node to which its steps go, but for those between.
    pub(super) fn steps(&self) -> impl Iterator<Item = (u32, u32)> {
        self.first.windows(2).chain(self.last.windows(2)).map(|pair| (pair[0], pair[1]))
    }
}

/// Nodes of ways that were gone.
#[derive(Debug, Default)]
pub(super) struct Marks {
    known: HashMap<u32, Mark>,
}

/// A node of a way.
#[derive(Clone, Debug, Default)]
struct Mark {
    /// Steps from the root.
    steps: u64,
    /// The nodes from the root on, at most to this one.
    top: Rc<[u32]>,
}

impl Marks {
    /// The way to `node`, where `before` has the node before each, of the root itself; None where none leads there.
    pub(super) fn route(&mut self, before: &[u32], node: u32) -> Option<Route> {
        let (mut at, mut steps) = (node, 0);
        let (mut lowest, mut highest, mut passed) = (Vec::new(), VecDeque::new(), Vec::new());
        let mark = loop {
            let is_long = |mark: &&Mark| lowest.len() > ENDS && mark.steps + steps > 2 * ENDS as u64;
            if let Some(mark) = self.known.get(&at).filter(is_long) {
                break mark.clone();
            }
            if lowest.len() <= 2 * ENDS {
                lowest.push(at);
            }
            highest.push_front(at);
            highest.truncate(ENDS + 1);
            if steps % MARKED == MARKED - 1 {
                passed.push((at, steps));
            }
            match *before.get(at as usize)? {
                NOT_MET => return None,
                next if next == at => break Mark::default(),
                next => at = next,
            }
            steps += 1;
        };
        let all = mark.steps + steps;
        let first: Vec<u32> = mark.top.iter().copied().chain(highest).take(ENDS + 1).collect();
        for (node, below) in passed {
            let steps = all - below;
            let top = &first[..first.len().min((steps as usize).saturating_add(1))];
            self.known.insert(node, Mark { steps, top: top.into() });
        }
        let is_whole = all <= 2 * ENDS as u64;
        lowest.truncate(if is_whole { lowest.len() } else { ENDS + 1 });
        lowest.reverse();
        Some(match is_whole {
            true => Route { first: lowest, ..Route::default() },
            false => Route { first, last: lowest, between: all - 2 * ENDS as u64 },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ways_are_told_whole_or_by_their_ends() {
        // A list of 64 steps, of which a branch leads off, and one more step.
        let mut before: Vec<u32> = (0..=65_u32).map(|node| node.saturating_sub(1)).collect();
        before.extend([3, NOT_MET, 67]);
        let mut marks = Marks::default();
        let route = |first: Vec<u32>| Some(Route { first, ..Route::default() });
        assert_eq!(marks.route(&before, 0), route(vec![0]));
        assert_eq!(marks.route(&before, 66), route(vec![0, 1, 2, 3, 66]));
        assert_eq!(marks.route(&before, 64), route((0..=64).collect()));
        let long = Route { first: (0..=32).collect(), last: (33..=65).collect(), between: 1 };
        assert_eq!(long.steps().count(), 64);
        assert_eq!(marks.route(&before, 65), Some(long));
        assert_eq!((marks.route(&before, 68), marks.route(&before, 69)), (None, None));
    }

    #[test]
    fn a_long_list_is_gone_through_once() {
        // A thousand things hang on the end of a list of a million, a few at each of its last nodes.
        const LIST: u32 = 1_000_000;
        const THINGS: u32 = 1000;
        let mut before: Vec<u32> = (0..LIST).map(|node| node.saturating_sub(1)).collect();
        before.extend((0..THINGS).map(|thing| LIST - 1 - thing / 5));
        let mut marks = Marks::default();
        for thing in 0..THINGS {
            let route = marks.route(&before, LIST + thing).unwrap();
            let end = LIST - 1 - thing / 5;
            let last: Vec<u32> = (end - 31..=end).chain([LIST + thing]).collect();
            assert_eq!((route.first, route.last), ((0..=32).collect(), last));
            assert_eq!(route.between, u64::from(end) + 1 - 64);
        }
        assert!(marks.known.len() <= 1000);
    }
}
