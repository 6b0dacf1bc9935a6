//! The depth-first search from hub to hub.

use super::rows::{CLOSE, EDGE, END, ID, LEAF_EDGE, OPEN, Rows, TAG};
use super::set::HubSet;
use crate::IdBitSet;
use crate::dominators::NONE;

/// The depth-first tree of all that is reached. Nodes are numbered in the order in which they are met.
pub(super) struct HubSearch {
    /// Number to node; to [`NONE`] for hubs, which [`name_hubs`] names.
    pub(super) nodes: Vec<u32>,
    /// Number to the number of the parent, which is less; the root's is its own.
    pub(super) parents: Vec<u32>,
    /// By index.
    pub(super) hubs: Vec<Hub>,
    /// The hubs with edges that are reached, in the order in which the search was done with them.
    pub(super) done: Vec<u32>,
}

/// What is known of a hub.
#[derive(Clone, Copy)]
pub(super) struct Hub {
    /// Where its row begins in its chunk.
    pub(super) start: u32,
    /// [`NONE`] if it is not reached.
    pub(super) number: u32,
    /// The number of its immediate dominator, once it is known.
    pub(super) dominator: u32,
}

/// Goes depth first from `root`, edges in their order. In `rows`, open nodes that are reached get their numbers.
pub(super) fn search(rows: &mut Rows, set: &HubSet, count: u32, root: u32) -> HubSearch {
    let (nodes, parents) = (Vec::with_capacity(count as usize), Vec::with_capacity(count as usize));
    let unmet = |start| Hub { start, number: NONE, dominator: NONE };
    let mut hubs = Vec::with_capacity(set.count() as usize);
    hubs.extend(rows.take_starts().map(unmet));
    let found = HubSearch { nodes, parents, hubs, done: Vec::with_capacity(rows.count() as usize) };
    let mut search = Search { rows, met: IdBitSet::with_room_for(set.count()), found };
    search.go(set.index(root));
    search.found
}

/// Puts the nodes of hubs at their numbers.
pub(super) fn name_hubs(nodes: &mut [u32], hubs: &[Hub], set: &HubSet) {
    for (node, hub) in set.nodes(0..set.count()).zip(hubs).filter(|(_, hub)| hub.number != NONE) {
        nodes[hub.number as usize] = node;
    }
}

struct Search<'a> {
    rows: &'a mut Rows,
    met: IdBitSet,
    found: HubSearch,
}

/// Where the search goes on in a row.
#[derive(Clone, Copy)]
struct Place {
    hub: u32,
    /// In the hub's chunk; [`NONE`] at the end of the row.
    next: u32,
    /// The number of the node whose edges come next.
    number: u32,
}

/// How many rows before the search comes back to a row it is touched.
const AHEAD: usize = 6;

impl Search<'_> {
    fn go(&mut self, root: u32) {
        self.met.insert(root);
        let mut waiting: Vec<Place> = Vec::new();
        let mut at = self.found.meet(root, 0);
        loop {
            let below = self.go_along(&mut at);
            waiting.push(at);
            let Some(place) = below.or_else(|| self.come_back(&mut waiting)) else { break };
            at = place;
        }
    }

    /// The last of those that wait and are not at their ends: these need not be seen once more, long out of the cache by then.
    fn come_back(&mut self, waiting: &mut Vec<Place>) -> Option<Place> {
        while let Some(place) = waiting.pop() {
            if let Some(ahead) = waiting.len().checked_sub(AHEAD).and_then(|index| waiting.get(index))
                && ahead.next != NONE
            {
                std::hint::black_box(self.rows.from(ahead.hub, ahead.next).first().copied());
            }
            if place.next != NONE {
                return Some(place);
            }
            self.found.done.push(place.hub);
        }
        None
    }

    /// Goes along a row, and on behind the first hub that was not met and has edges, as far as nothing more is to be met before
    /// what it leads to. Gives that hub.
    fn go_along(&mut self, at: &mut Place) -> Option<Place> {
        let Search { rows, met, found } = self;
        let Place { hub, mut next, number: mut above } = *at;
        let mut below = None;
        for entry in &mut rows.chunk_mut(hub)[next as usize..] {
            let id = *entry & ID;
            match *entry & TAG {
                END => {
                    next = NONE;
                    break;
                }
                CLOSE => (0..id).for_each(|_| above = found.parents[above as usize]),
                EDGE | LEAF_EDGE if met.contains(id) => {}
                _ if below.is_some() => break,
                EDGE => {
                    met.insert(id);
                    below = Some(found.meet(id, above));
                }
                LEAF_EDGE => {
                    met.insert(id);
                    found.meet(id, above);
                }
                tag => {
                    let number = found.number(id, above);
                    if tag == OPEN {
                        *entry = OPEN | number;
                        above = number;
                    }
                }
            }
            next += 1;
        }
        *at = Place { hub, next, number: above };
        below
    }
}

impl HubSearch {
    #[inline]
    fn meet(&mut self, hub: u32, parent: u32) -> Place {
        let number = self.number(NONE, parent);
        let met = &mut self.hubs[hub as usize];
        met.number = number;
        Place { hub, next: met.start, number }
    }

    #[inline]
    fn number(&mut self, node: u32, parent: u32) -> u32 {
        let number = self.nodes.len() as u32;
        self.nodes.push(node);
        self.parents.push(parent);
        number
    }
}
