//! The windows of one object, exactly.

use super::reach::{Reach, Window, element_size, is_guessed};
use crate::meaning::resolve::{Meaning, Resolver};
use crate::snapshot::HeapSnapshot;
use goheap_model::Slot;
use goheap_model::contents::ObjectWindows;

/// Windows that are kept before those that touch are made one.
const MOST: usize = 1 << 16;

/// Windows being gathered.
#[derive(Default)]
pub(crate) struct WindowList {
    found: ObjectWindows,
    lengths: Vec<(u64, u64)>,
    capacities: Vec<(u64, u64)>,
}

impl WindowList {
    /// Adds what refers to a slot: `offset` bytes into its payload, of which `room` are left.
    pub(crate) fn add(&mut self, (offset, room): (u64, u64), window: Window, element: Option<u64>) {
        let Some((before, len, cap)) = window.bytes(offset, room, element) else {
            self.found.whole += 1;
            return;
        };
        let start = offset - before;
        self.found.headers += 1;
        for (list, len) in [(&mut self.lengths, len), (&mut self.capacities, cap)] {
            list.push((start, start + len));
            if list.len() > MOST {
                merge(list);
            }
        }
    }

    /// Sums them up, of a payload of so many bytes.
    pub(crate) fn finish(mut self, bytes: u64) -> ObjectWindows {
        if self.found.whole > 0 || self.found.headers == 0 {
            (self.found.referred, self.found.capacity) = (bytes, bytes);
            return self.found;
        }
        merge(&mut self.lengths);
        merge(&mut self.capacities);
        let sum = |list: &[(u64, u64)]| list.iter().map(|(start, end)| end - start).sum();
        (self.found.referred, self.found.capacity) = (sum(&self.lengths), sum(&self.capacities));
        self.found.before = self.lengths.first().map_or(0, |window| window.0);
        self.found.behind = self.lengths.last().map_or(0, |window| bytes.saturating_sub(window.1));
        self.found
    }
}

/// Makes one of those that touch; they are in order then.
fn merge(list: &mut Vec<(u64, u64)>) {
    list.sort_unstable();
    list.dedup_by(|next, before| {
        let touches = next.0 <= before.1;
        if touches {
            before.1 = before.1.max(next.1);
        }
        touches
    });
}

impl HeapSnapshot<'_, '_> {
    /// What the pointer at `offset` of `holder` refers to.
    pub(crate) fn window_at(&self, resolver: &Resolver<'_>, holder: Slot, offset: u64) -> Window {
        let object = self.object_types.of(holder.id);
        let (payload, _) = self.objects.payload(holder);
        let at = self.objects.address(holder) + offset;
        let reach = match at.checked_sub(payload).map(|offset| resolver.meaning(object, offset)) {
            Some(Meaning::Entry(_, _, entry)) => Reach::of(&resolver.types, entry.word),
            _ => Reach::Whole,
        };
        let span = self.objects.span(holder);
        reach.window(is_guessed(object), |next| self.model.masks.word(span, at + next * 8))
    }

    /// The bytes of an element, where the object is a row of them.
    pub(crate) fn element_of(&self, slot: Slot) -> Option<u64> {
        element_size(&self.types, self.object_types.of(slot.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_summed_once_where_they_overlap() {
        let mut list = WindowList::default();
        list.add((1000, 5000), Window::Bytes { len: 20, cap: 20 }, None);
        list.add((1010, 4990), Window::Bytes { len: 20, cap: 20 }, None);
        list.add((2000, 4000), Window::Bytes { len: 8, cap: 16 }, None);
        let found = list.finish(6000);
        let expected = ObjectWindows { headers: 3, whole: 0, referred: 38, capacity: 46, before: 1000, behind: 3992 };
        assert_eq!(found, expected);
    }

    #[test]
    fn one_pointer_to_all_makes_it_whole_and_one_element_is_an_element() {
        let mut list = WindowList::default();
        list.add((68, 132), Window::Value(8), Some(32));
        assert_eq!((list.found.headers, list.lengths[0]), (1, (64, 96)));
        list.add((0, 200), Window::Whole, None);
        assert_eq!(list.finish(200).referred, 200);
    }
}
