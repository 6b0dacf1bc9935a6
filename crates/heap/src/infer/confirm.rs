//! Whether the words of an object are what a type says that they are.

use super::engine::Inference;
use super::fit::fits;
use super::shapes::{Inner, contains};
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{self, Need};
use goheap_image::Address;
use goheap_model::{Evidence, ObjectType, Part, Slot, TypeId};
use goheap_runtime::Span;
use std::cell::OnceCell;
use std::ops::ControlFlow;

/// Of what is larger the beginning is looked at.
const MAX_CONFIRMED_BYTES: u64 = 1 << 16;
/// Words behind a value that are looked at.
const MAX_SLACK_WORDS: usize = 512;

/// The pointer words of an object that one type after the other is held against.
pub(super) struct SlotWords {
    pub(super) slot: Slot,
    /// Read when the first type is.
    words: OnceCell<Vec<SlotWord>>,
    /// From where on the slot is zero.
    clear: OnceCell<u64>,
}

/// A word, and what it leads to, found when the first type asks.
struct SlotWord {
    /// From the slot's first byte.
    offset: u64,
    /// None where that is absent.
    value: Option<u64>,
    target: OnceCell<Option<Target>>,
}

/// The slot that a word leads into.
#[derive(Clone, Copy)]
struct Target {
    slot: Slot,
    known: ObjectType,
    /// From the payload's first byte; None before it.
    offset: Option<u64>,
    /// Bytes to the end of the slot.
    room: u64,
}

impl SlotWords {
    pub(super) fn of(slot: Slot) -> Self {
        SlotWords { slot, words: OnceCell::new(), clear: OnceCell::new() }
    }

    /// True if any word that is there holds a value like that.
    pub(super) fn any(&self, inference: &Inference<'_, '_, '_>, is_like: impl Fn(u64) -> bool) -> bool {
        let (masks, span) = (&inference.model.masks, inference.objects.span(self.slot));
        let start = inference.objects.address(self.slot);
        let holds = |offset: u64| masks.word(span, start + offset).is_some_and(&is_like);
        let flow = inference.place(self.slot, span).try_for_each_offset(|offset| match holds(offset) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        flow.is_break()
    }

    fn read(&self, inference: &Inference<'_, '_, '_>) -> &[SlotWord] {
        self.words.get_or_init(|| {
            let (masks, span) = (&inference.model.masks, inference.objects.span(self.slot));
            let start = inference.objects.address(self.slot);
            let mut words = Vec::new();
            inference.place(self.slot, span).for_each_offset(|offset| {
                if offset <= MAX_CONFIRMED_BYTES {
                    let value = masks.word(span, start + offset);
                    words.push(SlotWord { offset, value, target: OnceCell::new() });
                }
            });
            words
        })
    }

    /// True if the words of the slot from `offset` on are zero, as an allocation of so many bytes leaves them: slots with pointers are
    /// cleared whole, unless they are boxes.
    fn is_clear_behind(&self, inference: &Inference<'_, '_, '_>, offset: u64) -> bool {
        let (masks, span) = (&inference.model.masks, inference.objects.span(self.slot));
        let start = inference.objects.address(self.slot);
        let is_clear = |at: u64| masks.word(span, start + at) == Some(0);
        let first = offset.next_multiple_of(8);
        if span.is_noscan() {
            return true;
        }
        if span.elem_size > MAX_SLACK_WORDS as u64 * 8 {
            return (first..span.elem_size).step_by(8).take(MAX_SLACK_WORDS).all(is_clear);
        }
        let end = self.clear.get_or_init(|| {
            let last = (0..span.elem_size / 8).rev().find(|word| !is_clear(word * 8));
            last.map_or(0, |last| last * 8 + 8)
        });
        first >= *end
    }
}

/// How many words of the object say that it is a `ty`, or that many in a row; None if one says that it is not.
pub(super) fn confirm(inference: &Inference<'_, '_, '_>, words: &SlotWords, part: Part, ty: TypeId) -> Option<u32> {
    let slot = words.slot;
    let span = inference.objects.span(slot);
    let payload = inference.place(slot, span).payload;
    let size = inference.resolver.types.get(ty).size;
    if part == Part::Value && !words.is_clear_behind(inference, payload + size) && !may_be_boxed(inference, ty) {
        return None;
    }
    let start = inference.objects.address(slot);
    words.read(inference).iter().try_fold(0_u32, |score, word| {
        let inner = word.offset - payload;
        let inner = if part == Part::Elements { inner.checked_rem(size)? } else { inner };
        let entry = inference.resolver.entry(ty, inner)?;
        let word = Word { inference, span, at: start + word.offset, value: word.value?, target: &word.target, of: ty };
        Some(score.saturating_add(word.says(entry.word, entry.field)?))
    })
}

/// True if code puts values of the type in boxes for interfaces: `convT` asks for no cleared slot (iface.go, up to Go 1.27).
fn may_be_boxed(inference: &Inference<'_, '_, '_>, ty: TypeId) -> bool {
    super::candidates::used(inference, ty).boxed
}

/// A pointer word that is looked at.
struct Word<'a, 'b, 'm, 'p> {
    inference: &'a Inference<'b, 'm, 'p>,
    span: &'a Span<'p>,
    at: u64,
    value: u64,
    target: &'a OnceCell<Option<Target>>,
    /// The type that the object may be.
    of: TypeId,
}

impl Word<'_, '_, '_, '_> {
    /// How much the word says that it has that meaning: 0 if nothing, None if it has not.
    fn says(&self, word: PointerWord, field: TypeId) -> Option<u32> {
        let resolver = &*self.inference.resolver;
        match word {
            // What is deleted from a map loses its pointer alone (runtime/map_faststr.go).
            PointerWord::String | PointerWord::Slice(_) if self.value == 0 && self.is_in_map() => Some(0),
            PointerWord::String | PointerWord::Slice(_) if self.value == 0 => (self.next(1)? == 0).then_some(0),
            PointerWord::String => self.is_string().then_some(1),
            PointerWord::Slice(elem) => self.slice_of(elem),
            PointerWord::InterfaceData(has_methods) => self.interface(has_methods, field),
            _ if self.value == 0 => Some(0),
            PointerWord::Pointer(elem) => self.leads_to(Part::Value, elem),
            PointerWord::Func => match resolver.closure(self.value) {
                resolve::Target::Known(..) => Some(2),
                resolve::Target::Needs(Need::Closure(entry)) if self.is_code(entry) => Some(2),
                _ => None,
            },
            _ => match resolver.target(word, field, self.at, self.value) {
                resolve::Target::Known(part, ty, _) => self.leads_to(part, ty),
                _ => Some(0),
            },
        }
    }

    fn is_code(&self, address: u64) -> bool {
        self.inference.model.modules.iter().any(|module| module.text.contains(&address))
    }

    /// True if it lies in the keys and values of a map.
    fn is_in_map(&self) -> bool {
        self.inference.shapes.whole(&self.inference.resolver.types, self.of).0 != Part::Value
    }

    fn next(&self, index: u64) -> Option<u64> {
        let at = Address(self.at).add(index * 8);
        let memory = self.inference.model.memory();
        self.inference.model.masks.word(self.span, at.0).or_else(|| memory.read_u64(at))
    }

    fn target(&self) -> Option<&Target> {
        let find = || {
            let objects = self.inference.objects;
            let slot = objects.find(self.value)?;
            let (start, span) = (objects.address(slot), objects.span(slot));
            let payload = self.inference.place(slot, span).payload;
            let known = self.inference.type_of(slot.id);
            let offset = self.value.checked_sub(start + payload);
            Some(Target { slot, known, offset, room: start + span.elem_size - self.value })
        };
        self.target.get_or_init(find).as_ref()
    }

    /// Bytes from the word's target to the end of its object; None outside the heap.
    fn room(&self) -> Option<u64> {
        self.target().map(|target| target.room)
    }

    fn is_string(&self) -> bool {
        let Some(len) = self.next(1) else { return false };
        let is_noscan = self.target().is_none_or(|target| self.inference.objects.span(target.slot).is_noscan());
        len > 0 && is_noscan && len <= self.room().unwrap_or(1 << 32)
    }

    fn slice_of(&self, elem: TypeId) -> Option<u32> {
        let (len, cap) = (self.next(1)?, self.next(2)?);
        let bytes = cap.checked_mul(self.inference.resolver.types.get(elem).size)?;
        if len > cap || self.room().is_some_and(|room| bytes > room) {
            return None;
        }
        Some(self.leads_to(Part::Elements, elem)? + 1)
    }

    fn interface(&self, has_methods: bool, field: TypeId) -> Option<u32> {
        let resolver = &*self.inference.resolver;
        let first = self.inference.model.memory().read_u64(Address(self.at.wrapping_sub(8)))?;
        if first == 0 {
            return (self.value == 0).then_some(0);
        }
        if !has_methods {
            return resolver.types.by_descriptor(first).map(|_| 2);
        }
        let interface = resolver.itab_interface(first)?;
        (resolver.types.get(interface).name == resolver.types.get(field).name).then_some(3)
    }

    /// Whether what is known of the target, or its look, allows that it is that.
    fn leads_to(&self, part: Part, ty: TypeId) -> Option<u32> {
        let Some(&Target { slot, known, offset, .. }) = self.target() else { return Some(0) };
        let (inference, types) = (self.inference, &self.inference.resolver.types);
        let span = inference.objects.span(slot);
        let offset = offset?;
        let inner = Inner { offset, part, ty };
        if span.is_tiny_class() {
            return types.get(ty).size.checked_sub(1).map(|_| 0);
        }
        if known.is_known() {
            let is_same = known.ty() == ty || types.get(known.ty()).name == types.get(ty).name;
            let is_like = match part {
                Part::Value | Part::Elements => is_same || contains(types, known.ty(), inner),
                _ => known.part() == part,
            };
            let is_sure = known.evidence() >= Evidence::Derived;
            return if is_like { Some(if is_sure { 3 } else { 2 }) } else { (!is_sure).then_some(0) };
        }
        if !matches!(part, Part::Value | Part::Elements) {
            return Some(1);
        }
        let place = inference.place(slot, span);
        let is_start = offset == 0 && (part == Part::Elements || inference.choices.allow(slot.id, ty));
        if is_start && fits(inference.resolver, place, part, ty) {
            return Some(1);
        }
        // Into the middle of something, or to a part of it.
        let size = types.get(ty).size;
        (size > 0 && offset.saturating_add(size) <= place.room() && (offset > 0 || size < place.room())).then_some(0)
    }
}
