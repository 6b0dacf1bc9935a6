//! What depends on an object's kind alone, or on that and its span, found once for many neighbours: a heap has few kinds, and these lie together.

use goheap_model::{Heap, ObjectId, ObjectType, Part, Slot};

/// Answers that are kept, by a few bits of what they depend on.
const KEPT: usize = 128;

/// The answers for kinds that were met last.
pub struct Recent<T> {
    kept: Vec<Option<((u32, u32), T)>>,
}

impl<T: Copy> Default for Recent<T> {
    fn default() -> Self {
        Recent { kept: vec![None; KEPT] }
    }
}

impl<T: Copy> Recent<T> {
    /// The answer for an object, which depends on its kind alone, by `ask` if it is not known. What closures are is always asked: it
    /// depends on the object.
    pub fn of(&mut self, heap: &Heap, id: ObjectId, ask: impl FnOnce() -> T) -> T {
        self.of_key(heap.object_types.of(id), 0, ask)
    }

    /// The same of what depends on the room of the object, too, which is the same in all of a span.
    pub fn of_slot(&mut self, heap: &Heap, slot: Slot, ask: impl FnOnce() -> T) -> T {
        self.of_key(heap.object_types.of(slot.id), slot.span, ask)
    }

    fn of_key(&mut self, kind: ObjectType, span: u32, ask: impl FnOnce() -> T) -> T {
        if kind.is_known() && kind.part() == Part::Closure {
            return ask();
        }
        let key = (kind.to_bits(), span);
        let kept = &mut self.kept[place(kind, span)];
        match kept {
            Some((known, answer)) if *known == key => *answer,
            _ => {
                let answer = ask();
                *kept = Some((key, answer));
                answer
            }
        }
    }
}

fn place(kind: ObjectType, span: u32) -> usize {
    let bits = kind.to_bits();
    (bits ^ bits >> 26 ^ span) as usize % KEPT
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{Evidence, HeapBuilder};

    #[test]
    fn each_kind_is_asked_once_and_each_closure_always() {
        let mut heap = HeapBuilder::default();
        let items: Vec<_> = (0..4).map(|_| heap.object("main.Item", 32)).collect();
        let closures: Vec<_> = (0..2).map(|_| heap.part("func main.f", 16, Part::Closure, Evidence::Exact)).collect();
        let heap = heap.build().unwrap();
        let asked = |by_span: bool| {
            let (mut recent, mut times) = (Recent::default(), 0);
            for &id in items.iter().chain(&closures) {
                let ask = || times += 1;
                match by_span {
                    true => recent.of_slot(&heap, heap.objects.slot(id), ask),
                    false => recent.of(&heap, id, ask),
                }
            }
            times
        };
        assert_eq!(asked(false), 1 + 2);
        assert_eq!(asked(true), 4 + 2, "each object of the builder has a span of its own");
    }
}
