//! `goheap CORE goroutines`: which goroutines there are, which are leaked, and what they hold.

use crate::args::{GoroutinesFormat, GoroutinesOptions, GoroutinesSort, Input};
use crate::commands::death;
use crate::commands::traceback;
use crate::commands::waits::Found;
use crate::open::{Needs, with_model, with_watched_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::{self, Speaker};
use crate::say::terminal;
use crate::say::watch::Watch;
use goheap_ask::RetainedByGoroutines;
use goheap_graph::IdBitSet;
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::{GoroutineGroup, GoroutineGroups, Leaks, LibraryFiles, facts, leaked};
use goheap_report::goroutines::{Frame, GoroutinesReport, Group, Label, State, TableOptions};
use goheap_runtime::{InlineFrame, RuntimeModel};
use std::cmp::Reverse;

/// Groups shown in a table unless a number is asked for.
const USUAL_ROWS: usize = 40;
/// Suspicions and locks shown above a table unless a number is asked for.
const USUAL_WAITS: usize = 10;
/// Ids and values of a label that are told of a group.
const MOST_IDS: usize = 10;
const MOST_VALUES: usize = 10;
/// Groups that are leaked in part, for each of which the whole graph is walked.
const EXACT_SETS: usize = 16;

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
        let groups = GoroutineGroups::read(model, watch)?;
        let leaks = leaked(graph, watch)?;
        let found = if is_traceback { None } else { Some(Found::new(graph, watch)?) };
        let mut rows = rows(&groups, Some(&leaks), options);
        if !options.no_retained && !is_traceback {
            let dominance = graph.data().dominance(watch)?;
            retain(&mut rows, &groups, &RetainedByGoroutines::new(graph.data(), &dominance));
        }
        sort(model, &mut rows, options.sort);
        watch.report();
        diagnostics::warn(snapshot, input.quiet);
        let known = Known { leaks: Some(&leaks), found: found.as_ref() };
        write((model, input), &groups, &rows, &known, options)
    })
}

/// Which goroutine died, and of what.
fn tell_death(model: &RuntimeModel<'_>, input: &Input) {
    if let Some(why) = death::line(model) {
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
    let groups = GoroutineGroups::read(model, watch)?;
    let mut rows = rows(&groups, None, options);
    sort(model, &mut rows, options.sort);
    watch.report();
    write((model, input), &groups, &rows, &Known::default(), options)
}

/// What the heap told of goroutines.
#[derive(Default)]
struct Known<'k, 's, 'm, 'p> {
    leaks: Option<&'k Leaks>,
    found: Option<&'k Found<'s, 'm, 'p>>,
}

/// One line: a group, or that part of it which is leaked or is not.
struct Row {
    group: usize,
    members: Vec<u32>,
    is_leaked: bool,
    retained: Option<u64>,
    is_least: bool,
}

/// The rows that were asked for.
fn rows(groups: &GoroutineGroups, leaks: Option<&Leaks>, options: &GoroutinesOptions) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, group) in groups.groups.iter().enumerate() {
        if (group.is_system && !options.all) || !is_wanted(group, options) {
            continue;
        }
        let is_leaked = |member: &u32| leaks.is_some_and(|leaks| leaks.contains(*member));
        let (leaked, alive): (Vec<u32>, Vec<u32>) = group.members.iter().copied().partition(is_leaked);
        for (members, is_leaked) in [(leaked, true), (alive, false)] {
            if !members.is_empty() && (is_leaked || !options.leaked) {
                rows.push(Row { group: index, members, is_leaked, retained: None, is_least: false });
            }
        }
    }
    rows
}

/// Most of what is asked for first; then more goroutines first, of as many those that keep more.
fn sort(model: &RuntimeModel<'_>, rows: &mut [Row], by: GoroutinesSort) {
    let id = |member: &u32| model.goroutines.get(*member as usize).map(|goroutine| goroutine.id);
    let first = |row: &Row| row.members.iter().filter_map(id).min();
    let asked = |row: &Row| match by {
        GoroutinesSort::Count => Some(row.members.len() as u64),
        GoroutinesSort::Retained => row.retained,
        GoroutinesSort::Stack => Some(facts(model, &row.members).stack_bytes),
        // The longest wait began first.
        GoroutinesSort::Wait => facts(model, &row.members).oldest_wait.map(|since| u64::MAX - since),
    };
    rows.sort_by_cached_key(|row| (Reverse(asked(row)), Reverse(row.members.len()), Reverse(row.retained), first(row)));
}

fn is_wanted(group: &GoroutineGroup, options: &GoroutinesOptions) -> bool {
    let Some(regex) = &options.matching else { return true };
    let calls = group.calls.iter().map(|call| &**call).chain(&group.creator);
    calls.into_iter().any(|call| regex.is_match(&call.function) || regex.is_match(&call.print_name()))
}

fn retain(rows: &mut [Row], groups: &GoroutineGroups, retained: &RetainedByGoroutines<'_>) {
    let mut sets = 0;
    for row in rows {
        let group = &groups.groups[row.group];
        row.retained = Some(if row.members.len() == group.members.len() {
            retained.of_group(group.number)
        } else if let [only] = &*row.members {
            retained.of_goroutine(*only)
        } else if sets < EXACT_SETS {
            sets += 1;
            retained.of_set(&row.members)
        } else {
            row.is_least = true;
            retained.at_least(&row.members)
        });
    }
}

fn write(
    (model, input): (&RuntimeModel<'_>, &Input),
    groups: &GoroutineGroups,
    rows: &[Row],
    known: &Known<'_, '_, '_, '_>,
    options: &GoroutinesOptions,
) -> Result<(), Failure> {
    let leaks = known.leaks;
    let format = options.written();
    if format == GoroutinesFormat::Traceback {
        let mut members: Vec<u32> = rows.iter().flat_map(|row| row.members.iter().copied()).collect();
        members.sort_unstable();
        members.truncate(options.limit.unwrap_or(usize::MAX));
        let leaked = |goroutine| leaks.is_some_and(|leaks| leaks.contains(goroutine));
        return traceback::write(model, &members, leaked, options.all, options.values);
    }
    let report = report(model, groups, rows, known, options);
    let table = TableOptions { page: terminal::page(input), stacks: options.stacks, waits_alone: options.waits };
    to_stdout(|out| match format {
        GoroutinesFormat::Csv => report.write_csv(out),
        GoroutinesFormat::Json => report.write_json(out),
        _ => report.write_table(table, out),
    })
}

fn report(
    model: &RuntimeModel<'_>,
    groups: &GoroutineGroups,
    rows: &[Row],
    known: &Known<'_, '_, '_, '_>,
    options: &GoroutinesOptions,
) -> GoroutinesReport {
    let leaks = known.leaks;
    let is_leaked = |goroutine: u32| leaks.is_some_and(|leaks| leaks.contains(goroutine));
    let mut members = IdBitSet::default();
    rows.iter().flat_map(|row| &row.members).for_each(|&goroutine| {
        members.insert(goroutine);
    });
    let is_shown = |goroutine: u32| members.contains(goroutine);
    let usual_waits =
        if options.waits || options.written() != GoroutinesFormat::Table { usize::MAX } else { USUAL_WAITS };
    let most_waits = options.limit.unwrap_or(usual_waits);
    let usual = if options.written() == GoroutinesFormat::Table { USUAL_ROWS } else { usize::MAX };
    let (shown, hidden) = rows.split_at(options.limit.unwrap_or(usual).min(rows.len()));
    let count = |rows: &[Row]| rows.iter().map(|row| row.members.len() as u64).sum();
    let stack = |member: &u32| model.goroutines.get(*member as usize).map_or((0, 0), |goroutine| goroutine.stack);
    let stacks = rows.iter().flat_map(|row| &row.members).map(stack);
    let of = |is_system: bool| -> u64 {
        let groups = groups.groups.iter().filter(|group| group.is_system || !is_system);
        groups.map(|group| group.members.len() as u64).sum()
    };
    let describe =
        Describe { model, now: model.newest_time(), files: LibraryFiles::new(model), options, found: known.found };
    GoroutinesReport {
        goroutines: of(false),
        system: of(true),
        leaked: leaks.map(|leaks| leaks.goroutines.len() as u64),
        leaked_not_known: leaks.map(|leaks| leaks.not_known.len() as u64),
        unknown_blocks: leaks.map(|leaks| leaks.unknown),
        broken: Some(model.diagnostics.broken_goroutines),
        selected: count(rows),
        stack_bytes: stacks.map(|(lo, hi)| hi.saturating_sub(lo)).fold(0, u64::saturating_add),
        groups_left_out: hidden.len() as u64,
        goroutines_left_out: count(hidden),
        waits: known
            .found
            .map(|found| found.report(most_waits, &is_shown, &is_leaked))
            .filter(|waits| !waits.is_empty()),
        groups: shown.iter().map(|row| describe.row(&groups.groups[row.group], row, leaks.is_some())).collect(),
    }
}

struct Describe<'a, 's, 'm, 'p> {
    model: &'a RuntimeModel<'p>,
    now: Option<u64>,
    files: LibraryFiles,
    options: &'a GoroutinesOptions,
    found: Option<&'a Found<'s, 'm, 'p>>,
}

impl Describe<'_, '_, '_, '_> {
    fn row(&self, group: &GoroutineGroup, row: &Row, has_leaks: bool) -> Group {
        let facts = facts(self.model, &row.members);
        let wait = facts.oldest_wait.zip(self.now).map(|(since, now)| now.saturating_sub(since) as f64 / 1e9);
        let id = |member: &u32| self.model.goroutines.get(*member as usize).map(|goroutine| goroutine.id);
        let state = |(state, goroutines): (String, u64)| State { state, goroutines };
        let label = |(key, label): (String, goheap_heap::goroutines::LabelFacts)| Label {
            key,
            goroutines: label.goroutines,
            different: label.values.len() as u64,
            values: self.options.values.then(|| label.values.into_iter().take(MOST_VALUES).collect()),
        };
        let count = row.members.len() as u64;
        Group {
            count,
            leaked: has_leaks.then_some(if row.is_leaked { count } else { 0 }),
            suspected: self
                .found
                .map_or(0, |found| row.members.iter().filter(|one| found.is_suspected(**one)).count() as u64),
            states: facts.states.into_iter().map(state).collect(),
            oldest_wait_seconds: wait,
            unknown_waits: facts.unknown_waits,
            stack_bytes: facts.stack_bytes,
            retained_bytes: row.retained,
            retained_at_least: row.is_least,
            system: group.is_system,
            locked_to_thread: facts.locked,
            ids: row.members.iter().take(MOST_IDS).filter_map(id).collect(),
            place: self.files.speaking(&group.calls),
            frames: group.calls.iter().map(|call| frame(call)).collect(),
            created_by: group.creator.as_ref().map(frame),
            labels: facts.labels.into_iter().map(label).collect(),
        }
    }
}

/// A call as reports have it.
pub(crate) fn frame(call: &InlineFrame) -> Frame {
    let (function, file, line) = (call.print_name(), call.file.clone(), call.line);
    Frame { function, file, line, inlined: call.is_inlined }
}
