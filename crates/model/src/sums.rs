//! Sums over the heap, and how they reconcile.

use crate::RootClass;
use serde::{Deserialize, Serialize};

/// How many addresses are kept of those that a count counts.
pub const SHOWN: usize = 5;

/// Bytes and objects of some part of the heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Bytes of slots.
    pub bytes: u64,
    /// Slots.
    pub objects: u64,
}

impl Share {
    /// Adds what was met elsewhere.
    pub fn add(&mut self, more: Share) {
        self.bytes += more.bytes;
        self.objects += more.objects;
    }
}

/// Where pointer words led.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerCounts {
    /// Words of reached objects that are pointers by the collector's masks and not nil.
    pub words: u64,
    /// Of these, into allocated slots.
    pub to_objects: u64,
    /// Into slots that are free: none on a quiescent core.
    pub to_free_slots: u64,
    /// Into the tail of a span, where no slot is.
    pub to_span_tails: u64,
    /// Into memory that the runtime manages by hand, as stacks are.
    pub to_manual_spans: u64,
    /// Elsewhere in an arena: free pages.
    pub to_free_pages: u64,
    /// Outside the heap.
    pub outside: u64,
    /// Of words that only look like pointers, those that led to no allocated slot; not counted above.
    pub conservative_misses: u64,
    /// Roots that lead to a free slot although they are known to be pointers.
    pub roots_to_free_slots: u64,
    /// Words that are absent from the core.
    pub absent: u64,
    /// Of `words`, those in objects whose type is known.
    pub typed_words: u64,
    /// Of these, the ones where the type has no pointer.
    pub unexplained: u64,
    /// The first words that hold a pointer to a free slot.
    pub first_to_free_slots: Lowest,
    /// The first that lead to a span's tail or to free pages.
    pub first_strays: Lowest,
}

impl PointerCounts {
    /// Adds what was met later.
    pub fn add(&mut self, more: &PointerCounts) {
        self.words += more.words;
        self.to_objects += more.to_objects;
        self.to_free_slots += more.to_free_slots;
        self.to_span_tails += more.to_span_tails;
        self.to_manual_spans += more.to_manual_spans;
        self.to_free_pages += more.to_free_pages;
        self.outside += more.outside;
        self.conservative_misses += more.conservative_misses;
        self.roots_to_free_slots += more.roots_to_free_slots;
        self.absent += more.absent;
        self.typed_words += more.typed_words;
        self.unexplained += more.unexplained;
        self.first_to_free_slots.add(&more.first_to_free_slots);
        self.first_strays.add(&more.first_strays);
    }

    /// All counts.
    pub fn numbers(&self) -> [u64; 12] {
        let PointerCounts { words, to_objects, to_free_slots, to_span_tails, to_manual_spans, to_free_pages, .. } =
            *self;
        let PointerCounts {
            outside, conservative_misses, roots_to_free_slots, absent, typed_words, unexplained, ..
        } = *self;
        let led = [words, to_objects, to_free_slots, to_span_tails, to_manual_spans, to_free_pages];
        let others = [outside, conservative_misses, roots_to_free_slots, absent, typed_words, unexplained];
        std::array::from_fn(|index| if index < led.len() { led[index] } else { others[index - led.len()] })
    }

    /// Counts a word at `at` that leads into a slot that is free.
    pub fn count_free(&mut self, at: u64) {
        self.to_free_slots += 1;
        self.first_to_free_slots.note(at);
    }
}

/// The lowest addresses that were noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowest([u64; SHOWN]);

impl Default for Lowest {
    fn default() -> Self {
        Lowest([u64::MAX; SHOWN])
    }
}

impl Lowest {
    /// Keeps an address if few are lower.
    pub fn note(&mut self, at: u64) {
        let mut at = at;
        for kept in &mut self.0 {
            if at < *kept {
                std::mem::swap(kept, &mut at);
            } else if at == *kept {
                return;
            }
        }
    }

    /// Keeps the lowest of both.
    pub fn add(&mut self, other: &Lowest) {
        other.iter().for_each(|at| self.note(at));
    }

    /// Those that were kept, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied().filter(|&at| at != u64::MAX)
    }
}

/// What was met while collecting roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootCounts {
    /// Words of data and bss that are pointers by their masks.
    pub variable_words: u64,
    /// Words of data and bss that are absent from the core.
    pub absent_words: u64,
    /// Sections of variables whose masks are absent, or not built yet: every word of theirs that looks like a pointer is a root.
    pub unbuilt_masks: u64,
    /// Stacks that were walked to their top.
    pub whole_stacks: u64,
    /// Stacks whose walk ended early.
    pub broken_stacks: u64,
    /// Frames that should have a stack map and have none.
    pub untyped_frames: u64,
}

/// What was met on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InferenceCounts {
    /// Objects to which a pointer leads whose type the object's bits or size refused.
    pub refused: u64,
    /// Objects that two types fit.
    pub conflicts: u64,
    /// Objects known by their shape alone.
    pub candidates: u64,
}

/// How the bytes of the heap reconcile: allocated = reachable + not known to be reachable + unreachable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Slots handed out and not freed.
    pub allocated: Share,
    /// What the roots of each class reached first.
    pub by_class: Vec<(RootClass, Share)>,
    /// What no word that is there leads to, and one that is absent may have.
    pub not_known: Share,
    /// What no root reaches.
    pub unreachable: Share,
    /// Of that, in spans that the last collection marked and nobody swept yet: garbage that the runtime knows of.
    pub awaiting_sweep: Share,
    /// Reached bytes by how their type is known, in the order of [`Evidence::ALL`](crate::Evidence::ALL).
    pub by_evidence: [u64; 4],
    /// Bytes of spans in use.
    pub span_bytes: u64,
    /// Of these, in slots that are free.
    pub free_slot_bytes: u64,
    /// Of these, in no slot: bitmaps, marks and what is left over.
    pub tail_bytes: u64,
    /// Allocated bytes that size classes added to what was asked for, as far as types tell: single values and rows of whole
    /// elements. What strings and byte slices lost to rounding is not known.
    pub size_class_rounding: u64,
    /// Where pointers led.
    pub pointers: PointerCounts,
    /// What was met in collecting roots.
    pub roots: RootCounts,
    /// What was met in telling types.
    pub inference: InferenceCounts,
}

impl Totals {
    /// What the roots reach in all.
    pub fn reachable(&self) -> Share {
        self.by_class.iter().fold(Share::default(), |sum, (_, share)| Share {
            bytes: sum.bytes + share.bytes,
            objects: sum.objects + share.objects,
        })
    }

    /// True if every allocated byte is either reachable, or not, or not known to be.
    pub fn is_reconciled(&self) -> bool {
        let mut parts = self.reachable();
        parts.add(self.not_known);
        parts.add(self.unreachable);
        parts == self.allocated && self.allocated.bytes + self.free_slot_bytes + self.tail_bytes == self.span_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_are_kept_in_any_order_of_noting() {
        let (mut up, mut down) = (Lowest::default(), Lowest::default());
        (0..20).for_each(|at| up.note(at * 8));
        (0..20).rev().for_each(|at| down.note(at * 8));
        down.add(&up);
        assert_eq!(up, down);
        assert!(up.iter().eq([0, 8, 16, 24, 32]));
    }
}
