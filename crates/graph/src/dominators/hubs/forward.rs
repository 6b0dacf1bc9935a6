//! The dominator tree of the edges that go forward, held against all others.

use super::rows::{CLOSE, EDGE, END, ID, LEAF_EDGE, OPEN, Rows, TAG};
use super::search::Hub;
use crate::dominators::NONE;
use crate::dominators::jumps::Jumps;

/// What else was found while the tree was made.
pub(super) struct Forward {
    /// For the number of an immediate dominator, to where edges lead past it: the highest of the nearest nodes that dominate both ends of
    /// such an edge, all bits turned round, so that 0 is none.
    pub(super) past: Vec<u32>,
    /// Whether any edge does.
    pub(super) leads_past: bool,
    /// An array as long as there are numbers, of no meaning; given on to save memory.
    pub(super) spare: Vec<u32>,
}

/// In a hub's number, that its turn has come.
const SEEN: u32 = 1 << 31;
/// Hubs whose rows are touched together.
const BATCH: usize = 32;

/// Makes of the depth-first tree the dominator tree of the edges that go forward: to what the search was done with earlier, the tree's
/// among them.
///
/// In the order of `done` backwards, referrers by forward edges come first, and the nearest common ancestor of them all in
/// the tree so far is the immediate dominator.
pub(super) fn make_tree(rows: &Rows, parents: &mut [u32], hubs: &mut [Hub], done: &[u32]) -> Forward {
    let (jumps, past) = (Jumps::new(parents.len()), vec![0; parents.len()]);
    let mut walk = Walk { hubs, parents, jumps, past, leads_past: false };
    for batch in done.rchunks(BATCH) {
        walk.touch(rows, batch);
        batch.iter().rev().for_each(|hub| walk.take(rows, *hub));
    }
    let Walk { hubs, parents, jumps, past, leads_past } = walk;
    for hub in hubs.iter_mut().filter(|hub| hub.number != NONE) {
        hub.number &= !SEEN;
        // Those without edges have no turn.
        if hub.number != 0 {
            parents[hub.number as usize] = hub.dominator;
        }
    }
    Forward { past, leads_past, spare: jumps.into_spare() }
}

struct Walk<'a> {
    /// Before its turn, a hub's dominator is the nearest common ancestor of the referrers so far.
    hubs: &'a mut [Hub],
    parents: &'a mut [u32],
    jumps: Jumps,
    past: Vec<u32>,
    leads_past: bool,
}

impl Walk<'_> {
    /// Brings into the caches what the turns of `batch` will ask for: these loads do not wait for each other.
    fn touch(&self, rows: &Rows, batch: &[u32]) {
        let start = |hub: u32| self.hubs[hub as usize].start;
        let mut sum = batch.iter().fold(0, |sum, hub| sum ^ start(*hub));
        sum = batch.iter().fold(sum, |sum, hub| sum ^ rows.from(*hub, start(*hub))[0]);
        for hub in batch {
            for entry in rows.from(*hub, start(*hub)).iter().take_while(|entry| **entry != END) {
                // Without a branch, which would be guessed wrong as often as not.
                let to = if *entry >= EDGE { entry & ID } else { 0 };
                sum ^= self.hubs[to as usize].dominator;
            }
        }
        std::hint::black_box(sum);
    }

    /// The turn of a hub.
    fn take(&mut self, rows: &Rows, hub: u32) {
        let Hub { start, number, dominator } = self.hubs[hub as usize];
        self.hubs[hub as usize].number |= SEEN;
        if number != 0 {
            self.parents[number as usize] = dominator;
            self.jumps.add(number, dominator);
        }
        let mut at = number;
        for &entry in rows.from(hub, start) {
            let id = entry & ID;
            match entry & TAG {
                END => break,
                CLOSE => (0..id).for_each(|_| at = self.parents[at as usize]),
                OPEN => {
                    self.jumps.add(id, at);
                    at = id;
                }
                EDGE | LEAF_EDGE => self.add_edge(at, id),
                _ => {}
            }
        }
    }

    #[inline]
    fn add_edge(&mut self, from: u32, to: u32) {
        let hub = &mut self.hubs[to as usize];
        if hub.dominator == NONE {
            // The root has none, and its turn comes first.
            hub.dominator = if hub.number == SEEN { NONE } else { from };
            return;
        }
        let common = self.jumps.nearest_common(self.parents, hub.dominator, from);
        if hub.number & SEEN == 0 {
            hub.dominator = common;
        } else if common != hub.dominator {
            let past = &mut self.past[hub.dominator as usize];
            *past = (*past).max(!common);
            self.leads_past = true;
        }
    }
}
