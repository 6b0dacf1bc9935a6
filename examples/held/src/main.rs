//! A service that keeps the heap of a dead process, and answers questions from several threads: `held CORE EXECUTABLE`.

use goheap::{Claim, Error, Grouping, Heap, Observer, Options, Refusal, RootGrouping, Selection};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What the service keeps: nothing in it borrows.
struct Service {
    name: String,
    heap: Heap,
}

/// Whoever asked has hung up: the question ends at its next stage.
#[derive(Default)]
struct HungUp(AtomicBool);

impl Observer for HungUp {
    fn claim(&self, _: Claim) -> Result<(), Refusal> {
        if self.0.load(Ordering::Relaxed) { Err(Refusal::Cancelled) } else { Ok(()) }
    }
}

impl Service {
    fn open(core: &str, executable: &str) -> Result<Self, Error> {
        let heap = goheap::open(core, &Options::default().executable(executable))?;
        Ok(Service { name: core.to_owned(), heap })
    }

    fn types(&self) -> Result<String, Error> {
        let rows = self.heap.retained_by_type()?;
        Ok(rows
            .iter()
            .take(3)
            .map(|row| format!("{} {}", row.name, row.retained.unwrap_or(0)))
            .collect::<Vec<_>>()
            .join(", "))
    }

    fn packages(&self) -> Result<String, Error> {
        Ok(self.heap.histogram(Grouping::Package, Selection::Reachable).rows[0].name.clone())
    }

    fn roots(&self) -> Result<String, Error> {
        Ok(self.heap.retained_by_root(RootGrouping::Root)?.groups[0].name.clone())
    }

    fn owners(&self) -> Result<String, Error> {
        Ok(self.heap.owners("string")?.owned[0].name.clone())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [core, executable] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("held CORE EXECUTABLE".into());
    };
    let service = Service::open(core, executable)?;
    let caller = HungUp::default();
    caller.0.store(true, Ordering::Relaxed);
    let cancelled = service.heap.retained_by_type_observed(&caller);
    assert!(matches!(cancelled, Err(Error::Refused(Refusal::Cancelled))), "a question that nobody waits for ends");
    let questions = [Service::types, Service::packages, Service::roots, Service::owners];
    let service = &service;
    let answers = thread::scope(|scope| {
        let asked = questions.map(|question| scope.spawn(move || question(service)));
        asked.map(|asked| asked.join().expect("a question does not panic"))
    });
    println!("{}:", service.name);
    for answer in answers {
        println!("{}", answer?);
    }
    Ok(())
}
