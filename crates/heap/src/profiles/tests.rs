//! How long was waited, and where.
#![allow(clippy::unwrap_used)]

use super::{ContentionTimes, contention_profile};
use crate::error::HeapError;
use crate::testing::GoProcess;
use goheap_model::{Claim, Observer, Refusal, Unobserved};
use goheap_runtime::Waited;

const BLOCK: u64 = 2;
const MUTEX: u64 = 3;

fn told(go: &GoProcess, waited: Waited) -> ContentionTimes {
    go.open(|model| contention_profile(model, waited, &Unobserved).unwrap())
}

/// The functions of each sample with how often and how long.
fn samples(times: &ContentionTimes) -> Vec<(Vec<&str>, [i64; 2])> {
    let profile = &times.profile;
    let function = |place: &u32| {
        let call = profile.places[*place as usize].calls[0];
        &*profile.functions[call.function as usize].name
    };
    let sample = |sample: &'_ goheap_model::CodeSample| [sample.values[0], sample.values[1]];
    profile.samples.iter().map(|one| (one.places.iter().map(function).collect(), sample(one))).collect()
}

/// A process that waited for a channel at two places.
fn blocked(version: &str) -> GoProcess {
    let mut go = GoProcess::of_release(version);
    let short = go.waited(BLOCK, &["runtime.chanrecv1", "main.short"], (0.25, 3000), 0);
    let long = go.waited(BLOCK, &["runtime.chanrecv1", "main.long"], (7.0, 90_000), short);
    go.variable("runtime.bbuckets", "uintptr", &[long]);
    go
}

#[test]
fn places_that_waited_longest_come_first() {
    for version in ["go1.22.1", "go1.26.1"] {
        let mut go = blocked(version);
        let times = told(&go, Waited::Block);
        let expected = [
            (vec!["runtime.chanrecv1", "main.long"], [7, 90_000]),
            (vec!["runtime.chanrecv1", "main.short"], [1, 3000]),
        ];
        assert_eq!(samples(&times), expected, "{version}: less than once is once, by which readers may divide");
        assert!(
            times.has_list && !times.is_in_nanoseconds && times.is_scaled,
            "{version}: how fast ticks go is not known"
        );
        assert_eq!((times.broken, times.rate), (0, None));
        // Two ticks are a nanosecond.
        go.variable("runtime.ticks", "[8]uint64", &[2_000_000_000; 8]);
        go.variable("runtime.blockprofilerate", "uint64", &[500]);
        let times = told(&go, Waited::Block);
        assert_eq!(samples(&times)[0].1, [7, 45_000], "{version}");
        assert!(times.is_in_nanoseconds && times.rate == Some(500), "{version}");
    }
}

#[test]
fn behind_a_record_that_is_broken_nothing_is_read() {
    let mut go = GoProcess::new();
    let behind = go.waited(BLOCK, &["main.behind"], (1.0, 10), 0);
    let broken = go.waited(MUTEX, &["main.other"], (1.0, 10), behind);
    let first = go.waited(BLOCK, &["main.first"], (1.0, 10), broken);
    go.variable("runtime.bbuckets", "uintptr", &[first]);
    let times = told(&go, Waited::Block);
    assert_eq!((samples(&times).len(), times.broken), (1, 1), "a record of another kind is none");
}

#[test]
fn waits_for_mutexes_were_multiplied_when_they_were_counted() {
    let scaled = |version: &str, fraction: Option<u64>| {
        let mut go = GoProcess::of_release(version);
        let record = go.waited(MUTEX, &["sync.(*Mutex).Unlock", "main.work"], (3.0, 4000), 0);
        go.variable("runtime.xbuckets", "uintptr", &[record]);
        if let Some(fraction) = fraction {
            go.variable("runtime.mutexprofilerate", "uint64", &[fraction]);
        }
        let times = told(&go, Waited::Mutex);
        (samples(&times)[0].1, times.is_scaled, times.rate)
    };
    for version in ["go1.22.1", "go1.26.1"] {
        assert_eq!(scaled(version, Some(5)), ([3, 4000], true, Some(5)), "{version}");
        assert_eq!(scaled(version, None), ([3, 4000], true, None), "{version}: the rate is asked for and not needed");
    }
}

#[test]
fn without_its_list_nothing_is_known_of_a_profile() {
    let times = told(&GoProcess::new(), Waited::Block);
    assert!(!times.has_list && times.profile.samples.is_empty());
}

struct Refuses;

impl Observer for Refuses {
    fn claim(&self, _: Claim) -> Result<(), Refusal> {
        Err(Refusal::Cancelled)
    }
}

#[test]
fn a_profile_that_may_take_no_memory_is_refused() {
    blocked("go1.26.1").open(|model| {
        let refused = contention_profile(model, Waited::Block, &Refuses);
        assert!(matches!(refused, Err(HeapError::Refused(Refusal::Cancelled))));
    });
}
