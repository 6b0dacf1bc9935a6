//! What one word refers to of the object that it leads into.

use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Meaning, Resolver};
use crate::scan::kind_plans::{Defaults, KindPlan, KindPlans};
use goheap_model::{Evidence, Kind, ObjectType, Part, TypeId, TypeTable};
use serde::{Deserialize, Serialize};

/// What a word of some kind refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of the object, as far as is known.
    Whole,
    /// As many bytes as the next word says.
    Text,
    /// As many elements of so many bytes as the next word says, and room for as many as the one after that.
    Elements(u64),
    /// One value of so many bytes, where the object is a row of them or the word leads behind its beginning.
    Value(u64),
}

/// A window of an object: bytes from where the word leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Window {
    Whole,
    /// Length and capacity in bytes.
    Bytes {
        len: u64,
        cap: u64,
    },
    /// The element that holds so many bytes from there on; of what is no row, these bytes.
    Value(u64),
}

impl Window {
    /// Bytes before where the word leads, and from there the bytes of the length and of the capacity; None where it is all of an
    /// object. The word leads `offset` bytes into the payload, of which `room` are left; `element` is the size of one where the
    /// object is a row.
    pub(super) fn bytes(self, offset: u64, room: u64, element: Option<u64>) -> Option<(u64, u64, u64)> {
        match (self, element) {
            (Window::Bytes { len, cap }, _) if cap <= room => Some((0, len, cap)),
            (Window::Value(size), Some(element)) if size <= room => {
                let inner = offset % element;
                let len = (inner + size).next_multiple_of(element).min(inner + room);
                Some((inner, len, len))
            }
            // A field. The first one begins where its object does, and a pointer to it is often taken for one to all (`unsafe` casts of what is embedded).
            (Window::Value(size), None) if offset > 0 && size <= room => Some((0, size, size)),
            _ => None,
        }
    }
}

impl Reach {
    pub(crate) fn of(types: &TypeTable, word: PointerWord) -> Self {
        match word {
            PointerWord::String => Reach::Text,
            PointerWord::Slice(elem) => match types.get(elem).size {
                0 => Reach::Whole,
                size => Reach::Elements(size),
            },
            PointerWord::Pointer(elem) => Self::of_pointer(types, elem),
            _ => Reach::Whole,
        }
    }

    /// A pointer to a struct leads to that one; to bytes and numbers it may be the beginning of a row that `unsafe` walks.
    fn of_pointer(types: &TypeTable, elem: TypeId) -> Self {
        let elem = types.get(elem);
        let is_one = matches!(elem.kind, Kind::Struct(_)) && elem.size >= 8 && !elem.name.starts_with("go.shape.");
        if is_one { Reach::Value(elem.size) } else { Reach::Whole }
    }

    /// The window, where `next` reads the words after the pointer. A header that contradicts itself is none. What is only guessed
    /// to be a header must say something.
    pub(crate) fn window(self, is_guessed: bool, next: impl Fn(u64) -> Option<u64>) -> Window {
        let bytes = match self {
            Reach::Whole => None,
            Reach::Value(size) => return if is_guessed { Window::Whole } else { Window::Value(size) },
            Reach::Text => next(1).map(|len| (len, len)),
            Reach::Elements(size) => next(1).zip(next(2)).and_then(|(len, cap)| {
                let (len, cap) = (len.checked_mul(size)?, cap.checked_mul(size)?);
                (len <= cap).then_some((len, cap))
            }),
        };
        match bytes {
            Some((len, cap)) if len > 0 || !is_guessed => Window::Bytes { len, cap },
            _ => Window::Whole,
        }
    }
}

/// What the words of each kind of object refer to.
pub(super) struct ReachPlans(KindPlans<Reach>);

pub(super) type ReachPlan = KindPlan<Reach>;

impl ReachPlans {
    pub(super) fn new(resolver: &Resolver<'_>, kinds: impl IntoIterator<Item = ObjectType>) -> Self {
        let whole = Reach::Whole;
        let defaults = Defaults { untyped: whole, unplanned: whole, beyond: whole, captured: whole };
        let mut plans = KindPlans::new(defaults);
        for kind in kinds {
            plans.compile(resolver, kind, |offset| match resolver.meaning(kind, offset) {
                Meaning::Entry(_, _, entry) => Reach::of(&resolver.types, entry.word),
                _ => whole,
            });
        }
        ReachPlans(plans)
    }

    #[inline]
    pub(super) fn of(&self, object: ObjectType) -> ReachPlan {
        self.0.of(object)
    }

    #[inline]
    pub(super) fn reach(&self, plan: ReachPlan, word: u32) -> Reach {
        self.0.code(plan, word)
    }
}

/// True if nothing but its shape tells what an object is.
pub(super) fn is_guessed(object: ObjectType) -> bool {
    object.evidence() <= Evidence::Candidate
}

/// The bytes of an element, where the object is a row of them.
pub(super) fn element_size(types: &TypeTable, object: ObjectType) -> Option<u64> {
    let is_row = object.is_known() && object.part() == Part::Elements && !is_guessed(object);
    is_row.then(|| types.get(object.ty()).size).filter(|&size| size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_to_a_field_refers_to_that_and_one_to_the_beginning_to_all() {
        assert_eq!(Window::Value(32).bytes(48, 4048, None), Some((0, 32, 32)));
        assert_eq!(Window::Value(32).bytes(0, 4096, None), None);
        assert_eq!(Window::Value(32).bytes(48, 16, None), None, "more than there is");
        assert_eq!(Window::Value(8).bytes(68, 132, Some(32)), Some((4, 32, 32)), "of a row the element");
        assert_eq!(Window::Whole.bytes(48, 4048, None), None);
    }

    #[test]
    fn headers_are_read_and_those_that_contradict_themselves_are_not() {
        let of = |reach: Reach, is_guessed, words: [u64; 2]| {
            reach.window(is_guessed, |word| words.get(word as usize - 1).copied())
        };
        assert_eq!(of(Reach::Text, false, [20, 0]), Window::Bytes { len: 20, cap: 20 });
        assert_eq!(of(Reach::Elements(8), false, [10, 12]), Window::Bytes { len: 80, cap: 96 });
        assert_eq!(of(Reach::Elements(8), false, [0, 12]), Window::Bytes { len: 0, cap: 96 });
        assert_eq!(of(Reach::Elements(8), true, [0, 12]), Window::Whole);
        assert_eq!(of(Reach::Elements(8), false, [13, 12]), Window::Whole);
        assert_eq!(of(Reach::Elements(8), false, [1, u64::MAX]), Window::Whole);
        assert_eq!(of(Reach::Whole, false, [1, 1]), Window::Whole);
        assert_eq!(Reach::Text.window(false, |_| None), Window::Whole);
    }
}
