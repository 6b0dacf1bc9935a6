//! What the runtime's books say of how long things have been there.

use crate::snapshot::HeapSnapshot;
use goheap_graph::IdBitSet;
use goheap_model::{SpanSweep, Sweeps};
use goheap_runtime::{GoroutineStatus, RuntimeModel, Span, SweepState};

/// The experiment by which objects are freed before a collection (malloc.go `freegc`, since 1.26; on in no release).
const FREES_EARLY: &str = "runtimefreegc";

impl HeapSnapshot<'_, '_> {
    /// The collector's bits of all slots, and how long goroutines wait. What the core lacks of them says nothing of its span.
    pub fn sweeps(&self) -> Sweeps {
        let model = self.model;
        let slots = self.objects.len();
        let mut sweeps = Sweeps {
            generation: model.heap.sweepgen,
            kept: IdBitSet::with_room_for(slots),
            marked: IdBitSet::with_room_for(slots),
            waits: waits(model),
            collections: model.gc_settings().cycles,
            ..Sweeps::default()
        };
        let frees_early = model.version.has_experiment(FREES_EARLY);
        for (span, index) in model.heap.spans.iter().zip(0..) {
            let first = self.objects.first_of(index);
            let told = if frees_early { None } else { add(model, span, first, &mut sweeps) };
            sweeps.spans.push(told.unwrap_or_default());
        }
        sweeps
    }
}

/// Adds the bits of a span; None where nothing can be said of it.
fn add(model: &RuntimeModel<'_>, span: &Span<'_>, first: u32, sweeps: &mut Sweeps) -> Option<SpanSweep> {
    // Chunks of arenas are freed by the program.
    if span.is_user_arena_chunk {
        return None;
    }
    let kept = span.kept(model.memory())?;
    let stands = match span.sweep {
        SweepState::Swept => SpanSweep::Swept,
        SweepState::NeedsSweep => SpanSweep::Waiting,
        SweepState::Sweeping | SweepState::Unknown(_) => return None,
    };
    if stands == SpanSweep::Waiting {
        let marked = span.marks(model.memory())?;
        sweeps.marked.insert_bits(first, &marked.bytes, span.nelems);
    }
    sweeps.kept.insert_bits(first, &kept.bytes, span.nelems);
    Some(stands)
}

/// Goroutines that a collection has seen wait. Those in system calls are left out: these return without a word.
fn waits(model: &RuntimeModel<'_>) -> Vec<(u64, u64)> {
    let waiting = model.goroutines.iter().filter(|goroutine| goroutine.status == GoroutineStatus::Waiting);
    let seen = waiting.filter(|goroutine| goroutine.waitsince != 0);
    let mut waits: Vec<(u64, u64)> = seen.map(|goroutine| (goroutine.id, goroutine.waitsince)).collect();
    waits.sort_unstable();
    waits
}

#[cfg(test)]
mod tests;
