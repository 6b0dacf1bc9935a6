//! `goheap CORE goroutines`: which goroutines there are, which are leaked, and what they hold.

use crate::args::{GoroutinesFormat, GoroutinesOptions, GoroutinesSort, Input};
use crate::commands::traceback;
use crate::open::{Needs, with_model, with_watched_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::{self, Speaker};
use crate::say::terminal;
use crate::say::watch::Watch;
use goheap_ask::{GoroutineListing, GoroutineSort, GoroutinesWanted, RetainedByGoroutines};
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::process_facts;
use goheap_heap::waits::FoundWaits;
use goheap_model::{GoroutineGroup, GoroutineGroups, Leaks};
use goheap_report::goroutines::{self as written, TableOptions};
use goheap_runtime::RuntimeModel;

/// Groups shown in a table unless a number is asked for.
const USUAL_ROWS: usize = 40;
/// Suspicions and locks shown above a table unless a number is asked for.
const USUAL_WAITS: usize = 10;
/// Runs the command.
pub(crate) fn run(input: &Input, options: &GoroutinesOptions) -> Result<(), Failure> {
    let is_traceback = options.written() == GoroutinesFormat::Traceback;
    if !options.leaked && (is_traceback || options.no_retained) {
        return with_model(input, |model, watch| {
            tell_death(model, input);
            without_heap(model, watch, input, options)
        });
    }
    // Where the heap is cut off, goroutines and their stacks lie before it.
    let roots = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let needs = Needs { snapshot: roots, without_heap: !options.leaked, ..Needs::default() };
    let first = |model: &RuntimeModel<'_>| {
        tell_death(model, input);
        Ok(())
    };
    with_watched_heap(input, needs, first, |snapshot, watch| {
        if snapshot.model.diagnostics.no_heap {
            diagnostics::warn(snapshot, input.quiet);
            speaker::warning("what goroutines keep, and which are leaked, is not known without the heap");
            return without_heap(snapshot.model, watch, input, options);
        }
        let graph = &snapshot.references(watch)?;
        let model = snapshot.model;
        let groups = read_groups(model, watch)?;
        let leaks = leaked(graph, watch)?;
        let found = if is_traceback { None } else { Some(FoundWaits::new(graph, watch)?) };
        let mut listing = listing(&groups, Some(&leaks), options);
        if !options.no_retained && !is_traceback {
            let dominance = graph.data().dominance(watch)?;
            listing.weigh(&RetainedByGoroutines::new(graph.data(), &dominance));
        }
        listing.sort(by(options.sort));
        watch.report();
        diagnostics::warn(snapshot, input.quiet);
        write((model, input), &listing, &Known { leaks: Some(&leaks), found: found.as_ref() }, options)
    })
}

/// Which goroutine died, and of what.
fn tell_death(model: &RuntimeModel<'_>, input: &Input) {
    if let Some(why) = process_facts::why_it_died(model) {
        Speaker::new(input.quiet).note(format_args!("died of {why}"));
    }
}

/// What can be told of the stacks alone.
fn without_heap(
    model: &RuntimeModel<'_>,
    watch: &Watch,
    input: &Input,
    options: &GoroutinesOptions,
) -> Result<(), Failure> {
    let groups = read_groups(model, watch)?;
    let mut listing = listing(&groups, None, options);
    listing.sort(by(options.sort));
    watch.report();
    write((model, input), &listing, &Known::default(), options)
}

/// What the heap told of goroutines.
#[derive(Default)]
struct Known<'k, 's, 'm, 'p> {
    leaks: Option<&'k Leaks>,
    found: Option<&'k FoundWaits<'s, 'm, 'p>>,
}

/// The groups that were asked for.
fn listing<'g>(
    groups: &'g GoroutineGroups,
    leaks: Option<&'g Leaks>,
    options: &GoroutinesOptions,
) -> GoroutineListing<'g> {
    let wanted = GoroutinesWanted { system: options.all, leaked_alone: options.leaked, values: options.values };
    GoroutineListing::new(groups, leaks, wanted, |group| is_wanted(group, options))
}

fn by(sort: GoroutinesSort) -> GoroutineSort {
    match sort {
        GoroutinesSort::Count => GoroutineSort::Count,
        GoroutinesSort::Retained => GoroutineSort::Retained,
        GoroutinesSort::Stack => GoroutineSort::Stack,
        GoroutinesSort::Wait => GoroutineSort::Wait,
    }
}

fn is_wanted(group: &GoroutineGroup, options: &GoroutinesOptions) -> bool {
    let Some(regex) = &options.matching else { return true };
    let calls = group.calls.iter().map(|call| &**call).chain(&group.creator);
    calls.into_iter().any(|call| regex.is_match(&call.function) || regex.is_match(&call.print_name()))
}

fn write(
    (model, input): (&RuntimeModel<'_>, &Input),
    listing: &GoroutineListing<'_>,
    known: &Known<'_, '_, '_, '_>,
    options: &GoroutinesOptions,
) -> Result<(), Failure> {
    let format = options.written();
    let is_leaked = |goroutine| known.leaks.is_some_and(|leaks| leaks.contains(goroutine));
    if format == GoroutinesFormat::Traceback {
        let mut members = listing.members();
        members.truncate(options.limit.unwrap_or(usize::MAX));
        return traceback::write(model, &members, is_leaked, options.all, options.values);
    }
    let is_table = format == GoroutinesFormat::Table;
    let usual = |most: usize| options.limit.unwrap_or(if is_table { most } else { usize::MAX });
    let most_waits = usual(if options.waits { usize::MAX } else { USUAL_WAITS });
    let waits = known.found.map(|found| found.report(most_waits, &|one| listing.contains(one), &is_leaked));
    let is_suspected = |goroutine| known.found.is_some_and(|found| found.is_suspected(goroutine));
    let list = listing.told(usual(USUAL_ROWS), waits, &is_suspected);
    let table = TableOptions { page: terminal::page(input), stacks: options.stacks, waits_alone: options.waits };
    to_stdout(|out| match format {
        GoroutinesFormat::Csv => written::write_csv(&list, out),
        GoroutinesFormat::Json => written::write_json(&list, out),
        _ => written::write_table(&list, table, out),
    })
}
