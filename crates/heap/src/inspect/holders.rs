//! Who points to an object, by one scan over the pointer words of all objects and over the roots; and what it points to.

use super::place::Places;
use super::pointing::Pointing;
use crate::referred::{Window, WindowList};
use crate::snapshot::HeapSnapshot;
use foldhash::HashMap;
use goheap_graph::TrieNode;
use goheap_model::contents::{Holder, HolderGroup, Listed, Pointer, RootHolder};
use goheap_model::{ObjectType, Part, Slot, Standing};
use std::cmp::Reverse;

/// Groups that are told apart; what else there is counts in none.
const MOST_GROUPS: usize = 10_000;

/// Holders by type, field and standing.
#[derive(Default)]
struct Groups {
    found: Vec<HolderGroup>,
    by_key: HashMap<(ObjectType, u64, Standing), Option<usize>>,
    /// By type and field as they are written: types of several parts of a program may be written alike.
    by_text: HashMap<(String, String, Standing), usize>,
}

impl Groups {
    fn add(&mut self, places: &Places<'_, '_, '_>, slot: Slot, offset: u64) {
        let snapshot = places.snapshot;
        let kind = snapshot.object_types.of(slot.id);
        let standing = snapshot.standing(slot.id);
        let key = (kind, places.offset_in_period(slot, offset), standing);
        // Closures of one type are of many functions.
        let known = self.by_key.get(&key).copied().filter(|_| kind.part() != Part::Closure);
        let index = known.unwrap_or_else(|| {
            let text = (snapshot.family_text(slot), places.unnumbered_path(slot, offset), standing);
            let index = self.by_text.get(&text).copied().or_else(|| self.insert(text, snapshot.objects.address(slot)));
            self.by_key.insert(key, index);
            index
        });
        if let Some(index) = index {
            self.found[index].count += 1;
        }
    }

    /// None where there is no room for one more.
    fn insert(&mut self, text: (String, String, Standing), first: u64) -> Option<usize> {
        let index = self.found.len();
        if index == MOST_GROUPS {
            return None;
        }
        let (ty, path, standing) = text.clone();
        self.found.push(HolderGroup { ty, path, standing, count: 0, first });
        self.by_text.insert(text, index);
        Some(index)
    }

    /// Those of reachable holders first, then those of more pointers.
    fn finish(mut self) -> Vec<HolderGroup> {
        self.found.sort_by_key(|group| (group.standing != Standing::Reachable, Reverse(group.count), group.first));
        self.found
    }
}

impl Places<'_, '_, '_> {
    /// Every pointer word of every allocated object that leads into `held`, and what those of reachable ones refer to.
    pub(super) fn holders(&self, held: Slot, limit: usize) -> (Listed<Holder>, Vec<HolderGroup>, WindowList) {
        let snapshot = self.snapshot;
        let (resolver, mut windows) = (snapshot.resolver(), WindowList::default());
        let element = snapshot.element_of(held);
        let range = range_of(snapshot, held);
        let (mut holders, mut groups) = (Listed::default(), Groups::default());
        snapshot.for_each_pointing(&range, |Pointing { slot, offset, value }| {
            if snapshot.is_reachable(slot.id) {
                let window = snapshot.window_at(&resolver, slot, offset);
                windows.add(place_in(snapshot, held, value), window, element);
            }
            groups.add(self, slot, offset);
            holders.push(limit, || Holder {
                address: snapshot.objects.address(slot),
                ty: snapshot.type_text(slot),
                path: self.path(slot, offset),
                offset,
                into: value - range.start,
                standing: snapshot.standing(slot.id),
            });
        });
        (holders, groups.finish(), windows)
    }

    /// The pointers of `slot` that are not nil.
    pub(super) fn pointers(&mut self, slot: Slot, limit: usize) -> Listed<Pointer> {
        let snapshot = self.snapshot;
        let (masks, span, start) = (&snapshot.model.masks, snapshot.objects.span(slot), snapshot.objects.address(slot));
        let mut pointers = Listed::default();
        masks.for_each_offset(span, slot.slot, |offset| {
            if let Some(value) = masks.word(span, start + offset).filter(|&value| value != 0) {
                let pointer = || Pointer { path: self.path(slot, offset), offset, target: snapshot.target(value) };
                pointers.push(limit, pointer);
            }
        });
        pointers
    }
}

/// Where in the payload of a slot a pointer leads, and what is left of that.
fn place_in(snapshot: &HeapSnapshot<'_, '_>, slot: Slot, value: u64) -> (u64, u64) {
    let (payload, room) = snapshot.objects.payload(slot);
    match value.checked_sub(payload) {
        Some(offset) => (offset, room.saturating_sub(offset)),
        None => (0, 0),
    }
}

fn range_of(snapshot: &HeapSnapshot<'_, '_>, slot: Slot) -> std::ops::Range<u64> {
    let start = snapshot.objects.address(slot);
    start..start + snapshot.objects.span(slot).elem_size
}

impl HeapSnapshot<'_, '_> {
    /// Adds what the roots refer to of `held`.
    pub(super) fn add_root_windows(&self, held: Slot, windows: &mut WindowList) {
        let (range, element) = (range_of(self, held), self.element_of(held));
        let mut known = self.root_windows.iter().peekable();
        for (root, index) in self.roots.iter().zip(0..) {
            let window = known.next_if(|known| known.root == index).map_or(Window::Whole, |known| known.window);
            if range.contains(&root.value) {
                windows.add(place_in(self, held, root.value), window, element);
            }
        }
    }

    /// The roots that lead into `held`, each name once.
    pub(super) fn root_holders(&self, held: Slot, limit: usize) -> Listed<RootHolder> {
        let range = range_of(self, held);
        let mut found: Vec<((TrieNode, u64, bool), u64)> = Vec::new();
        let mut index_of: HashMap<(TrieNode, u64, bool), usize> = HashMap::default();
        for root in self.roots.iter().filter(|root| range.contains(&root.value)) {
            let key = (root.node, root.value - range.start, root.is_conservative);
            let index = *index_of.entry(key).or_insert(found.len());
            if index == found.len() {
                found.push((key, 0));
            }
            found[index].1 += 1;
        }
        let mut roots = Listed::default();
        for ((node, into, is_conservative), count) in found {
            let frames = || self.tree.path(node).into_iter().map(|label| self.label_text(label).to_owned());
            roots.push(limit, || RootHolder { path: frames().collect(), into, is_conservative, count });
        }
        roots
    }
}
