//! Counting the words that lead to no slot.

use goheap_model::PointerCounts;
use goheap_runtime::GoHeap;

/// Counts a word at `at` that leads to no slot at all.
pub(crate) fn count_stray(counts: &mut PointerCounts, heap: &GoHeap<'_>, at: u64, value: u64) {
    let counter = if heap.span_index(value).is_some() {
        counts.first_strays.note(at);
        &mut counts.to_span_tails
    } else if heap.is_manual(value) {
        &mut counts.to_manual_spans
    } else if heap.in_arena(value) {
        counts.first_strays.note(at);
        &mut counts.to_free_pages
    } else {
        &mut counts.outside
    };
    *counter += 1;
}
