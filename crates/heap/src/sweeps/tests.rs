//! What the collector's bits say of slots, and how long goroutines wait.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::{Doing, GoProcess};

#[test]
fn of_a_span_that_waits_to_be_swept_the_marks_tell_and_of_a_swept_one_what_was_kept() {
    for version in ["go1.25.3", "go1.26.1"] {
        let mut go = GoProcess::of_release(version);
        let (marked, unmarked, freed) = (go.data(&[1; 40]), go.data(&[2; 40]), go.data(&[3; 40]));
        go.unmark(unmarked);
        go.free(freed);
        let swept = go.data(&[4; 100]);
        go.take(|snapshot| {
            let sweeps = snapshot.sweeps();
            let [marked, unmarked, swept] = [marked, unmarked, swept].map(|at| snapshot.id(at).0);
            assert_eq!([marked, unmarked].map(|id| sweeps.marked.contains(id)), [true, false], "{version}");
            assert_eq!([marked, unmarked, swept].map(|id| sweeps.kept.contains(id)), [true; 3], "{version}");
            assert!(!sweeps.marked.contains(swept), "{version}: its marks are of the collection to come");
            assert!(!sweeps.kept.contains(unmarked + 1), "{version}");
            let stands: Vec<SpanSweep> = sweeps.spans.clone();
            assert_eq!(stands, [SpanSweep::Waiting, SpanSweep::Swept], "{version}");
        });
    }
}

#[test]
fn goroutines_that_a_collection_has_seen_wait_are_told_by_number() {
    let mut go = GoProcess::new();
    let waiters: Vec<u64> = (0..3)
        .map(|_| go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[])]))
        .collect();
    let runnable = go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    for (goroutine, since) in [(waiters[2], 500), (waiters[0], 900), (runnable, 100)] {
        go.set_g(goroutine, |layout| layout.g.waitsince, since);
    }
    go.take(|snapshot| assert_eq!(snapshot.sweeps().waits, [(waiters[0], 900), (waiters[2], 500)]));
}
