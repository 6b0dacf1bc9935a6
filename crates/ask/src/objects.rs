//! Single objects, in order of address.

use goheap_model::{Evidence, Heap, Share, Slot, Standing, TextId, TypeTexts, is_wanted_text};
use serde::Serialize;

/// Which objects are wanted.
#[derive(Clone, Copy)]
pub struct ObjectsWanted<'q> {
    /// The fewest bytes of their slots.
    pub least_bytes: u64,
    /// What must be known of whether roots reach them; None of all.
    pub standing: Option<Standing>,
    /// Whether a type is wanted, by its text; an array is asked for as `[...]T` and `[]T`, too.
    pub is_wanted: &'q dyn Fn(&str) -> bool,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedObject {
    /// First byte of its slot.
    pub address: u64,
    /// Bytes of its slot.
    pub size: u64,
    /// Its type; empty where it is not known.
    pub ty: String,
    /// How the type is known.
    pub evidence: &'static str,
    /// Whether a root leads to it; None where a pointer may that is absent from the core.
    pub reachable: Option<bool>,
}

/// Some objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObjectList {
    /// The first of them.
    pub objects: Vec<ListedObject>,
    /// The others that are wanted.
    pub left_out: Share,
}

/// Tells of objects one by one whether they are wanted; each type is asked for once.
pub struct ObjectFilter<'h, 'q> {
    heap: &'h Heap,
    wanted: ObjectsWanted<'q>,
    texts: TypeTexts<'h>,
    is_wanted: Vec<bool>,
}

impl<'h, 'q> ObjectFilter<'h, 'q> {
    /// Of a heap.
    pub fn new(heap: &'h Heap, wanted: ObjectsWanted<'q>) -> Self {
        ObjectFilter { heap, wanted, texts: TypeTexts::new(heap), is_wanted: Vec::new() }
    }

    /// The number of the text of its type, if the object of a slot is wanted.
    pub fn takes(&mut self, slot: Slot) -> Option<TextId> {
        let standing = self.heap.standing(slot.id);
        let is_other = self.wanted.standing.is_some_and(|wanted| wanted != standing);
        if is_other || self.heap.objects.size(slot) < self.wanted.least_bytes {
            return None;
        }
        let id = self.texts.id(slot);
        // Texts are numbered in the order they were first asked for.
        while self.is_wanted.len() <= id.index() {
            let (text, matches) = (self.texts.at(self.is_wanted.len()), self.wanted.is_wanted);
            self.is_wanted.push(is_wanted_text(text, matches) || of_any_length(text).iter().any(|text| matches(text)));
        }
        self.is_wanted[id.index()].then_some(id)
    }

    /// The text of a type.
    pub fn text(&self, id: TextId) -> &str {
        self.texts.at(id.index())
    }
}

/// The first objects that are wanted, at most so many.
pub fn objects(heap: &Heap, wanted: ObjectsWanted<'_>, most: usize) -> ObjectList {
    let (mut filter, mut list) = (ObjectFilter::new(heap, wanted), ObjectList::default());
    for slot in heap.objects.allocated() {
        let Some(text) = filter.takes(slot) else { continue };
        let size = heap.objects.size(slot);
        if list.objects.len() >= most {
            list.left_out.add(Share { bytes: size, objects: 1 });
            continue;
        }
        let standing = heap.standing(slot.id);
        let evidence: Evidence = heap.object_types.of(slot.id).evidence();
        list.objects.push(ListedObject {
            address: heap.objects.address(slot),
            size,
            ty: filter.text(text).to_owned(),
            evidence: evidence.name(),
            reachable: standing.is_reachable(),
        });
    }
    list
}

/// An array's type as histograms name it and as a slice of it is named: `[...]T` and `[]T` of `[4]T`.
fn of_any_length(text: &str) -> Vec<String> {
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((len, elem)) if !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit()) => {
            vec![format!("[...]{elem}"), format!("[]{elem}")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::HeapBuilder;

    #[test]
    fn objects_are_listed_by_type_size_and_standing() {
        let mut heap = HeapBuilder::default();
        let (small, large) = (heap.object("main.Small", 16), heap.object("[4]main.Item", 64));
        heap.object("main.Small", 16);
        heap.refer(large, small);
        heap.variable("main.large [4]main.Item", large);
        let heap = heap.build().unwrap();
        let listed = |least_bytes, standing, ty: &str, most| {
            let list = objects(&heap, ObjectsWanted { least_bytes, standing, is_wanted: &|text| text == ty }, most);
            (list.objects.iter().map(|one| (one.size, one.reachable)).collect::<Vec<_>>(), list.left_out.objects)
        };
        assert_eq!(listed(0, None, "main.Small", 9), (vec![(16, Some(true)), (16, Some(false))], 0));
        assert_eq!(listed(0, None, "main.Small", 1), (vec![(16, Some(true))], 1));
        assert_eq!(listed(0, Some(Standing::Unreachable), "main.Small", 9), (vec![(16, Some(false))], 0));
        for array in ["[4]main.Item", "[]main.Item", "[...]main.Item"] {
            assert_eq!(listed(64, None, array, 9).0.len(), 1, "{array}");
        }
        assert_eq!(listed(65, None, "[4]main.Item", 9).0, []);
    }
}
