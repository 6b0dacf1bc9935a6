//! What is known of blocks of several values, kept beside the states: which value each goes by.

use super::shapes::Inner;
use crate::objects::table::ObjectTable;
use foldhash::HashMap;
use goheap_model::{Evidence, ObjectType};
use goheap_runtime::GoHeap;
use rayon::prelude::*;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Bytes of a block (runtime/malloc.go `maxTinySize`).
pub(super) const BLOCK: u64 = 16;

/// A value in a block: what is known of it, and before that its place, so that of two the greater number is the one to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TinyValue(u32);

const LIVE: u32 = 1 << 31;
/// Below are an object's type and, in place of the bits that it leaves free, what comes above them.
const PLACE_SHIFT: u32 = 27;
const TYPE_BITS: u32 = ObjectType::FREE_BITS.trailing_zeros();
const GAP: u32 = ObjectType::FREE_BITS.count_ones();

const _: () = assert!(u32::BITS - GAP == PLACE_SHIFT && LIVE >> PLACE_SHIFT == BLOCK as u32);
const _: () = assert!(ObjectType::FREE_BITS >> TYPE_BITS == (1 << GAP) - 1, "one gap");

/// The bits of a type without the gap.
fn packed(object: ObjectType) -> u32 {
    let (bits, low) = (object.to_bits(), (1 << TYPE_BITS) - 1);
    bits & low | (bits & !ObjectType::FREE_BITS & !low) >> GAP
}

fn unpacked(bits: u32) -> ObjectType {
    let low = (1 << TYPE_BITS) - 1;
    ObjectType::from_bits(bits & low | (bits & !low & ((1 << PLACE_SHIFT) - 1)) << GAP)
}

impl TinyValue {
    /// What lies at `offset` of a block. A value that a live pointer leads to goes before a dead one, also if nothing is known of it.
    pub(super) fn new(is_live: bool, offset: u64, object: ObjectType) -> Self {
        let live = if is_live { LIVE } else { 0 };
        TinyValue(live | ((BLOCK - 1).saturating_sub(offset) as u32) << PLACE_SHIFT | packed(object))
    }

    pub(super) fn object(self) -> ObjectType {
        unpacked(self.0)
    }

    fn with_object(self, object: ObjectType) -> Self {
        TinyValue(self.rank() << PLACE_SHIFT | packed(object))
    }

    fn is_first(self) -> bool {
        u64::from(self.rank()) & (BLOCK - 1) == BLOCK - 1
    }

    fn rank(self) -> u32 {
        self.0 >> PLACE_SHIFT
    }

    /// The same, in use if `known` is in the same place and is.
    fn beside(self, known: TinyValue) -> Self {
        let place = |value: TinyValue| (value.0 & !LIVE) >> PLACE_SHIFT;
        let is_there = place(known) == place(self);
        if is_there { TinyValue(self.0 | known.0 & LIVE) } else { self }
    }

    /// True if what is said of another value, or again of this one, changes nothing.
    fn outdoes(self, said: TinyValue) -> bool {
        let (said, object) = (said.beside(self), self.object());
        let is_told = object.is_same_kind(said.object()) && object.evidence() >= said.object().evidence();
        self.rank() > said.rank() || self.rank() == said.rank() && (is_told || !said.object().is_known())
    }

    /// True if both are surely what the block begins with, and yet not the same. Of the others that is not asked: which are met before
    /// a better one depends on threads.
    fn contradicts(self, said: TinyValue) -> bool {
        let (one, two) = (self.object(), said.object());
        let is_sure = |object: ObjectType| object.evidence() > Evidence::Candidate;
        let are_first = self.rank() == said.rank() && self.is_first();
        are_first && is_sure(one) && is_sure(two) && !one.is_same_kind(two) && one.ty() != two.ty()
    }
}

/// What became of a value that was proposed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raised {
    /// The block goes by another value now, or by the same with another type.
    pub(super) is_other: bool,
    /// Two types of what the block begins with contradict each other.
    pub(super) is_conflict: bool,
}

/// The values that the blocks go by so far.
///
/// # Overhead
/// Four bytes a slot of 16 bytes without pointers, and four a span.
pub(super) struct TinyBlocks {
    /// What a slot's number is ahead of its place in `values`, by span.
    ahead: Vec<u32>,
    values: Vec<AtomicU32>,
    /// How surely a pointer to that part of a block leads to a value of its own.
    pub(super) alone: RwLock<HashMap<Inner, Evidence>>,
    /// Types that were looked through for that.
    pub(super) searched: AtomicUsize,
}

impl TinyBlocks {
    pub(super) fn new(heap: &GoHeap<'_>, objects: &ObjectTable<'_, '_>) -> Self {
        let (mut ahead, mut count) = (Vec::with_capacity(heap.spans.len()), 0_u32);
        for (index, span) in heap.spans.iter().enumerate() {
            ahead.push(objects.first_of(index as u32).wrapping_sub(count));
            count += if span.is_tiny_class() { span.nelems } else { 0 };
        }
        let values = (0..count).into_par_iter().map(|_| AtomicU32::new(0)).collect();
        TinyBlocks { ahead, values, alone: RwLock::default(), searched: AtomicUsize::new(0) }
    }

    fn of(&self, id: u32, span: u32) -> Option<&AtomicU32> {
        let ahead = self.ahead.get(span as usize)?;
        self.values.get(id.wrapping_sub(*ahead) as usize)
    }

    /// What a block, the slot `id` of a span of such, goes by so far.
    pub(super) fn get(&self, id: u32, span: u32) -> TinyValue {
        TinyValue(self.of(id, span).map_or(0, |value| value.load(Ordering::Relaxed)))
    }

    /// Takes a value unless the block goes by one before it, `better` telling of two types of one value which is.
    pub(super) fn raise(
        &self,
        id: u32,
        span: u32,
        value: TinyValue,
        better: impl Fn(ObjectType, ObjectType) -> ObjectType,
    ) -> Raised {
        let mut raised = Raised::default();
        let Some(word) = self.of(id, span) else { return raised };
        let raise = |old: u32| {
            let (old, value) = (TinyValue(old), value.beside(TinyValue(old)));
            raised.is_conflict = old.contradicts(value);
            let is_one = old.rank() == value.rank();
            let best = if is_one { old.with_object(better(old.object(), value.object())) } else { value };
            (best.rank() >= old.rank() && best != old).then_some(best.0)
        };
        // Who asks for what was taken does so after all have ended who take.
        raised.is_other = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise).is_ok();
        raised
    }

    /// True if that value would change nothing.
    #[inline]
    pub(super) fn knows(&self, id: u32, span: u32, value: TinyValue) -> bool {
        self.get(id, span).outdoes(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::Part;
    use goheap_model::TypeId;

    fn value(is_live: bool, offset: u64, ty: u32) -> TinyValue {
        TinyValue::new(is_live, offset, ObjectType::new(Part::Value, TypeId(ty), Evidence::Derived))
    }

    fn unknown(offset: u64) -> TinyValue {
        TinyValue::new(true, offset, ObjectType::UNKNOWN)
    }

    #[test]
    fn all_of_a_type_is_kept_beside_the_place() {
        let types = [0, 1, (1 << 21) - 1].map(TypeId).into_iter();
        let kinds = types.flat_map(|ty| [Part::Value, Part::Elements, Part::BoxedValue].map(|part| (part, ty)));
        for ((part, ty), evidence) in kinds.flat_map(|kind| Evidence::ALL.map(|evidence| (kind, evidence))) {
            let object = ObjectType::new(part, ty, evidence);
            assert_eq!(TinyValue::new(true, 3, object).object(), object);
        }
    }

    #[test]
    fn a_block_goes_by_its_first_live_value() {
        assert!(value(true, 3, 1).outdoes(value(true, 8, 2)) && !value(true, 8, 2).outdoes(value(true, 3, 1)));
        assert!(value(true, 8, 1).outdoes(value(false, 0, 2)), "what lies before is dead");
        assert!(!value(false, 0, 2).outdoes(value(true, 15, 1)));
        assert!(value(false, 0, 1).outdoes(value(false, 8, 2)), "of what is dead the first");
        assert!(unknown(0).outdoes(value(true, 8, 1)), "of the first nothing is known");
        assert!(!unknown(8).outdoes(value(true, 8, 1)) && !unknown(8).outdoes(value(false, 8, 1)), "now it is");
        assert!(value(true, 8, 1).outdoes(unknown(8)) && value(true, 8, 1).outdoes(value(false, 8, 1)));
    }

    #[test]
    fn what_garbage_says_of_a_live_value_is_of_that() {
        let told = value(false, 8, 1).beside(unknown(8));
        assert_eq!(told, value(true, 8, 1));
        assert_eq!(value(false, 0, 1).beside(unknown(8)), value(false, 0, 1));
    }

    #[test]
    fn two_types_of_what_a_block_begins_with_contradict_each_other() {
        assert!(value(true, 0, 1).contradicts(value(true, 0, 2)));
        assert!(!value(true, 0, 1).contradicts(value(true, 0, 1)) && !unknown(0).contradicts(value(true, 0, 1)));
        assert!(!value(true, 8, 1).contradicts(value(true, 8, 2)), "met or not, as threads have it");
    }
}
