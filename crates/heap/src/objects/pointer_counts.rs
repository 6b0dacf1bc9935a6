//! What the words of reached objects turned out to be.

use crate::samples::Lowest;
use goheap_runtime::GoHeap;

/// Bytes and objects of some part of the heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Bytes of slots.
    pub bytes: u64,
    /// Slots.
    pub objects: u64,
}

impl Share {
    /// Adds what was met elsewhere.
    pub(crate) fn add(&mut self, more: Share) {
        self.bytes += more.bytes;
        self.objects += more.objects;
    }
}

/// Where pointer words led.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    pub(crate) fn add(&mut self, more: &PointerCounts) {
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

    /// Counts a word at `at` that leads into a slot that is free.
    pub(crate) fn count_free(&mut self, at: u64) {
        self.to_free_slots += 1;
        self.first_to_free_slots.note(at);
    }

    /// Counts a word at `at` that leads to no slot at all.
    pub(crate) fn count_stray(&mut self, heap: &GoHeap<'_>, at: u64, value: u64) {
        let counter = if heap.span_index(value).is_some() {
            self.first_strays.note(at);
            &mut self.to_span_tails
        } else if heap.is_manual(value) {
            &mut self.to_manual_spans
        } else if heap.in_arena(value) {
            self.first_strays.note(at);
            &mut self.to_free_pages
        } else {
            &mut self.outside
        };
        *counter += 1;
    }
}
