//! How many there are of each stack: `goroutine` and `threadcreate` (pprof.go `printCountProfile`).

use super::places::{Addresses, Places, SAMPLE_BYTES};
use crate::error::HeapError;
use foldhash::HashMap;
use goheap_model::{Claim, CodeProfile, CodeSample, Observer, Refusal};
use goheap_runtime::{Goroutine, RuntimeModel, ThreadIndex, Tracer};

/// Goroutines by stack and labels, as the process would have counted them: those of the indexes that are wanted, without the runtime's own.
///
/// # Errors
/// The observer's refusal.
pub fn goroutine_profile(
    model: &RuntimeModel<'_>,
    observer: &dyn Observer,
    is_wanted: impl Fn(u32) -> bool,
) -> Result<CodeProfile, HeapError> {
    observer.begin("profile");
    let (mut tracer, threads) = (Tracer::new(model), model.thread_index());
    let mut counter = Counter::new(model, observer);
    let live = (0..).zip(&model.goroutines).filter(|(_, goroutine)| goroutine.status.is_live());
    for (_, goroutine) in live.filter(|(index, _)| is_wanted(*index)) {
        if let Some(places) = stack(model, goroutine, (&mut tracer, &threads), &mut counter.places) {
            counter.add(places, model.labels(goroutine))?;
        }
    }
    Ok(counter.done())
}

/// The frames of a goroutine; None of one that is the runtime's own.
fn stack(
    model: &RuntimeModel<'_>,
    goroutine: &Goroutine,
    (tracer, threads): (&mut Tracer<'_, '_>, &ThreadIndex<'_>),
    places: &mut Places<'_, '_>,
) -> Option<Box<[u32]>> {
    let stack = model.stack(goroutine, threads);
    let pcs = model.trace_pcs(&stack.frames, stack.is_stopped);
    let calls = tracer.calls(&pcs);
    if model.is_system(goroutine, &calls) {
        return None;
    }
    let (most, mut taken, mut found) = (model.version.release().profile_stack_depth, 0, Vec::new());
    let mut callee = "";
    for of_frame in calls.chunk_by(|one, next| one.frame == next.frame) {
        // A frame that is cut within is told whole.
        if taken >= most {
            break;
        }
        let mut kept = Vec::with_capacity(of_frame.len());
        for call in of_frame {
            kept.push(!model.is_passed_over(&call.call, callee));
            callee = &call.call.function;
        }
        taken += kept.iter().filter(|&&is_kept| is_kept).count();
        found.extend(places.of_frame(pcs[of_frame[0].frame], |at| kept.get(at) == Some(&true)));
    }
    Some(found.into())
}

/// The runtime's threads by the stack that made them.
///
/// # Errors
/// The observer's refusal.
pub fn thread_profile(model: &RuntimeModel<'_>, observer: &dyn Observer) -> Result<CodeProfile, HeapError> {
    observer.begin("profile");
    let mut counter = Counter::new(model, observer);
    for pcs in model.thread_stacks() {
        let places = counter.places.of_stack(&pcs, Addresses::OfCalls);
        counter.add(places, Vec::new())?;
    }
    Ok(counter.done())
}

type Key = (Box<[u32]>, Vec<(String, String)>);

/// So many bytes are claimed at a time.
const CLAIMED: usize = 1 << 22;

/// Counts those that are alike.
struct Counter<'m, 'p, 'o> {
    places: Places<'m, 'p>,
    samples: Vec<(Key, i64)>,
    index_of: HashMap<Key, usize>,
    observer: &'o dyn Observer,
    /// Bytes taken since the last claim.
    unclaimed: usize,
}

impl<'m, 'p, 'o> Counter<'m, 'p, 'o> {
    fn new(model: &'m RuntimeModel<'p>, observer: &'o dyn Observer) -> Self {
        let (samples, index_of) = Default::default();
        Counter { places: Places::new(model), samples, index_of, observer, unclaimed: 0 }
    }

    fn add(&mut self, places: Box<[u32]>, labels: Vec<(String, String)>) -> Result<(), Refusal> {
        let key = (places, labels);
        if let Some(&index) = self.index_of.get(&key) {
            self.samples[index].1 += 1;
            return Ok(());
        }
        let texts: usize = key.1.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        // The key is there twice.
        self.unclaimed += 2 * (SAMPLE_BYTES + key.0.len() * 4 + texts);
        if self.unclaimed >= CLAIMED {
            self.observer.claim(Claim { kept: self.unclaimed as u64, passing: 0 })?;
            self.unclaimed = 0;
        }
        self.index_of.insert(key.clone(), self.samples.len());
        self.samples.push((key, 1));
        Ok(())
    }

    /// Those that are most first.
    fn done(mut self) -> CodeProfile {
        self.samples.sort_by_key(|(_, count)| -count);
        let sample = |((places, labels), count)| CodeSample { places, values: vec![count], labels, object_bytes: None };
        let samples = self.samples.into_iter().map(sample).collect();
        self.places.with(samples)
    }
}
