//! A heap in a struct, asked from four threads, one of which changes its mind.
#![allow(clippy::unwrap_used)]

use goheap::{Claim, Error, Grouping, Heap, Observer, Options, ProcessError, Refusal, RootGrouping, Selection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn carried(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.26").join(name)
}

/// What a server would keep.
struct Session {
    heap: Heap,
    name: String,
}

fn session() -> Session {
    let options = Options::default().executable(carried("structures.zst"));
    Session { heap: goheap::open(carried("structures.core.zst"), &options).unwrap(), name: "structures".to_owned() }
}

/// Ends every work at its next stage.
#[derive(Default)]
struct Cancelled(AtomicBool);

impl Observer for Cancelled {
    fn claim(&self, _: Claim) -> Result<(), Refusal> {
        self.0.store(true, Ordering::Relaxed);
        Err(Refusal::Cancelled)
    }
}

#[test]
fn four_threads_ask_and_one_question_is_cancelled() {
    let session = Arc::new(session());
    let cancelled = Arc::new(Cancelled::default());
    let observer: Arc<dyn Observer + Send + Sync> = cancelled.clone();
    let refused = session.heap.observed(observer).retained_by_type();
    assert!(matches!(refused, Err(Error::Refused(Refusal::Cancelled))) && cancelled.0.load(Ordering::Relaxed));
    let ask = |question: usize| {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            let heap = &session.heap;
            match question {
                0 => heap.retained_by_root(RootGrouping::Root).unwrap().groups.len(),
                1 => heap.retained_by_type().unwrap().len(),
                2 => heap.histogram(Grouping::Package, Selection::Allocated).rows.len(),
                _ => heap.dominance().unwrap().tree.len() as usize,
            }
        })
    };
    let answers: Vec<usize> = (0..4).map(ask).map(|thread| thread.join().unwrap()).collect();
    assert!(answers.iter().all(|&count| count > 3), "{answers:?}");
    assert_eq!(session.name, "structures");
}

#[test]
fn an_object_is_found_by_any_address_in_it() {
    let heap = session().heap;
    let objects = &heap.data().objects;
    let slot = objects.allocated().max_by_key(|&slot| objects.size(slot)).unwrap();
    let found = heap.object_at(objects.address(slot) + 7).unwrap().unwrap();
    assert_eq!((found.address, found.size), (objects.address(slot), objects.size(slot)));
    assert!(!found.is_reachable || found.retained >= found.size);
    assert_eq!(heap.object_at(0x10).unwrap(), None);
}

#[test]
fn without_references_nobody_retains_anything() {
    let options = Options::default().executable(carried("structures.zst")).references(false).dwarf(false);
    let heap = goheap::open(carried("structures.core.zst"), &options).unwrap();
    assert!(heap.totals().is_reconciled());
    assert!(matches!(heap.retained_by_type(), Err(Error::Ask(_))));
    let missing = goheap::open(carried("nothing.core"), &Options::default());
    assert!(matches!(missing, Err(Error::Process(ProcessError::Image(_)))));
}
