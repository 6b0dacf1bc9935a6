//! What pointers in windows lead to, and what hangs on others alone: those that a queue left behind as it was popped, or that a
//! slice cut short still has room for.

use super::windows::Windows;
use crate::scan::pieces::is_in_pieces;
use crate::snapshot::HeapSnapshot;
use goheap_graph::{CsrGraph, IdBitSet};
use goheap_model::{ObjectId, Slot};
use rayon::prelude::*;

/// The nodes of the graph that are reached from `root` by words that are in windows; None where every word is.
pub(super) fn held(
    snapshot: &HeapSnapshot<'_, '_>,
    windows: &Windows,
    (graph, root): (&CsrGraph, u32),
) -> Option<IdBitSet> {
    let partly = partly_referred(snapshot, windows);
    if partly.count() == 0 {
        return None;
    }
    let mut held = IdBitSet::with_room_for(graph.node_count());
    let mut stack = vec![root];
    held.insert(root);
    while let Some(node) = stack.pop() {
        if partly.contains(node) {
            let slot = snapshot.objects.slot(ObjectId(node));
            each_target(snapshot, slot, |at, target| {
                if windows.covers(slot.span, at) && held.insert(target) {
                    stack.push(target);
                }
            });
        } else {
            stack.extend(graph.targets(node).iter().filter(|&&target| held.insert(target)));
        }
    }
    Some(held)
}

/// The reachable objects that have a pointer outside of all windows.
fn partly_referred(snapshot: &HeapSnapshot<'_, '_>, windows: &Windows) -> IdBitSet {
    let of_span = |(index, span): (usize, &goheap_runtime::Span<'_>)| {
        let (objects, mut found) = (&snapshot.objects, Vec::new());
        if span.is_noscan() || Windows::is_small(span) {
            return found;
        }
        let first = objects.first_of(index as u32);
        for id in snapshot.reached.ones_in(first..first + span.nelems).filter(|&id| !windows.is_whole(id)) {
            let (slot, mut is_partly) = (objects.slot_in(id, index as u32), false);
            each_target(snapshot, slot, |at, _| is_partly |= !windows.covers(slot.span, at));
            if is_partly {
                found.push(id);
            }
        }
        found
    };
    let found: Vec<Vec<u32>> = snapshot.model.heap.spans.par_iter().enumerate().map(of_span).collect();
    let mut partly = IdBitSet::with_room_for(snapshot.objects.len());
    found.into_iter().flatten().for_each(|id| _ = partly.insert(id));
    partly
}

/// Visits the pointers of an object that lead to objects: where each lies, and the id of what it leads to.
fn each_target(snapshot: &HeapSnapshot<'_, '_>, slot: Slot, mut visit: impl FnMut(u64, u32)) {
    let (objects, masks) = (&snapshot.objects, &snapshot.model.masks);
    let (span, start) = (objects.span(slot), objects.address(slot));
    let see = |offset: u64| {
        let at = start.wrapping_add(offset);
        let target = masks.word(span, at).filter(|&value| value != 0).and_then(|value| objects.find_allocated(value));
        if let Some(target) = target {
            visit(at, target.id.0);
        }
    };
    if is_in_pieces(masks, span) {
        masks.for_each_nonzero_offset_in(span, 0..span.elem_size, see);
    } else {
        masks.for_each_offset(span, slot.slot, see);
    }
}
