//! What a round of candidates leaves to the next: an object is judged again only if something has changed that it is judged by.

use super::confirm::SlotWords;
use super::engine::Inference;
use super::shapes::Inner;
use super::windows::Windows;
use foldhash::{HashMap, HashSet};
use goheap_graph::IdBitSet;
use goheap_image::Address;
use goheap_model::{ObjectId, Slot, TypeId};
use std::sync::Arc;

/// The types that objects could be, where there are any left and not too many; in order.
#[derive(Debug, Default)]
pub(super) struct Choices {
    by_object: HashMap<ObjectId, Arc<[TypeId]>>,
}

impl Choices {
    /// Choices in all.
    pub(super) fn len(&self) -> u64 {
        self.by_object.values().map(|types| types.len() as u64).sum()
    }

    /// False if the object is known not to be a `ty`.
    pub(super) fn allow(&self, id: ObjectId, ty: TypeId) -> bool {
        self.by_object.get(&id).is_none_or(|types| types.binary_search(&ty).is_ok())
    }

    pub(super) fn of(&self, id: ObjectId) -> Option<&Arc<[TypeId]>> {
        self.by_object.get(&id)
    }

    pub(super) fn set(&mut self, id: ObjectId, choices: Option<Arc<[TypeId]>>) {
        self.by_object.extend(choices.map(|choices| (id, choices)));
    }

    /// The objects of which these choices and those differ.
    pub(super) fn changed<'a>(&'a self, next: &'a Choices) -> impl Iterator<Item = ObjectId> + 'a {
        let of_either = self.by_object.keys().chain(next.by_object.keys().filter(|id| self.of(**id).is_none()));
        of_either.copied().filter(|&id| self.of(id) != next.of(id))
    }
}

/// What all objects of a round are judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bases {
    /// Types that are known, but for closures.
    types: usize,
    /// Types that are tried for an object.
    pub(super) tried: usize,
}

/// What the last round was about.
#[derive(Default)]
pub(super) struct LastRound {
    bases: Option<Bases>,
    windows: Windows,
    /// So many of the hints it knew: the first, in order.
    hints: usize,
    /// Functions that were asked for which closures call.
    functions: usize,
    /// The objects of which it found nothing, in order.
    idle: Vec<ObjectId>,
}

impl LastRound {
    /// The objects that got other hints since, in order.
    pub(super) fn newly_hinted(&self, hints: &[(ObjectId, Inner)]) -> Vec<ObjectId> {
        let (old, new) = hints.split_at(self.hints.min(hints.len()));
        let mut ids: Vec<_> = new.iter().filter(|hint| old.binary_search(hint).is_err()).map(|&(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// What a round has to know of the last to leave out what it would find again.
pub(super) struct Review {
    last: LastRound,
    pub(super) bases: Bases,
    pub(super) windows: Windows,
    newly_hinted: Vec<ObjectId>,
    /// Objects whose type or choices changed since.
    changed: IdBitSet,
    /// Functions that were asked for since.
    functions: HashSet<u64>,
    /// How many were in all.
    asked: usize,
}

impl Review {
    /// From here on what changes counts for the next round.
    pub(super) fn new(
        inference: &mut Inference<'_, '_, '_>,
        last: LastRound,
        (windows, newly_hinted, tried): (Windows, Vec<ObjectId>, usize),
    ) -> Self {
        let changed = inference.states.watch().into_set();
        let closures = &inference.resolver.closures;
        let bases = Bases { types: inference.resolver.types.len() - closures.made(), tried };
        let functions = closures.loaded().iter().skip(last.functions).copied().collect();
        Review { last, bases, windows, newly_hinted, changed, functions, asked: closures.loaded().len() }
    }

    pub(super) fn into_last(self, hints: usize, idle: Vec<ObjectId>) -> LastRound {
        LastRound { bases: Some(self.bases), windows: self.windows, hints, functions: self.asked, idle }
    }

    /// True if the last round found nothing of the object and nothing has changed since that it is judged by: what it leads to, and what
    /// leads to it.
    pub(super) fn spares(&self, inference: &Inference<'_, '_, '_>, slot: Slot) -> bool {
        let id = slot.id;
        self.last.bases == Some(self.bases)
            && self.last.idle.binary_search(&id).is_ok()
            && self.newly_hinted.binary_search(&id).is_err()
            && self.last.windows.of(id).eq(self.windows.of(id))
            && !self.leads_to_changed(inference, slot)
    }

    fn leads_to_changed(&self, inference: &Inference<'_, '_, '_>, slot: Slot) -> bool {
        let (objects, memory) = (inference.objects, inference.model.memory());
        let calls_new = |closure: u64| {
            let has_any = !self.functions.is_empty();
            has_any && memory.read_u64(Address(closure)).is_some_and(|entry| self.functions.contains(&entry))
        };
        let is_changed = |value: u64| {
            objects.find(value).is_some_and(|target| self.changed.contains(target.id.0)) || calls_new(value)
        };
        let may_be = self.changed.count() > 0 || !self.functions.is_empty();
        may_be && (calls_new(objects.address(slot)) || SlotWords::of(slot).any(inference, is_changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::Part;

    fn choices(of: &[(u32, &[u32])]) -> Choices {
        let mut choices = Choices::default();
        for &(id, types) in of {
            choices.set(ObjectId(id), Some(types.iter().copied().map(TypeId).collect()));
        }
        choices
    }

    #[test]
    fn choices_change_when_any_is_struck_off() {
        let before = choices(&[(1, &[3, 5]), (2, &[4]), (3, &[]), (4, &[7])]);
        let after = choices(&[(1, &[3, 5]), (2, &[]), (3, &[]), (5, &[7])]);
        let mut changed: Vec<u32> = before.changed(&after).map(|id| id.0).collect();
        changed.sort_unstable();
        assert_eq!(changed, [2, 4, 5]);
        assert!(before.allow(ObjectId(1), TypeId(5)) && !before.allow(ObjectId(1), TypeId(4)));
        assert!(!before.allow(ObjectId(3), TypeId(5)) && before.allow(ObjectId(9), TypeId(5)), "nothing is known");
        assert_eq!(before.len(), 4);
    }

    #[test]
    fn what_was_hinted_before_is_not_new() {
        let hint = |id, offset| (ObjectId(id), Inner { offset, part: Part::Value, ty: TypeId(1) });
        let last = LastRound { hints: 3, ..LastRound::default() };
        let hints = [hint(1, 0), hint(1, 8), hint(4, 0), hint(4, 0), hint(2, 0), hint(1, 16), hint(2, 8)];
        assert_eq!(last.newly_hinted(&hints), [ObjectId(1), ObjectId(2)]);
        assert_eq!(LastRound::default().newly_hinted(&hints[..2]), [ObjectId(1)]);
    }
}
