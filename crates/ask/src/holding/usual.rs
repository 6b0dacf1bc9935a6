//! Of many objects, the ways by which they are held, and of each way a typical object.

use super::steps::Walk;
use super::{Exclusions, Holding};
use crate::AskError;
use foldhash::HashMap;
use goheap_graph::Weight;
use goheap_model::Observer;
use serde::Serialize;
use std::cmp::Reverse;

/// Objects whose shortest paths read alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsualWay {
    /// They, and their bytes.
    pub held: Weight,
    /// The node of a typical one: as many of them retain more as retain less.
    pub node: u32,
    /// Its path.
    pub walk: Walk,
}

impl Holding<'_> {
    /// The ways by which objects of `set` are held, as [`Holding::merged_paths`] tells them apart: the one of most objects first, at
    /// most so many. And how many there are. What no root leads to is held by none.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn usual_ways(
        &self,
        set: &[u32],
        most: usize,
        exclusions: &Exclusions<'_>,
        observer: &dyn Observer,
    ) -> Result<(Vec<UsualWay>, usize), AskError> {
        let laid = self.laid(set, exclusions, observer)?;
        let mut by_place: HashMap<u32, Vec<u32>> = HashMap::default();
        for index in (0..laid.forest.len()).filter(|&index| laid.weights[index as usize].objects > 0) {
            by_place.entry(laid.places[index as usize].index() as u32).or_default().push(index);
        }
        let mut ways: Vec<(Weight, Option<u32>, Option<u32>)> = Vec::with_capacity(by_place.len());
        for mut members in by_place.into_values() {
            let mut held = Weight::default();
            members.iter().for_each(|&index| held.add(laid.weights[index as usize]));
            let node = |index: u32| laid.forest.nodes[index as usize];
            let middle = members.len().saturating_sub(1) / 2;
            members.select_nth_unstable_by_key(middle, |&index| {
                (Reverse(self.dominance().retained.of(node(index))), node(index))
            });
            let first = members.iter().min().copied();
            ways.push((held, first, members.get(middle).copied()));
        }
        ways.sort_by_key(|&(held, first, _)| (Reverse(held.objects), Reverse(held.bytes), first));
        let count = ways.len();
        let told = ways.into_iter().take(most).filter_map(|(held, _, typical)| {
            let up = std::iter::successors(typical, |&index| laid.forest.parent(index));
            let mut nodes: Vec<u32> = up.map(|index| laid.forest.nodes[index as usize]).collect();
            nodes.reverse();
            Some(UsualWay { held, node: *nodes.last()?, walk: self.walk(&nodes) })
        });
        Ok((told.collect(), count))
    }
}
