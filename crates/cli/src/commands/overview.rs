//! `goheap CORE overview`: what the process was, how it died, and whether its heap adds up.

use crate::args::{Input, OverviewOptions};
use crate::open::{Needs, with_watched_heap};
use crate::output::to_stdout;
use crate::say::errors::Failure;
use crate::say::speaker;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use goheap_ask::{MOST_WAITS, Overview, OverviewParts};
use goheap_heap::process_facts::process_facts;
use goheap_heap::references::ReferenceGraph;
use goheap_heap::waits::{FoundWaits, Waits};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::process::ProcessFacts;
use goheap_model::waits::WaitsReport;
use goheap_report::overview::{self, Detail};
use goheap_runtime::RuntimeModel;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &OverviewOptions) -> Result<(), Failure> {
    let roots = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let needs = Needs { without_heap: true, snapshot: roots, ..Needs::default() };
    let is_json = options.written.is_json();
    let first = |model: &RuntimeModel<'_>| if is_json { Ok(()) } else { write_first_lines(model, input) };
    with_watched_heap(input, needs, first, |snapshot, watch| {
        let waits = waits(snapshot, watch)?;
        watch.report();
        let overview = of_heap(snapshot, Some(&process_facts(snapshot.model)), waits);
        warn(&overview);
        let detail = if options.invariants { Detail::Full } else { Detail::Usual };
        to_stdout(|out| match is_json {
            true => overview::write_json(&overview, out),
            false => overview::write_other_lines(&overview, detail, page(input), out),
        })
    })
}

/// What needs no look at the heap, before that is taken.
pub(crate) fn write_first_lines(model: &RuntimeModel<'_>, input: &Input) -> Result<(), Failure> {
    let process = process_facts(model);
    let first = goheap_ask::overview(OverviewParts { process: Some(&process), ..OverviewParts::default() });
    to_stdout(|out| overview::write_first_lines(&first, page(input), out))
}

/// The overview of a heap whose core is at hand.
pub(crate) fn of_heap(
    snapshot: &HeapSnapshot<'_, '_>,
    process: Option<&ProcessFacts>,
    waits: Option<WaitsReport>,
) -> Overview {
    let diagnostics = snapshot.diagnostics();
    let checks = snapshot.checks(&diagnostics);
    let totals = Some(&snapshot.totals).filter(|_| !snapshot.model.diagnostics.no_heap);
    goheap_ask::overview(OverviewParts { totals, diagnostics: &diagnostics, process, checks: Some(&checks), waits })
}

/// Says what makes an overview worth less.
fn warn(overview: &Overview) {
    if overview.heap.is_none() {
        speaker::warning("the core is cut off before the runtime's list of spans: nothing can be said of the heap");
    }
}

/// What goroutines wait for together, where it is worth a look at all references.
fn waits(snapshot: &HeapSnapshot<'_, '_>, watch: &Watch) -> Result<Option<WaitsReport>, Failure> {
    if snapshot.model.diagnostics.no_heap {
        return Ok(None);
    }
    let waits = Waits::read(snapshot);
    if !waits.needs_closer(snapshot) {
        return Ok(None);
    }
    Ok(Some(waits_of(&snapshot.references(watch)?, waits, watch)?))
}

/// The same of the graph.
pub(crate) fn waits_of(
    graph: &ReferenceGraph<'_, '_, '_>,
    waits: Waits,
    watch: &Watch,
) -> Result<WaitsReport, Failure> {
    Ok(FoundWaits::of(graph, waits, watch)?.report(MOST_WAITS, &|_| true, &|_| false))
}
