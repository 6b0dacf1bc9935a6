//! The one reference whose cutting frees most.

use super::Holding;
use super::code::Code;
use crate::error::HeapError;
use goheap_graph::{CsrGraph, DominatorLink, RetainedSizes};
use goheap_runtime::{Claim, Observer};
use std::collections::BinaryHeap;

/// Nodes of the dominator tree that are looked at for the reference that frees most of a set.
const MOST_TRIED: usize = 100_000;

/// A reference, and what goes without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The type of the object that has it, or the name of the root.
    pub holder: String,
    /// The object's first byte; None of a root.
    pub address: Option<u64>,
    /// The field with its type; empty of a root.
    pub reference: String,
    /// The type of the object that it leads to.
    pub ty: String,
    /// Bytes that go.
    pub frees: u64,
    /// Of these, the ones asked for.
    pub frees_of_set: u64,
}

impl Holding<'_, '_, '_, '_> {
    /// The references without which `node` goes: the nearest, and the one without which most goes, of several the nearest.
    /// None if no single reference keeps it.
    pub fn cuts_for(&self, turned: &CsrGraph, node: u32) -> Option<(Cut, Cut)> {
        let may_cut = |from, to| self.may_cut(from, to);
        let most = self.tree.best_cut(turned, &self.retained, node, may_cut)?;
        let mut links = self.tree.links(turned, &self.retained, node);
        let nearest = links.find(|link| link.is_one_edge && may_cut(link.dominator, link.node)).unwrap_or(most);
        let size = self.graph.shallow(node);
        Some((self.cut(&nearest, size), self.cut(&most, size)))
    }

    /// The reference without which most bytes of `set` go, of several the one that frees the least else. None where each
    /// object is held by several references.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn cut_for_set(
        &self,
        turned: &CsrGraph,
        set: &[u32],
        observer: &dyn Observer,
    ) -> Result<Option<Cut>, HeapError> {
        observer.claim(Claim { kept: 0, passing: u64::from(self.tree.node_count()) * 9 })?;
        let mut members = goheap_graph::IdBitSet::with_room_for(self.tree.node_count());
        set.iter().for_each(|&node| {
            members.insert(node);
        });
        let weigh = |node| if members.contains(node) { self.graph.shallow(node) } else { 0 };
        let of_set = RetainedSizes::new(&self.tree, weigh);
        let mut open = BinaryHeap::from([(of_set.of(self.graph.root()), std::cmp::Reverse(0), self.graph.root())]);
        let mut best: Option<(u64, DominatorLink)> = None;
        for _ in 0..MOST_TRIED {
            let Some((bytes, _, node)) = open.pop() else { break };
            if best.as_ref().is_some_and(|(most, _)| bytes < *most) {
                break;
            }
            if let Some(link) = self.single_link(turned, node) {
                let is_better = best.as_ref().is_none_or(|(_, other)| link.retained < other.retained);
                if is_better {
                    best = Some((bytes, link));
                }
            }
            let children =
                self.tree.children(node).map(|child| (of_set.of(child), child)).filter(|(bytes, _)| *bytes > 0);
            open.extend(children.map(|(bytes, child)| (bytes, std::cmp::Reverse(self.retained.of(child)), child)));
        }
        Ok(best.map(|(bytes, link)| self.cut(&link, bytes)))
    }

    /// The link from the immediate dominator of `node`, if it is one reference that may be cut.
    fn single_link(&self, turned: &CsrGraph, node: u32) -> Option<DominatorLink> {
        let link = self.tree.links(turned, &self.retained, node).next()?;
        (link.is_one_edge && self.may_cut(link.dominator, link.node)).then_some(link)
    }

    /// What groups roots is no reference, and what the runtime refers to is not the program's to drop.
    fn may_cut(&self, from: u32, to: u32) -> bool {
        let is_container = |node| node < self.graph.object_count() && self.is_all_machinery(node);
        to < self.graph.object_count() && self.code.node(self.graph, from) != Code::Runtime && !is_container(from)
    }

    fn cut(&self, link: &DominatorLink, frees_of_set: u64) -> Cut {
        let snapshot = self.graph.snapshot();
        let (from, to) = (self.graph.slot_of(link.dominator), self.graph.slot_of(link.node));
        let reference = from.zip(to).and_then(|(from, to)| {
            let offset = self.offset_between(from, to)?;
            Some(self.reference(&self.hop(from, offset, true), to))
        });
        let frames = || self.root_steps(link.dominator).into_iter().map(|step| step.reference);
        Cut {
            holder: match from {
                Some(from) => snapshot.type_text(from),
                None => frames().collect::<Vec<_>>().join(" → "),
            },
            address: from.map(|from| snapshot.objects.address(from)),
            reference: reference.unwrap_or_default(),
            ty: to.map_or_else(String::new, |to| snapshot.type_text(to)),
            frees: link.retained,
            frees_of_set,
        }
    }
}
