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
        list.objects.push(listed(heap, slot, filter.text(text).to_owned()));
    }
    list
}

/// What is known of the object in a slot without its contents.
pub fn object(heap: &Heap, slot: Slot) -> ListedObject {
    listed(heap, slot, heap.type_text(slot))
}

fn listed(heap: &Heap, slot: Slot, ty: String) -> ListedObject {
    let evidence: Evidence = heap.object_types.of(slot.id).evidence();
    ListedObject {
        address: heap.objects.address(slot),
        size: heap.objects.size(slot),
        ty,
        evidence: evidence.name(),
        reachable: heap.standing(slot.id).is_reachable(),
    }
}

/// The allocated objects next to an address that none holds: the one below it and the one above it.
pub fn nearest(heap: &Heap, address: u64) -> (Option<Slot>, Option<Slot>) {
    let objects = &heap.objects;
    // The first span that ends above the address.
    let at = objects.spans().partition_point(|span| span.start.saturating_add(span.bytes) <= address) as u32;
    let is_below = |slot: &Slot| objects.address(*slot) <= address;
    let spans = objects.spans().len() as u32;
    let last_below = |span: u32| objects.allocated_of(span).filter(is_below).last();
    let first_above = |span: u32| objects.allocated_of(span).find(|slot| !is_below(slot));
    let below = (0..spans.min(at + 1)).rev().find_map(last_below);
    (below, (at..spans).find_map(first_above))
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

    #[test]
    fn the_nearest_objects_to_an_address_are_on_both_its_sides() {
        use goheap_model::{Objects, SlotSpan};
        let span = |start, bits: &'static [u8]| {
            let span = SlotSpan { start, bytes: 0x1000, slot_bytes: 0x100, slots: 8, ..SlotSpan::default() };
            (span, bits)
        };
        // Handed out are 0x1100, 0x1300, 0x5000, and none of the span between.
        let spans = [span(0x1000, &[0b1010]), span(0x3000, &[0]), span(0x5000, &[1])];
        let mut heap = Heap::default();
        heap.objects = std::sync::Arc::new(Objects::new(spans.into_iter()).unwrap());
        let near = |address| {
            let (below, above) = nearest(&heap, address);
            (below.map(|slot| heap.objects.address(slot)), above.map(|slot| heap.objects.address(slot)))
        };
        assert_eq!(near(0x10), (None, Some(0x1100)));
        assert_eq!(near(0x1200), (Some(0x1100), Some(0x1300)));
        assert_eq!(near(0x1ffa), (Some(0x1300), Some(0x5000)), "in the tail of a span");
        assert_eq!(near(0x3010), (Some(0x1300), Some(0x5000)));
        assert_eq!(near(0x9999), (Some(0x5000), None));
        assert_eq!(nearest(&Heap::default(), 1), (None, None));
    }
}
