//! Following level by level: what changed in one level is followed in the next.

use super::engine::{Inference, Outcome, Work};
use super::follow::Desk;
use goheap_graph::IdBitSet;
use goheap_model::ObjectId;
use rayon::prelude::*;
use std::ops::Range;

/// Objects of a level from which on threads share it: lists of millions of nodes have as many levels of one.
const PARALLEL: usize = 4096;
/// Objects that a thread takes at once.
const PART: usize = 1024;
/// So many changed objects are put in order by a set of all objects.
const MANY: usize = 1 << 16;
/// If more than one slot of so many changed, all are looked at.
const SPARSE: u32 = 16;
/// Slots whose changed objects one thread puts in order.
const RANGE: u32 = 1 << 18;

impl Inference<'_, '_, '_> {
    /// Follows what changed, level by level, until nothing does.
    pub(super) fn follow_all(&mut self, first: Outcome) {
        let level = self.next_level(vec![first]);
        self.follow_levels(level);
    }

    pub(super) fn follow_levels(&mut self, mut level: Vec<Vec<Work>>) {
        let mut desk = Desk::default();
        while !level.is_empty() {
            let outcomes = match &level[..] {
                [list] if list.len() < PARALLEL => vec![self.follow_part(list, &mut desk)],
                _ => {
                    let parts = level.par_iter().flat_map(|list| list.par_chunks(PART));
                    parts.map_init(Desk::default, |desk, part| self.follow_part(part, desk)).collect()
                }
            };
            drop(level);
            level = self.next_level(outcomes);
        }
    }

    /// The objects to follow next, in lists none of which is empty.
    fn next_level(&mut self, outcomes: Vec<Outcome>) -> Vec<Vec<Work>> {
        let (changed, mut again) = self.absorb(outcomes);
        again.sort_unstable_by_key(|(id, state)| (*id, state.object().to_bits()));
        again.dedup();
        let mut level = self.in_order(changed);
        level.push(again);
        level.retain(|list| !list.is_empty());
        level
    }

    /// Loads what was missing; what changed, and what is to be followed again.
    pub(super) fn absorb(&mut self, outcomes: Vec<Outcome>) -> (Vec<Vec<ObjectId>>, Vec<Work>) {
        let (mut changed, mut rest) = (Vec::with_capacity(outcomes.len()), Outcome::default());
        for mut outcome in outcomes {
            changed.push(std::mem::take(&mut outcome.changed));
            rest.append_rest(outcome);
        }
        rest.needs.sort_unstable();
        rest.needs.dedup();
        rest.needs.into_iter().for_each(|need| self.resolver.load(need));
        self.leads.grow(self.resolver.types.len());
        rest.kinds.into_iter().for_each(|kind| self.leads.compile(self.resolver, &self.shapes, kind));
        self.hints.append(&mut rest.hints);
        rest.refused.into_iter().for_each(|id| _ = self.refused.insert(id.0));
        rest.conflicts.into_iter().for_each(|id| _ = self.conflicts.insert(id.0));
        self.add_marks(rest.met);
        (changed, rest.again)
    }

    /// The objects that changed, each once, by number and with the state that they have now.
    fn in_order(&self, changed: Vec<Vec<ObjectId>>) -> Vec<Vec<Work>> {
        let count = changed.iter().map(Vec::len).sum::<usize>();
        if count < MANY {
            let mut changed = changed.concat();
            changed.sort_unstable();
            return vec![changed.into_iter().filter_map(|id| self.work(id.0)).collect()];
        }
        if count > (self.states.len() / SPARSE) as usize {
            drop(changed);
            return self.pending();
        }
        let mut ids = IdBitSet::with_room_for(self.objects.len());
        changed.into_iter().flatten().for_each(|id| _ = ids.insert(id.0));
        self.in_ranges(|range| ids.ones_in(range).filter_map(|id| self.work(id)).collect())
    }

    /// Every object that is to be followed.
    pub(super) fn pending(&self) -> Vec<Vec<Work>> {
        self.in_ranges(|range| range.filter_map(|id| self.work(id)).collect())
    }

    fn in_ranges(&self, list: impl Fn(Range<u32>) -> Vec<Work> + Sync) -> Vec<Vec<Work>> {
        let starts: Vec<u32> = (0..self.objects.len()).step_by(RANGE as usize).collect();
        let of_range = |start: u32| list(start..start.saturating_add(RANGE).min(self.objects.len()));
        let mut lists: Vec<Vec<Work>> = starts.into_par_iter().map(of_range).collect();
        lists.retain(|list| !list.is_empty());
        lists
    }

    /// The object as work; None if it was taken up, or is not reached before all is marked.
    fn work(&self, id: u32) -> Option<Work> {
        Some((ObjectId(id), self.states.take(id, self.marks.with_unreached)?))
    }
}
