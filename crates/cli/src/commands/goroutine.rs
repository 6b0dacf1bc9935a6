//! `goheap CORE goroutine ID`: one goroutine, its calls and their variables.

use crate::args::{GoroutineOptions, Input};
use crate::commands::short_names::ShortNames;
use crate::commands::traceback::Printer;
use crate::open::{Needs, with_watched_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal;
use crate::say::watch::Watch;
use goheap_ask::RetainedByGoroutines;
use goheap_heap::goroutines::{
    CallsWanted, GoroutineCall, GoroutineFrames, Variable, VariablePlace, VariableRole, leaked,
};
use goheap_heap::process_facts;
use goheap_heap::waits::FoundWaits;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::contents::InspectOptions;
use goheap_model::{Dominance, RootKind, StackCall};
use goheap_report::goroutine::{self, GoroutineReport};
use goheap_runtime::{Goroutine, RuntimeModel};

/// Bytes of a string that are shown.
const TEXT_BYTES: usize = 80;

/// Locks that a goroutine has or waits for that are told.
const MOST_WAITS: usize = 20;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &GoroutineOptions) -> Result<(), Failure> {
    let snapshot = SnapshotOptions { roots: !options.no_retained, ..SnapshotOptions::default() };
    let needs = Needs { snapshot, without_heap: true, ..Needs::default() };
    let is_there = |model: &RuntimeModel<'_>| find(model, options.id).map(drop);
    with_watched_heap(input, needs, is_there, |snapshot, watch| {
        let index = find(snapshot.model, options.id)?;
        let mut report = report(snapshot, index, options);
        let wanted = CallsWanted { all: options.all, limit: options.limit };
        let frames = snapshot.goroutine_frames(&snapshot.model.goroutines[index], wanted, inspect(options));
        let is_known = !options.no_retained && !snapshot.model.diagnostics.no_heap;
        let kept = if !is_known { None } else { Some(keep(snapshot, index as u32, &mut report, watch)?) };
        calls(&mut report, frames, kept.as_ref());
        watch.report();
        diagnostics::warn(snapshot, input.quiet);
        if options.written.is_json() {
            return to_stdout(|out| report.write_json(out));
        }
        ShortNames(snapshot).goroutine(&mut report);
        to_stdout(|out| report.write_text(terminal::page(input), out))
    })
}

/// Finds out what is kept, and whether the goroutine is leaked.
fn keep(
    snapshot: &HeapSnapshot<'_, '_>,
    goroutine: u32,
    report: &mut GoroutineReport,
    watch: &Watch,
) -> Result<Kept, Failure> {
    let graph = snapshot.references(watch)?;
    let leaks = leaked(&graph, watch)?;
    report.leaked_not_known = leaks.may_contain(goroutine);
    report.leaked = Some(leaks.contains(goroutine)).filter(|_| !report.leaked_not_known);
    let found = FoundWaits::new(&graph, watch)?;
    report.suspected = Some(found.is_suspected(goroutine));
    report.reached_by = found.reached_by(goroutine).filter(|_| report.leaked == Some(false));
    report.together =
        Some(found.report(MOST_WAITS, &|other| other == goroutine, &|_| false)).filter(|waits| !waits.is_empty());
    let dominance = graph.data().dominance(watch)?;
    report.retained_bytes = Some(RetainedByGoroutines::new(graph.data(), &dominance).of_goroutine(goroutine));
    let node = graph.data().references().roots().node_of(RootKind::Goroutine(goroutine));
    Ok(Kept { dominance, node })
}

fn inspect(options: &GoroutineOptions) -> InspectOptions {
    InspectOptions { values: options.values, limit: options.limit, text_bytes: TEXT_BYTES }
}

/// What objects retain, and the node of the goroutine.
struct Kept {
    dominance: Dominance,
    node: Option<u32>,
}

/// The index of the goroutine that is alive and has that id.
fn find(model: &RuntimeModel<'_>, id: u64) -> Result<usize, Failure> {
    let goroutines = &model.goroutines;
    let is_it = |goroutine: &Goroutine| goroutine.id == id && goroutine.status.is_live();
    goroutines.iter().position(is_it).ok_or_else(|| Failure::NoGoroutine { id, near: near(model, id) })
}

/// The goroutines next to an id that none has, in words.
pub(crate) fn near(model: &RuntimeModel<'_>, id: u64) -> String {
    let alive = || model.goroutines.iter().filter(|goroutine| goroutine.status.is_live());
    let below = alive().filter(|goroutine| goroutine.id < id).max_by_key(|goroutine| goroutine.id);
    let above = alive().filter(|goroutine| goroutine.id > id).min_by_key(|goroutine| goroutine.id);
    let told = |goroutine: &Goroutine| {
        let start = model.function_name(goroutine.startpc).unwrap_or_else(|| "?".to_owned());
        format!("{} ({start})", goroutine.id)
    };
    let ended = model.goroutines.iter().any(|goroutine| goroutine.id == id);
    let ended = if ended { "it has ended; " } else { "" };
    let nearest: Vec<String> = below.into_iter().chain(above).map(told).collect();
    match &*nearest {
        [] => format!("{ended}the core tells of none"),
        [one] => format!("{ended}the nearest is {one}"),
        several => format!("{ended}the nearest are {}", several.join(" and ")),
    }
}

fn report(snapshot: &HeapSnapshot<'_, '_>, index: usize, options: &GoroutineOptions) -> GoroutineReport {
    let model = snapshot.model;
    let goroutine = &model.goroutines[index];
    let waited = model.newest_time().and_then(|now| model.waited(goroutine, now)).map(|waited| waited as f64 / 1e9);
    let (lo, hi) = goroutine.stack;
    let labels = model.labels(goroutine).into_iter();
    let (died, native) = process_facts::death_of_goroutine(model, goroutine);
    GoroutineReport {
        id: goroutine.id,
        heading: Printer::new(model, options.all, options.values).heading(goroutine, false).heading(),
        state: model.state_text(goroutine),
        died,
        native,
        wait_seconds: waited,
        waits: model.wait_class(goroutine).is_some(),
        g: hex(goroutine.address.0),
        stack: (hex(lo), hex(hi)),
        stack_bytes: hi.saturating_sub(lo),
        created_by: model.created_by(goroutine).as_ref().map(StackCall::from),
        parent: goroutine.parent_id,
        locked_to_thread: goroutine.is_locked,
        labels: labels.map(|(key, value)| (key, options.values.then_some(value))).collect(),
        has_variables: model.dwarf.is_some(),
        ..GoroutineReport::default()
    }
}

fn calls(report: &mut GoroutineReport, frames: GoroutineFrames, kept: Option<&Kept>) {
    report.awaits = frames.awaits;
    report.frames_hidden = frames.hidden;
    report.frames_left_out = frames.left_out;
    report.frames_left_out_after = (frames.left_out > 0).then_some(frames.left_out_after);
    report.frames = frames.calls.into_iter().map(|one| call(one, kept)).collect();
}

fn call(call: GoroutineCall, kept: Option<&Kept>) -> goroutine::ShownCall {
    let variables_left_out = call.variables.left_out;
    let variables = call.variables.shown.into_iter().map(|one| variable(one, kept)).collect();
    goroutine::ShownCall {
        frame: StackCall::from(&*call.call.call),
        offset: call.offset,
        variables,
        variables_left_out,
    }
}

fn variable(variable: Variable, kept: Option<&Kept>) -> goroutine::ShownVariable {
    let nodes: Vec<u32> = variable.objects.iter().map(|object| object.0).collect();
    let kept = kept.filter(|_| !nodes.is_empty());
    let is_own =
        |kept: &Kept, node: u32| kept.node.is_some_and(|goroutine| kept.dominance.tree.dominates(goroutine, node));
    let (place, addr, register) = match variable.place {
        VariablePlace::Stack(at) => ("stack", Some(at), None),
        VariablePlace::StackElsewhere(at) => ("stack-elsewhere", Some(at), None),
        VariablePlace::Part(at) => ("part", Some(at), None),
        VariablePlace::Heap(at) => ("heap", Some(at), None),
        VariablePlace::Register(number) => ("register", None, Some(number)),
        VariablePlace::Nowhere => ("nowhere", None, None),
    };
    goroutine::ShownVariable {
        name: variable.name,
        ty: variable.ty,
        role: match variable.role {
            VariableRole::Parameter => "parameter",
            VariableRole::Result => "result",
            VariableRole::Local => "local",
        },
        place,
        addr: addr.map(hex),
        register,
        fields: variable.fields.shown,
        fields_left_out: variable.fields.left_out,
        keeps_bytes: kept.map(|kept| kept.dominance.retained.minimum_of_set(&kept.dominance.tree, &nodes)),
        shared: kept.is_some_and(|kept| nodes.iter().any(|&node| !is_own(kept, node))),
    }
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}
