//! What is put together where a heap has more objects than a viewer takes: small subtrees of the dominator tree.
//!
//! An object whose retained size is less than a threshold is part of one node below the nearest dominator that has more. Every object
//! that stays keeps its own size, its dominators and its retained size: what is merged was held by that dominator alone.

use super::ranks::Ranks;
use goheap_graph::{DominatorTree, IdBitSet};
use goheap_model::{Claim, Dominance, Graph, Observer, Refusal, Share};

/// Steps of the threshold between a power of two and the next: powers of two.
const STEP_BITS: u32 = 5;

/// Who stays and who is merged.
#[derive(Debug)]
pub(super) struct Merging {
    /// Objects with less than so many retained bytes are merged.
    pub(super) threshold: u64,
    /// By node of the graph: itself if it stays, else the nearest dominator that does; [`u32::MAX`] of what nothing reaches.
    owners: Vec<u32>,
    /// The nodes that have something merged below them.
    pub(super) with_merged: Ranks,
    /// How much is merged below each of these.
    shares: Vec<Share>,
    tree: DominatorTree,
    first_root: u32,
}

impl Merging {
    /// Of a graph, so that at most so many nodes are objects or what was merged of them.
    ///
    /// # Errors
    /// The observer's refusal.
    pub(super) fn new(graph: Graph<'_>, most: u64, observer: &dyn Observer) -> Result<Self, Refusal> {
        let dominance = graph.dominance(observer)?;
        observer.begin("merging");
        let nodes = graph.edges().node_count();
        observer.claim(Claim { kept: u64::from(nodes) * 4 + u64::from(nodes) / 4, passing: 0 })?;
        let threshold = threshold(graph, &dominance, most / 2);
        let first_root = graph.root();
        let mut owners = dominance.tree.idoms_below(nodes);
        let mut with_merged = IdBitSet::with_room_for(nodes);
        for &node in dominance.tree.preorder() {
            if node >= first_root || dominance.retained.of(node) >= threshold {
                owners[node as usize] = node;
                continue;
            }
            let dominator = owners[node as usize];
            let owner = owners.get(dominator as usize).copied().unwrap_or(first_root);
            owners[node as usize] = owner;
            with_merged.insert(owner);
        }
        let with_merged = Ranks::new(with_merged);
        observer.claim(Claim { kept: with_merged.count() * 16, passing: 0 })?;
        let mut shares = vec![Share::default(); with_merged.count() as usize];
        for &node in dominance.tree.preorder().iter().filter(|&&node| owners[node as usize] != node) {
            if let Some(place) = with_merged.of(owners[node as usize]) {
                let share = &mut shares[place as usize];
                share.bytes = share.bytes.saturating_add(graph.shallow(node));
                share.objects += 1;
            }
        }
        Ok(Merging { threshold, owners, with_merged, shares, tree: dominance.tree, first_root })
    }

    /// Who stands for a node: itself or a dominator; None of what nothing reaches.
    pub(super) fn owner(&self, node: u32) -> Option<u32> {
        self.owners.get(node as usize).copied().filter(|&owner| owner != u32::MAX)
    }

    /// The objects that stay.
    pub(super) fn kept(&self) -> IdBitSet {
        let mut kept = IdBitSet::with_room_for(self.first_root);
        let own = self.owners.iter().zip(0..).take(self.first_root as usize);
        own.filter(|&(&owner, node)| owner == node).for_each(|(_, node)| _ = kept.insert(node));
        kept
    }

    /// What of the dominator tree is merged below a node that stays: the tops of subtrees.
    fn tops(&self, dominator: u32) -> impl Iterator<Item = u32> + '_ {
        self.tree.children(dominator).filter(move |&child| self.owner(child) != Some(child))
    }

    /// How much is merged below a node that stays.
    pub(super) fn share(&self, dominator: u32) -> Share {
        let place = self.with_merged.of(dominator).map(|place| place as usize);
        place.and_then(|place| self.shares.get(place)).copied().unwrap_or_default()
    }

    /// The objects that are merged below a node that stays.
    pub(super) fn members(&self, dominator: u32) -> impl Iterator<Item = u32> + '_ {
        self.tops(dominator).flat_map(|top| self.tree.subtree(top).iter().copied())
    }
}

/// The least retained size of which there are at most so many objects.
fn threshold(graph: Graph<'_>, dominance: &Dominance, most: u64) -> u64 {
    let mut counts = vec![0_u64; bucket(u64::MAX) + 1];
    for &node in dominance.tree.preorder().iter().filter(|&&node| node < graph.root()) {
        counts[bucket(dominance.retained.of(node))] += 1;
    }
    let mut sum = 0;
    let over = counts.iter().rposition(|&count| {
        sum += count;
        sum > most
    });
    over.map_or(0, |over| first_of(over + 1))
}

/// Numbers by their highest bits.
fn bucket(bytes: u64) -> usize {
    let bits = u64::BITS - bytes.leading_zeros();
    let shift = bits.saturating_sub(STEP_BITS + 1);
    (u64::from(shift) << STEP_BITS) as usize + (bytes >> shift) as usize
}

/// The least number of a bucket; the greatest of all beyond the last.
fn first_of(bucket: usize) -> u64 {
    let steps = 1_usize << STEP_BITS;
    if bucket < 2 * steps {
        return bucket as u64;
    }
    let shift = (bucket / steps - 1) as u32;
    let head = (bucket % steps + steps) as u64;
    head.checked_mul(1_u64.checked_shl(shift).unwrap_or(0)).filter(|&first| first > 0).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_where_they_say() {
        for bytes in [0, 1, 31, 32, 63, 64, 65, 1000, 4096, 1 << 40, u64::MAX / 3] {
            let of = bucket(bytes);
            assert!(first_of(of) <= bytes && bytes < first_of(of + 1), "{bytes} {of}");
            assert_eq!(bucket(first_of(of)), of);
        }
        assert_eq!(first_of(bucket(u64::MAX) + 1), u64::MAX);
    }
}
