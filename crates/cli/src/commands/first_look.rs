//! `goheap CORE`: what the process was, how large its heap is, where that gathers, and what to ask next.

use crate::args::{Input, SuspectsOptions};
use crate::commands::{overview, suspects};
use crate::open::{Needs, with_watched_heap};
use crate::output::to_stdout;
use crate::say::errors::Failure;
use crate::say::next::{self, Findings};
use crate::say::speaker;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use goheap_heap::goroutines::leaked;
use goheap_heap::process_facts::process_facts;
use goheap_heap::references::ReferenceOptions;
use goheap_heap::waits::Waits;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::waits::WaitsReport;
use goheap_report::answer::Answer;
use goheap_report::overview::{Detail, write_other_lines};
use goheap_report::table::human_bytes;
use goheap_runtime::{RuntimeError, RuntimeModel};
use std::ffi::OsString;

/// Of so many objects a question takes seconds.
const MANY_OBJECTS: u64 = 1_000_000;

/// What takes a look at all references.
#[derive(Default)]
struct Closer {
    waits: Option<WaitsReport>,
    leaked: u64,
    suspects: Option<Answer>,
}

/// Runs it. `opening` are the words that open the core once more.
pub(crate) fn run(input: &Input, opening: &[OsString]) -> Result<(), Failure> {
    let roots = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let needs = Needs { without_heap: true, snapshot: roots, ..Needs::default() };
    let first = |model: &RuntimeModel<'_>| overview::write_first_lines(model, input);
    with_watched_heap(input, needs, first, |snapshot, watch| {
        let closer = match closer(input, snapshot, watch) {
            // The heap was read: that is worth more than nothing.
            Err(Failure::OverBudget(error)) => {
                speaker::warning(format!("no suspects are told: {}", Failure::OverBudget(error)));
                Closer::default()
            }
            closer => closer?,
        };
        watch.report();
        let report = overview::of_heap(snapshot, Some(&process_facts(snapshot.model)), closer.waits);
        let missing = snapshot.model.process.core.missing_bytes();
        if missing > 0 && report.heap.is_some() {
            speaker::warning(format!("the core is TRUNCATED: {} are missing", human_bytes(missing)));
        }
        let is_slow = snapshot.totals.allocated.objects >= MANY_OBJECTS && !snapshot.is_kept();
        to_stdout(|out| {
            write_other_lines(&report, Detail::Brief, page(input), &mut *out)?;
            let mut suspects = Vec::new();
            if let Some(answer) = closer.suspects {
                suspects.clone_from(&answer.next);
                let suspects = &Answer { next: Vec::new(), ..answer };
                writeln!(out)?;
                suspects.write_table(page(input), &mut *out)?;
            }
            let has_heap = report.heap.is_some();
            next::write(opening, Findings { suspects, leaked: closer.leaked, is_slow, has_heap }, out)
        })?;
        // All that is known is told, but not what was asked: who holds the heap.
        if report.heap.is_none() {
            let source = RuntimeError::HeapUnreadable { mheap: snapshot.model.mheap };
            return Err(Failure::of_runtime(snapshot.model.process, input, source));
        }
        Ok(())
    })
}

fn closer(input: &Input, snapshot: &HeapSnapshot<'_, '_>, watch: &Watch) -> Result<Closer, Failure> {
    if snapshot.model.diagnostics.no_heap {
        return Ok(Closer::default());
    }
    let graph = snapshot.references_with(ReferenceOptions { referred: true, ..ReferenceOptions::default() }, watch)?;
    let waits = Waits::read(snapshot);
    let waits = if waits.needs_closer(snapshot) { Some(overview::waits_of(&graph, waits, watch)?) } else { None };
    let leaked = leaked(&graph, watch)?.goroutines.len() as u64;
    let suspects = suspects::answer(input, &graph, &SuspectsOptions::usual(), watch)?;
    Ok(Closer { waits, leaked, suspects: Some(suspects.answer) })
}
