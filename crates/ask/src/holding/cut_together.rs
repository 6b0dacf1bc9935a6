//! The few references without which an object goes, where no single one keeps it or keeps what it is part of.

use super::cut::FAR_MORE;
use super::{Cut, Holding};
use crate::AskError;
use goheap_graph::{CsrGraph, DominatorLink, IdBitSet, freed_without};
use goheap_model::names::Code;
use goheap_model::{Claim, Observer};
use serde::Serialize;

/// More references than these nobody cuts by hand.
const MOST_TOGETHER: usize = 3;
/// Dominators of an object that are tried, the furthest first.
const MOST_LEVELS: usize = 8;

/// References of the program's own code that keep something together, and what goes without all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutTogether {
    /// The references, two or three; what each frees alone is less.
    pub cuts: Vec<Cut>,
    /// Bytes that go.
    pub frees: u64,
    /// Of these, the ones asked for.
    pub frees_of_set: u64,
}

impl Holding<'_> {
    /// The fewest references of the program's own code without which `node` goes, and of the objects `set` with it far more bytes than
    /// `frees`, which one reference does. None if one is enough, or more than three are needed.
    ///
    /// It looks at what leads to `node`, at most a million references, and goes once over the graph.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn cut_together(
        &self,
        turned: &CsrGraph,
        node: u32,
        set: Option<&[u32]>,
        frees: u64,
        observer: &dyn Observer,
    ) -> Result<Option<CutTogether>, AskError> {
        let links = self.tree().links(turned, &self.dominance().retained, node);
        let objects: Vec<DominatorLink> = links.filter(|link| self.graph.object_of(link.node).is_some()).collect();
        let is_enough =
            |link: &&DominatorLink| link.is_one_edge && self.cutter(link.dominator, link.node) == Some(Code::Own);
        let parted = objects.iter().rev().take_while(|link| !is_enough(link)).filter(|link| !link.is_one_edge);
        let may_cut = |from, to| self.cutter(from, to) == Some(Code::Own);
        let find = |link: &DominatorLink| self.tree().fewest_cuts(turned, link.node, MOST_TOGETHER, may_cut);
        let Some(edges) = parted.take(MOST_LEVELS).find_map(find).filter(|edges| edges.len() > 1) else {
            return Ok(None);
        };
        let nodes = u64::from(self.tree().node_count());
        observer.claim(Claim { kept: 0, passing: nodes / 4 + nodes * 4 })?;
        let (all, of_set) = self.freed_without(&edges, set);
        let link = |&(dominator, node): &(u32, u32)| DominatorLink {
            dominator,
            node,
            retained: self.dominance().retained.of(node),
            is_one_edge: false,
        };
        let cuts = || edges.iter().map(|edge| self.cut(&link(edge), 0)).collect();
        let is_worth_it = of_set > frees.saturating_mul(FAR_MORE);
        Ok(is_worth_it.then(|| CutTogether { cuts: cuts(), frees: all, frees_of_set: of_set }))
    }

    /// Bytes of what goes without all of `edges`, and of those of `set`; all of them where none is given.
    fn freed_without(&self, edges: &[(u32, u32)], set: Option<&[u32]>) -> (u64, u64) {
        let members = set.map(|set| {
            let mut members = IdBitSet::with_room_for(self.tree().node_count());
            set.iter().for_each(|&node| _ = members.insert(node));
            members
        });
        let (mut all, mut of_set) = (0, 0);
        freed_without(self.graph.edges(), &[self.graph.root()], edges, |node| {
            let bytes = self.graph.shallow(node);
            all += bytes;
            of_set += if members.as_ref().is_none_or(|members| members.contains(node)) { bytes } else { 0 };
        });
        (all, of_set)
    }
}
