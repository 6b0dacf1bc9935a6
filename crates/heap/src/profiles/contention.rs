//! How long was waited, and where: `block` and `mutex` (pprof.go `printCountCycleProfile`).

use super::places::{Addresses, Places, SAMPLE_BYTES};
use crate::error::HeapError;
use goheap_model::{Claim, CodeProfile, CodeSample, Observer};
use goheap_runtime::{RuntimeModel, Waited};

/// A profile of waiting, and what is not known of it.
#[derive(Clone, Debug, Default)]
pub struct ContentionTimes {
    /// How often was waited, and how long.
    pub profile: CodeProfile,
    /// True if it is told in nanoseconds; else in ticks of the processor's clock, for how fast that goes is not known.
    pub is_in_nanoseconds: bool,
    /// False where one of so many waits was counted, and it is not known of how many.
    pub is_scaled: bool,
    /// At what it was sampled when the process died, 0 where it was not; None where that is not known.
    pub rate: Option<u64>,
    /// The list of records was found.
    pub has_list: bool,
    /// Records that are absent or broken; behind one may be others.
    pub broken: u64,
}

/// A profile of waiting as the process would have written it.
///
/// # Errors
/// The observer's refusal.
pub fn contention_profile(
    model: &RuntimeModel<'_>,
    waited: Waited,
    observer: &dyn Observer,
) -> Result<ContentionTimes, HeapError> {
    observer.begin("profile");
    let mut read = model.contention(waited, observer)?;
    let words: usize = read.records.iter().map(|record| record.stack.len()).sum();
    let kept = read.records.len() * SAMPLE_BYTES + words * 4;
    observer.claim(Claim { kept: kept as u64, passing: 0 })?;
    read.records.sort_by_key(|record| std::cmp::Reverse(record.cycles));
    let is_by_frames = model.version.release().has_frames_in_contention;
    let addresses = if is_by_frames { Addresses::OfFrames } else { Addresses::OfCalls };
    let ticks = model.ticks_per_second();
    // Where the fraction is not known what was sampled stands.
    let scale = match waited {
        Waited::Mutex if model.version.release().scales_mutexes_when_written => model.mutex_fraction(),
        _ => Some(1),
    };
    let (is_scaled, scale) = (scale.is_some(), scale.unwrap_or(1));
    let mut places = Places::new(model);
    let samples = read.records.iter().map(|record| {
        let count = match waited {
            // A part of one would be none, by which readers would divide.
            Waited::Block => (record.count as i64).max(1),
            Waited::Mutex => (record.count as i64).saturating_mul(scale as i64),
        };
        let cycles = record.cycles as f64;
        let delay = ticks.map_or(cycles, |ticks| cycles / (ticks as f64 / 1e9)) * scale as f64;
        let places = places.of_stack(&record.stack, addresses);
        CodeSample { places, values: vec![count, delay as i64], ..CodeSample::default() }
    });
    let samples = samples.collect();
    Ok(ContentionTimes {
        profile: places.with(samples),
        is_in_nanoseconds: ticks.is_some(),
        is_scaled,
        rate: model.contention_rate(waited),
        has_list: read.has_list,
        broken: read.broken,
    })
}
