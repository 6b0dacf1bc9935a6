//! `goheap CORE overview`: what the process was, how it died, and whether its heap adds up.

use crate::args::{Input, OverviewOptions};
use crate::command_line;
use crate::commands::collector::collector;
use crate::commands::death::{death, panicking};
use crate::open::{Needs, with_watched_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::examples;
use crate::say::speaker;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use goheap_heap::references::ReferenceGraph;
use goheap_heap::waits::{FoundWaits, Waits};
use goheap_heap::{HeapSnapshot, SnapshotOptions, invariants};
use goheap_image::{Process, StartBlock};
use goheap_model::waits::WaitsReport;
use goheap_model::{Evidence, Totals};
use goheap_report::overview::{
    AbsentClass, AbsentPointers, CounterPair, DEAD, Detail, EvidenceSum, GoBuild, Goroutines, HeapSums, LayoutFrom,
    ObjectCounts, OtherGoFile, OverviewReport, Program, RootClassSum, ShownInvariant, StateCount, TypeSums,
    VersionFrom,
};
use goheap_runtime::constants::GoroutineStatus;
use goheap_runtime::{GoFilePlace, Goroutine, RuntimeModel, go_files, runtime_counters};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &OverviewOptions) -> Result<(), Failure> {
    let roots = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let needs = Needs { without_heap: true, snapshot: roots, ..Needs::default() };
    let is_json = options.written.is_json();
    let first = |model: &RuntimeModel<'_>| if is_json { Ok(()) } else { write_first_lines(model, input) };
    with_watched_heap(input, needs, first, |snapshot, watch| {
        let waits = waits(snapshot, watch)?;
        watch.report();
        let report = OverviewReport { waits, ..report(snapshot) };
        warn(&report);
        let detail = if options.invariants { Detail::Full } else { Detail::Usual };
        to_stdout(|out| match is_json {
            true => report.write_json(out),
            false => report.write_other_lines(detail, page(input), out),
        })
    })
}

/// What needs no look at the heap, before that is taken.
pub(crate) fn write_first_lines(model: &RuntimeModel<'_>, input: &Input) -> Result<(), Failure> {
    to_stdout(|out| of_process(model).write_first_lines(page(input), out))
}

/// Says what makes an overview worth less.
fn warn(report: &OverviewReport) {
    if report.heap.is_none() {
        speaker::warning("the core is cut off before the runtime's list of spans: nothing can be said of the heap");
    }
}

/// Locks and suspicions shown.
const MOST_WAITS: usize = 5;

/// What goroutines wait for together, where it is worth a look at all references.
fn waits(snapshot: &HeapSnapshot<'_, '_>, watch: &Watch) -> Result<Option<WaitsReport>, Failure> {
    if snapshot.model.diagnostics.no_heap {
        return Ok(None);
    }
    let waits = Waits::read(snapshot);
    if !waits.needs_closer(snapshot) {
        return Ok(None);
    }
    waits_of(&snapshot.references(watch)?, waits, watch)
}

/// The same of the graph.
pub(crate) fn waits_of(
    graph: &ReferenceGraph<'_, '_, '_>,
    waits: Waits,
    watch: &Watch,
) -> Result<Option<WaitsReport>, Failure> {
    let mut report = FoundWaits::of(graph, waits, watch)?.report(MOST_WAITS, &|_| true, &|_| false);
    // One goroutine that waits for a lock is nothing to tell at the first look.
    report.locks.retain(|lock| lock.goroutines > 1 || lock.suspected > 0);
    Ok(Some(report).filter(|report| !report.is_empty()))
}

/// What needs no look at the heap.
fn of_process(model: &RuntimeModel<'_>) -> OverviewReport {
    let start = model.process.start_block();
    let died = death(model);
    let panicking = panicking(model, &died);
    OverviewReport {
        program: program(model.process, start.as_ref()),
        go: go(model),
        other_go_files: other_go_files(model),
        gc: Some(collector(model, start.as_ref())),
        gomaxprocs: Some(model.processors.len() as u64).filter(|_| !model.diagnostics.no_processors),
        // A process has one at least: without any their notes are lost.
        threads: Some(model.process.core.threads().len() as u64).filter(|&threads| threads > 0),
        goroutines: Goroutines { panicking, ..goroutines(model) },
        died: Some(died),
        ..OverviewReport::default()
    }
}

/// All but what goroutines wait for.
pub(crate) fn report(snapshot: &HeapSnapshot<'_, '_>) -> OverviewReport {
    let has_heap = !snapshot.model.diagnostics.no_heap;
    OverviewReport {
        heap: has_heap.then(|| heap(snapshot)),
        types: has_heap.then(|| types(&snapshot.totals)),
        runtime_counters: if has_heap { counters(snapshot) } else { Vec::new() },
        invariants: if has_heap { checks(snapshot) } else { Vec::new() },
        diagnostics: diagnostics::all(snapshot),
        ..of_process(snapshot.model)
    }
}

fn program(process: &Process, start: Option<&StartBlock>) -> Program {
    let info = process.core.process();
    let argument_list = start.map(command_line::arguments).unwrap_or_default();
    let told = (!argument_list.is_empty() && !process.core.is_redacted()).then(|| command_line::joined(&argument_list));
    Program {
        name: Some(process.program_name()),
        arguments: told.or_else(|| info.map(|info| info.arguments.clone())),
        argument_list,
        pid: info.map(|info| u64::from(info.pid)),
        executable: Some(process.executable.path().display().to_string()),
        debug_file: process.executable.debug_file().map(|file| file.path().display().to_string()),
        host: process.host.as_ref().map(|path| path.display().to_string()),
    }
}

fn other_go_files(model: &RuntimeModel<'_>) -> Vec<OtherGoFile> {
    let others = go_files(model.process).into_iter().filter(|file| file.place != GoFilePlace::Executable);
    let others = others.map(|file| OtherGoFile {
        path: file.path.map(|path| path.display().to_string()),
        version: file.version,
        build_id: file.build_id,
        found: file.place != GoFilePlace::Memory,
        plugin: matches!(file.place, GoFilePlace::SharedObject(index) if model.is_of_this_runtime(index)),
    });
    others.collect()
}

fn go(model: &RuntimeModel<'_>) -> GoBuild {
    let arch = model.architecture();
    let version = model.version.text.split([' ', '-']).next().unwrap_or_default();
    GoBuild {
        version: Some(if version == "devel" { model.version.text.clone() } else { version.to_owned() }),
        version_source: Some(match model.version_source {
            goheap_runtime::VersionSource::BuildInfo => VersionFrom::BuildInfo,
            goheap_runtime::VersionSource::Variable => VersionFrom::Variable,
            goheap_runtime::VersionSource::DebugInfo => VersionFrom::DebugInfo,
            goheap_runtime::VersionSource::Given => VersionFrom::Given,
        }),
        experiments: model.version.experiments.clone(),
        arch: Some(arch.to_owned()),
        layout: Some(match model.layout_source {
            goheap_runtime::LayoutSource::Dwarf => LayoutFrom::Dwarf,
            goheap_runtime::LayoutSource::Table => LayoutFrom::Table,
        }),
        newer_than_known: model.diagnostics.is_newer_than_known,
    }
}

/// The living by state, the most frequent first; then the dead, whose descriptions the runtime keeps to use them again.
fn goroutines(model: &RuntimeModel<'_>) -> Goroutines {
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    let mut dead = 0;
    for goroutine in &model.goroutines {
        match goroutine.status {
            GoroutineStatus::Dead | GoroutineStatus::DeadExtra => dead += 1,
            _ => *states.entry(state(goroutine)).or_default() += 1,
        }
    }
    let total = Some(states.values().sum()).filter(|_| !model.diagnostics.no_goroutines);
    let by_state = states.into_iter().map(|(state, count)| StateCount { state: state.to_owned(), count });
    let mut by_state: Vec<StateCount> = by_state.collect();
    by_state.sort_by_key(|state| Reverse(state.count));
    if dead > 0 {
        by_state.push(StateCount { state: DEAD.to_owned(), count: dead });
    }
    let system = total.map(|_: u64| model.system_count());
    Goroutines { total, system, by_state, ..Goroutines::default() }
}

fn state(goroutine: &Goroutine) -> &'static str {
    goroutine.wait_reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| goroutine.status.name())
}

fn heap(snapshot: &HeapSnapshot<'_, '_>) -> HeapSums {
    let totals = &snapshot.totals;
    let reachable = totals.reachable();
    let class = |(class, share): &(goheap_model::RootClass, goheap_model::Share)| RootClassSum {
        class: class.name().to_owned(),
        bytes: share.bytes,
        objects: share.objects,
    };
    HeapSums {
        allocated: totals.allocated.bytes,
        reachable: reachable.bytes,
        not_known_to_be_reachable: totals.not_known.bytes,
        unreachable: totals.unreachable.bytes,
        free: Some(totals.free_slot_bytes),
        size_class_rounding: Some(totals.size_class_rounding),
        tail_waste: Some(totals.tail_bytes),
        spans_in_use: Some(totals.span_bytes),
        objects: ObjectCounts {
            allocated: totals.allocated.objects,
            reachable: reachable.objects,
            not_known_to_be_reachable: totals.not_known.objects,
            unreachable: totals.unreachable.objects,
        },
        reachable_by_root_class: totals.by_class.iter().map(class).collect(),
        absent_pointers: snapshot.absent.is_any().then(|| absent_pointers(snapshot)),
    }
}

fn absent_pointers(snapshot: &HeapSnapshot<'_, '_>) -> AbsentPointers {
    let absent = &snapshot.absent;
    let class = |(class, sum): (goheap_model::RootClass, &goheap_heap::AbsentSum)| AbsentClass {
        class: class.name().to_owned(),
        root_words: sum.root_words,
        object_words: sum.object_words,
        objects: sum.objects,
    };
    AbsentPointers {
        words: absent.words(),
        by_root_class: goheap_model::RootClass::ALL.into_iter().zip(&absent.by_class).map(class).collect(),
        most: examples::holders(snapshot, absent.most.iter().take(goheap_heap::Absent::SHOWN)),
        spans: absent.spans,
        goroutines: absent.goroutines,
        modules: absent.modules,
    }
}

/// The strongest evidence first.
fn types(totals: &Totals) -> TypeSums {
    let sum = |evidence: Evidence| EvidenceSum {
        evidence: evidence.name().to_owned(),
        bytes: totals.by_evidence[evidence as usize],
    };
    let counts = &totals.inference;
    TypeSums {
        reachable_by_evidence: Evidence::ALL.into_iter().rev().map(sum).collect(),
        candidates: counts.candidates,
        refused: counts.refused,
        conflicts: counts.conflicts,
    }
}

fn counters(snapshot: &HeapSnapshot<'_, '_>) -> Vec<CounterPair> {
    let totals = &snapshot.totals;
    let counters = runtime_counters(snapshot.model, totals.allocated.bytes, totals.reachable().bytes);
    let counter = |counter: goheap_runtime::RuntimeCounter| CounterPair {
        name: counter.name.to_owned(),
        runtime: counter.value,
        ours: counter.ours,
        note: Some(counter.note.to_owned()).filter(|note| !note.is_empty()),
    };
    counters.into_iter().map(counter).collect()
}

pub(crate) fn checks(snapshot: &HeapSnapshot<'_, '_>) -> Vec<ShownInvariant> {
    invariants::check(snapshot).into_iter().map(|one| invariant(snapshot, one)).collect()
}

fn invariant(snapshot: &HeapSnapshot<'_, '_>, one: invariants::Invariant) -> ShownInvariant {
    let examples = examples::examples(snapshot, &one.examples);
    ShownInvariant {
        name: one.name.to_owned(),
        checked: one.checked,
        violations: one.violations,
        example: examples.first().and_then(|example| example.addr.clone()),
        examples,
    }
}
