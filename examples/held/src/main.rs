//! A service that keeps the heaps of dead processes, and answers questions from several threads: `held CORE EXECUTABLE [NEWER]`.

use goheap::{Claim, Error, GoroutineSort, GoroutinesWanted, Heap, Observer, Options, Refusal, RootGrouping};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What the service keeps: nothing in it borrows.
struct Service {
    name: String,
    heap: Heap,
    newer: Option<Heap>,
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
    fn open(core: &str, executable: &str, newer: Option<&String>) -> Result<Self, Error> {
        let options = Options::default().executable(executable).places(true);
        let newer = newer.map(|core| goheap::open(core, &options)).transpose()?;
        Ok(Service { name: core.to_owned(), heap: goheap::open(core, &options)?, newer })
    }

    fn types(&self) -> Result<String, Error> {
        let rows = self.heap.retained_by_type()?;
        let told = rows.iter().take(10).map(|row| format!("{} {}", row.name, row.retained.unwrap_or(0)));
        Ok(told.collect::<Vec<_>>().join(", "))
    }

    fn suspects(&self) -> Result<String, Error> {
        let least = self.heap.totals().reachable().bytes / 20;
        let suspects = self.heap.suspects(least)?;
        Ok(suspects.iter().map(|one| format!("{} {}", one.holder, one.retained.bytes)).collect::<Vec<_>>().join(", "))
    }

    fn roots(&self) -> Result<String, Error> {
        let goroutines = self.heap.goroutines(GoroutinesWanted::default(), GoroutineSort::Retained)?;
        let roots = self.heap.retained_by_root(RootGrouping::Root)?;
        Ok(format!("{} goroutines; {}", goroutines.goroutines, roots.groups[0].name))
    }

    fn owners(&self) -> Result<String, Error> {
        Ok(self.heap.owners("string")?.owned[0].name.clone())
    }

    /// What grew since, where there is a newer core.
    fn grown(&self) -> Result<Option<String>, Error> {
        let Some(newer) = &self.newer else { return Ok(None) };
        let found = self.heap.diff(newer, 1)?;
        let told = found.grown.iter().take(3).map(|one| format!("{} {:+}", one.holder, one.bytes()));
        Ok(Some(told.collect::<Vec<_>>().join(", ")))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [core, executable, newer @ ..] = &words[..] else {
        return Err("held CORE EXECUTABLE [NEWER]".into());
    };
    let service = &Service::open(core, executable, newer.first())?;
    let caller = Arc::new(HungUp::default());
    let patient = service.heap.observed(caller.clone());
    caller.0.store(true, Ordering::Relaxed);
    let (answers, cancelled) = thread::scope(|scope| {
        let questions = [Service::types, Service::suspects, Service::roots, Service::owners];
        let asked = questions.map(|question| scope.spawn(move || question(service)));
        let cancelled = scope.spawn(|| patient.retained_by_type());
        (asked.map(|asked| asked.join().expect("a question does not panic")), cancelled.join().expect("nor this one"))
    });
    assert!(matches!(cancelled, Err(Error::Refused(Refusal::Cancelled))), "a question that nobody waits for ends");
    println!("{}:", service.name);
    for answer in answers {
        println!("{}", answer?);
    }
    if let Some(grown) = service.grown()? {
        println!("grew: {grown}");
    }
    Ok(())
}
