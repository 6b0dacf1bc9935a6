//! What is Go's: the heap's arenas page by page, and what the runtime took for itself.

use super::address_map::{AddressMap, Total};
use super::part::MemoryPart;
use crate::snapshot::HeapSnapshot;
use goheap_model::{Objects, Standing, Totals};
use goheap_runtime::{ARENA_BYTES, OwnKind, PageState, RuntimeModel, Span};

/// How the heap's spans are split.
pub(super) struct SpanParts {
    reachable: u64,
    not_known: u64,
    unreachable: u64,
    free_slots: u64,
    tails: u64,
}

impl SpanParts {
    fn of(totals: &Totals) -> SpanParts {
        let (not_known, unreachable) = (totals.not_known.bytes, totals.unreachable.bytes);
        let lost = not_known.saturating_add(unreachable);
        SpanParts {
            reachable: totals.allocated.bytes.saturating_sub(lost),
            not_known,
            unreachable,
            free_slots: totals.free_slot_bytes,
            tails: totals.tail_bytes,
        }
    }

    /// Takes out a span that the core maps in part.
    fn without(&mut self, snapshot: &HeapSnapshot<'_, '_>, index: u32, span: &Span<'_>) {
        let objects: &Objects = &snapshot.objects;
        let first = objects.first_of(index);
        let mut slots = 0;
        for slot in span.allocated.ones() {
            slots += 1;
            let of_object = match snapshot.standing(goheap_model::ObjectId(first + slot as u32)) {
                Standing::Reachable => &mut self.reachable,
                Standing::Unreachable => &mut self.unreachable,
                _ => &mut self.not_known,
            };
            *of_object = of_object.saturating_sub(span.elem_size);
        }
        let all = u64::from(span.nelems);
        self.free_slots = self.free_slots.saturating_sub((all - slots) * span.elem_size);
        self.tails = self.tails.saturating_sub(span.byte_len() - all * span.elem_size);
    }

    /// Puts what spans are of in the place of their bytes, of which no more than these are told.
    pub(super) fn split(&self, parts: &mut [(MemoryPart, Total)]) {
        let whole = parts.iter().find(|(part, _)| *part == MemoryPart::HeapInUse).map_or(0, |(_, total)| total.bytes);
        let split = [
            (MemoryPart::HeapReachable, self.reachable),
            (MemoryPart::HeapNotKnown, self.not_known),
            (MemoryPart::HeapUnreachable, self.unreachable),
            (MemoryPart::HeapFreeSlots, self.free_slots),
            (MemoryPart::HeapTails, self.tails),
        ];
        super::part_out(parts, MemoryPart::HeapInUse, whole, &split);
    }
}

/// Claims all that is Go's.
pub(super) fn claim(map: &mut AddressMap<'_>, snapshot: &HeapSnapshot<'_, '_>) -> SpanParts {
    let model = snapshot.model;
    let mut parts = SpanParts::of(&snapshot.totals);
    for (span, index) in model.heap.spans.iter().zip(0..) {
        if map.claim(span.base..span.end(), MemoryPart::HeapInUse) != span.byte_len() {
            parts.without(snapshot, index, span);
        }
    }
    stacks(map, model);
    arenas(map, model);
    own(map, model);
    parts
}

/// Spans of stacks: what goroutines and threads stand on, and the rest. Then spans of the collector's.
fn stacks(map: &mut AddressMap<'_>, model: &RuntimeModel<'_>) {
    let live = model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()).map(|goroutine| goroutine.stack);
    let mut stacks: Vec<(u64, u64)> = live.chain(model.system_stacks()).filter(|(low, high)| low < high).collect();
    stacks.sort_unstable();
    for span in model.heap.manual.iter().filter(|span| span.has_stacks()) {
        for piece in map.unclaimed(span.base..span.end) {
            // A stack lies in one span: it begins where that is mapped.
            let first = stacks.partition_point(|stack| stack.0 < piece.start);
            for &(low, high) in stacks.iter().skip(first).take_while(|stack| stack.0 < piece.end) {
                map.claim(low..high.min(piece.end), MemoryPart::StacksInUse);
            }
        }
        map.claim(span.base..span.end, MemoryPart::StacksCached);
    }
    for span in model.heap.manual.iter().filter(|span| !span.has_stacks()) {
        map.claim(span.base..span.end, MemoryPart::GcWork);
    }
}

/// The rest of arenas: pages without a span, and address space that is only reserved.
fn arenas(map: &mut AddressMap<'_>, model: &RuntimeModel<'_>) {
    let states = model.page_states();
    for arena in model.arenas() {
        for piece in map.unclaimed(arena..arena.saturating_add(ARENA_BYTES)) {
            if !piece.mapping.is_writable() {
                map.claim(piece.start..piece.end, MemoryPart::ReservedHeap);
                continue;
            }
            states.each(piece.start..piece.end, |pages, state| {
                let part = match state {
                    PageState::Kept => MemoryPart::HeapIdle,
                    PageState::Released => MemoryPart::HeapReleased,
                    PageState::NotKnown => MemoryPart::HeapIdleNotKnown,
                };
                map.claim(pages, part);
            });
        }
    }
}

/// What the runtime took for itself. What it reserved for indexes cannot be written until it is needed.
fn own(map: &mut AddressMap<'_>, model: &RuntimeModel<'_>) {
    for piece in model.own_memory() {
        let part = match piece.kind {
            OwnKind::SpanRecords => MemoryPart::SpanRecords,
            OwnKind::SpanList => MemoryPart::SpanList,
            OwnKind::Caches => MemoryPart::Caches,
            OwnKind::ArenaIndex => MemoryPart::ArenaIndex,
            OwnKind::ArenaRecords => MemoryPart::ArenaRecords,
            OwnKind::MarkBits => MemoryPart::MarkBits,
            OwnKind::PageSummaries => MemoryPart::PageSummaries,
            OwnKind::PageBitmaps => MemoryPart::PageBitmaps,
            OwnKind::ScavengeIndex => MemoryPart::ScavengeIndex,
            OwnKind::ProfileTable => MemoryPart::ProfileTable,
            OwnKind::Persistent => MemoryPart::Persistent,
        };
        map.claim_by(piece.start..piece.end, None, |mapping| {
            Some(if mapping.is_writable() { part } else { MemoryPart::ReservedIndexes })
        });
    }
}
