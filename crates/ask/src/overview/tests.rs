#![allow(clippy::unwrap_used)]

use super::*;
use goheap_model::HeapBuilder;
use goheap_model::waits::{Deadlock, Lock, SuspectedWait};

fn totals() -> Totals {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    heap.object("main.Lost", 48);
    heap.variable("main.cache *main.Cache", cache);
    heap.build().unwrap().totals
}

fn lock(goroutines: u64, suspected: u64) -> Lock {
    Lock { goroutines, suspected, ..Lock::default() }
}

#[test]
fn sums_are_those_of_the_heap_and_reconcile() {
    let mut totals = totals();
    totals.by_evidence = [1, 2, 3, 58];
    let told = overview(OverviewParts { totals: Some(&totals), ..OverviewParts::default() });
    let heap = told.heap.unwrap();
    assert_eq!((heap.allocated, heap.reachable, heap.unreachable), (112, 64, 48));
    assert_eq!((heap.objects.allocated, heap.objects.reachable, heap.objects.unreachable), (2, 1, 1));
    assert!(heap.reconciles());
    assert!(!HeapSums { unreachable: 47, ..heap.clone() }.reconciles());
    let of_objects = ObjectCounts { unreachable: 2, ..heap.objects };
    assert!(!HeapSums { objects: of_objects, ..heap }.reconciles());
    let by_evidence = told.types.unwrap().reachable_by_evidence;
    let first = (by_evidence[0].evidence.as_str(), by_evidence[0].bytes);
    assert_eq!(first, ("exact", 58), "the strongest first");
}

#[test]
fn what_the_core_alone_tells_is_left_out_without_it() {
    let totals = totals();
    let told = overview(OverviewParts { totals: Some(&totals), ..OverviewParts::default() });
    assert_eq!((told.threads, told.died.is_none(), told.gc.is_none()), (None, true, true));
    assert!(told.runtime_counters.is_empty() && told.invariants.is_empty() && told.waits.is_none());
    let process = ProcessFacts { threads: Some(3), ..ProcessFacts::default() };
    let told = overview(OverviewParts { process: Some(&process), ..OverviewParts::default() });
    assert_eq!((told.threads, told.heap.is_none(), told.types.is_none()), (Some(3), true, true));
}

#[test]
fn of_a_core_without_a_heap_no_check_counts_but_what_is_odd_is_told() {
    let mut checks = HeapChecks::default();
    checks.counters.push(CounterPair { name: "numgc".to_owned(), runtime: 1, ours: None, note: None });
    checks.examples.insert("core-truncated", vec![Example { what: "segment".to_owned(), ..Example::default() }]);
    let found = [Diagnostic { code: "core-truncated", count: 7, of: None, text: "bytes".into(), is_serious: true }];
    let told = overview(OverviewParts { diagnostics: &found, checks: Some(&checks), ..OverviewParts::default() });
    assert!(told.runtime_counters.is_empty());
    assert_eq!(told.diagnostics[0].examples[0].what, "segment");
}

#[test]
fn a_count_that_is_a_part_has_its_share() {
    let odd = |of| Diagnostic { code: "bytes-untyped", count: 1, of, text: "bytes".to_owned(), is_serious: false };
    let found = [odd(Some(8)), odd(None)];
    let told = overview(OverviewParts { diagnostics: &found, ..OverviewParts::default() });
    let texts: Vec<&str> = told.diagnostics.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["bytes (12.50 %)", "bytes"]);
}

#[test]
fn one_goroutine_that_waits_for_a_lock_is_nothing_to_tell() {
    let told = |locks: Vec<Lock>| {
        let waits = Some(WaitsReport { locks, ..WaitsReport::default() });
        overview(OverviewParts { waits, ..OverviewParts::default() }).waits
    };
    assert_eq!(told(vec![lock(1, 0)]), None);
    assert_eq!(told(vec![lock(1, 1), lock(1, 0)]).unwrap().locks, [lock(1, 1)], "unless it is suspected");
    assert_eq!(told(vec![lock(2, 0)]).unwrap().locks.len(), 1);
}

#[test]
fn what_is_not_listed_of_waits_is_counted() {
    let waits = WaitsReport {
        locks: (0..7).map(|more| lock(9 - more, 0)).collect(),
        locks_left_out: 4,
        suspicions: vec![SuspectedWait::default(); 6],
        deadlocks: vec![Deadlock::default(); 9],
        ..WaitsReport::default()
    };
    let told = overview(OverviewParts { waits: Some(waits), ..OverviewParts::default() }).waits.unwrap();
    assert_eq!((told.locks.len(), told.locks_left_out), (5, 6));
    assert_eq!((told.suspicions.len(), told.suspicions_left_out), (5, 1));
    assert_eq!(told.locks[4].goroutines, 5, "the first stay");
    assert_eq!(told.deadlocks.len(), 9, "a ring is always told");
}
