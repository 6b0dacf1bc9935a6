//! What an observer is told of a snapshot, and what becomes of one that it refuses.
#![allow(clippy::panic, clippy::unwrap_used)]

use goheap_heap::{HeapError, HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_model::{Claim, Observer, OverBudget, Refusal};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::Path;
use std::sync::Mutex;

/// Grants so many bytes to be kept, and remembers what it was told.
struct Told {
    limit: u64,
    stages: Mutex<Vec<&'static str>>,
    claims: Mutex<Vec<(&'static str, u64)>>,
    progress: Mutex<Vec<(&'static str, u64, u64)>>,
}

impl Told {
    fn new(limit: u64) -> Told {
        Told { limit, stages: Mutex::default(), claims: Mutex::default(), progress: Mutex::default() }
    }

    fn stage(&self) -> &'static str {
        self.stages.lock().unwrap().last().copied().unwrap_or("none")
    }
}

impl Observer for Told {
    fn begin(&self, stage: &'static str) {
        self.stages.lock().unwrap().push(stage);
    }

    fn progress(&self, done: u64, total: u64) {
        self.progress.lock().unwrap().push((self.stage(), done, total));
    }

    fn claim(&self, claim: Claim) -> Result<(), Refusal> {
        let mut claims = self.claims.lock().unwrap();
        let used = claims.iter().map(|claim| claim.1).sum();
        if used + claim.kept > self.limit {
            return Err(Refusal::OverBudget(OverBudget {
                stage: self.stage(),
                wanted: claim.kept,
                used,
                limit: self.limit,
            }));
        }
        claims.push((self.stage(), claim.kept));
        Ok(())
    }
}

fn process() -> Process {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.27");
    let executable = Some(folder.join("structures.zst"));
    Process::open(&OpenRequest { core: folder.join("structures.core.zst"), executable, ..OpenRequest::default() })
        .unwrap()
}

#[test]
fn every_large_table_is_asked_for_and_the_slots_are_counted() {
    let (process, told) = (process(), Told::new(u64::MAX));
    let model = RuntimeModel::open_observed(&process, ModelOptions::default(), &told).unwrap();
    let options = SnapshotOptions { owners: true, ..SnapshotOptions::default() };
    let snapshot = HeapSnapshot::take_observed(&model, options, &told).unwrap();
    let slots = u64::from(snapshot.objects.len());
    let claims = told.claims.into_inner().unwrap();
    let claimed = |stage| claims.iter().filter(|claim| claim.0 == stage).map(|claim| claim.1).sum::<u64>();
    let spans = size_of_val(&model.heap.spans[..]) as u64;
    assert!(claimed("spans") >= spans && claimed("objects") >= slots / 8);
    assert!(claimed("inference") >= slots * 4 && claimed("tree") >= slots * 4, "{claims:?}");
    let progress = told.progress.into_inner().unwrap();
    let sums: Vec<_> = progress.iter().filter(|told| told.0 == "sums").collect();
    assert!(!sums.is_empty() && sums.iter().all(|told| told.1 <= slots && told.2 == slots), "{sums:?}");
}

#[test]
fn a_refusal_ends_the_snapshot_with_its_stage() {
    let process = process();
    let take = |limit| {
        let (model, told) = (RuntimeModel::open(&process, ModelOptions::default()).unwrap(), Told::new(limit));
        let refused = HeapSnapshot::take_observed(&model, SnapshotOptions::default(), &told).err();
        let stage = refused.map(|error| match error {
            HeapError::Refused(Refusal::OverBudget(error)) => error.stage,
            other => panic!("{other}"),
        });
        (stage, told.claims.into_inner().unwrap())
    };
    let (refused, claims) = take(u64::MAX);
    assert_eq!(refused, None);
    let mut limit = 0;
    for (stage, kept) in claims {
        limit += kept;
        assert_eq!(take(limit - 1).0, Some(stage));
    }
    assert_eq!(take(limit).0, None);
}
